"""Generators and discriminators: the MLP pair and the DCGAN pair; `pretrained` holds trained ones.

All are plain `nn.Sequential`s.
"""

from gan_utils.models.building import build, count_parameters, parameters_finite
from gan_utils.models.dcgan import (
    dcgan_discriminator,
    dcgan_generator,
    dcgan_init,
    start_and_kernels,
)
from gan_utils.models.mlp import SLOPE, mlp_discriminator, mlp_generator, point_pair

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
