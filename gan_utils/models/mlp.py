"""The MLP pair of notebook 02, and a pair for points in the plane.

A generator maps noise (N, latent_dim) to images (N, C, H, W) in (−1, 1); a discriminator maps
images to logits (N, 1).
"""

import math
from itertools import pairwise

from torch import nn

SLOPE = 0.2  # of LeakyReLU for negative inputs, as in Radford et al. 2016, section 4


def mlp_generator(
    latent_dim: int = 100,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    hidden: tuple[int, ...] = (128, 256, 512, 1024),
    batch_norm: bool = True,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Noise (N, latent_dim) → images (N, C, H, W) in (−1, 1), through dense layers.

    The default is 100-128-256-512-1024-784, with batch normalization after every hidden layer but
    the first. `hidden=(32, 64, 128), batch_norm=False, dropout=0.3` is the small dropout network.

    Raises:
        ValueError: a width is not positive.
    """
    layers = _dense((latent_dim, *hidden, math.prod(image_shape)), batch_norm, dropout)
    return nn.Sequential(*layers, nn.Tanh(), nn.Unflatten(1, image_shape))


def mlp_discriminator(
    image_shape: tuple[int, int, int] = (1, 28, 28),
    hidden: tuple[int, ...] = (512, 256),
    dropout: float = 0.0,
) -> nn.Sequential:
    """Images (N, C, H, W) → logits (N, 1), through dense layers; the default is 784-512-256-1.

    Raises:
        ValueError: a width is not positive.
    """
    layers = _dense((math.prod(image_shape), *hidden, 1), False, dropout)
    return nn.Sequential(nn.Flatten(), *layers)


def _dense(widths: tuple[int, ...], batch_norm: bool, dropout: float) -> list[nn.Module]:
    """Linear layers from width to width; all but the last are hidden."""
    positive(**{f"width {i}": width for i, width in enumerate(widths)})
    layers: list[nn.Module] = []
    *hidden, last = pairwise(widths)
    for depth, (width_in, width_out) in enumerate(hidden):
        layers.append(nn.Linear(width_in, width_out))
        if batch_norm and depth > 0:
            layers.append(nn.BatchNorm1d(width_out))
        layers.append(nn.LeakyReLU(SLOPE))
        if dropout:
            layers.append(nn.Dropout(dropout))
    return [*layers, nn.Linear(*last)]


def point_pair() -> tuple[nn.Sequential, nn.Sequential]:
    """A pair for points in the plane: noise (N, 2) → points (N, 2), and these → logits (N, 1)."""

    def dense(size_out: int) -> nn.Sequential:
        hidden = [nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU()]
        return nn.Sequential(*hidden, nn.Linear(128, size_out))

    return dense(2), dense(1)


def positive(**values: int) -> None:
    """Raise a ValueError that names the value which is no whole number, 1 or more."""
    for name, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} is {value!r}; it must be a whole number, 1 or more")
