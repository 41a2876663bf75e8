"""Figures of the minimax game on a line: densities, D and D*, runs, the game xy (notebook 01).

Functions that draw return the matplotlib figure; a cell ends with ``plt.show()``.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_utils.figures import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    captioned,
    ink,
    legend,
    side_by_side,
    styled,
)
from gan_utils.minimax import theory
from gan_utils.minimax.densities import Density
from gan_utils.minimax.line_game import ARROWS, Snapshot

Points = Sequence[float] | np.ndarray
X = np.linspace(theory.LOW, theory.HIGH, 601)


def floor_numbers(p: Density, q: Density) -> str:
    """JS, and the value of the game at the best D by its formula, in one line of text."""
    js = theory.js(p, q)
    return f"JS = {js:.4f} nats,   V(D*) = 2·JS − log 4 = {2 * js - math.log(4):.4f}"


def best_d(p: Density, q: Density) -> Figure:
    """Both densities, and between them D* = p/(p+q); the title says JS and V(D*)."""
    figure, (axes,) = side_by_side(1, 9, 3.6)
    _densities(axes, X, p(X), q(X))
    axes.plot(X, theory.optimal_d(p, q, X)[0], color=BLUE, linewidth=2, label="D* = p/(p+q)")
    axes.axhline(0.5, color=GREY, linestyle=":", linewidth=1)
    axes.set(xlim=(theory.LOW, theory.HIGH), ylim=(0, 1.3), xlabel="x")
    axes.set_title(floor_numbers(p, q), fontsize=12)
    axes.legend(loc="upper center", ncols=3, frameon=False)
    return figure


def strip(run: Sequence[Snapshot], data: Density, caption: str = "") -> Figure:
    """Four moments of a run side by side, as in Goodfellow et al. 2014, figure 1.

    From the first to the last, each so many times later than the one before.
    """
    wanted = run[-1].step ** (np.arange(1, 4) / 3)
    chosen = [run[0], *(min(run, key=lambda shot: abs(shot.step - step)) for step in wanted)]
    figure, panels = side_by_side(4, 12, 4, sharey=True)
    for axes, shot in zip(panels, chosen, strict=True):
        _moment(axes, shot, data)
        axes.set_title(f"step {shot.step:,}\nJS {shot.js:.3f}", fontsize=11)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
    return captioned(figure, caption)


def moment(shot: Snapshot, data: Density) -> Figure:
    """One moment of a run: both densities, D and D*, and arrows from each z to its x."""
    figure, (axes,) = side_by_side(1, 9, 4.2)
    _moment(axes, shot, data)
    axes.legend(loc="upper center", ncols=4, frameon=False)
    axes.set_title(f"step {shot.step:,},  JS = {shot.js:.4f} nats", fontsize=12)
    return figure


def learned_d(
    learned: Mapping[str, np.ndarray], p: Density, q: Density, caption: str = ""
) -> Figure:
    """D* over `X`, and beside it what discriminators have learned, each (601,) over `X`."""
    curves = {name: [(X, d)] for name, d in learned.items()}
    figure = lines(curves, "x", "D(x)", caption, log="")
    (axes,) = figure.axes
    _best(axes, X, theory.optimal_d(p, q, X)[0])
    axes.set(xlim=(theory.LOW, theory.HIGH), ylim=(-0.02, 1.02))
    legend(axes)
    return figure


def trajectories(paths: Mapping[str, np.ndarray], caption: str = "") -> Figure:
    """The game xy: each path (steps + 1, 2) in the plane, and its distance from the rest point."""
    figure, (plane, radius) = side_by_side(2, 10, 4.2)
    for name, path, color, style in styled(paths):
        plane.plot(*path.T, style, marker="o", color=color, markersize=3, linewidth=0.8, label=name)
        radius.plot(np.hypot(*path.T), style, color=color, label=name)
    plane.plot(0, 0, "*", color=ink(), markersize=12)
    plane.set(xlabel="x, which lowers xy", ylabel="y, which raises xy", aspect="equal")
    radius.set(xlabel="step", title="distance from the rest point (0, 0)", ylim=(0, None))
    legend(radius)
    return captioned(figure, caption)


def lines(
    named: Mapping[str, Sequence[tuple[Points, Points]]],
    xlabel: str,
    ylabel: str,
    caption: str = "",
    log: str = "xy",
    level: float | None = None,
) -> Figure:
    """One color for each name, one thin line for each of its runs, (x values, y values).

    `level`: a dotted line across, at this height. `log`: the axes with logarithmic scales.
    """
    figure, (axes,) = side_by_side(1, 9, 3.6)
    for name, runs, color, style in styled(named):
        for i, (x, y) in enumerate(runs):
            axes.plot(x, y, color=color, linestyle=style, alpha=0.8, label=name if not i else "")
    if level is not None:
        axes.axhline(level, color=GREY, linestyle=":")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    for axis in log:
        axes.set(**{f"{axis}scale": "log"})
    legend(axes)
    return captioned(figure, caption)


def _densities(axes: Axes, x: np.ndarray, p: np.ndarray, q: np.ndarray) -> None:
    axes.fill_between(x, p, color=GREEN, alpha=0.25, linewidth=0)
    axes.plot(x, p, color=GREEN, label="p, the data")
    axes.fill_between(x, q, color=ORANGE, alpha=0.25, linewidth=0)
    axes.plot(x, q, color=ORANGE, linestyle="--", label="q, the generator")


def _best(axes: Axes, x: np.ndarray, d: np.ndarray) -> None:
    axes.plot(x, d, color=ink(), linewidth=4, alpha=0.3, label="D*")


def _moment(axes: Axes, shot: Snapshot, data: Density) -> None:
    p, q = data(theory.CENTERS), shot.shares / theory.WIDTH
    _densities(axes, theory.CENTERS, p, q)
    known = p + q > 1e-2 * (p + q).max()
    _best(axes, theory.CENTERS, np.where(known, p / np.where(known, p + q, 1.0), np.nan))
    axes.plot(theory.CENTERS, shot.d, color=BLUE, label="D")
    for z, x in zip(ARROWS.flatten().tolist(), shot.x.tolist(), strict=True):
        axes.annotate(
            "", (x, -0.15), (z, -0.55), arrowprops={"arrowstyle": "->", "color": GREY, "lw": 0.8}
        )
    for height, name in [(-0.15, "x"), (-0.55, "z")]:
        axes.axhline(height, color=ink(), linewidth=0.8)
        axes.text(theory.LOW + 0.1, height + 0.03, name, fontsize=11)
    axes.set(xlim=(theory.LOW, theory.HIGH), ylim=(-0.62, 1.35), yticks=[0, 0.5, 1])
