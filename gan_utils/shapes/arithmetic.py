"""Output sizes of convolutions and transposed convolutions, and how often a pixel is painted.

Both formulas are derived in notebook 03; Dumoulin and Visin 2016, "A guide to convolution
arithmetic for deep learning", relations 14 and 15.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Size = int | tuple[int, int]
S = TypeVar("S", int, Size)  # whole numbers give a whole number


def conv_out(size: S, kernel_size: S, stride: S = 1, padding: S = 0, dilation: S = 1) -> S:
    """The size after a convolution: ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1.

    Args:
        size, kernel_size, stride, padding, dilation: pixels; each a whole number, or a pair for
            height and width.

    Returns:
        A whole number if all arguments are; a pair if one of them is.

    Raises:
        ValueError: what torch refuses: a size, kernel, stride or dilation below 1, a padding below
            0, a kernel that reaches beyond the padded input.
    """
    return _each_side(_conv_out, size, kernel_size, stride, padding, dilation)


def conv_transpose_out(
    size: S, kernel_size: S, stride: S = 1, padding: S = 0, output_padding: S = 0, dilation: S = 1
) -> S:
    """The size after a transposed convolution:

    (size − 1)·stride − 2·padding + dilation·(kernel − 1) + output_padding + 1.

    Args:
        size, kernel_size, stride, padding, output_padding, dilation: pixels; each a whole number,
            or a pair for height and width. Padding is cut off here; output padding is added at
            the bottom and the right.

    Returns:
        A whole number if all arguments are; a pair if one of them is.

    Raises:
        ValueError: what torch refuses: a size, kernel, stride or dilation below 1, a padding below
            0, an output padding that is below neither stride nor dilation; and no pixel left, of
            which some of torch's implementations make an empty picture.
    """
    numbers = (size, kernel_size, stride, padding, output_padding, dilation)
    return _each_side(_conv_transpose_out, *numbers)


def overlap(
    size: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
    inside: bool = False,
) -> np.ndarray:
    """How often a transposed convolution paints each output pixel: int64 (H, H).

    Args:
        size: of the input, size × size; the others are the layer's.
        inside: leave out the pixels near the edges, which some patches miss because the input has
            ended. What is left repeats every `stride` pixels.

    Raises:
        ValueError: as `conv_transpose_out`; with `inside`, an input so small that all is edge.
    """
    side = conv_transpose_out(size, kernel_size, stride, padding, output_padding, dilation)
    touched = np.add.outer(np.arange(size) * stride, np.arange(kernel_size) * dilation)
    coats = np.bincount(touched.ravel(), minlength=side + 2 * padding)[padding : padding + side]
    if inside:  # from the first cell's last tap to the last cell's first one
        first = max(0, touched[0, -1] - padding)
        coats = coats[first : touched[-1, 0] - padding + 1]
        if not len(coats):
            raise ValueError(
                f"of {size} cells with kernel {kernel_size} and stride {stride} every pixel is "
                "near an edge; take a larger size"
            )
    return np.outer(coats, coats)


def span(kernel_size: int, dilation: int = 1) -> int:
    """From the first to the last pixel that a kernel touches: dilation·(kernel − 1) + 1."""
    return dilation * (kernel_size - 1) + 1


def at_least(least: int, **values: int) -> None:
    """Refuse what is no whole number or too small.

    Raises:
        ValueError: a value below `least`, or not whole; the message names it.
    """
    for name, value in values.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} is {value!r}; it must be a whole number, {least} or more")


def _each_side(rule: Callable[..., int], *values: Size) -> Any:  # an int for ints
    if not any(isinstance(value, tuple | list) for value in values):
        return rule(*values)
    pairs = [value if isinstance(value, tuple | list) else (value, value) for value in values]
    for pair in pairs:
        if len(pair) != 2:
            raise ValueError(f"{tuple(pair)} has {len(pair)} numbers; height and width make two")
    return tuple(rule(*side) for side in zip(*pairs, strict=True))


def _conv_out(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> int:
    at_least(1, size=size, kernel_size=kernel_size, stride=stride, dilation=dilation)
    at_least(0, padding=padding)
    reach, padded = span(kernel_size, dilation), size + 2 * padding
    if reach > padded:
        raise ValueError(
            f"a kernel of {kernel_size} with dilation {dilation} reaches over {reach} pixels, but "
            f"{size} with padding {padding} on both sides are {padded}: take a smaller kernel or "
            f"dilation, or a padding of at least {-(-(reach - size) // 2)}"
        )
    return (padded - reach) // stride + 1


def _conv_transpose_out(
    size: int, kernel_size: int, stride: int, padding: int, output_padding: int, dilation: int
) -> int:
    at_least(1, size=size, kernel_size=kernel_size, stride=stride, dilation=dilation)
    at_least(0, padding=padding, output_padding=output_padding)
    if output_padding >= max(stride, dilation):
        raise ValueError(
            f"output_padding is {output_padding}; it must be below the stride ({stride}) or the "
            f"dilation ({dilation}), at most {max(stride, dilation) - 1}: it gives back what a "
            "strided convolution loses, which is never more"
        )
    painted = (size - 1) * stride + span(kernel_size, dilation) + output_padding
    if painted <= 2 * padding:
        raise ValueError(
            f"{painted} pixels are painted and a padding of {padding} cuts {2 * padding} off: "
            f"nothing is left; take a padding of at most {(painted - 1) // 2}"
        )
    return painted - 2 * padding
