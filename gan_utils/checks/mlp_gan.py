"""Checks of notebook 02."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_utils.checks.verdict import Wrong, ask, gives_verdict, must_answer, must_be, same
from gan_utils.datasets import to_unit
from gan_utils.losses import discriminator_loss as d_loss


@gives_verdict(
    "Right: 0 goes to −1, 255 to 1, and the result is a float tensor that tanh can match."
)
def to_range(answer: Callable[[Tensor], Tensor]) -> None:
    """`answer(pixels)` must map uint8 0 … 255 to floats −1 … 1."""
    pixels = torch.arange(256, dtype=torch.uint8)
    got = ask(answer, pixels)
    if not torch.is_floating_point(got):
        raise Wrong(f"The result is {got.dtype}: convert with .float() before you calculate.")
    low, high = got.min().item(), got.max().item()
    if torch.allclose(got, pixels / 255, atol=0.01):
        raise Wrong(
            "The range is 0 … 1, a sigmoid's. tanh reaches down to −1: D would know every real "
            "picture by its lack of negative pixels."
        )
    if high > 1.01:
        raise Wrong(f"The range is {low:.1f} … {high:.1f}: divide by 127.5 before you subtract 1.")
    if got.diff().min() <= 0:
        raise Wrong(
            "Brighter pixels must stay brighter. uint8 arithmetic wraps around at 256: convert "
            "with .float() first; and a minus sign would turn white into black."
        )
    if not torch.allclose(got, to_unit(pixels), atol=1e-5):
        raise Wrong(f"The range is {low:.3f} … {high:.3f}; it must be −1 … 1, in equal steps.")


@gives_verdict(
    "Right: weights and biases of each layer, and two numbers per batch-norm channel.",
    {
        "300 counts the matrices of the Linear layers only: biases and batch norm learn too.": (
            lambda network: sum(m.weight.numel() for m in network if isinstance(m, nn.Linear))
        ),
        "320 leaves out biases: every Linear and BatchNorm layer has them.": (
            lambda network: sum(module.weight.numel() for module in network)
        ),
        "325 leaves out batch norm, which learns a scale and a shift per channel.": (
            lambda network: sum(
                m.weight.numel() + m.bias.numel() for m in network if isinstance(m, nn.Linear)
            )
        ),
        "406 counts batch norm's running averages: they are buffers, not parameters.": (
            lambda network: sum(value.numel() for value in network.state_dict().values())
        ),
        "6 is the number of tensors; add up how many numbers each holds: .numel().": (
            lambda network: len(list(network.parameters()))
        ),
    },
)
def count_parameters(answer: Callable[[nn.Module], int]) -> None:
    """`answer(network)` must be the number of trainable parameters."""
    network = nn.Sequential(nn.Linear(10, 20), nn.BatchNorm1d(20), nn.Linear(20, 5))
    got = int(ask(answer, network))
    said = f"{got}; for this small network it must be 365."
    must_be(got, 365, said, count_parameters.mistakes, (network,), rel_tol=0)
    network[0].requires_grad_(False)
    if answer(network) != 145:
        raise Wrong("Frozen parameters were counted: keep those with requires_grad only.")


@gives_verdict(
    "Right: two terms, one for the real pictures and one for the fakes; 2·log 2 at D = 1/2.",
    {
        "The sign is turned: this is V(D, G), which D raises; a loss is lowered.": (
            lambda real, fake: -d_loss(real, fake)
        ),
        "Real and fake are swapped: D would learn to call fakes real.": (
            lambda real, fake: d_loss(fake, real)
        ),
        "This is half the loss: a common choice, but then the resting value is log 2, and here it "
        "is to be 2·log 2: add the two terms.": lambda real, fake: d_loss(real, fake) / 2,
        "Both terms use log D: the fakes need log(1 − D), which is logsigmoid of −logit.": (
            lambda real, fake: d_loss(real, -fake)
        ),
        "The sum was taken, not the mean: the loss would grow with the batch.": (
            lambda real, fake: d_loss(real, fake) * len(real)
        ),
    },
)
def discriminator_loss(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """`answer(real_logits, fake_logits)` must be −E[log D(x)] − E[log(1 − D(G(z)))]."""
    real, fake = torch.randn(2, 64, 1)
    got = torch.as_tensor(ask(answer, real, fake))
    if got.ndim:
        raise Wrong(f"The result has shape {tuple(got.shape)}: take the mean over the batch.")
    right = d_loss(real, fake)
    said = f"For one test batch it must be {right:.4f}; you have {float(got):.4f}."
    must_be(got, right, said, discriminator_loss.mistakes, (real, fake))
    far = torch.full((4, 1), 200.0)
    if not torch.isfinite(torch.as_tensor(answer(-far, far))):
        raise Wrong(
            "Right for small logits, infinite for a logit of 200, where the sigmoid rounds to 0 or "
            "1: use softplus or logsigmoid, which take the logit itself."
        )


@gives_verdict("Right: D is told the truth about G(z), and G's graph is left alone.")
def discriminator_step(answer: Callable[..., Tensor]) -> None:
    """`answer(generator, discriminator, real, z)` must be D's loss, with nothing flowing into G."""
    generator, discriminator = nn.Linear(3, 2), nn.Linear(2, 1)
    real, z = torch.randn(8, 2), torch.randn(8, 3)
    loss = answer(generator, discriminator, real, z)
    must_answer(loss)
    right = d_loss(discriminator(real), discriminator(generator(z)))
    if not same(loss, right):
        if same(loss, d_loss(discriminator(real), discriminator(real))):
            raise Wrong("Both terms look at real pictures: the second needs D(G(z)).")
        raise Wrong(f"The loss is {loss.item():.4f}; for this batch it must be {right.item():.4f}.")
    if not loss.requires_grad:
        raise Wrong("Nothing can learn from this loss: only the fakes may be detached, not D.")
    weights = (generator.weight, discriminator.weight)
    to_g, to_d = torch.autograd.grad(loss, weights, allow_unused=True)  # adds to nobody's .grad
    if to_g is not None:
        raise Wrong(
            "G's weights received gradients from D's loss, and in the wrong direction: they would "
            "teach G to be found out. Detach the fakes: D(fake.detach())."
        )
    if to_d is None:
        raise Wrong("D's weights received no gradient, so D cannot learn.")


def _covered(probabilities: Tensor, sure: float = 0.9, least: float = 0.01) -> int:
    confidence, label = probabilities.max(dim=1)
    counts = torch.bincount(label[confidence >= sure], minlength=10)
    return int((counts >= least * len(probabilities)).sum())


@gives_verdict(
    "Right: only sure samples count, and a class needs at least 1% of all samples.",
    {
        "4: a class with 9 of 1000 samples was counted; ask for at least 1% of all samples, "
        "or the 200 pictures that get 0.6 were: they are not sure enough.": (
            lambda probabilities: _covered(probabilities, least=0.001)
        ),
        "5: every class that is some picture's best guess was counted, sure or not. Ask for a "
        "confidence of 0.9 or more, and for at least 1% of all samples.": (
            lambda probabilities: len(probabilities.argmax(dim=1).unique())
        ),
        "10: every class has some probability somewhere. Take each picture's best class only.": (
            lambda probabilities: int((probabilities > 0).any(dim=0).sum())
        ),
    },
)
def classes_covered(answer: Callable[[Tensor], int]) -> None:
    """`answer(probabilities)`, float (N, 10), must be the number of classes covered."""
    probabilities = torch.full((1000, 10), 0.01)

    def fill(start: int, count: int, digit: int, confidence: float) -> None:
        rows = slice(start, start + count)
        probabilities[rows] = (1 - confidence) / 9
        probabilities[rows, digit] = confidence

    fill(0, 500, 3, 0.99)  # covered
    fill(500, 200, 5, 0.95)  # covered
    fill(700, 200, 7, 0.6)  # never sure
    fill(900, 9, 1, 0.99)  # sure, but too few of all 1000, though over 1% of the sure ones
    fill(909, 91, 8, 0.92)  # covered
    got = int(ask(answer, probabilities))
    said = f"{got}; in the test there are 3."
    must_be(got, 3, said, classes_covered.mistakes, (probabilities,))
