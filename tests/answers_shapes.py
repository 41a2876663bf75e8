"""Answers to the exercises of notebook 03, right ones and wrong ones."""

from collections.abc import Callable

import numpy as np
import torch
from checking import Mistakes, Solutions
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from gan_utils import models
from gan_utils.checks import shapes as checks
from gan_utils.shapes import by_painting, by_zero_insertion, conv_out, conv_transpose_out


def field(layers: list[tuple[int, int]]) -> int:
    sees, step = 1, 1
    for kernel, stride in layers:
        sees += (kernel - 1) * step
        step *= stride
    return sees


def backwards(layers: list[tuple[int, int]]) -> int:
    sees = 1
    for kernel, stride in reversed(layers):
        sees = (sees - 1) * stride + kernel
    return sees


def generator(
    start: int = 3,
    kernels: tuple[int, ...] = (4, 4, 4, 4),
    last: nn.Module | None = None,
    activation: Callable[[], nn.Module] = nn.ReLU,
    channels: int = 3,
) -> nn.Sequential:
    layers = [nn.Unflatten(1, (100, 1, 1)), nn.ConvTranspose2d(100, 16, start), activation()]
    for depth, kernel in enumerate(kernels, start=1):
        final = depth == len(kernels)
        more = {"output_padding": 1} if kernel == 3 else {}
        layers.append(nn.ConvTranspose2d(16, channels if final else 16, kernel, 2, 1, **more))
        layers.append((last or nn.Tanh()) if final else activation())
    return nn.Sequential(*layers)


def bright() -> nn.Sequential:
    """Untrained, all its pixels are above zero; its tanh could draw others."""
    network = generator()
    nn.init.constant_(network[-2].bias, 2.0)
    return network


class Functional(nn.Module):
    """A right answer whose activations are no modules."""

    def __init__(self) -> None:
        super().__init__()
        parts = generator()
        self.layers = nn.ModuleList(m for m in parts if isinstance(m, nn.ConvTranspose2d))

    def forward(self, noise: Tensor) -> Tensor:
        x = noise[..., None, None]
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x).tanh()


def chain(*numbers: tuple[int, ...], between: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """Layers (kernel, stride, padding) or with output padding, 1, dilation too."""
    layers: list[nn.Module] = [nn.Unflatten(1, (100, 1, 1))]
    for depth, (kernel, stride, padding, *more) in enumerate(numbers):
        wide, narrow = 100 if depth == 0 else 8, 8 if depth < len(numbers) - 1 else 3
        extra = dict(zip(("output_padding", "dilation"), more, strict=False))
        layers += [nn.ConvTranspose2d(wide, narrow, kernel, stride, padding, **extra), between()]
    return nn.Sequential(*layers[:-1], nn.Tanh())


DOUBLE = (4, 2, 1)


def overwritten(picture: Tensor, kernel: Tensor, stride: int, padding: int) -> Tensor:
    height, width = conv_transpose_out(tuple(picture.shape), len(kernel), stride, padding)
    canvas = picture.new_zeros(height + 2 * padding, width + 2 * padding)
    for i, j in np.ndindex(*picture.shape):
        rows = slice(i * stride, i * stride + len(kernel))
        columns = slice(j * stride, j * stride + len(kernel))
        canvas[rows, columns] = picture[i, j] * kernel
    return canvas[padding : padding + height, padding : padding + width]


def in_place(picture: Tensor, kernel: Tensor, stride: int, padding: int) -> Tensor:
    made = by_painting(picture, kernel, stride, padding)
    kernel *= 2
    return made


SOLUTIONS: Solutions = {
    checks.conv_size: [
        conv_out,
        lambda n, k, s, p, d: (n + 2 * p - (d * (k - 1) + 1)) // s + 1,
        lambda n, k, s, p, d: len(range(0, n + 2 * p - d * (k - 1), s)),
        lambda n, k, s, p, d: conv2d(
            torch.zeros(1, 1, n, n), torch.zeros(1, 1, k, k), None, s, p, d
        ).shape[-1],
    ],
    checks.transposed_size: [
        conv_transpose_out,
        lambda n, k, s, p, o: (n - 1) * s - 2 * p + k + o,
    ],
    checks.painted: [by_painting, by_zero_insertion],
    checks.receptive_field: [field, backwards],
    checks.generator_48: [
        generator,
        lambda: generator(activation=lambda: nn.LeakyReLU(0.2)),
        lambda: nn.Sequential(generator(), nn.Identity()),
        *(lambda kind=kind: generator(activation=kind) for kind in (nn.SiLU, nn.ELU, nn.PReLU)),
        lambda: generator(activation=nn.Tanh),
        lambda: generator(activation=lambda: nn.ReLU(inplace=True)),
        lambda: generator(activation=lambda: nn.Sequential(nn.BatchNorm2d(16), nn.ReLU())),
        lambda: generator().apply(models.dcgan_init),
        Functional,
        bright,
        lambda: chain((3, 1, 0), (2, 2, 0), (6, 2, 2), (4, 2, 1), (4, 2, 1)),
    ],
}

MISTAKES: Mistakes = {
    checks.conv_size: {
        "true division": (lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) / s + 1, "not whole"),
        "by heart": (lambda *numbers: 14, "For 7, 1, 1, 0, 1 it must be 7; you have 14"),
    },
    checks.transposed_size: {
        "output padding twice": (
            lambda n, k, s, p, o: (n - 1) * s - 2 * p + k + 2 * o,
            "For 4, 4, 2, 1, 1 it must be 9; you have 10",
        ),
        "it doubles": (lambda n, k, s, p, o: 2 * n + o, "For 4, 4, 2, 0, 0 it must be 10"),
    },
    checks.painted: {
        "overwritten": (overwritten, "with +="),
        "a convolution": (
            lambda x, k, s, p: conv2d(x[None, None], k[None, None], None, s, p)[0, 0],
            "The shape is (1, 1); it must be (10, 10)",
        ),
        "no stride": (lambda x, k, s, p: by_painting(x, k, 1, p), "The shape is (7, 7)"),
        "changes its input": (in_place, "changed its input"),
        "batch left in": (
            lambda x, k, s, p: conv_transpose2d(x[None, None], k[None, None], None, s, p),
            "The shape is (1, 1, 10, 10)",
        ),
    },
    checks.receptive_field: {
        "the wrong way round": (lambda layers: field(layers[::-1]), "it must be 26"),
        "only equal layers": (
            lambda layers: 3 * 2 ** len(layers) - 2,
            "For [(3, 1)] it must be 3",
        ),
    },
    checks.generator_48: {
        "starts at 4": (lambda: generator(4), "(8, 3, 64, 64), by 4-8-16-32-64"),
        "one layer short": (lambda: generator(3, (4, 4, 4)), "(8, 3, 24, 24), by 3-6-12-24"),
        "starts at 6": (lambda: generator(6, (4, 4, 4)), "by 6-12-24-48, not"),
        "uneven": (
            lambda: generator(3, (4, 3, 4, 4)),
            "padding=(1, 1), output_padding=(1, 1)) paints unevenly",
        ),
        "grey": (lambda: generator(channels=1), "(8, 1, 48, 48)"),
        "no tanh": (lambda: generator(last=nn.Identity()), "end with nn.Tanh"),
        "sigmoid": (lambda: generator(last=nn.Sigmoid()), "end with nn.Tanh"),
        "no activations": (lambda: generator(activation=nn.Identity), "two linear layers"),
        "dense": (
            lambda: nn.Sequential(
                nn.Linear(100, 3 * 48 * 48), nn.Tanh(), nn.Unflatten(1, (3, 48, 48))
            ),
            "There is an nn.Linear in it (the transposed convolutions' sizes are none)",
        ),
        "project and reshape": (
            lambda: nn.Sequential(
                nn.Linear(100, 16 * 9), nn.Unflatten(1, (16, 3, 3)), nn.ReLU(), *generator()[3:]
            ),
            "There is an nn.Linear in it (the transposed convolutions' sizes are 6-12-24-48)",
        ),
        "by quadrupling": (
            lambda: chain((3, 1, 0), (4, 4, 0), (4, 4, 0)),
            "by 3-12-48, not",
        ),
        "in one leap": (lambda: chain((48, 1, 0)), "by 48, not"),
        "dilated": (
            lambda: chain((3, 1, 0), DOUBLE, DOUBLE, DOUBLE, (4, 2, 3, 1, 2)),
            "paints unevenly",
        ),
        "resized": (
            lambda: chain(
                *((3, 1, 0), *[(3, 1, 1)] * 4), between=lambda: nn.Upsample(scale_factor=2)
            ),
            "There is an nn.Upsample in it",
        ),
        "pooled between": (
            lambda: nn.Sequential(
                *generator()[:7],
                nn.MaxPool2d(2),
                nn.ReLU(),
                nn.ConvTranspose2d(16, 16, 4, 4),
                *generator()[8:],
            ),
            "There is an nn.MaxPool2d",
        ),
        "only batch norm": (
            lambda: generator(activation=lambda: nn.BatchNorm2d(16)),
            "Between transposed convolutions 1 and 2 nothing bends",
        ),
        "one gap forgotten": (
            lambda: nn.Sequential(*(m for i, m in enumerate(generator()) if i != 6)),
            "Between transposed convolutions 3 and 4 nothing bends",
        ),
        "the class": (lambda: nn.Sequential, "That is a type"),
        "no unflatten": (lambda: generator()[1:], "Your code stopped with RuntimeError"),
    },
}
