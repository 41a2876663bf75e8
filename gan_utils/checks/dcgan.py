"""Checks of notebook 04."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gan_utils.checks.verdict import Wrong, ask, gives_verdict, must_be, same


def _normal(x: Tensor, dims: tuple[int, ...] = (0, 2, 3)) -> Tensor:
    variance = x.var(dims, correction=0, keepdim=True)
    return (x - x.mean(dims, keepdim=True)) / (variance + 1e-5).sqrt()


def _centered(x: Tensor) -> Tensor:
    return x - x.mean((0, 2, 3), keepdim=True)


@gives_verdict(
    "Right: each channel by the mean and spread of all its pixels in all pictures.",
    {
        "Each picture by itself: that is instance norm. The mean goes over the pictures too.": (
            lambda x: _normal(x, (2, 3))
        ),
        "All channels of a picture together: that is layer norm. Leave dimension 1 out.": (
            lambda x: _normal(x, (1, 2, 3))
        ),
        "Each pixel by itself: the mean goes over rows and columns too, (0, 2, 3).": (
            lambda x: _normal(x, (0,))
        ),
        "All channels share one mean: leave dimension 1 out.": (lambda x: _normal(x, (0, 1, 2, 3))),
        "The mean is gone, the spread is not: divide by the standard deviation.": _centered,
        "Divided by the variance: take its square root.": (
            lambda x: _centered(x) / x.var((0, 2, 3), False, keepdim=True)
        ),
        "Divided, but the mean is still there: subtract it first.": (
            lambda x: x / x.std((0, 2, 3), keepdim=True)
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
    right = _normal(x)
    if same(got, right, rel_tol=0, abs_tol=2e-2) and not same(got, right, rel_tol=0, abs_tol=1e-4):
        raise Wrong(
            "Nearly: the variance divides by the number of values, not by one less "
            "(correction=0), and eps is 1e-5, under the root."
        )
    means = [round(value, 2) for value in got.mean((0, 2, 3)).tolist()]
    said = f"Each channel must have mean 0 and spread 1; the means are {means}."
    must_be(got, right, said, batch_norm.mistakes, (x,), rel_tol=0, abs_tol=2e-2)
    if not torch.isfinite(answer(torch.ones(2, 5, 4, 6))).all():
        raise Wrong("A channel that is constant divides by 0: add eps = 1e-5 to the variance.")


@gives_verdict("Right: half the size, no bias that batch norm would take away, then LeakyReLU 0.2.")
def block(answer: Callable[[int, int], nn.Module]) -> None:
    """`answer(width_in, width_out)`: D's block, (N, in, H, W) → (N, out, H/2, W/2)."""
    made = ask(answer, 6, 10)
    if not isinstance(made, nn.Module):
        raise Wrong(f"That is a {type(made).__name__}; return a network, an nn.Sequential.")
    kinds = [type(module) for module in made.modules() if not list(module.children())]
    if nn.ConvTranspose2d in kinds:
        raise Wrong("A transposed convolution enlarges: that is the generator's.")
    order = [kind.__name__ for kind in kinds]
    if order != ["Conv2d", "BatchNorm2d", "LeakyReLU"]:
        raise Wrong(
            f"The layers are {', '.join(order) or 'none'}; it takes three, in the order "
            "Conv2d, BatchNorm2d, LeakyReLU."
        )
    convolution, norm, leaky = (m for m in made.modules() if not list(m.children()))
    if (convolution.in_channels, convolution.out_channels) != (6, 10):
        raise Wrong(
            f"The convolution goes from {convolution.in_channels} to {convolution.out_channels} "
            "channels; with (6, 10) it must go from 6 to 10."
        )
    if norm.num_features != 10:
        raise Wrong("Batch norm follows the convolution: it has width_out channels.")
    size = tuple(convolution(torch.zeros(1, 6, 14, 14)).shape[-2:])
    if size != (7, 7):
        raise Wrong(f"14×14 becomes {size[0]}×{size[1]}, not 7×7: kernel 4, stride 2, padding 1.")
    if convolution.bias is not None:
        raise Wrong("The convolution has a bias, which batch norm subtracts again: bias=False.")
    if not math.isclose(leaky.negative_slope, 0.2):
        raise Wrong(
            f"The slope is {leaky.negative_slope:g}, PyTorch's default; the paper's is 0.2."
            if leaky.negative_slope == 0.01
            else f"The slope is {leaky.negative_slope:g}, not 0.2."
        )
    numbers = [convolution.kernel_size[0], convolution.stride[0], convolution.padding[0]]
    if numbers != [4, 2, 1]:
        raise Wrong(f"{'-'.join(map(str, numbers))} halves 14 too; the course's is 4-2-1.")


@gives_verdict(
    "Right: both kinds of convolution, scales around 1, biases at 0, all else left alone."
)
def init(answer: Callable[[nn.Module], None]) -> None:
    """`answer(module)`, for `network.apply`: as `models.dcgan_init`."""
    network = nn.Sequential(
        nn.Conv2d(8, 64, 4),
        nn.ConvTranspose2d(64, 32, 4, bias=False),
        nn.BatchNorm2d(4000),
        nn.Linear(20, 30),
    )
    convolution, transposed, norm, dense = network
    nn.init.constant_(norm.bias, 3.0)
    kept = dense.weight.clone()
    old = [module.weight.clone() for module in (convolution, transposed, norm)]
    network.apply(answer)
    changed = [
        not torch.equal(module.weight, before)
        for module, before in zip((convolution, transposed, norm), old, strict=True)
    ]
    if not any(changed):
        raise Wrong(
            "No weight has changed: the function must change the module it is given, in place; "
            "nn.init.normal_ does."
        )
    if not changed[0]:
        raise Wrong("Conv2d was left at PyTorch's default: D consists of them.")
    if not changed[1]:
        raise Wrong("ConvTranspose2d was left out: G consists of them, and it is no Conv2d.")
    for name, module in [("Conv2d", convolution), ("ConvTranspose2d", transposed)]:
        _must_be_normal(name, module.weight, 0.0)
    if not changed[2]:
        raise Wrong("Batch norm's scales are all exactly 1 still: they are drawn too, N(1, 0.02).")
    if abs(norm.weight.mean().item()) < 0.1:
        raise Wrong(
            "Batch norm's scales are centered on 0: each layer would shrink its signal to a "
            "fiftieth. Their mean is 1."
        )
    _must_be_normal("Batch norm's scales", norm.weight, 1.0)
    if norm.bias.any() or convolution.bias.any():
        which = "Batch norm's" if norm.bias.any() else "Conv2d's"
        raise Wrong(f"{which} bias is not 0; where there is a bias, it starts at 0.")
    if not torch.equal(dense.weight, kept):
        raise Wrong("A dense layer was changed too; leave other layers as they are.")


def _must_be_normal(name: str, weight: Tensor, mean: float) -> None:
    found, spread = weight.mean().item(), weight.std().item()
    if math.isclose(spread, 0.02**0.5, rel_tol=0.1):
        raise Wrong(f"{name}: the spread is {spread:.2f}; 0.02 is not the variance but its root.")
    if math.isclose(spread, 0.02**2, rel_tol=0.1):
        raise Wrong(f"{name}: the spread is {spread:.4f}; normal_ takes 0.02, not its square.")
    if abs(found - mean) > 0.005 or not math.isclose(spread, 0.02, rel_tol=0.1):
        raise Wrong(
            f"{name}: mean {found:.3f} and spread {spread:.3f}; they must be {mean:g} and 0.02."
        )
    if weight.abs().sub(abs(mean)).abs().max() < 0.04:
        raise Wrong(f"{name}: no value beyond two spreads: that is uniform, not normal.")


@gives_verdict(
    "Right: every update of D uses up its own batch, and G moves once after k of them.",
    {
        "600 leaves k out: before each step of G, D sees k batches of real pictures.": (
            lambda pictures, batch, k: pictures // batch
        ),
        "1200: with k = 2 more pictures go into each step of G, so there are fewer steps.": (
            lambda pictures, batch, k: pictures // batch * k
        ),
        "That multiplies by the batch: a larger batch leaves fewer steps.": (
            lambda pictures, batch, k: pictures * batch
        ),
        "38,400 leaves the batch out.": lambda pictures, batch, k: pictures // k,
    },
)
def generator_steps(answer: Callable[[int, int, int], int]) -> None:
    """`answer(pictures, batch_size, k)` must be the number of G's steps."""
    given = (76_800, 128, 2)
    got = ask(answer, *given)
    if isinstance(got, float):
        raise Wrong(f"{got} is a float: steps are whole, so divide with //.")
    said = f"{got}; 76,800 pictures at batch 128 and k = 2 are 300."
    must_be(got, 300, said, generator_steps.mistakes, given, rel_tol=0)
    for numbers, right in {(76_800, 512, 1): 150, (76_800, 128, 5): 120, (1000, 64, 3): 5}.items():
        got = answer(*numbers)
        if got != right:
            raise Wrong(
                f"For {numbers[0]:,} pictures, batch {numbers[1]}, k = {numbers[2]} it is {right}; "
                f"you say {got}."
            )


def _interval(
    values: Sequence[float], t: float = 4.303, correction: int = 1, root: float = 0.5
) -> tuple[float, float]:
    numbers = torch.tensor(values)
    half = t * numbers.std(correction=correction).item() / len(values) ** root
    return numbers.mean().item() - half, numbers.mean().item() + half


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
        "Divide by the root of n, not by n.": lambda values: _interval(values, root=1),
        "That is one standard error; multiply by t = 4.303.": (
            lambda values: _interval(values, t=1)
        ),
    },
)
def interval(answer: Callable[[Sequence[float]], tuple[float, float]]) -> None:
    """`answer(values)`, three numbers: the 95% interval (low, high) of their mean, t = 4.303."""
    values = [1.0, 2.0, 6.0]
    got = ask(answer, values)
    try:
        low, high = (float(value) for value in got)
    except (TypeError, ValueError):
        raise Wrong(f"That is {got!r}; return two numbers, (low, high).") from None
    if same(low, 3) and not same(high, 3):
        raise Wrong("That is the mean and the half-width; return (mean − half, mean + half).")
    if not same(low + high, 6):
        raise Wrong(f"({low:.2f}, {high:.2f}) is not centered on the mean, 3.")
    right = _interval(values)
    half, wanted = (high - low) / 2, (right[1] - right[0]) / 2
    said = f"For {values} the half-width is {wanted:.2f}; you have {half:.2f}: t·s/√n."
    must_be((low, high), right, said, interval.mistakes, (values,), rel_tol=2e-3)
    low, high = (float(value) for value in answer([4.0, 4.0, 7.0]))
    if not same((low, high), (0.697, 9.303), rel_tol=1e-2):
        raise Wrong(f"Right for {values}, but for [4, 4, 7] it is (0.70, 9.30): not by heart.")
