"""The DCGAN pair for 28×28 digits with one guideline changed at a time (notebook 04).

Radford et al. 2016, section 3, lists the guidelines. `build("guidelines")` is the pair of
`models`; each other name in `VARIANTS` departs from one guideline.
"""

import statistics
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import scipy.stats
import torch
from torch import Tensor, nn

from gan_utils.models import SLOPE, dcgan_init
from gan_utils.runtime import seed_everything
from gan_utils.training import GAN, Settings

RATE = 1e-3  # chosen for runs of a minute; the paper's 2e-4 is for longer ones
_SIZES, _KERNELS = (7, 14, 28), (3, 4, 4)  # from 4×4, as `models.start_and_kernels` has it

# What each changes: arguments of the two builders and of `Settings`, and what makes optimizers.
VARIANTS: dict[str, dict[str, Any]] = {
    "guidelines": {},
    "no batch norm": {"generator": {"norm": False}, "discriminator": {"norm": "none"}},
    "batch norm on D's output": {"discriminator": {"norm": "output too"}},
    "batch norm on D's input": {"discriminator": {"norm": "input too"}},
    "no batch norm, default init": {
        "generator": {"norm": False, "init": False},
        "discriminator": {"norm": "none", "init": False},
    },
    "ReLU in D": {"discriminator": {"slope": 0.0}},
    "torch's default init": {"generator": {"init": False}, "discriminator": {"init": False}},
    "β1 0.9": {"settings": {"beta1": 0.9}},
    "data in [0, 1], tanh": {"generator": {"unit": nn.Tanh}, "discriminator": {"unit": True}},
    "data in [0, 1], sigmoid": {"generator": {"unit": nn.Sigmoid}, "discriminator": {"unit": True}},
    "max-pooling": {"discriminator": {"pool": True}},
    "resize-convolution": {"generator": {"resize": True}},
    "average pooling as head": {"discriminator": {"average": True}},
    "projection as start": {"generator": {"project": True}},
    # Adam's steps have one size, SGD's that of the gradient: a rate of its own.
    "SGD": {"optimizer": partial(torch.optim.SGD, lr=0.1, momentum=0.5)},
    "RMSprop": {"optimizer": partial(torch.optim.RMSprop, lr=RATE)},
    "batch 64": {"settings": {"batch_size": 64}},
    "batch 512": {"settings": {"batch_size": 512}},
    "k = 2": {"settings": {"d_steps": 2}},
    "k = 5": {"settings": {"d_steps": 5}},
    "the paper's rate, 2e-4": {"settings": {"lr": 2e-4}},
}


class _Stretch(nn.Module):
    """scale·x + shift: between the ranges [−1, 1] and [0, 1]."""

    def __init__(self, scale: float, shift: float) -> None:
        super().__init__()
        self.scale, self.shift = scale, shift

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x + self.shift


def _generator(
    base_channels: int,
    norm: bool = True,
    project: bool = False,
    resize: bool = False,
    unit: type[nn.Module] | None = None,
    init: bool = True,
) -> nn.Sequential:
    """Noise (N, 100) → digits (N, 1, 28, 28) by 4-7-14-28.

    Args:
        norm: batch norm after all layers but the last.
        project: a dense layer makes the first 4×4, not a transposed convolution.
        resize: a size grows by resizing and a 3×3 convolution, not by a transposed one.
        unit: G and D meet in [0, 1]: what tanh or this layer gives counts as 0 … 1, and is
            stretched to −1 … 1 on its way out.
        init: `models.dcgan_init`; without it, torch's default.
    """
    wide = 4 * base_channels
    if project:
        layers = [nn.Linear(100, wide * 4 * 4), nn.Unflatten(1, (wide, 4, 4))]
        nn.init.normal_(layers[0].weight, 0.0, 0.02)
        nn.init.zeros_(layers[0].bias)
    else:
        layers = [nn.Unflatten(1, (100, 1, 1)), nn.ConvTranspose2d(100, wide, 4, bias=not norm)]
    widths = (wide, wide // 2, wide // 4, 1)
    for (width_in, width_out), size, kernel in zip(pairwise(widths), _SIZES, _KERNELS, strict=True):
        layers += [nn.BatchNorm2d(width_in), nn.ReLU()] if norm else [nn.ReLU()]
        bias = not norm or width_out == 1
        if resize:
            layers += [nn.Upsample(size), nn.Conv2d(width_in, width_out, 3, padding=1, bias=bias)]
        else:
            layers += [nn.ConvTranspose2d(width_in, width_out, kernel, 2, padding=1, bias=bias)]
    layers += [unit(), _Stretch(2, -1)] if unit else [nn.Tanh()]
    network = nn.Sequential(*layers)
    return network.apply(dcgan_init) if init else network


def discriminator(
    base_channels: int = 16,
    norm: str = "inside",
    slope: float = SLOPE,
    pool: bool = False,
    average: bool = False,
    unit: bool = False,
    init: bool = True,
) -> nn.Sequential:
    """Digits (N, 1, 28, 28) → logits (N, 1) by 28-14-7-4.

    Args:
        norm: batch norm "inside" (after all layers but the first and the last), "input too",
            "output too" or "none".
        slope: of LeakyReLU for negative inputs; 0 is ReLU.
        pool: a size shrinks by max-pooling after a 3×3 convolution, not by a convolution's stride.
        average: the head is the mean of each channel and a dense layer, not a 4×4 convolution.
        unit: bring the pictures from −1 … 1 to 0 … 1 first.
        init: `models.dcgan_init`; without it, torch's default.
    """
    widths = (1, base_channels, 2 * base_channels, 4 * base_channels)
    layers = [_Stretch(0.5, 0.5)] if unit else []
    for (width_in, width_out), kernel in zip(pairwise(widths), _KERNELS[::-1], strict=True):
        normed = norm == "input too" or (norm != "none" and width_in > 1)
        if pool:
            layers += [nn.Conv2d(width_in, width_out, 3, padding=1, bias=not normed)]
            layers += [nn.MaxPool2d(2, ceil_mode=True)]
        else:
            layers += [nn.Conv2d(width_in, width_out, kernel, 2, padding=1, bias=not normed)]
        layers += [nn.BatchNorm2d(width_out)] if normed else []
        layers += [nn.LeakyReLU(slope) if slope else nn.ReLU()]
    layers += [nn.AdaptiveAvgPool2d(1)] if average else []
    layers += [nn.Conv2d(widths[-1], 1, 1 if average else 4)]
    layers += [nn.BatchNorm2d(1)] if norm == "output too" else []
    network = nn.Sequential(*layers, nn.Flatten())
    return network.apply(dcgan_init) if init else network


def build(name: str, base_channels: int = 16) -> tuple[nn.Sequential, nn.Sequential]:
    """The pair (generator, discriminator) of a variant in `VARIANTS`.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in VARIANTS:
        raise ValueError(f"variant is {name!r}; it must be one of {', '.join(VARIANTS)}")
    changes = VARIANTS[name]
    generator = _generator(base_channels, **changes.get("generator", {}))
    return generator, discriminator(base_channels, **changes.get("discriminator", {}))


def gan(name: str, seed: int = 0, base_channels: int = 16) -> GAN:
    """The players of a variant before the first step, seeded, with their optimizers.

    Raises:
        ValueError: there is no variant of this name.
    """
    seed_everything(seed)
    players = build(name, base_channels)
    changed = VARIANTS[name].get("settings", {})
    started = GAN(*players, Settings(**{"lr": RATE, "seed": seed, **changed}))
    if optimizer := VARIANTS[name].get("optimizer"):
        started.g_optimizer, started.d_optimizer = (optimizer(p.parameters()) for p in players)
    return started


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The mean of two runs or more, and the half-width of its 95% interval by Student's t."""
    t = float(scipy.stats.t.ppf(0.975, len(values) - 1))
    return statistics.fmean(values), t * statistics.stdev(values) / len(values) ** 0.5
