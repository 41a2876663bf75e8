"""Generators and discriminators: the MLP pair, the DCGAN pair, and trained ones."""

from gan_utils.models.models import (
    SLOPE,
    build,
    count_parameters,
    dcgan_discriminator,
    dcgan_generator,
    dcgan_init,
    mlp_discriminator,
    mlp_generator,
    parameters_finite,
    point_pair,
    start_and_kernels,
)

__all__ = [
    "SLOPE",
    "build",
    "count_parameters",
    "dcgan_discriminator",
    "dcgan_generator",
    "dcgan_init",
    "mlp_discriminator",
    "mlp_generator",
    "parameters_finite",
    "point_pair",
    "start_and_kernels",
]
