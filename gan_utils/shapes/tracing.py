"""What a network does to a picture's shape, layer by layer, from arithmetic alone (notebook 03)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from torch import nn

from gan_utils.shapes.rules import Shape, jump_of, reach_of, step


@dataclass(frozen=True)
class Row:
    """One layer.

    Attributes:
        name: its place in the network, as in `named_modules`.
        layer: what it is; 4-2-1 means kernel 4, stride 2, padding 1.
        shape: after the layer, without the batch: (C, H, W) or (features,).
        parameters: trainable numbers (0 where a layer occurs a second time).
        multiply_adds: for one picture; only convolutions of both kinds and Linear count.
        sees: the side of the square of input pixels that one cell depends on, at most the whole
            input; None after anything but convolutions and pooling.
        paints: the side of the square of final pixels that one cell reaches, at most the whole
            picture; None before anything but transposed convolutions, nearest-neighbor upsampling
            and convolutions of stride 1.
    """

    name: str
    layer: str
    shape: Shape
    parameters: int
    multiply_adds: int
    sees: int | None = None
    paints: int | None = None


@dataclass(frozen=True, repr=False)
class Trace:
    """The rows of a network after its input of shape `start`; printed, a table."""

    start: Shape
    rows: list[Row] = field(default_factory=list)

    @property
    def parameters(self) -> int:
        """Trainable numbers."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """For one picture."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def sizes(self) -> list[int]:
        """The heights that the picture goes through, each change once: [1, 4, 8, 16, 32, 64]."""
        shapes = [self.start, *(row.shape for row in self.rows)]
        heights = [shape[1] for shape in shapes if len(shape) == 3]
        return [h for i, h in enumerate(heights) if i == 0 or h != heights[i - 1]]

    def __repr__(self) -> str:
        head = ("layer", "shape", "parameters", "multiply-adds", "sees", "paints")
        lines = [head, ("", _times(self.start), "", "", "", "")]
        for row in self.rows:
            numbers = [f"{n:,}" if n else "" for n in (row.parameters, row.multiply_adds)]
            sides = ["" if side is None else str(side) for side in (row.sees, row.paints)]
            lines.append((row.layer, _times(row.shape), *numbers, *sides))
        lines.append(("total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", "", ""))
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        text = [
            "  ".join(
                cell.ljust(width) if i < 2 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join(text)


def trace(network: nn.Sequential, shape: Shape) -> Trace:
    """Follow a picture through a network without running it.

    Args:
        network: an nn.Sequential, nested or not.
        shape: of one input without the batch: (C, H, W) for pictures, (features,) for noise.

    Raises:
        ValueError: a layer that does not fit its input, or a network or layer that cannot be
            followed; the message names the layer and what it was given.
    """
    if not _plain(network):
        raise ValueError(
            f"network is a {type(network).__name__}; trace follows an nn.Sequential, whose layers "
            "run one after the other: put the layers into one, or trace its parts"
        )
    start = tuple(shape) if isinstance(shape, tuple | list) else ()
    if not start or not all(isinstance(n, int) and n > 0 for n in start):
        raise ValueError(f"shape is {shape!r}; it must be whole numbers, 1 or more, as (3, 64, 64)")
    layers, shape, rows, counted = list(_leaves(network)), start, [], set()
    sees, jump = (1, 1) if len(start) == 3 else (None, 1)
    for name, module in layers:
        before = shape
        try:
            shape, layer, multiply_adds = step(module, before)
        except ValueError as error:
            raise ValueError(f"layer {name}, {type(module).__name__}: {error}") from error
        if sees is not None:
            reach = reach_of(module, before, up=False)
            sees = None if reach is None else sees + (reach - 1) * jump
            jump *= jump_of(module)
        fresh = {p for p in module.parameters() if p.requires_grad} - counted
        counted |= fresh
        parameters = sum(p.numel() for p in fresh)
        side = None if sees is None or len(shape) != 3 else min(sees, max(start[1:]))
        rows.append(Row(name, layer, shape, parameters, multiply_adds, side))
    return Trace(start, _painted(rows, [module for _, module in layers]))


def _painted(rows: list[Row], modules: list[nn.Module]) -> list[Row]:
    """The same rows with `paints`, found from the last one backwards."""
    if not rows or len(rows[-1].shape) != 3:
        return rows
    found, paints, jump = [], 1, 1
    whole = max(rows[-1].shape[1:])
    for row, module in zip(reversed(rows), reversed(modules), strict=True):
        side = None if paints is None or len(row.shape) != 3 else min(paints, whole)
        found.append(replace(row, paints=side))
        reach = reach_of(module, row.shape, up=True)
        paints = None if paints is None or reach is None else paints + (reach - 1) * jump
        jump *= jump_of(module)
    return found[::-1]


def _plain(module: nn.Module) -> bool:
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


def _leaves(network: nn.Sequential, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    for name, module in network._modules.items():  # named_children would skip a repeated layer
        if _plain(module):
            yield from _leaves(module, f"{prefix}{name}.")
        else:
            yield prefix + name, module


def _times(shape: Shape) -> str:
    return "×".join(map(str, shape))
