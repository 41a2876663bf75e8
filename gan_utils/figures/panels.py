"""Figures of notebook 05: ways to a square, real beside fake, where a step's seconds go."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from gan_utils.figures.base import BLUE, RED, captioned, side_by_side, styled
from gan_utils.figures.plots import grid, picture


def row(named: Mapping[str, Tensor], box: tuple[int, int, int, int] | None = None) -> Figure:
    """Pictures uint8 (3, H, W) of any sizes side by side, all drawn equally high.

    Args:
        named: title → picture.
        box: (left, top, right, bottom), drawn as a frame on the first picture.
    """
    widths = [pixels.shape[2] / pixels.shape[1] for pixels in named.values()]
    figure, panels = side_by_side(
        len(named), 2.1 * sum(widths) + 0.4, 2.7, gridspec_kw={"width_ratios": widths}
    )
    for axes, (title, pixels) in zip(panels, named.items(), strict=True):
        picture(axes, pixels.permute(1, 2, 0).numpy(), title)
    if box:
        left, top, right, bottom = box
        frame = Rectangle((left, top), right - left - 1, bottom - top - 1, fill=False, lw=2.5)
        frame.set_edgecolor(RED)
        panels[0].add_patch(frame)
    return figure


def beside(real: Tensor, fake: Tensor, columns: int = 8, caption: str = "") -> Figure:
    """Real pictures left and generated ones right, each uint8 (N, C, H, W) in a grid."""
    rows = -(-len(real) // columns)
    figure, panels = side_by_side(2, 1.2 * columns, 0.6 * rows + 0.7)
    for axes, title, images in zip(panels, ("real", "generated"), (real, fake), strict=True):
        picture(axes, grid(images, columns), title)
    return captioned(figure, caption)


def split(named: Mapping[str, Mapping[str, float]], caption: str = "") -> Figure:
    """One bar for each named step, cut into its parts: part → seconds."""
    parts = dict.fromkeys(part for seconds in named.values() for part in seconds)
    figure, (axes,) = side_by_side(1, 10, 1.1 + 0.55 * len(named))
    starts = np.zeros(len(named))
    for part, _, color, _ in styled(parts):
        values = np.array([1000 * seconds.get(part, 0.0) for seconds in named.values()])
        axes.barh(range(len(named)), values, left=starts, color=color, label=part, height=0.6)
        starts += values
    _name_bars(axes, named)
    axes.set(xlabel="milliseconds of one step")
    axes.legend(
        frameon=False, ncols=len(parts), loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=9
    )
    return captioned(figure, caption)


def gains(named: Mapping[str, float], caption: str = "") -> Figure:
    """Bars of how many times as fast as the first each loop is, in order, with its number."""
    figure, (axes,) = side_by_side(1, 10, 0.9 + 0.36 * len(named))
    bars = axes.barh(range(len(named)), list(named.values()), color=BLUE, height=0.65)
    axes.bar_label(bars, fmt="{:.2f}", padding=3, fontsize=9)
    _name_bars(axes, named)
    axes.margins(x=0.08)
    axes.set(xlabel=f"times as fast as {next(iter(named))}")
    return captioned(figure, caption)


def _name_bars(axes: Axes, names: Mapping[str, object]) -> None:
    """The names of horizontal bars, from top to bottom."""
    axes.set_yticks(range(len(names)), list(names))
    axes.invert_yaxis()
