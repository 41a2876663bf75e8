"""A pair by the name that the command has for it; its numbers counted and looked over."""

import torch
from torch import nn

from gan_utils.models.dcgan import dcgan_discriminator, dcgan_generator
from gan_utils.models.mlp import mlp_discriminator, mlp_generator


def build(
    model: str,
    image_shape: tuple[int, int, int],
    latent_dim: int = 100,
    base_channels: int = 64,
) -> tuple[nn.Sequential, nn.Sequential]:
    """The pair (generator, discriminator) that ``--model`` names: "mlp" or "dcgan".

    `base_channels` is the DCGAN's; the MLP ignores it.

    Raises:
        ValueError: an unknown model, a picture that is not square, a size it cannot make.
    """
    channels, size, width = image_shape
    if size != width or size < 1:
        raise ValueError(f"image size is {size}×{width}; it must be square and positive")
    if model == "mlp":
        return mlp_generator(latent_dim, image_shape), mlp_discriminator(image_shape)
    if model == "dcgan":
        generator = dcgan_generator(latent_dim, size, channels, base_channels)
        return generator, dcgan_discriminator(size, channels, base_channels)
    raise ValueError(f"model is {model!r}; it must be mlp or dcgan")


def count_parameters(module: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def parameters_finite(*modules: nn.Module) -> bool:
    """Whether no parameter or buffer of the modules is NaN or infinite."""
    values = [t for m in modules for t in m.state_dict().values() if t.is_floating_point()]
    return bool(torch.stack([t.sum().isfinite() for t in values]).all())
