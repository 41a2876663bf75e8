"""Figures of shape arithmetic: a kernel on its grid, coats of paint, the sizes of a network.

Each is a pure function of numbers and returns the matplotlib figure (notebook 03).
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from torch import Tensor

from gan_utils.figures import BLUE, GREY, ORANGE, side_by_side, styled
from gan_utils.shapes.arithmetic import conv_out, conv_transpose_out, span

PADDING, INPUT, LOST, COVERED = range(4)
GROUND = ListedColormap(["#E4E4E4", "#D6EBF7", "#FFFFFF", ORANGE])
FILLED = ListedColormap(["#FFFFFF", "#D6EBF7", ORANGE])  # not yet, before, now
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
    side, reach = size + 2 * padding, span(kernel_size, dilation)
    ground = np.full((side, side), PADDING)
    ground[padding : padding + size, padding : padding + size] = INPUT
    touched = np.add.outer(np.arange(out) * stride, np.arange(kernel_size) * dilation)
    lost = np.setdiff1d(np.arange(side), touched)
    ground[lost] = ground[:, lost] = LOST
    figure, axes = plt.subplots(
        *(2, len(positions)),
        figsize=(max(4.0, 3.1 * len(positions)), 5.2),
        layout="constrained",
        squeeze=False,
        height_ratios=(side, max(out, 3)),
    )
    for above, below, position in zip(*axes, positions, strict=True):
        cells, (top, left) = ground.copy(), np.multiply(divmod(position, out), stride)
        cells[top : top + reach : dilation, left : left + reach : dilation] = COVERED
        _grid(above, cells, GROUND, f"input {size}×{size}, padding {padding}")
        corner = (padding - 0.5, padding - 0.5)
        above.add_patch(Rectangle(corner, size, size, fill=False, color=BLUE, lw=2))
        for row, column in np.argwhere(cells == LOST):
            above.text(column, row, "×", ha="center", va="center", color=GREY)
        order = np.arange(out**2).reshape(out, out)
        filled = (order <= position) + (order == position)
        _grid(below, filled, FILLED, f"output {out}×{out}, cell {position + 1} of {out**2}")
    return figure


def coats(named: dict[str, Map]) -> Figure:
    """How often each pixel is painted: one panel for each named map of counts (H, W)."""
    figure, panels = _maps(named, 3.6, 3.9, "cividis", lowest=0)
    for axis, image, counts in panels:
        size, shades = 8 if len(counts) > 14 else 10, np.asarray(image.norm(counts))
        for (row, column), count in np.ndenumerate(counts) if max(counts.shape) <= 16 else ():
            color = "white" if shades[row, column] < 0.6 else "black"  # on the pixel's own
            axis.text(column, row, count, color=color, ha="center", va="center", fontsize=size)
        axis.set(xticks=[], yticks=[])
    return figure


def maps(named: dict[str, Map]) -> Figure:
    """Small maps of numbers (H, W) side by side on one scale, small ones ruled: white is zero."""
    figure, panels = _maps(named, 3.2, 3.4, "PuOr")
    for axis, _, values in panels:
        axis.set(xticks=[], yticks=[])
        if max(values.shape) <= 12:
            _rule(axis, values, linewidth=0.3)
    return figure


def matrix(values: Map, title: str = "") -> Figure:
    """A matrix (rows, columns) as a picture: white is zero."""
    figure, [(axis, image, _)] = _maps({title: values}, 7, 3.2, "PuOr")
    axis.set_aspect("auto")
    figure.colorbar(image, ax=axis)
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


def _maps(
    named: dict[str, Map], width: float, height: float, cmap: str, lowest: int = -1
) -> tuple[Figure, list[tuple[Axes, AxesImage, np.ndarray]]]:
    """One panel of this size in inches for each map; colors from lowest·most to most."""
    arrays = [torch.as_tensor(values).detach().cpu().numpy() for values in named.values()]
    most = max(np.abs(values).max() for values in arrays)
    figure, axes = side_by_side(len(named), width * len(named), height)
    images = []
    for axis, name, values in zip(axes, named, arrays, strict=True):
        images.append(axis.imshow(values, cmap=cmap, vmin=lowest * most, vmax=most))
        axis.set_title(name, fontsize=10)
    return figure, [*zip(axes, images, arrays, strict=True)]


def _grid(axis: Axes, cells: np.ndarray, colors: ListedColormap, title: str) -> None:
    axis.imshow(cells, cmap=colors, vmin=0, vmax=colors.N - 1)
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=10)
    _rule(axis, cells, linewidth=0.6)


def _rule(axis: Axes, cells: np.ndarray, linewidth: float) -> None:
    """Lines between the pixels, as minor ticks: a major tick at the same place would hide one."""
    rows, columns = cells.shape
    axis.set_xticks(np.arange(-0.5, columns), minor=True)
    axis.set_yticks(np.arange(-0.5, rows), minor=True)
    axis.grid(which="minor", color=GREY, linewidth=linewidth)
    axis.tick_params(which="both", length=0)
