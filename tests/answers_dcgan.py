"""Answers to the exercises of notebook 04, right ones and wrong ones."""

from collections.abc import Callable

import torch
from checking import Mistakes, Solutions
from torch import Tensor, nn

from gan_utils import models
from gan_utils.checks import dcgan as checks


def norm(x: Tensor, correction: int = 0) -> Tensor:
    variance = x.var((0, 2, 3), correction=correction, keepdim=True)
    return (x - x.mean((0, 2, 3), keepdim=True)) / (variance + 1e-5).sqrt()


def flat(x: Tensor) -> Tensor:
    return (x - x.mean((0, 2, 3))[:, None, None]).flatten(1)


def in_place(x: Tensor) -> Tensor:
    made = norm(x)
    x -= 1
    return made


def no_eps(x: Tensor) -> Tensor:
    return (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), correction=0, keepdim=True)


def block(
    bias: bool = False, slope: float = 0.2, kernel: int = 4, stride: int = 2
) -> Callable[[int, int], nn.Sequential]:
    def build(width_in: int, width_out: int) -> nn.Sequential:
        convolution = nn.Conv2d(width_in, width_out, kernel, stride, 1, bias=bias)
        return nn.Sequential(convolution, nn.BatchNorm2d(width_out), nn.LeakyReLU(slope))

    return build


def shuffled(*order: int) -> Callable[[int, int], nn.Sequential]:
    return lambda a, b: nn.Sequential(*(block()(a, b)[i] for i in order))


def init(
    mean: float = 1.0,
    spread: float = 0.02,
    convolutions: tuple[type, ...] = (nn.Conv2d, nn.ConvTranspose2d),
    biases: bool = True,
    norms: bool = True,
    dense: bool = False,
) -> Callable[[nn.Module], None]:
    def apply(module: nn.Module) -> None:
        if isinstance(module, convolutions) or (dense and isinstance(module, nn.Linear)):
            nn.init.normal_(module.weight, 0.0, spread)
        elif isinstance(module, nn.BatchNorm2d) and norms:
            nn.init.normal_(module.weight, mean, spread)
        else:
            return
        if biases and module.bias is not None:
            nn.init.zeros_(module.bias)

    return apply


def by_name(module: nn.Module) -> None:
    name = type(module).__name__
    if "Conv" in name:
        module.weight.data.normal_(0, 0.02)
    if "BatchNorm" in name:
        module.weight.data.normal_(1, 0.02)
    if ("Conv" in name or "BatchNorm" in name) and module.bias is not None:
        module.bias.data.zero_()


def uniform(module: nn.Module) -> None:
    init()(module)
    if isinstance(module, nn.Conv2d):
        nn.init.uniform_(module.weight, -0.02 * 3**0.5, 0.02 * 3**0.5)


def interval(values: list[float]) -> tuple[float, float]:
    numbers = torch.tensor(values)
    half = 4.303 * numbers.std() / len(values) ** 0.5
    return (numbers.mean() - half).item(), (numbers.mean() + half).item()


SOLUTIONS: Solutions = {
    checks.batch_norm: [
        norm,
        nn.BatchNorm2d(5, affine=False),
        lambda x: nn.functional.batch_norm(x, None, None, training=True),
    ],
    checks.block: [block(), lambda a, b: nn.Sequential(block()(a, b))],
    checks.init: [init(), models.dcgan_init, by_name],
    checks.generator_steps: [lambda n, b, k: n // (b * k), lambda n, b, k: n // b // k],
    checks.interval: [interval, lambda values: list(interval(values))],
}

MISTAKES: Mistakes = {
    checks.batch_norm: {
        "one less": (lambda x: norm(x, correction=1), "correction=0"),
        "no eps": (no_eps, "add eps"),
        "flattened": (flat, "keepdim=True"),
        "unchanged": (lambda x: x.clone(), "the means are"),
        "changes its input": (in_place, "changed its input"),
    },
    checks.block: {
        "bias": (block(bias=True), "bias=False"),
        "default slope": (block(slope=0.01), "PyTorch's is 0.01"),
        "stride 1": (block(stride=1), "it must be Conv2d(6, 10, kernel_size=(4, 4), stride=(2, 2)"),
        "3-2-1": (block(kernel=3), "the convolution is Conv2d(6, 10, kernel_size=(3, 3)"),
        "norm last": (shuffled(0, 2, 1), "Conv2d, LeakyReLU, BatchNorm2d"),
        "norm first": (
            lambda a, b: nn.Sequential(nn.BatchNorm2d(a), *block()(a, b)[::2]),
            "The layers are BatchNorm2d, Conv2d",
        ),
        "no norm": (shuffled(0, 2), "it takes three"),
        "swapped": (lambda a, b: block()(b, a), "the convolution is Conv2d(10, 6"),
        "norm of the input": (
            lambda a, b: nn.Sequential(block()(a, b)[0], nn.BatchNorm2d(a), nn.LeakyReLU(0.2)),
            "width_out channels",
        ),
        "transposed": (
            lambda a, b: nn.Sequential(nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False)),
            "The layers are ConvTranspose2d",
        ),
        "a list": (lambda a, b: list(block()(a, b)), "That is a list"),
    },
    checks.init: {
        "no transposed": (init(convolutions=(nn.Conv2d,)), "ConvTranspose2d was left out"),
        "no convolution": (init(convolutions=(nn.ConvTranspose2d,)), "✗ Conv2d was left"),
        "scales at 0": (init(mean=0.0), "centered on 0"),
        "scales at 1": (init(norms=False), "BatchNorm2d was left out"),
        "0.02 as variance": (init(spread=0.02**0.5), "0.02 is the spread"),
        "another spread": (init(spread=0.1), "they must be 0 and 0.02"),
        "biases left": (init(biases=False), "A bias is not 0"),
        "dense too": (init(dense=True), "A dense layer"),
        "uniform": (uniform, "not normal"),
        "nothing": (lambda module: None, "in place"),
    },
    checks.generator_steps: {
        "float": (lambda n, b, k: n / (b * k), "is not whole"),
        "by heart": (lambda n, b, k: 300, "it must be 150"),
        "rounded up": (lambda n, b, k: -(-n // (b * k)), "it must be 5"),
    },
    checks.interval: {
        "one number": (lambda values: 6.57, "The shape is (); it must be (2,)"),
        "by heart": (lambda values: interval([1.0, 2.0, 6.0]), "For [4.0, 4.0, 7.0] it must be"),
        "range": (lambda values: (0.0, 6.0), "you have [0, 6]"),
    },
}
