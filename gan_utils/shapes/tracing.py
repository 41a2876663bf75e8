"""What a network does to a picture's shape, layer by layer (notebook 03)."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeGuard

import torch
from torch import Tensor, nn

from gan_utils.shapes.arithmetic import Size, conv_out, conv_transpose_out
from gan_utils.shapes.rules import CONVOLUTIONS, Shape, name_of, window_of


@dataclass(frozen=True)
class Row:
    """One layer.

    Attributes:
        name: its place in the network, as in `named_modules`.
        layer: what it is; 4-2-1 means kernel 4, stride 2, padding 1.
        shape: after the layer, without the batch: (C, H, W) or (features,).
        parameters: trainable numbers (0 where a layer occurs a second time).
        multiply_adds: for one picture; only convolutions of both kinds and Linear count, also
            those inside a layer of one's own.
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
    sees: int | None
    paints: int | None


@dataclass(frozen=True, repr=False)
class Trace:
    """The rows of a network after its input of shape `start`; printed, a table."""

    start: Shape
    rows: list[Row]

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
        lines: list[tuple[str, ...]] = [head, ("", _times(self.start), "", "", "", "")]
        for row in self.rows:
            numbers = (row.parameters, row.multiply_adds, row.sees, row.paints)
            lines.append((row.layer, _times(row.shape), *(f"{n:,}" if n else "" for n in numbers)))
        lines.append(("total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", "", ""))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        form = "  ".join(f"{{:{'<>'[i > 1]}{width}}}" for i, width in enumerate(widths))
        return "\n".join(form.format(*line).rstrip() for line in lines)


def trace(network: nn.Sequential, shape: Shape) -> Trace:
    """Follow one empty picture through a copy of a network.

    Args:
        network: an nn.Sequential, nested or not, of any layers.
        shape: of one input without the batch: (C, H, W) for pictures, (features,) for noise.

    Raises:
        ValueError: a network that is no nn.Sequential, or a layer that does not fit its input or
            cannot be followed; the message names the layer and what it was given.
    """
    if not _plain(network):
        raise ValueError(
            f"network is a {type(network).__name__}; trace follows an nn.Sequential, whose layers "
            "run one after the other: put the layers into one, or trace its parts"
        )
    start = tuple(shape) if isinstance(shape, tuple | list) else ()
    if not start or not all(isinstance(n, int) and n > 0 for n in start):
        raise ValueError(f"shape is {shape!r}; it must be whole numbers, 1 or more, as (3, 64, 64)")
    network, work = copy.deepcopy(network).eval(), []
    for module in network.modules():
        if isinstance(module, (*CONVOLUTIONS, nn.Linear)):
            module.register_forward_hook(lambda *call: work.append(_multiply_adds(*call)))
    like = next(network.parameters(), torch.zeros(0))  # its device and type
    picture = torch.zeros(1, *start, dtype=like.dtype, device=like.device)
    layers, shapes, counts = list(_leaves(network)), [start], []
    counted: set[nn.Parameter] = set()
    for name, module in layers:
        work.clear()
        picture = _step(name, module, picture)
        shapes.append(tuple(picture.shape[1:]))
        fresh = {p for p in module.parameters() if p.requires_grad} - counted
        counted |= fresh
        counts.append((sum(p.numel() for p in fresh), sum(work)))
    modules = [module for _, module in layers]
    sees = _sides(modules, shapes, up=False)
    paints = _sides(modules[::-1], shapes[::-1], up=True)[::-1]
    names = [(name, name_of(module)) for name, module in layers]
    columns = zip(names, shapes[1:], counts, sees[1:], paints[1:], strict=True)
    rows = [Row(*name, after, *count, *sides) for name, after, count, *sides in columns]
    return Trace(start, rows)


def _multiply_adds(
    layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear, given: tuple[Tensor], made: Tensor
) -> int:
    """Every number that is made, or that a transposed convolution is given, meets some weights."""
    numbers = given[0] if isinstance(layer, nn.ConvTranspose2d) else made
    return numbers.numel() * layer.weight[0].numel()


def _step(name: str, module: nn.Module, picture: Tensor) -> Tensor:
    """What the layer makes of its input."""
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            made = module(picture)
        if not isinstance(made, Tensor):
            raise TypeError(f"it gives a {type(made).__name__}, not a tensor")
        if made.shape[:1] != (1,) or not made.numel():
            raise ValueError(f"a batch of one would become {tuple(made.shape)}")
    except Exception as error:  # a layer of one's own may raise anything
        reason = _reason(module, tuple(picture.shape[1:]), error)
        raise ValueError(f"layer {name}, {type(module).__name__}: {reason}") from error
    return made


def _reason(module: nn.Module, given: Shape, error: Exception) -> str:
    """The sentence of the arithmetic where it has one, else torch's."""
    if isinstance(module, CONVOLUTIONS) and len(given) == 3 and isinstance(module.padding, tuple):
        names = ["kernel_size", "stride", "padding", "dilation"]
        rule: Callable[..., Size] = conv_out
        if isinstance(module, nn.ConvTranspose2d):
            names, rule = [*names, "output_padding"], conv_transpose_out
        try:
            rule(given[1:], **{name: getattr(module, name) for name in names})
        except ValueError as better:
            return str(better)
    layer = f"{type(module).__name__}({module.extra_repr()})"
    return f"its input has shape {given}, which {layer} does not take: {error}"


def _sides(modules: list[nn.Module], shapes: list[Shape], up: bool) -> list[int | None]:
    """For each shape, the side of the square of the first one's cells that one of its cells sees.

    Args:
        shapes: before the first module and after each.
        up: both lists begin at the network's end, and "sees" is "paints".
    """
    if len(shapes[0]) != 3:
        return [None] * len(shapes)
    sides: list[int | None] = [1]
    side: int | None = 1
    jump, whole = 1, max(shapes[0][1:])
    for module, (before, after) in zip(modules, pairwise(shapes), strict=True):
        window = window_of(module, before, up)
        side = side + (window[0] - 1) * jump if side and window else None
        jump *= window[1] if window else 1
        sides.append(None if side is None or len(after) != 3 else min(side, whole))
    return sides


def _plain(module: nn.Module) -> TypeGuard[nn.Sequential]:
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


def _leaves(network: nn.Sequential, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    for name, module in zip(network._modules, network, strict=True):  # repeated ones too
        if _plain(module):
            yield from _leaves(module, f"{prefix}{name}.")
        else:
            yield prefix + name, module


def _times(shape: Shape) -> str:
    return "×".join(map(str, shape))
