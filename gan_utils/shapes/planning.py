"""All chains of layers that lead from one picture size to another, the cheapest first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise, product

from torch import nn

from gan_utils.shapes.arithmetic import at_least, conv_out, conv_transpose_out

MOST_CHAINS = 20_000
Layer = tuple[int, int, int]


@dataclass(frozen=True)
class Chain:
    """Layers (kernel, stride, padding) that make `sizes[0]` into `sizes[-1]`.

    Attributes:
        sizes: before the first layer, and after each.
        layers: one fewer; transposed convolutions if the chain leads to a larger size.
    """

    sizes: tuple[int, ...]
    layers: tuple[Layer, ...]

    @property
    def grows(self) -> bool:
        return self.sizes[-1] > self.sizes[0]

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels at each size: 3 at the end with the large picture, then 64, 128, 256, …"""
        widths = (3, *(64 * 2**depth for depth in range(len(self.layers))))
        return widths[::-1] if self.grows else widths

    @cached_property
    def multiply_adds(self) -> int:
        """For one picture; a transposed convolution counts its input cells."""
        cells = self.sizes[:-1] if self.grows else self.sizes[1:]
        return sum(
            side**2 * kernel**2 * wide * narrow
            for side, (kernel, _, _), (wide, narrow) in zip(
                cells, self.layers, pairwise(self.widths), strict=True
            )
        )

    def build(self) -> nn.Sequential:
        """The bare layers, without biases: (N, widths[0], sizes[0], sizes[0]) → the last ones."""
        kind = nn.ConvTranspose2d if self.grows else nn.Conv2d
        return nn.Sequential(
            *(
                kind(wide, narrow, *layer, bias=False)
                for layer, (wide, narrow) in zip(self.layers, pairwise(self.widths), strict=True)
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
) -> list[Chain]:
    """All chains from `start` to `goal`: fewest layers first, then fewest multiply-adds.

    To a larger size by transposed convolutions, to a smaller one by convolutions.

    Args:
        start, goal: pixels.
        kernels, strides, paddings: what each layer may choose from.
        max_layers: the longest chain to look for.

    Raises:
        ValueError: no chain (the message names the nearest sizes that can be reached), start and
            goal the same, a number out of its range, or more than 20,000 chains.
    """
    at_least(1, start=start, goal=goal, max_layers=max_layers)
    for kernel, stride, padding in product(kernels, strides, paddings):
        at_least(1, kernel=kernel, stride=stride)
        at_least(0, padding=padding)
    if start == goal:
        raise ValueError(f"start and goal are both {start}: no layer is needed")
    rule = conv_transpose_out if goal > start else conv_out
    options = sorted({*product(kernels, strides, paddings)})
    steps: dict[int, list[tuple[Layer, int]]] = {}  # each layer that fits a size, and what it makes
    front = {start}
    for _ in range(max_layers):
        steps |= {size: list(_fitting(rule, size, options)) for size in front - steps.keys()}
        front = {made for size in front for _, made in steps[size]}
    reached = {made for follow in steps.values() for _, made in follow}
    if goal not in reached:
        raise ValueError(_nowhere(start, goal, reached, max_layers))
    leads = [{goal}]  # sizes that may still become the goal, by the layers that are left for it
    for _ in range(max_layers - 1):
        leads.append(
            {goal} | {size for size in steps if any(made in leads[-1] for _, made in steps[size])}
        )
    chains, found = [Chain((start,), ())], []
    for useful in reversed(leads):
        longer = (
            Chain((*chain.sizes, made), (*chain.layers, layer))
            for chain in chains
            for layer, made in steps[chain.sizes[-1]]
            if made in useful
        )
        chains = list(islice(longer, MOST_CHAINS + 1))
        found += [chain for chain in chains if chain.sizes[-1] == goal]
        if max(len(chains), len(found)) > MOST_CHAINS:
            raise ValueError(
                f"there are more than {MOST_CHAINS:,} chains from {start} to {goal}, which nobody "
                "reads: give fewer kernels, strides or paddings, or a smaller max_layers"
            )
    return sorted(found, key=lambda chain: (len(chain.layers), chain.multiply_adds, chain.layers))


def _fitting(
    rule: Callable[..., int], size: int, options: list[Layer]
) -> Iterator[tuple[Layer, int]]:
    for layer in options:
        try:
            yield layer, rule(size, *layer)
        except ValueError:  # impossible here; the same layer may do elsewhere
            continue


def _nowhere(start: int, goal: int, reached: set[int], max_layers: int) -> str:
    """The sentence that says which sizes near the goal can be reached."""
    sentence = (
        f"no chain of at most {max_layers} layers with these kernels, strides and paddings leads "
        f"from {start} to {goal}"
    )
    if not reached:
        return f"{sentence}; not one layer fits {start}: take smaller kernels or paddings"
    below = [size for size in sorted(reached) if size < goal][-1:]
    above = [size for size in sorted(reached) if size > goal][:1]
    return (
        f"{sentence}; the nearest sizes in reach are {' and '.join(map(str, below + above))}: take "
        "one of them, another start, or more kernels, strides and paddings"
    )
