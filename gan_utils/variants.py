"""The DCGAN pair for 28×28 digits with one guideline changed at a time (notebook 04).

Radford et al. 2016, section 3, lists the guidelines. `build("guidelines")` is the pair of
`models`; each other name in `VARIANTS` departs from one guideline.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import scipy.stats
import torch
from torch import Tensor, nn

from gan_utils.game import Game, Settings
from gan_utils.models import SLOPE, dcgan_init
from gan_utils.runtime import seed_everything

RATE = 1e-3  # chosen for runs of a minute; the paper's 2e-4 is for longer ones
_SIZES, _KERNELS = (7, 14, 28), (3, 4, 4)  # from 4×4, as `models.start_and_kernels` has it


@dataclass(frozen=True)
class Variant:
    """What one variant changes: arguments for the two builders and for `training.Settings`.

    `optimizer` makes another one than Adam, of a player's parameters.
    """

    generator: dict[str, object] = field(default_factory=dict)
    discriminator: dict[str, object] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    optimizer: Callable[..., torch.optim.Optimizer] | None = None


_UNIT = {"unit": True}
VARIANTS = {
    "guidelines": Variant(),
    "no batch norm": Variant({"norm": False}, {"norm": "none"}),
    "batch norm on D's output": Variant(discriminator={"norm": "output too"}),
    "batch norm on D's input": Variant(discriminator={"norm": "input too"}),
    "no batch norm, default init": Variant(
        {"norm": False, "init": False}, {"norm": "none", "init": False}
    ),
    "ReLU in D": Variant(discriminator={"slope": 0.0}),
    "torch's default init": Variant({"init": False}, {"init": False}),
    "β1 0.9": Variant(settings={"beta1": 0.9}),
    "data in [0, 1], tanh": Variant(_UNIT, _UNIT),
    "data in [0, 1], sigmoid": Variant({"unit": True, "output": "sigmoid"}, _UNIT),
    "max-pooling": Variant(discriminator={"down": "max-pooling"}),
    "resize-convolution": Variant({"up": "resize"}),
    "average pooling as head": Variant(discriminator={"head": "average"}),
    "projection as start": Variant({"start": "projection"}),
    # Adam's steps have one size, SGD's that of the gradient: a rate of its own.
    "SGD": Variant(optimizer=partial(torch.optim.SGD, lr=0.1, momentum=0.5)),
    "RMSprop": Variant(optimizer=partial(torch.optim.RMSprop, lr=RATE)),
    "batch 64": Variant(settings={"batch_size": 64}),
    "batch 512": Variant(settings={"batch_size": 512}),
    "k = 2": Variant(settings={"d_steps": 2}),
    "k = 5": Variant(settings={"d_steps": 5}),
    "the paper's rate, 2e-4": Variant(settings={"lr": 2e-4}),
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
    start: str = "transposed",
    up: str = "transposed",
    output: str = "tanh",
    unit: bool = False,
    init: bool = True,
) -> nn.Sequential:
    """Noise (N, 100) → digits (N, 1, 28, 28) by 4-7-14-28.

    Args:
        norm: batch norm after all layers but the last.
        start: how the noise becomes 4×4: "transposed" convolution, or dense "projection".
        up: how a size grows: "transposed" convolution, or "resize" and a 3×3 convolution.
        output: "tanh" or "sigmoid".
        unit: G and D meet in [0, 1]: what `output` gives counts as 0 … 1, and is stretched to
            −1 … 1 on its way out.
        init: `models.dcgan_init`; without it, torch's default.
    """
    wide = 4 * base_channels
    if start == "projection":
        layers = [nn.Linear(100, wide * 4 * 4), nn.Unflatten(1, (wide, 4, 4))]
        if init:
            nn.init.normal_(layers[0].weight, 0.0, 0.02)
            nn.init.zeros_(layers[0].bias)
    else:
        layers = [nn.Unflatten(1, (100, 1, 1))]
        layers += [nn.ConvTranspose2d(100, wide, 4, bias=not norm)]
    widths = (wide, wide // 2, wide // 4, 1)
    for (width_in, width_out), size, kernel in zip(pairwise(widths), _SIZES, _KERNELS, strict=True):
        layers += [nn.BatchNorm2d(width_in)] if norm else []
        bias = not norm or width_out == 1
        layers += [nn.ReLU()]
        if up == "resize":
            layers += [nn.Upsample(size), nn.Conv2d(width_in, width_out, 3, padding=1, bias=bias)]
        else:
            layers += [nn.ConvTranspose2d(width_in, width_out, kernel, 2, padding=1, bias=bias)]
    layers += [nn.Sigmoid() if output == "sigmoid" else nn.Tanh()]
    layers += [_Stretch(2, -1)] if unit else []
    network = nn.Sequential(*layers)
    return network.apply(dcgan_init) if init else network


def discriminator(
    base_channels: int = 16,
    norm: str = "inside",
    slope: float = SLOPE,
    down: str = "stride",
    head: str = "convolution",
    unit: bool = False,
    init: bool = True,
) -> nn.Sequential:
    """Digits (N, 1, 28, 28) → logits (N, 1) by 28-14-7-4.

    Args:
        norm: batch norm "inside" (after all layers but the first and the last), "input too",
            "output too" or "none".
        slope: of LeakyReLU for negative inputs; 0 is ReLU.
        down: how a size shrinks: a convolution's "stride", or "max-pooling" after stride 1.
        head: a 4×4 "convolution", or the "average" of each channel and a dense layer.
        unit: bring the pictures from −1 … 1 to 0 … 1 first.
        init: `models.dcgan_init`; without it, torch's default.
    """
    widths = (1, base_channels, 2 * base_channels, 4 * base_channels)
    layers = [_Stretch(0.5, 0.5)] if unit else []
    for (width_in, width_out), kernel in zip(pairwise(widths), _KERNELS[::-1], strict=True):
        normed = norm == "input too" or (norm != "none" and width_in > 1)
        if down == "max-pooling":
            layers += [nn.Conv2d(width_in, width_out, 3, padding=1, bias=not normed)]
            layers += [nn.MaxPool2d(2, ceil_mode=True)]
        else:
            layers += [nn.Conv2d(width_in, width_out, kernel, 2, padding=1, bias=not normed)]
        layers += [nn.BatchNorm2d(width_out)] if normed else []
        layers += [nn.LeakyReLU(slope) if slope else nn.ReLU()]
    if head == "average":
        layers += [nn.AdaptiveAvgPool2d(1), nn.Conv2d(widths[-1], 1, 1)]
    else:
        layers += [nn.Conv2d(widths[-1], 1, 4)]
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
    generator = _generator(base_channels, **changes.generator)
    return generator, discriminator(base_channels, **changes.discriminator)


def game(name: str, seed: int = 0, base_channels: int = 16) -> Game:
    """The players of a variant before the first step, seeded, with their optimizers.

    Raises:
        ValueError: there is no variant of this name.
    """
    seed_everything(seed)
    players = build(name, base_channels)
    started = Game(*players, Settings(**{"lr": RATE, "seed": seed, **VARIANTS[name].settings}))
    if VARIANTS[name].optimizer:
        optimizers = [VARIANTS[name].optimizer(player.parameters()) for player in players]
        started.g_optimizer, started.d_optimizer = optimizers
    return started


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The mean of some runs, and the half-width of its 95% interval by Student's t.

    The half-width is infinite for a single run: one run says nothing of the spread.
    """
    mean, n = statistics.fmean(values), len(values)
    if n < 2:
        return mean, math.inf
    t = float(scipy.stats.t.ppf(0.975, n - 1))
    return mean, t * statistics.stdev(values) / math.sqrt(n)
