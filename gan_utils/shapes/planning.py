"""All chains of layers that lead from one picture size to another, the cheapest first."""

import bisect
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from torch import nn

from gan_utils.shapes.arithmetic import conv_out, conv_transpose_out

MOST_CHAINS = 20_000
Layer = tuple[int, int, int]


@dataclass(frozen=True)
class Chain:
    """Layers (kernel, stride, padding) that make `sizes[0]` into `sizes[-1]`.

    Attributes:
        sizes: before the first layer, and after each.
        layers: one fewer; transposed convolutions if the chain leads to a larger size.
        widths: channels before the first layer, and after each.
    """

    sizes: tuple[int, ...]
    layers: tuple[Layer, ...]
    widths: tuple[int, ...]

    @property
    def grows(self) -> bool:
        return self.sizes[-1] > self.sizes[0]

    @cached_property
    def multiply_adds(self) -> int:
        """For one picture; a transposed convolution counts its input cells."""
        cells = self.sizes[:-1] if self.grows else self.sizes[1:]
        pairs = itertools.pairwise(self.widths)
        return sum(
            side**2 * kernel**2 * wide * narrow
            for side, (kernel, _, _), (wide, narrow) in zip(cells, self.layers, pairs, strict=True)
        )

    def build(self) -> nn.Sequential:
        """The bare layers, without biases: (N, widths[0], sizes[0], sizes[0]) → the last ones."""
        kind = nn.ConvTranspose2d if self.grows else nn.Conv2d
        pairs = itertools.pairwise(self.widths)
        return nn.Sequential(
            *(
                kind(wide, narrow, *layer, bias=False)
                for layer, (wide, narrow) in zip(self.layers, pairs, strict=True)
            )
        )

    def __str__(self) -> str:
        text = str(self.sizes[0])
        for layer, size in zip(self.layers, self.sizes[1:], strict=True):
            text += f" →({'-'.join(map(str, layer))}) {size}"
        return text


def plan(
    start: int,
    goal: int,
    kernels: Sequence[int] = (4,),
    strides: Sequence[int] = (2,),
    paddings: Sequence[int] = (1,),
    max_layers: int = 5,
    channels: int = 64,
    image_channels: int = 3,
) -> list[Chain]:
    """All chains from `start` to `goal`: fewest layers first, then fewest multiply-adds.

    To a larger size by transposed convolutions, to a smaller one by convolutions. The side with
    the large picture has `image_channels`, the next `channels`, and each further one twice as many.

    Args:
        start, goal: pixels.
        kernels, strides, paddings: what each layer may choose from.
        max_layers: the longest chain to look for.

    Raises:
        ValueError: no chain (the message names the nearest sizes that can be reached), start and
            goal the same, a number out of its range, or more than 20,000 chains.
    """
    for name, value, least in [
        *(("start", start, 1), ("goal", goal, 1), ("max_layers", max_layers, 1)),
        *(("channels", channels, 1), ("image_channels", image_channels, 1)),
        *(("a kernel", kernel, 1) for kernel in kernels),
        *(("a stride", stride, 1) for stride in strides),
        *(("a padding", padding, 0) for padding in paddings),
    ]:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} is {value!r}; it must be a whole number, {least} or more")
    if start == goal:
        raise ValueError(f"start and goal are both {start}: no layer is needed")
    rule = conv_transpose_out if goal > start else conv_out
    options = list(itertools.product(*(sorted({*each}) for each in (kernels, strides, paddings))))

    @cache
    def after(size: int) -> tuple[tuple[Layer, int], ...]:
        return tuple(_sizes(rule, size, options))

    @cache
    def ways(size: int, left: int) -> int:
        """How many chains of exactly `left` layers end at the goal."""
        if left == 0:
            return int(size == goal)
        return sum(ways(bigger, left - 1) for _, bigger in after(size))

    def chains(size: int, left: int) -> Iterator[tuple[tuple[Layer, int], ...]]:
        if left == 0:
            yield ()
            return
        for layer, bigger in after(size):
            if ways(bigger, left - 1):
                for rest in chains(bigger, left - 1):
                    yield ((layer, bigger), *rest)

    count = sum(ways(start, length) for length in range(1, max_layers + 1))
    if count > MOST_CHAINS:
        raise ValueError(
            f"there are {count:,} chains from {start} to {goal}; more than {MOST_CHAINS:,} nobody "
            "reads: give fewer kernels, strides or paddings, or a smaller max_layers"
        )
    if not count:
        raise ValueError(_nowhere(start, goal, after, max_layers))
    found = []
    for length in range(1, max_layers + 1):
        widths = [image_channels, *(channels * 2**depth for depth in range(length))]
        widths = tuple(widths[::-1] if goal > start else widths)
        for steps in chains(start, length):
            sizes = (start, *(size for _, size in steps))
            found.append(Chain(sizes, tuple(layer for layer, _ in steps), widths))
    return sorted(found, key=lambda chain: (len(chain.layers), chain.multiply_adds, chain.layers))


def _sizes(rule, size: int, options: list[Layer]) -> Iterator[tuple[Layer, int]]:
    """Each layer that can follow a picture of this size, with the size after it."""
    for layer in options:
        try:
            yield layer, rule(size, *layer)
        except ValueError:  # impossible here; the same layer may do elsewhere
            continue


def _nowhere(start: int, goal: int, after, max_layers: int) -> str:
    """The sentence that says which sizes near the goal can be reached."""
    reached, front = set(), {start}
    for _ in range(max_layers):
        front = {size for before in front for _, size in after(before)}
        reached |= front
    ordered = sorted(reached)
    place = bisect.bisect(ordered, goal)
    near = [str(size) for size in ordered[max(0, place - 1) : place + 1]]
    start_of_sentence = (
        f"no chain of at most {max_layers} layers with these kernels, strides and paddings leads "
        f"from {start} to {goal}"
    )
    if not near:
        return f"{start_of_sentence}; not one layer fits {start}: take smaller kernels or paddings"
    return (
        f"{start_of_sentence}; the nearest sizes in reach are {' and '.join(near)}: take one of "
        "them, another start, or more kernels, strides and paddings"
    )
