"""Checks of notebook 03."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d

from gan_utils.checks.layers import straight, uneven, watch
from gan_utils.checks.verdict import Wrong, ask, gives_verdict, must_be
from gan_utils.shapes import conv_out, conv_transpose_out

OTHER_LAYERS = nn.Linear | nn.Conv2d | nn.Upsample | nn.PixelShuffle
CLUES = {  # for a size that is wrong for some settings only
    "Dilation is left out: a kernel of k reaches over dilation·(k − 1) + 1 pixels.": (
        lambda n, k, s, p, d: (n + 2 * p - k) // s + 1
    ),
    "You rounded up: what does not fit whole is lost.": (
        lambda n, k, s, p, d: -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1
    ),
    "Take the kernel off as dilation·(k − 1) + 1, not dilation·k.": (
        lambda n, k, s, p, d: (n + 2 * p - d * k) // s + 1
    ),
}


@gives_verdict(
    "Right, on hundreds of settings: room for the kernel's first cell, steps that fit, plus one.",
    {
        "13: the first position counts too, so add 1 to the steps; and padding lies on both "
        "sides, 2·padding.": lambda n, k, s, p, d: (n + 2 * p - k) // s,
        "13.5: padding lies on both sides, 2·padding; and a position that does not fit "
        "whole is no position: round down with //.": lambda n, k, s, p, d: (n + p - k) / s + 1,
        "15: the kernel's first position needs its whole length; take it off first.": (
            lambda n, k, s, p, d: (n + 2 * p) // s
        ),
        "16: the kernel's first position needs its whole length; take it off first.": (
            lambda n, k, s, p, d: (n + 2 * p) // s + 1
        ),
        "27: the stride is missing; only every second position is taken.": (
            lambda n, k, s, p, d: n + 2 * p - k + 1
        ),
    }
    | CLUES,
)
def conv_size(answer: Callable[..., int]) -> None:
    """`answer(size, kernel_size, stride, padding, dilation)` must be `conv_out`."""
    given = (28, 4, 2, 1, 1)
    got = ask(answer, *given)
    said = f"{got}; 28 cells under a kernel 4-2-1 make 14."
    must_be(got, 14, said, conv_size.mistakes, given, rel_tol=0)
    if isinstance(got, float):
        raise Wrong(f"{got} is a float: a number of cells is whole, so round down with //.")
    for size in (7, 8, 28):
        for kernel, stride, padding, dilation in _settings(5, 3, 3, 2):
            given = (size, kernel, stride, padding, dilation)
            if dilation * (kernel - 1) + 1 > size + 2 * padding:
                continue
            right, got = conv_out(*given), answer(*given)
            if got != right or isinstance(got, float):
                clue = next(
                    (f" {clue}" for clue, wrong in CLUES.items() if wrong(*given) == got), ""
                )
                raise Wrong(
                    f"For size {size}, kernel {kernel}, stride {stride}, padding {padding}, "
                    f"dilation {dilation} torch gives {right}; you say {got}.{clue}"
                )


@gives_verdict(
    "Right: it undoes the convolution with the same numbers, up to what that one loses.",
    {
        "2 is the size after an ordinary convolution; this one goes the other way.": (
            lambda n, k, s, p, extra: conv_out(n, k, s, p)
        ),
        "10: the last cell starts at (4 − 1)·2, not at 4·2; and padding is cut off.": (
            lambda n, k, s, p, extra: n * s - 2 * p + k + extra
        ),
        "9: padding is cut off on both sides, 2·padding.": (
            lambda n, k, s, p, extra: (n - 1) * s - p + k + extra
        ),
        "7: the last cell adds the whole kernel, k, not k − 1.": (
            lambda n, k, s, p, extra: (n - 1) * s - 2 * p + k - 1 + extra
        ),
        "12: here padding is cut off, not added.": (
            lambda n, k, s, p, extra: (n - 1) * s + 2 * p + k + extra
        ),
        "4: the kernel is missing: the last cell paints all of it.": (
            lambda n, k, s, p, extra: (n - 1) * s - 2 * p + extra
        ),
    },
)
def transposed_size(answer: Callable[..., int]) -> None:
    """`answer(size, kernel_size, stride, padding, output_padding)`: `conv_transpose_out`."""
    given = (4, 4, 2, 1, 0)
    got = ask(answer, *given)
    said = f"{got}; 4 cells with 4-2-1 make 8 pixels."
    must_be(got, 8, said, transposed_size.mistakes, given, rel_tol=0)
    for size in (1, 4, 7):
        for kernel, stride, padding, extra in _settings(5, 3, 2, 2):
            if extra - 1 >= stride or (size - 1) * stride + kernel + extra - 1 <= 2 * padding:
                continue
            numbers = (size, kernel, stride, padding, extra - 1)
            right, got = conv_transpose_out(*numbers), answer(*numbers)
            if got != right:
                clue = " Output padding is added once." if extra > 1 else ""
                raise Wrong(
                    f"For size {size}, kernel {kernel}, stride {stride}, padding {padding}, output "
                    f"padding {extra - 1} torch gives {right}; you say {got}.{clue}"
                )


def _torch(picture: Tensor, kernel: Tensor, stride: int, padding: int) -> Tensor:
    return conv_transpose2d(picture[None, None], kernel[None, None], None, stride, padding)[0, 0]


@gives_verdict(
    "Right: every cell paints its patch, coats add up, the rim is cut: torch agrees to 1e-10.",
    {
        "The kernel is turned around: painting uses it as it is.": (
            lambda picture, kernel, *numbers: _torch(picture, kernel.flip(0, 1), *numbers)
        ),
        "Rows and columns are swapped in the kernel.": (
            lambda picture, kernel, *numbers: _torch(picture, kernel.T, *numbers)
        ),
        "Each patch is the kernel times the value of its cell.": (
            lambda picture, kernel, *numbers: _torch(torch.ones_like(picture), kernel, *numbers)
        ),
    },
)
def painted(answer: Callable[..., Tensor]) -> None:
    """`answer(picture, kernel, stride, padding)` must be torch's `conv_transpose2d`."""
    for height, width, k, stride, padding in [
        *((4, 4, 4, 2, 0), (4, 4, 4, 2, 1), (3, 5, 3, 2, 1), (4, 3, 5, 3, 1), (5, 5, 2, 3, 0)),
        (4, 4, 3, 1, 1),
    ]:
        picture = torch.randn(height, width, dtype=torch.float64)
        kernel = torch.randn(k, k, dtype=torch.float64)
        given = (picture, kernel, stride, padding)
        got = ask(answer, *given, instead="paint on a new canvas of zeros")
        right = _torch(*given)
        if got.shape != right.shape:
            full = _torch(picture, kernel, stride, 0)
            clue = " Cut the padding off on all four sides." if got.shape == full.shape else ""
            raise Wrong(
                f"The result is {tuple(got.shape)}; for {height}×{width} cells and {k}-{stride}-"
                f"{padding} it is {tuple(right.shape)}.{clue}"
            )
        said = (
            f"The shape is right, {k}-{stride}-{padding}, the values are not: add to the canvas "
            "with +=, for where patches overlap a plain = keeps only the last coat."
        )
        must_be(got, right, said, painted.mistakes, given, rel_tol=0, abs_tol=1e-10)


def _sees(
    layers: Sequence[tuple[int, int]], begin: int = 1, less: int = 1, own: bool = False
) -> int:
    sees, step = begin, 1
    for kernel, stride in layers:
        sees += (kernel - less) * step * (stride if own else 1)
        step *= stride
    return sees


@gives_verdict(
    "Right: each layer widens the view by (k − 1) steps of all the strides before it.",
    {
        "7 adds the kernels as if every stride were 1: a step in the second layer is two pixels "
        "of the first.": lambda layers: 1 + sum(k - 1 for k, _ in layers),
        "8 is the sum of the kernels; neighboring patches overlap, and later steps are wider.": (
            lambda layers: sum(k for k, _ in layers)
        ),
        "16 is the product of the kernels: patches overlap.": (
            lambda layers: math.prod(k for k, _ in layers)
        ),
        "12: (k − 1) steps, not k, and one pixel to start with.": (
            lambda layers: _sees(layers, begin=0, less=0)
        ),
        "9 leaves out the pixel to start with: begin with 1.": lambda layers: _sees(layers, 0),
        "13: each layer adds (k − 1) steps, not k: its first pixel is already in view.": (
            lambda layers: _sees(layers, less=0)
        ),
        "100 is the square; give its side.": lambda layers: _sees(layers) ** 2,
        "19 uses the stride of the layer itself; what counts is the strides before it.": (
            lambda layers: _sees(layers, own=True)
        ),
    },
)
def receptive_field(answer: Callable[[Sequence[tuple[int, int]]], int]) -> None:
    """`answer(layers)`, pairs (kernel, stride), must be the side of what one cell sees."""
    given = [(4, 2), (4, 2)]
    got = ask(answer, given)
    said = f"{got}; two layers 4-2-1 see 10 pixels."
    must_be(got, 10, said, receptive_field.mistakes, (given,), rel_tol=0)
    for layers, right in [
        ([], 1),
        ([(3, 1)], 3),
        ([(3, 1), (3, 1)], 5),
        ([(4, 2)] * 3, 22),
        ([(4, 2)] * 4, 46),
        ([(5, 3), (4, 2), (3, 1)], 26),
        ([(3, 1), (5, 3), (4, 2)], 16),
    ]:
        got = answer(list(layers))
        if got != right:
            raise Wrong(f"For {layers} one cell sees {right} pixels; you say {got}.")


@gives_verdict(
    "Right: noise becomes 3×48×48 by 3-6-12-24-48, in (−1, 1), with even coats everywhere."
)
def generator_48(answer: Callable[[], nn.Module]) -> None:
    """`answer()` must be a network: noise (N, 100) → pictures (N, 3, 48, 48) by 3-6-12-24-48."""
    network = ask(answer)
    if not isinstance(network, nn.Module):
        raise Wrong(f"That is a {type(network).__name__}; return a network, an nn.Sequential.")
    noise = torch.randn(8, 100)
    pictures, passed = watch(network, noise)
    path = "-".join(str(made.shape[-1]) for _, _, made in passed) or "none"
    if pictures.shape[-2:] != (48, 48):
        raise Wrong(
            f"The picture is {pictures.shape[-2]}×{pictures.shape[-1]}, by {path}: 3 doubles to 48 "
            "in four steps, and kernel 4, stride 2, padding 1 doubles."
        )
    if tuple(pictures.shape) != (8, 3, 48, 48):
        raise Wrong(f"The shape is {tuple(pictures.shape)}; three channels: (N, 3, 48, 48).")
    others = [m for m in network.modules() if isinstance(m, OTHER_LAYERS)]
    if others:
        raise Wrong(
            f"There is an nn.{type(others[0]).__name__} in it (the transposed convolutions' sizes "
            f"are {path}); the task wants transposed convolutions only: kernel 3, stride 1 and no "
            "padding make 3×3 of the 1×1 noise."
        )
    if not path.startswith("3-") or passed[0][1].shape[-1] != 1:
        raise Wrong(
            f"The sizes are {path}: the first layer must make 3×3 of the 1×1 noise, "
            "with kernel 3, stride 1 and no padding."
        )
    if path != "3-6-12-24-48":
        raise Wrong(
            f"48×48, but by {path}, not by 3-6-12-24-48: kernel 4, stride 2, padding 1 doubles."
        )
    for (_, _, made), (layer, given, _) in pairwise(passed):
        if made.shape[1:] != given.shape[1:]:
            raise Wrong(
                f"{tuple(made.shape)} leaves one transposed convolution and {tuple(given.shape)} "
                "enters the next: between them only a ReLU, which changes no size."
            )
        if uneven(layer):
            numbers = (layer.kernel_size[0], layer.stride[0], layer.padding[0])
            raise Wrong(
                f"48×48, but a layer {'-'.join(map(str, numbers))} paints unevenly: the stride "
                "must divide the kernel, without dilation."
            )
    pictures, passed = watch(network, noise, loud=True)
    if pictures.abs().max() > 1.001 or not pictures.min() < 0:
        raise Wrong(
            f"The pixels reach from {pictures.min():.2f} to {pictures.max():.2f}; real pictures "
            "are −1 … 1 here: end with nn.Tanh()."
        )
    for place, ((_, _, made), (_, given, _)) in enumerate(pairwise(passed), start=1):
        if straight(made, given):
            raise Wrong(
                f"Between transposed convolutions {place} and {place + 1} nothing bends: two "
                "linear layers in a row are one; put a ReLU after each but the last."
            )


def _settings(*most: int) -> list[tuple[int, ...]]:
    """Kernels, strides from 1; paddings from 0; the last number from 1."""
    kernels, strides, paddings, last = most
    return [
        (k, s, p, d)
        for k in range(1, kernels + 1)
        for s in range(1, strides + 1)
        for p in range(paddings)
        for d in range(1, last + 1)
    ]
