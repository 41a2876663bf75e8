"""Charts of numbers: training curves, shares of classes, seconds of a step, tables.

Functions that draw return the matplotlib figure; a cell ends with ``plt.show()``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from gan_utils.figures.base import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    captioned,
    figure_png,
    ink,
    legend,
    side_by_side,
    styled,
)
from gan_utils.figures.samples import grid, picture

DIGITS = dict.fromkeys("0123456789", 0.1)  # the share of each class
History = Sequence[dict[str, float]]


def curves(history: History, caption: str = "") -> Figure:
    """Two panels over steps: both losses, and the mean of D on real and on generated pictures."""
    figure, (losses, verdicts) = side_by_side(2, 10, 3.4)
    _losses(losses, history)
    _verdicts(verdicts, history)
    return captioned(figure, caption)


def quality(history: History, rows: History, caption: str = "") -> Figure:
    """Losses on the left, FID of the same run on the right, over steps (logarithmic)."""
    figure, (losses, fid) = side_by_side(2, 10, 3.4)
    _losses(losses, history)
    steps = [row["step"] for row in rows]
    fid.plot(steps, [row["fid"] for row in rows], "o-", color=GREEN, label="generated")
    fid.axhline(rows[-1]["floor"], color=GREY, linestyle=":", label="real digits")
    fid.set(title="FID (64 digit features)", xlabel="step", yscale="log")
    legend(fid, fontsize=8)
    for axes in (losses, fid):
        axes.set_xscale("log")
    return captioned(figure, caption)


def point_clouds(
    clouds: Sequence[Tensor], centers: Tensor, titles: Sequence[str], caption: str = ""
) -> Figure:
    """Points (N, 2) in one panel for each cloud, over the centers (M, 2) they should surround."""
    figure, panels = side_by_side(len(clouds), 3 * len(clouds), 3.5)
    for axes, points, title in zip(panels, clouds, titles, strict=True):
        axes.scatter(*centers.T, s=400, facecolors="none", edgecolors=ORANGE)
        axes.scatter(*points.T, s=3, color=BLUE, alpha=0.3)
        axes.set(title=title, aspect="equal", xlim=(-3, 3), ylim=(-3, 3))
    return captioned(figure, caption)


def table(rows: Sequence[dict[str, object]], columns: Sequence[str]) -> str:
    """Some columns of the rows as aligned text."""
    cells = [list(columns), *([str(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells]
    return "\n".join(line.rstrip() for line in lines)


def shares(
    named: Mapping[str, Sequence[float]],
    true: Mapping[str, float] = DIGITS,
    xlabel: str = "class",
    caption: str = "",
) -> Figure:
    """Bars of the share of each class in each named set of samples, the true shares as lines.

    Args:
        named: what was counted → one share for each class, 0 … 1.
        true: class → its true share.
    """
    figure, (axes,) = side_by_side(1, 10, 3.2)
    places, heights = np.arange(len(true)), np.multiply(list(true.values()), 100)
    width = 0.8 / len(named)
    for i, (name, values, color, _) in enumerate(styled(named)):
        left = (i - (len(named) - 1) / 2) * width
        axes.bar(places + left, np.multiply(values, 100), width, label=name, color=color)
    axes.hlines(heights, places - 0.45, places + 0.45, color=ink(), label="true share")
    axes.set(xlabel=xlabel, ylabel="% of samples, at 0.9 confidence")
    axes.set_xticks(places, list(true))
    axes.legend(frameon=False, ncols=len(named) + 1, loc="lower center", bbox_to_anchor=(0.5, 1))
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


def training_picture(images: Tensor, history: History, title: str, caption: str = "") -> bytes:
    """A PNG of a run in progress: samples of the fixed noise, the losses, D's verdicts."""
    figure = Figure(figsize=(11, 3.9), layout="constrained")  # no pyplot: nothing is left open
    samples, losses, verdicts = figure.subplots(1, 3)
    picture(samples, grid(images), title)
    if history:
        _losses(losses, history)
        _verdicts(verdicts, history)
    return figure_png(captioned(figure, caption), dpi=80)


def _losses(axes: Axes, history: History) -> None:
    steps = [row["step"] for row in history]
    axes.plot(steps, [row["d_loss"] for row in history], color=BLUE, label="discriminator")
    axes.plot(steps, [row["g_loss"] for row in history], color=ORANGE, label="generator")
    axes.axhline(2 * np.log(2), color=GREY, linestyle=":", label="2·log 2: D cannot tell")
    axes.set(xlabel="step", title="losses (nats)")
    if axes.dataLim.ymin >= 0:  # not so for each loss: log(1 − D), hinge, Wasserstein
        axes.set_ylim(bottom=0)
    legend(axes, fontsize=8)


def _verdicts(axes: Axes, history: History) -> None:
    steps = [row["step"] for row in history]
    for name, label, color, style in [
        ("d_real", "D(x), real", GREEN, "-"),
        ("d_fake", "D(G(z)) before G's step", RED, "-"),
        ("d_fake_after", "D(G(z)) after it", PURPLE, "--"),
    ]:
        axes.plot(steps, [row[name] for row in history], color=color, linestyle=style, label=label)
    axes.axhline(0.5, color=GREY, linestyle=":")
    axes.set(xlabel="step", title="what D believes (probability real)", ylim=(0, 1))
    legend(axes, fontsize=8)


def _name_bars(axes: Axes, names: Mapping[str, object]) -> None:
    """The names of horizontal bars, from top to bottom."""
    axes.set_yticks(range(len(names)), list(names))
    axes.invert_yaxis()
