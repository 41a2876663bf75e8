"""Checks of notebook 04."""

import copy
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gan_utils.checks.comparing import ask, must_be, must_return, whole
from gan_utils.checks.layers import must_be_network
from gan_utils.checks.verdict import Wrong, gives_verdict


def _normal(x: Tensor, dims: tuple[int, ...] = (0, 2, 3)) -> Tensor:
    variance = x.var(dims, correction=0, keepdim=True)
    return (x - x.mean(dims, keepdim=True)) / (variance + 1e-5).sqrt()


@gives_verdict(
    "Right: each channel by the mean and spread of all its pixels in all pictures.",
    {
        "Each picture by itself: that is instance norm. The mean goes over the pictures too.": (
            lambda x: _normal(x, (2, 3))
        ),
        "All channels of a picture together: that is layer norm. Leave dimension 1 out.": (
            lambda x: _normal(x, (1, 2, 3))
        ),
        "All channels share one mean: leave dimension 1 out.": lambda x: _normal(x, (0, 1, 2, 3)),
        "The mean is gone, the spread is not: divide by the standard deviation.": (
            lambda x: x - x.mean((0, 2, 3), keepdim=True)
        ),
        "Divided by the variance: take its square root.": (
            lambda x: _normal(x) / x.std((0, 2, 3), keepdim=True)
        ),
    },
)
def batch_norm(answer: Callable[[Tensor], Tensor]) -> None:
    """`answer(x)` must normalize float (N, C, H, W) as `nn.BatchNorm2d` does while training."""
    x = 3 + 2 * torch.randn(8, 5, 4, 6)
    x = x * torch.arange(1, 6).view(1, 5, 1, 1)  # every channel has another size
    got = ask(answer, x, instead="compute a new tensor")
    if got.shape != x.shape:
        raise Wrong(
            f"The result has shape {tuple(got.shape)}, not {tuple(x.shape)}: keep the dimensions "
            "of mean and variance with keepdim=True."
        )
    means = [round(value, 2) for value in got.mean((0, 2, 3)).tolist()]
    said = f"Each channel must have mean 0 and spread 1; the means are {means}."
    must_be(got, _normal(x), said, batch_norm.mistakes, (x,), rel_tol=0, abs_tol=2e-2)
    if not torch.allclose(got, _normal(x), rtol=0, atol=1e-4):
        raise Wrong(
            "Nearly: the variance divides by the number of values, not by one less "
            "(correction=0), and eps is 1e-5, under the root."
        )
    if not torch.isfinite(answer(torch.ones(2, 5, 4, 6))).all():
        raise Wrong("A channel that is constant divides by 0: add eps = 1e-5 to the variance.")


@gives_verdict("Right: half the size, no bias that batch norm would take away, then LeakyReLU 0.2.")
def block(answer: Callable[[int, int], nn.Module]) -> None:
    """`answer(width_in, width_out)`: D's block, (N, in, H, W) → (N, out, H/2, W/2)."""
    network = must_be_network(ask(answer, 6, 10))
    layers = [module for module in network.modules() if not list(module.children())]
    order = [type(layer).__name__ for layer in layers]
    if order != ["Conv2d", "BatchNorm2d", "LeakyReLU"]:
        raise Wrong(
            f"The layers are {', '.join(order)}; it takes three, in the order "
            "Conv2d, BatchNorm2d, LeakyReLU."
        )
    convolution, norm, leaky = layers
    if convolution.bias is not None:
        raise Wrong("The convolution has a bias, which batch norm subtracts again: bias=False.")
    wanted = nn.Conv2d(6, 10, 4, stride=2, padding=1, bias=False)
    if repr(convolution) != repr(wanted):
        raise Wrong(f"For (6, 10) the convolution is {convolution}; it must be {wanted}.")
    if norm.num_features != 10:
        raise Wrong("Batch norm follows the convolution: it has width_out channels.")
    if not math.isclose(leaky.negative_slope, 0.2):
        raise Wrong(f"The slope is {leaky.negative_slope:g}; PyTorch's is 0.01, the paper's 0.2.")


@gives_verdict(
    "Right: both kinds of convolution, scales around 1, biases at 0, all else left alone."
)
def init(answer: Callable[[nn.Module], None]) -> None:
    """`answer(module)`, for `network.apply`: as `models.dcgan_init`."""
    convolution, transposed = nn.Conv2d(8, 64, 4), nn.ConvTranspose2d(64, 32, 4, bias=False)
    norm, dense = nn.BatchNorm2d(4000), nn.Linear(20, 30)
    nn.init.constant_(norm.bias, 3.0)
    network = nn.Sequential(convolution, transposed, norm, dense)
    old = copy.deepcopy(network)
    network.apply(answer)
    for layer, before, mean in zip(network, old, (0, 0, 1), strict=False):
        name, weight = type(layer).__name__, layer.get_parameter("weight")
        found, spread = weight.mean().item(), weight.std().item()
        if torch.equal(weight, before.get_parameter("weight")):
            raise Wrong(f"{name} was left out: nn.init.normal_ changes its weight in place.")
        if mean == 1 and abs(found) < 0.1:
            raise Wrong(
                "Batch norm's scales are centered on 0: each layer would shrink its signal to a "
                "fiftieth. Their mean is 1."
            )
        if math.isclose(spread, 0.02**0.5, rel_tol=0.1):
            raise Wrong(f"{name}: the spread is {spread:.2f}; 0.02 is the spread, not its square.")
        if abs(found - mean) > 0.005 or not math.isclose(spread, 0.02, rel_tol=0.1):
            raise Wrong(
                f"{name}: mean {found:.3f} and spread {spread:.2g}; they must be {mean} and 0.02."
            )
        if (weight - mean).abs().max() < 0.04:
            raise Wrong(f"{name}: no value beyond two spreads: that is uniform, not normal.")
    if any(layer.get_parameter("bias").any() for layer in (convolution, norm)):
        raise Wrong("A bias is not 0; where Conv2d or BatchNorm2d has one, it starts at 0.")
    if not torch.equal(dense.weight, old[3].get_parameter("weight")):
        raise Wrong("A dense layer was changed too; leave other layers as they are.")


@gives_verdict(
    "Right: every update of D uses up its own batch, and G moves once after k of them.",
    {
        "600 leaves k out: before each step of G, D sees k batches of real pictures.": (
            lambda pictures, batch, k: pictures // batch
        ),
        "1200: with k = 2 more pictures go into each step of G, so there are fewer steps.": (
            lambda pictures, batch, k: pictures // batch * k
        ),
        "38,400 leaves the batch out.": lambda pictures, batch, k: pictures // k,
    },
)
def generator_steps(answer: Callable[[int, int, int], int]) -> None:
    """`answer(pictures, batch_size, k)` must be the number of G's steps."""
    rows = [(76_800, 128, 2, 300), (76_800, 512, 1, 150), (76_800, 128, 5, 120), (1000, 64, 3, 5)]
    must_return(answer, rows, generator_steps.mistakes, read=whole)


def _interval(
    values: Sequence[float], t: float = 4.303, correction: int = 1, root: float = 0.5
) -> tuple[float, float]:
    numbers = torch.tensor(values)
    half = t * numbers.std(correction=correction).item() / len(values) ** root
    return numbers.mean().item() - half, numbers.mean().item() + half


def _mean_and_half(values: Sequence[float]) -> tuple[float, float]:
    low, high = _interval(values)
    return (low + high) / 2, (high - low) / 2


@gives_verdict(
    "Right: the mean, and t times the spread of a mean of so few.",
    {
        "The spread divides by n − 1, not by n: the mean was fitted to the same three numbers.": (
            lambda values: _interval(values, correction=0)
        ),
        "1.96 is for large samples; three values know their own spread badly, hence t = 4.303.": (
            lambda values: _interval(values, t=1.96)
        ),
        "That is where single runs lie; the mean of n varies √n times less: divide by √3.": (
            lambda values: _interval(values, root=0)
        ),
        "That is one standard error; multiply by t = 4.303.": lambda values: _interval(values, t=1),
        "That is the mean and the half-width; return (mean − half, mean + half).": _mean_and_half,
    },
)
def interval(answer: Callable[[Sequence[float]], tuple[float, float]]) -> None:
    """`answer(values)`, three numbers: the 95% interval (low, high) of their mean, t = 4.303."""
    rows = [(values, _interval(values)) for values in ([1.0, 2.0, 6.0], [4.0, 4.0, 7.0])]
    must_return(answer, rows, interval.mistakes)
