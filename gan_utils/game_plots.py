"""Figures of the minimax game on a line: densities, D and D*, runs, the game xy (notebook 01).

Functions that draw return the matplotlib figure; a cell ends with ``plt.show()``.
"""

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_utils import theory
from gan_utils.densities import Density
from gan_utils.line_game import ARROWS, Snapshot
from gan_utils.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, captioned

X = np.linspace(theory.LOW, theory.HIGH, 601)
CENTERS = (np.arange(theory.BINS) + 0.5) * (theory.HIGH - theory.LOW) / theory.BINS + theory.LOW
CELL = (theory.HIGH - theory.LOW) / theory.BINS


def floor_numbers(p: Density, q: Density) -> str:
    """JS, and the value of the game at the best D by its formula, in one line of text."""
    js = theory.js(p, q)
    return f"JS = {js:.4f} nats,   V(D*) = 2·JS − log 4 = {2 * js - math.log(4):.4f}"


def best_d(p: Density, q: Density, caption: str = "") -> Figure:
    """Both densities, and between them D* = p/(p+q); the title says JS and V(D*)."""
    figure, axes = _figure(1)
    _densities(axes[0], p(X), q(X))
    axes[0].plot(X, theory.optimal_d(p, q, X)[0], color=BLUE, linewidth=2, label="D* = p/(p+q)")
    axes[0].axhline(0.5, color=GREY, linestyle=":", linewidth=1)
    axes[0].set(xlim=(theory.LOW, theory.HIGH), ylim=(0, 1.3), xlabel="x")
    axes[0].set_title(floor_numbers(p, q), fontsize=12)
    axes[0].legend(loc="upper center", ncols=3, frameon=False)
    return captioned(figure, caption)


def strip(run: Sequence[Snapshot], data: Density, panels: int = 4, caption: str = "") -> Figure:
    """`panels` moments of a run side by side, as in Goodfellow et al. 2014, figure 1.

    From the first to the last, each so many times later than the one before.
    """
    wanted = run[-1].step ** (np.arange(1, panels) / (panels - 1))
    chosen = [run[0], *(min(run, key=lambda shot: abs(shot.step - step)) for step in wanted)]
    figure, axes = plt.subplots(
        1, panels, figsize=(3 * panels, 4), sharey=True, layout="constrained"
    )
    for axis, shot in zip(np.atleast_1d(axes), chosen, strict=True):
        _moment(axis, shot, data)
        axis.set_title(f"step {shot.step:,}\nJS {shot.js:.3f}", fontsize=11)
    handles, labels = np.atleast_1d(axes)[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
    return captioned(figure, caption)


def moment(shot: Snapshot, data: Density) -> Figure:
    """One moment of a run: both densities, D and D*, and arrows from each z to its x."""
    figure, axes = _figure(1, height=4.2)
    _moment(axes[0], shot, data)
    axes[0].legend(loc="upper center", ncols=4, frameon=False)
    axes[0].set_title(f"step {shot.step:,},  JS = {shot.js:.4f} nats", fontsize=12)
    return figure


def learned_d(
    learned: Mapping[str, np.ndarray], p: Density, q: Density, caption: str = ""
) -> Figure:
    """D* over `X`, and beside it what discriminators have learned, each (601,) over `X`."""
    figure, axes = _figure(1)
    axes[0].plot(X, theory.optimal_d(p, q, X)[0], color="black", linewidth=4, alpha=0.3, label="D*")
    for (name, d), color, style in zip(
        learned.items(), (BLUE, RED, PURPLE), ("-", "--", "-."), strict=False
    ):
        axes[0].plot(X, d, color=color, linestyle=style, label=name)
    axes[0].set(xlim=(theory.LOW, theory.HIGH), ylim=(-0.02, 1.02), xlabel="x", ylabel="D(x)")
    axes[0].legend(framealpha=0.85, edgecolor="none")
    return captioned(figure, caption)


def trajectories(paths: Mapping[str, np.ndarray], caption: str = "") -> Figure:
    """The game xy: each path (steps + 1, 2) in the plane, and its distance from the rest point."""
    figure, (plane, radius) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    styles = zip((RED, BLUE, GREEN), ("o-", "s-", "^-"), strict=True)
    for (name, path), (color, style) in zip(paths.items(), styles, strict=False):
        plane.plot(*path.T, style, color=color, markersize=3, linewidth=0.8, label=name)
        radius.plot(np.hypot(*path.T), color=color, label=name)
    plane.plot(0, 0, "*", color="black", markersize=12)
    plane.set(xlabel="x, which lowers xy", ylabel="y, which raises xy", aspect="equal")
    radius.set(xlabel="step", title="distance from the rest point (0, 0)", ylim=(0, None))
    radius.legend(framealpha=0.85, edgecolor="none")
    return captioned(figure, caption)


def lines(
    named: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]],
    xlabel: str,
    ylabel: str,
    caption: str = "",
    log: str = "xy",
    level: float | None = None,
) -> Figure:
    """One color for each name, one thin line for each of its runs, (x values, y values).

    `level`: a dotted line across, at this height.
    """
    figure, axes = _figure(1)
    for (name, runs), color, style in zip(
        named.items(), (BLUE, RED, GREEN, ORANGE), ("-", "--", "-.", ":"), strict=False
    ):
        for i, (x, y) in enumerate(runs):
            axes[0].plot(x, y, color=color, linestyle=style, alpha=0.8, label=name if not i else "")
    if level is not None:
        axes[0].axhline(level, color=GREY, linestyle=":")
    axes[0].set(xlabel=xlabel, ylabel=ylabel)
    if "x" in log:
        axes[0].set_xscale("log")
    if "y" in log:
        axes[0].set_yscale("log")
    axes[0].legend(framealpha=0.85, edgecolor="none")
    return captioned(figure, caption)


def _figure(panels: int, height: float = 3.6) -> tuple[Figure, Sequence[Axes]]:
    figure, axes = plt.subplots(1, panels, figsize=(9, height), layout="constrained", squeeze=False)
    return figure, axes[0]


def _densities(axes: Axes, p: np.ndarray, q: np.ndarray, x: np.ndarray = X) -> None:
    axes.fill_between(x, p, color=GREEN, alpha=0.25, linewidth=0)
    axes.plot(x, p, color=GREEN, label="p, the data")
    axes.fill_between(x, q, color=ORANGE, alpha=0.25, linewidth=0)
    axes.plot(x, q, color=ORANGE, linestyle="--", label="q, the generator")


def _moment(axes: Axes, shot: Snapshot, data: Density) -> None:
    p, q = data(CENTERS), shot.shares / CELL
    _densities(axes, p, q, CENTERS)
    known = p + q > 1e-2 * (p + q).max()
    best = np.where(known, p / np.where(known, p + q, 1.0), np.nan)
    axes.plot(CENTERS, best, color="black", linewidth=4, alpha=0.3, label="D*")
    axes.plot(CENTERS, shot.d, color=BLUE, label="D")
    for z, x in zip(ARROWS.flatten().tolist(), shot.x.tolist(), strict=True):
        axes.annotate(
            "", (x, -0.15), (z, -0.55), arrowprops={"arrowstyle": "->", "color": GREY, "lw": 0.8}
        )
    for height, name in [(-0.15, "x"), (-0.55, "z")]:
        axes.axhline(height, color="black", linewidth=0.8)
        axes.text(theory.LOW + 0.1, height + 0.03, name, fontsize=11)
    axes.set(xlim=(theory.LOW, theory.HIGH), ylim=(-0.62, 1.35), yticks=[0, 0.5, 1])
