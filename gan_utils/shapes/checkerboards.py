"""How much checkerboard is in a picture, and generators that differ in how they double a size.

Built in notebook 03, after Odena et al. 2016, "Deconvolution and Checkerboard Artifacts".
"""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from gan_utils.figures import GREY, captioned, side_by_side, styled
from gan_utils.models import count_parameters, dcgan_generator

KINDS = ("4-2-1", "3-2-1", "resize")
NEIGHBORS = 3  # frequencies on each side
WAVES = (0.125, 0.25, 0.375, 0.5)  # patterns that repeat every 8, 4, 8/3 and 2 pixels


def doubling(kind: str, channels_in: int, channels_out: int, bias: bool = False) -> nn.Module:
    """A layer (N, channels_in, H, W) → (N, channels_out, 2H, 2W).

    Args:
        kind: "4-2-1" or "3-2-1", a transposed convolution with this kernel, stride and padding
            (3-2-1 has output padding 1, or a size would be lost), or "resize": each pixel drawn
            twice as large, then a 3×3 convolution.

    Raises:
        ValueError: another kind.
    """
    if kind == "4-2-1":
        return nn.ConvTranspose2d(channels_in, channels_out, 4, 2, 1, bias=bias)
    if kind == "3-2-1":
        return nn.ConvTranspose2d(channels_in, channels_out, 3, 2, 1, 1, bias=bias)
    if kind == "resize":
        convolution = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=bias)
        return nn.Sequential(nn.Upsample(scale_factor=2), convolution)
    raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(KINDS)}")


def matched(kind: str) -> nn.Sequential:
    """A DCGAN's generator of pictures (N, 1, 32, 32) from noise (N, 64) that doubles in this way.

    Of 16 to 32 channels next to the picture, it has those with which its parameter count is nearest
    that of 4-2-1 with 16.

    Raises:
        ValueError: another kind.
    """

    def generator(kind: str, base_channels: int) -> nn.Sequential:
        def grow(channels_in: int, channels_out: int, _: int, bias: bool) -> nn.Module:
            return doubling(kind, channels_in, channels_out, bias)

        return dcgan_generator(64, 32, 1, base_channels, grow)

    goal = count_parameters(generator("4-2-1", 16))
    players = [generator(kind, base_channels) for base_channels in range(16, 33)]
    return min(players, key=lambda player: abs(count_parameters(player) - goal))


def spectrum(images: Tensor, border: int = 4) -> Tensor:
    """The mean power at 0, 1, 2, … waves across the picture, along rows and columns alike.

    Args:
        images: (N, C, H, H), any range; each is first brought to mean 0.
        border: pixels left out on each side, where padding has its own patterns.

    Returns:
        float64 (S // 2 + 1,), with S = H − 2·border; the last is the Nyquist frequency if S is
        even.

    Raises:
        ValueError: pictures that are not square, or fewer than 12 pixels inside the border.
    """
    side = images.shape[-1] - 2 * border
    if images.ndim != 4 or images.shape[-2] != images.shape[-1] or side < 4 * NEIGHBORS:
        raise ValueError(
            f"images are {tuple(images.shape)} and the border is {border}; a spectrum takes "
            f"(N, C, H, H) with H − 2·border at least {4 * NEIGHBORS}"
        )
    inside = images[..., border : border + side, border : border + side].double()
    inside = inside - inside.mean((-2, -1), keepdim=True)
    power = torch.fft.fft2(inside).abs().square().mean((0, 1)) / side**2
    return ((power.mean(0) + power.mean(1)) / 2)[: side // 2 + 1]


def peak(images: Tensor, period: int = 2, border: int = 4) -> float:
    """The power of patterns that repeat every `period` pixels, over the mean of its neighbors'.

    About 1: nothing special; 10: ten times the neighbors' power. The neighbors are the three
    frequencies on each side (for period 2 the two sides mirror each other).

    Raises:
        ValueError: as `spectrum`, or a side that is not a multiple of the period.
    """
    power = spectrum(images, border)
    side = images.shape[-1] - 2 * border
    if period < 2 or side % period:
        raise ValueError(
            f"{side} pixels inside the border are no multiple of the period {period}; "
            "change the border"
        )
    center = side // period
    around = [center + step for step in range(-NEIGHBORS, NEIGHBORS + 1) if step]
    mirrored = [min(place, side - place) for place in around]
    return float(power[center] / power[mirrored].mean())


def constant_response(layer: nn.Module, channels: int) -> Tensor:
    """What a layer makes of a constant input of ones, away from the edges.

    Args:
        layer: (1, channels, 8, 8) → (1, C, H, W).

    Returns:
        The first channel without 3 pixels on each side, (H − 6, W − 6).
    """
    with torch.no_grad():
        return layer(torch.ones(1, channels, 8, 8))[0, 0, 3:-3, 3:-3]


def spectra(named: dict[str, Tensor], caption: str = "") -> Figure:
    """Power over waves per pixel for each named spectrum, with dotted lines at `WAVES`."""
    figure, (axis,) = side_by_side(1, 8, 3.4)
    for name, power, color, style in styled(named):
        places = np.arange(len(power)) / (2 * (len(power) - 1))
        look = {"marker": "o", "markersize": 3, "color": color, "label": name}
        axis.plot(places[1:], power[1:], style, **look)
    for wave in WAVES:
        axis.axvline(wave, color=GREY, linestyle=":")
    axis.set_xticks([0, *WAVES])
    axis.set(xlabel="waves per pixel (0.5: the Nyquist frequency)", ylabel="power", yscale="log")
    axis.legend(frameon=False)
    return captioned(figure, caption)


def peaks(
    groups: dict[str, dict[str, Sequence[float]]], real: Sequence[float], caption: str = ""
) -> Figure:
    """One dot for each seed: the peak of each kind, one panel for each group; a band for real."""
    figure, axes = side_by_side(len(groups), 9, 3.4, sharey=True)
    for axis, (title, kinds) in zip(axes, groups.items(), strict=True):
        for place, (_, values, color, _) in enumerate(styled(kinds)):
            spread = np.linspace(-0.15, 0.15, len(values)) if len(values) > 1 else [0]
            axis.plot(place + np.asarray(spread), values, "o", color=color, alpha=0.7)
        axis.axhspan(min(real), max(real), color=GREY, alpha=0.5, lw=0, label="real digits")
        axis.set_xticks(range(len(kinds)), kinds)
        axis.set(title=title, yscale="log", xlim=(-0.5, len(kinds) - 0.5))
    axes[0].set_ylabel("power at Nyquist / neighbors'")
    axes[-1].legend(frameon=False)
    return captioned(figure, caption)
