"""Checks of notebook 03."""

from collections.abc import Callable, Sequence
from itertools import pairwise, product

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d

from gan_utils.checks.comparing import ask, must_be, must_return, whole
from gan_utils.checks.layers import must_be_network, straight, uneven, watch
from gan_utils.checks.verdict import Wrong, gives_verdict
from gan_utils.shapes import conv_out, conv_transpose_out

OTHER_LAYERS = nn.Linear | nn.Conv2d | nn.Upsample | nn.PixelShuffle | nn.MaxPool2d


@gives_verdict(
    "Right, on hundreds of settings: room for the kernel's first cell, steps that fit, plus one.",
    {
        "13: the first position counts too, so add 1 to the steps; and padding lies on both "
        "sides, 2·padding.": lambda n, k, s, p, d: (n + 2 * p - k) // s,
        "16: the kernel's first position needs its whole length; take it off first.": (
            lambda n, k, s, p, d: (n + 2 * p) // s + 1
        ),
        "27: the stride is missing; only every second position is taken.": (
            lambda n, k, s, p, d: n + 2 * p - k + 1
        ),
        "Dilation is left out: a kernel of k reaches over dilation·(k − 1) + 1 pixels.": (
            lambda n, k, s, p, d: (n + 2 * p - k) // s + 1
        ),
        "You rounded up: what does not fit whole is lost.": (
            lambda n, k, s, p, d: -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1
        ),
    },
)
def conv_size(answer: Callable[..., int]) -> None:
    """`answer(size, kernel_size, stride, padding, dilation)` must be `conv_out`."""
    settings = product((7, 8, 28), range(1, 6), (1, 2, 3), (0, 1, 2), (1, 2))
    fitting = [given for given in settings if given[4] * (given[1] - 1) < given[0] + 2 * given[3]]
    rows = [(*given, conv_out(*given)) for given in [(28, 4, 2, 1, 1), *fitting]]
    must_return(answer, rows, conv_size.mistakes, read=whole)


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
        "4: the kernel is missing: the last cell paints all of it.": (
            lambda n, k, s, p, extra: (n - 1) * s - 2 * p + extra
        ),
        "Output padding is left out: it is added once.": (
            lambda n, k, s, p, extra: (n - 1) * s - 2 * p + k
        ),
    },
)
def transposed_size(answer: Callable[..., int]) -> None:
    """`answer(size, kernel_size, stride, padding, output_padding)`: `conv_transpose_out`."""
    settings = product((4, 2, 7), (4, 3, 5), (2, 3), (1, 0), (0, 1))
    rows = [(*given, conv_transpose_out(*given)) for given in settings]
    must_return(answer, rows, transposed_size.mistakes, read=whole)


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
        "Cut the padding off on all four sides.": (
            lambda picture, kernel, stride, padding: _torch(picture, kernel, stride, 0)
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
        said = (
            f"The shape is right, {k}-{stride}-{padding}, the values are not: add to the canvas "
            "with +=, for where patches overlap a plain = keeps only the last coat."
        )
        must_be(got, _torch(*given), said, painted.mistakes, given, rel_tol=0, abs_tol=1e-10)


def _sees(layers: Sequence[tuple[int, int]], less: int = 1, own: bool = False) -> int:
    sees, step = 1, 1
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
        "13: each layer adds (k − 1) steps, not k: its first pixel is already in view.": (
            lambda layers: _sees(layers, less=0)
        ),
        "19 uses the stride of the layer itself; what counts is the strides before it.": (
            lambda layers: _sees(layers, own=True)
        ),
    },
)
def receptive_field(answer: Callable[[Sequence[tuple[int, int]]], int]) -> None:
    """`answer(layers)`, pairs (kernel, stride), must be the side of what one cell sees."""
    rows = [
        ([(4, 2), (4, 2)], 10),
        ([], 1),
        ([(3, 1)], 3),
        ([(4, 2)] * 4, 46),
        ([(5, 3), (4, 2), (3, 1)], 26),
    ]
    must_return(answer, rows, receptive_field.mistakes)


@gives_verdict(
    "Right: noise becomes 3×48×48 by 3-6-12-24-48, in (−1, 1), with even coats everywhere."
)
def generator_48(answer: Callable[[], nn.Module]) -> None:
    """`answer()` must be a network: noise (N, 100) → pictures (N, 3, 48, 48) by 3-6-12-24-48."""
    network = must_be_network(ask(answer))
    noise = torch.randn(8, 100)
    pictures, passed = watch(network, noise)
    path = "-".join(str(made.shape[-1]) for _, _, made in passed) or "none"
    others = [m for m in network.modules() if isinstance(m, OTHER_LAYERS)]
    if others:
        raise Wrong(
            f"There is an nn.{type(others[0]).__name__} in it (the transposed convolutions' sizes "
            f"are {path}); the task wants transposed convolutions only: kernel 3, stride 1 and no "
            "padding make 3×3 of the 1×1 noise."
        )
    if tuple(pictures.shape) != (8, 3, 48, 48) or path != "3-6-12-24-48":
        raise Wrong(
            f"8 noises become {tuple(pictures.shape)}, by {path}, not (8, 3, 48, 48) by "
            "3-6-12-24-48: kernel 3, stride 1 and no padding make 3×3 of the 1×1 noise, kernel 4, "
            "stride 2 and padding 1 doubles."
        )
    for layer, _, _ in passed[1:]:
        if uneven(layer):
            raise Wrong(f"{layer} paints unevenly: the stride must divide the kernel, undilated.")
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
