"""Figures of shape arithmetic: a kernel on its grid, coats of paint, the sizes of a network.

Each is a pure function of numbers and returns the matplotlib figure; notebook 03 shows them, and
`shape_widgets` puts sliders on two of them.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from gan_utils.figures import BLUE, GREY, ORANGE, captioned, side_by_side, styled
from gan_utils.shapes.arithmetic import conv_out, conv_transpose_out, overlap, span

PADDING, INPUT, LOST, COVERED = range(4)
GROUND = ListedColormap(["#E4E4E4", "#D6EBF7", "#FFFFFF", ORANGE])
WAVES = (0.125, 0.25, 0.375, 0.5)  # patterns that repeat every 8, 4, 8/3 and 2 pixels
Map = np.ndarray | Tensor


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
    area = (max(4.0, 3.1 * len(positions)), 5.2)
    heights = {"height_ratios": (size + 2 * padding, max(out, 3))}
    figure, axes = plt.subplots(
        2, len(positions), figsize=area, layout="constrained", squeeze=False, gridspec_kw=heights
    )
    for above, below, position in zip(*axes, positions, strict=True):
        _input_grid(above, size, kernel_size, stride, padding, dilation, position)
        filled = np.arange(out * out).reshape(out, out)
        cells = np.where(filled == position, 2, np.where(filled < position, 1, 0))
        _grid(below, cells, ListedColormap(["#FFFFFF", "#D6EBF7", ORANGE]), 2)
        below.set_title(f"output {out}×{out}, cell {position + 1} of {out**2}", fontsize=10)
    return figure


def coats(named: dict[str, Map]) -> Figure:
    """How often each pixel is painted: one panel for each named map of counts (H, W)."""
    figure = _maps(named, 3.6, 3.9, "cividis", lowest=0)
    for axis in figure.axes:
        (picture,) = axis.images
        counts = picture.get_array()
        for (row, column), count in np.ndenumerate(counts) if max(counts.shape) <= 16 else ():
            place = {"ha": "center", "va": "center", "fontsize": 8 if len(counts) > 14 else 10}
            color = "white" if count < 0.6 * picture.norm.vmax else "black"  # on the pixel's own
            axis.text(column, row, count, color=color, **place)
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


def maps(named: dict[str, Map]) -> Figure:
    """Small maps of numbers (H, W) side by side on one scale, small ones ruled: white is zero."""
    figure = _maps(named, 3.2, 3.4, "PuOr")
    for axis in figure.axes:
        axis.set(xticks=[], yticks=[])
        rows, columns = axis.images[0].get_array().shape
        if max(rows, columns) <= 12:
            _rule(axis, rows, columns, linewidth=0.3)
    return figure


def matrix(values: Map, title: str = "") -> Figure:
    """A matrix (rows, columns) as a picture: white is zero."""
    figure = _maps({title: values}, 7, 3.2, "PuOr", aspect="auto")
    (axis,) = figure.axes
    figure.colorbar(axis.images[0], ax=axis)
    axis.set(xlabel="pixels of the large picture", ylabel="cells of the small one")
    return figure


def stages(named: dict[str, Sequence[int]]) -> Figure:
    """The sizes that each network goes through, as squares whose sides grow with the logarithm."""
    columns = min(2, len(named))
    rows = -(-len(named) // columns)
    area = (5.4 * columns, 1.7 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=area, layout="constrained", squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, (name, sizes, color, _) in zip(axes.flat[: len(named)], styled(named), strict=True):
        left = 0.0
        for size in sizes:
            side = 0.5 + np.log2(size) / 3
            axis.add_patch(Rectangle((left, 0), side, side, facecolor=color, alpha=0.8))
            axis.text(left + side / 2, -0.2, size, ha="center", va="top", fontsize=11)
            left += side + 0.7
        axis.set(xlim=(-0.1, max(left, 13)), ylim=(-1.1, 3), aspect="equal")
        axis.set_title(name, fontsize=10, loc="left")
    words = (f"{name}: {', '.join(map(str, sizes))}" for name, sizes in named.items())
    figure.set_label("; ".join(words))  # the text alternative
    return figure


def spectra(named: dict[str, Map], caption: str = "") -> Figure:
    """Power over waves per pixel for each named spectrum, with dotted lines at `WAVES`."""
    figure, (axis,) = side_by_side(1, 8, 3.4)
    for name, power, color, style in styled(named):
        places = np.arange(len(power)) / (2 * (len(power) - 1))
        look = {"marker": "o", "markersize": 3, "color": color, "label": name}
        axis.plot(places[1:], np.asarray(power)[1:], style, **look)
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


def _maps(
    named: dict[str, Map], width: float, height: float, cmap: str, lowest: int = -1, **how: object
) -> Figure:
    """One panel of this size in inches for each map; colors from lowest·most to most."""
    arrays = [torch.as_tensor(values).detach().cpu().numpy() for values in named.values()]
    most = max(np.abs(values).max() for values in arrays)
    figure, axes = side_by_side(len(named), width * len(named), height)
    for axis, name, values in zip(axes, named, arrays, strict=True):
        axis.imshow(values, cmap=cmap, vmin=lowest * most, vmax=most, **how)
        axis.set_title(name, fontsize=10)
    return figure


def _input_grid(
    axis: plt.Axes, size: int, kernel_size: int, stride: int, padding: int, dilation: int, cell: int
) -> None:
    """The padded picture with the kernel's cells on it; what no position covers is crossed out."""
    out = conv_out(size, kernel_size, stride, padding, dilation)
    side, reach = size + 2 * padding, span(kernel_size, dilation)
    cells = np.full((side, side), PADDING)
    cells[padding : padding + size, padding : padding + size] = INPUT
    steps, taps = np.arange(out) * stride, np.arange(kernel_size) * dilation
    touched = np.isin(np.arange(side), np.add.outer(steps, taps))
    cells[~touched] = LOST
    cells[:, ~touched] = LOST
    top, left = cell // out * stride, cell % out * stride
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
