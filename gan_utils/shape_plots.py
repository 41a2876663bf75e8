"""Figures of shape arithmetic: a kernel on its grid, coats of paint, the sizes of a network.

Each is a pure function of numbers and returns the matplotlib figure; notebook 03 shows them, and
`shape_widgets` puts sliders on the first three.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gan_utils.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY
from gan_utils.shapes import conv_out, conv_transpose_out, overlap
from gan_utils.shapes.arithmetic import span

PADDING, INPUT, LOST, COVERED = range(4)
GROUND = ListedColormap(["#E4E4E4", "#D6EBF7", "#FFFFFF", ORANGE])


def formula(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> str:
    """`conv_out` with its numbers filled in, and how many pixels are left over after the last step.

    Raises:
        ValueError: as `conv_out`.
    """
    out = conv_out(size, kernel_size, stride, padding, dilation)
    room = size + 2 * padding - span(kernel_size, dilation)
    lost = room % stride
    seen = f"{lost} of {size + 2 * padding} left over" if lost else "none left over"
    reach = f"({dilation}·({kernel_size} − 1) + 1)" if dilation > 1 else str(kernel_size)
    return (
        f"⌊({size} − {reach} + 2·{padding})/{stride}⌋ + 1 "
        f"= ⌊{room}/{stride}⌋ + 1 = {out}   ({seen})"
    )


def transposed_formula(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, output_padding: int = 0
) -> str:
    """`conv_transpose_out` with its numbers filled in, and the coats that inner pixels get.

    Raises:
        ValueError: as `conv_transpose_out`.
    """
    out = conv_transpose_out(size, kernel_size, stride, padding, output_padding)
    more = f" + {output_padding}" if output_padding else ""
    coats = [-(-(kernel_size - phase) // stride) for phase in range(stride)]
    inside = sorted({max(0, a) * max(0, b) for a in coats for b in coats})
    even = "even" if len(inside) == 1 else "uneven"
    return (
        f"({size} − 1)·{stride} − 2·{padding} + {kernel_size}{more} = {out}   "
        f"(coats inside: {', '.join(map(str, inside))}, {even})"
    )


def sweep(
    size: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    positions: Sequence[int] = (0,),
) -> Figure:
    """The kernel over the padded picture, and the output cell it fills, at each position.

    Args:
        positions: 0 for the first output cell, counted row by row.

    Raises:
        ValueError: as `conv_out`, or a position that does not exist.
    """
    out = conv_out(size, kernel_size, stride, padding, dilation)
    for position in positions:
        if not 0 <= position < out**2:
            raise ValueError(f"position is {position}; {out}×{out} cells are 0 … {out**2 - 1}")
    figure, axes = plt.subplots(
        *(2, len(positions)),
        figsize=(max(4.0, 3.1 * len(positions)), 5.2),
        layout="constrained",
        squeeze=False,
        height_ratios=(size + 2 * padding, max(out, 3)),
    )
    for above, below, position in zip(*axes, positions, strict=True):
        _input_grid(above, size, kernel_size, stride, padding, dilation, position, out)
        filled = np.arange(out * out).reshape(out, out)
        cells = np.where(filled == position, 2, np.where(filled < position, 1, 0))
        _grid(below, cells, ListedColormap(["#FFFFFF", "#D6EBF7", ORANGE]), 2)
        below.set_title(f"output {out}×{out}, cell {position + 1} of {out**2}", fontsize=10)
    return figure


def coats(maps: dict[str, np.ndarray]) -> Figure:
    """How often each pixel is painted: one panel for each named map of counts (H, W)."""
    figure, axes = plt.subplots(
        *(1, len(maps)), figsize=(3.6 * len(maps), 3.9), layout="constrained", squeeze=False
    )
    most = max(int(counts.max()) for counts in maps.values())
    for axis, (name, counts) in zip(axes[0], maps.items(), strict=True):
        axis.imshow(counts, cmap="cividis", vmin=0, vmax=most)
        if max(counts.shape) <= 16:
            size = 8 if max(counts.shape) > 14 else 10
            for (row, column), count in np.ndenumerate(counts):
                color = "white" if count < 0.6 * most else "black"
                axis.text(column, row, count, ha="center", va="center", fontsize=size, color=color)
        axis.set_title(name, fontsize=10)
        axis.set(xticks=[], yticks=[])
    return figure


def painted(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, output_padding: int = 0
) -> Figure:
    """The coats of one transposed convolution, the `overlap` of its numbers.

    Raises:
        ValueError: as `overlap`.
    """
    counts = overlap(size, kernel_size, stride, padding, output_padding)
    name = f"{size}×{size} cells paint {len(counts)}×{len(counts)} pixels"
    return coats({name: counts})


def matrix(values: np.ndarray, title: str = "") -> Figure:
    """A matrix (rows, columns) as a picture: white is zero."""
    figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
    most = np.abs(values).max()
    picture = axis.imshow(values, cmap="PuOr", vmin=-most, vmax=most, aspect="auto")
    figure.colorbar(picture, ax=axis)
    axis.set_title(title, fontsize=10)
    axis.set(xlabel="pixels of the large picture", ylabel="cells of the small one")
    return figure


def panels(named: dict[str, np.ndarray]) -> Figure:
    """Small maps of numbers (H, W) side by side on one scale, small ones ruled: white is zero."""
    figure, axes = plt.subplots(
        *(1, len(named)), figsize=(3.2 * len(named), 3.4), layout="constrained", squeeze=False
    )
    most = max(float(np.abs(values).max()) for values in named.values())
    for axis, (name, values) in zip(axes[0], named.items(), strict=True):
        axis.imshow(values, cmap="PuOr", vmin=-most, vmax=most)
        axis.set_title(name, fontsize=10)
        axis.set(xticks=[], yticks=[])
        if max(values.shape) <= 12:
            _rule(axis, *values.shape, linewidth=0.3)
    return figure


def stages(named: dict[str, Sequence[int]]) -> Figure:
    """The sizes that each network goes through, as squares whose sides grow with the logarithm."""
    columns = min(2, len(named))
    figure, axes = plt.subplots(
        *(-(-len(named) // columns), columns),
        figsize=(5.4 * columns, 1.7 * -(-len(named) // columns)),
        layout="constrained",
        squeeze=False,
    )
    colors = (BLUE, ORANGE, GREEN, PURPLE, SKY)
    for axis in axes.flat:
        axis.axis("off")
    for i, (axis, (name, sizes)) in enumerate(zip(axes.flat, named.items(), strict=False)):
        left = 0.0
        for size in sizes:
            side = 0.5 + np.log2(size) / 3
            axis.add_patch(Rectangle((left, 0), side, side, facecolor=colors[i % 5], alpha=0.8))
            axis.text(left + side / 2, -0.2, size, ha="center", va="top", fontsize=11)
            left += side + 0.7
        axis.set(xlim=(-0.1, max(left, 13)), ylim=(-1.1, 3), aspect="equal")
        axis.set_title(name, fontsize=10, loc="left")
    return figure


def spectra(
    named: dict[str, np.ndarray],
    waves: Sequence[float] = (0.125, 0.25, 0.375, 0.5),
    caption: str = "",
) -> Figure:
    """Power over waves per pixel for each named spectrum, with dotted lines at `waves`."""
    figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
    for (name, power), color in zip(named.items(), (BLUE, ORANGE, GREEN, PURPLE), strict=False):
        places = np.arange(len(power)) / (2 * (len(power) - 1))
        axis.plot(places[1:], np.asarray(power)[1:], "o-", ms=3, color=color, label=name)
    for wave in waves:
        axis.axvline(wave, color=GREY, linestyle=":")
    axis.set_xticks([0, *waves])
    axis.set(xlabel="waves per pixel (0.5: the Nyquist frequency)", ylabel="power", yscale="log")
    axis.legend(frameon=False)
    if caption:
        figure.supxlabel(caption, fontsize=8, color=GREY)
    return figure


def peaks(
    groups: dict[str, dict[str, Sequence[float]]], real: Sequence[float], caption: str = ""
) -> Figure:
    """One dot for each seed: the peak of each kind, one panel for each group; a band for real."""
    figure, axes = plt.subplots(
        *(1, len(groups)), figsize=(9, 3.4), layout="constrained", sharey=True, squeeze=False
    )
    for axis, (title, kinds) in zip(axes[0], groups.items(), strict=True):
        for place, (values, color) in enumerate(
            zip(kinds.values(), (BLUE, ORANGE, GREEN), strict=True)
        ):
            spread = np.linspace(-0.15, 0.15, len(values)) if len(values) > 1 else [0]
            axis.plot(place + np.asarray(spread), values, "o", color=color, alpha=0.7)
        axis.axhspan(min(real), max(real), color=GREY, alpha=0.5, lw=0, label="real digits")
        axis.set_xticks(range(len(kinds)), kinds)
        axis.set(title=title, yscale="log", xlim=(-0.5, len(kinds) - 0.5))
    axes[0, 0].set_ylabel("power at Nyquist / neighbors'")
    axes[0, -1].legend(frameon=False)
    if caption:
        figure.supxlabel(caption, fontsize=8, color=GREY)
    return figure


def _input_grid(
    axis: plt.Axes,
    size: int,
    kernel_size: int,
    stride: int,
    padding: int,
    dilation: int,
    position: int,
    out: int,
) -> None:
    """The padded picture with the kernel's cells on it; what no position covers is crossed out."""
    side, reach = size + 2 * padding, span(kernel_size, dilation)
    cells = np.full((side, side), PADDING)
    cells[padding : padding + size, padding : padding + size] = INPUT
    steps, taps = np.arange(out) * stride, np.arange(kernel_size) * dilation
    touched = np.isin(np.arange(side), np.add.outer(steps, taps))
    cells[~touched] = LOST
    cells[:, ~touched] = LOST
    top, left = position // out * stride, position % out * stride
    cells[top : top + reach : dilation, left : left + reach : dilation] = COVERED
    _grid(axis, cells, GROUND, 3)
    axis.add_patch(
        Rectangle((padding - 0.5, padding - 0.5), size, size, fill=False, color=BLUE, lw=2)
    )
    for row, column in np.argwhere(cells == LOST):
        axis.text(column, row, "×", ha="center", va="center", color=GREY)
    axis.set_title(f"input {size}×{size}, padding {padding}", fontsize=10)


def _grid(axis: plt.Axes, cells: np.ndarray, colors: ListedColormap, most: int) -> None:
    axis.imshow(cells, cmap=colors, vmin=0, vmax=most)
    axis.set(xticks=[], yticks=[])
    _rule(axis, *cells.shape, linewidth=0.6)


def _rule(axis: plt.Axes, rows: int, columns: int, linewidth: float) -> None:
    """Lines between the pixels, as minor ticks: a major tick at the same place would hide one."""
    axis.set_xticks(np.arange(-0.5, columns), minor=True)
    axis.set_yticks(np.arange(-0.5, rows), minor=True)
    axis.grid(which="minor", color=GREY, linewidth=linewidth)
    axis.tick_params(which="both", length=0)
