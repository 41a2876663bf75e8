"""Figures of notebook 05: ways to a square, real beside fake, where a step's seconds go."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from gan_utils.plots import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, captioned, grid, share_bars

COLORS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)


def row(
    named: Mapping[str, Tensor],
    box: tuple[int, int, int, int] | None = None,
    caption: str = "",
) -> Figure:
    """Pictures uint8 (3, H, W) of any sizes side by side, all drawn equally high.

    Args:
        named: title → picture.
        box: (left, top, right, bottom), drawn as a frame on the first picture.
        caption: below.
    """
    widths = [picture.shape[2] / picture.shape[1] for picture in named.values()]
    figure, axes = plt.subplots(
        *(1, len(named)),
        figsize=(2.1 * sum(widths) + 0.4, 2.7),
        layout="constrained",
        gridspec_kw={"width_ratios": widths},
        squeeze=False,
    )
    for axis, (title, picture) in zip(axes[0], named.items(), strict=True):
        axis.imshow(picture.permute(1, 2, 0).numpy(), interpolation="nearest")
        axis.set_title(title, fontsize=9)
        axis.axis("off")
    if box:
        left, top, right, bottom = box
        frame = Rectangle((left, top), right - left - 1, bottom - top - 1, fill=False, lw=2.5)
        frame.set_edgecolor(RED)
        axes[0, 0].add_patch(frame)
    return captioned(figure, caption)


def beside(real: Tensor, fake: Tensor, columns: int = 8, caption: str = "") -> Figure:
    """Real pictures left and generated ones right, each uint8 (N, C, H, W) in a grid."""
    rows = -(-len(real) // columns)
    figure, axes = plt.subplots(
        1, 2, figsize=(1.2 * columns, 0.6 * rows + 0.7), layout="constrained"
    )
    for axis, title, images in zip(axes, ("real", "generated"), (real, fake), strict=True):
        axis.imshow(grid(images, columns), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axis.set_title(title, fontsize=10)
        axis.axis("off")
    return captioned(figure, caption)


def split(named: Mapping[str, Mapping[str, float]], caption: str = "") -> Figure:
    """One bar for each named step, cut into its parts: part → seconds."""
    parts = list(dict.fromkeys(part for seconds in named.values() for part in seconds))
    figure, axis = plt.subplots(figsize=(10, 1.1 + 0.55 * len(named)), layout="constrained")
    starts = np.zeros(len(named))
    for color, part in zip(COLORS, parts, strict=False):
        values = np.array([1000 * seconds.get(part, 0.0) for seconds in named.values()])
        axis.barh(range(len(named)), values, left=starts, color=color, label=part, height=0.6)
        starts += values
    axis.set_yticks(range(len(named)), list(named))
    axis.invert_yaxis()
    axis.set(xlabel="milliseconds of one step")
    axis.legend(
        frameon=False, ncols=len(parts), loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=9
    )
    return captioned(figure, caption)


def gains(named: Mapping[str, float], caption: str = "") -> Figure:
    """Bars of how many times as fast as the first each loop is, in order, with its number."""
    figure, axis = plt.subplots(figsize=(10, 0.9 + 0.36 * len(named)), layout="constrained")
    bars = axis.barh(range(len(named)), list(named.values()), color=BLUE, height=0.65)
    axis.bar_label(bars, fmt="{:.2f}", padding=3, fontsize=9)
    axis.set_yticks(range(len(named)), list(named))
    axis.invert_yaxis()
    axis.margins(x=0.08)
    axis.set(xlabel=f"times as fast as {next(iter(named))}")
    return captioned(figure, caption)


def shares(
    named: Mapping[str, Sequence[float]],
    drawn: Mapping[str, float],
    title: str = "",
    caption: str = "",
) -> Figure:
    """Bars of the share of each value of an attribute, with the true shares as black marks.

    Args:
        named: what was counted → one share for each value, 0 … 1.
        drawn: value → its true share.
    """
    figure, axis = plt.subplots(figsize=(10, 3.2), layout="constrained")
    share_bars(axis, named, COLORS)
    for i, share in enumerate(drawn.values()):
        label = "true share" if i == 0 else None
        axis.plot([i - 0.45, i + 0.45], [100 * share] * 2, color="black", lw=1.5, label=label)
    axis.set(title=title, ylabel="% of pictures, at 0.9 confidence")
    axis.set_xticks(range(len(drawn)), list(drawn))
    axis.legend(frameon=False, fontsize=9)
    return captioned(figure, caption)
