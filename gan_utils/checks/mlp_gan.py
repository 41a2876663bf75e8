"""Checks of notebook 02."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_utils import losses
from gan_utils.checks.verdict import Wrong, check, must_answer
from gan_utils.datasets import to_unit


@check("Right: 0 goes to −1, 255 to 1, and the result is a float tensor that tanh can match.")
def to_range(answer: Callable[[Tensor], Tensor]) -> None:
    """`answer(pixels)` must map uint8 0 … 255 to floats −1 … 1."""
    pixels = torch.arange(256, dtype=torch.uint8)
    got = answer(pixels)
    must_answer(got)
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


@check("Right: weights and biases of each layer, and two numbers per batch-norm channel.")
def count_parameters(answer: Callable[[nn.Module], int]) -> None:
    """`answer(network)` must be the number of trainable parameters."""
    network = nn.Sequential(nn.Linear(10, 20), nn.BatchNorm1d(20), nn.Linear(20, 5))
    got = answer(network)
    must_answer(got)
    got = int(got)
    sizes = {
        300: "300 counts the matrices of the Linear layers only: biases and batch norm learn too.",
        320: "320 leaves out biases: every Linear and BatchNorm layer has them.",
        325: "325 leaves out batch norm, which learns a scale and a shift per channel.",
        406: "406 counts batch norm's running averages: they are buffers, not parameters.",
        6: "6 is the number of tensors; add up how many numbers each holds: .numel().",
    }
    if got != 365:
        raise Wrong(sizes.get(got, f"{got}; for this small network it must be 365."))
    network[0].requires_grad_(False)
    if answer(network) != 145:
        raise Wrong("Frozen parameters were counted: keep those with requires_grad only.")


@check("Right: two terms, one for the real pictures and one for the fakes; 2·log 2 at D = 1/2.")
def discriminator_loss(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """`answer(real_logits, fake_logits)` must be −E[log D(x)] − E[log(1 − D(G(z)))]."""
    source = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 64, 1, generator=source)
    got = answer(real, fake)
    must_answer(got)
    got = torch.as_tensor(got)
    if got.ndim:
        raise Wrong(f"The result has shape {tuple(got.shape)}: take the mean over the batch.")
    right = losses.discriminator_loss(real, fake)
    likely = {
        "The sign is turned: this is V(D, G), which D raises; a loss is lowered.": -right,
        "Real and fake are swapped: D would learn to call fakes real.": losses.discriminator_loss(
            fake, real
        ),
        "This is half the loss: a common choice, but then the resting value is log 2, and here it "
        "is to be 2·log 2: add the two terms.": right / 2,
        "Both terms use log D: the fakes need log(1 − D), which is logsigmoid of −logit.": (
            losses.discriminator_loss(real, -fake)
        ),
        "The sum was taken, not the mean: the loss would grow with the batch.": right * 64,
    }
    for misconception, value in likely.items():
        if torch.isclose(got, value, rtol=1e-4):
            raise Wrong(misconception)
    if not torch.isclose(got, right, rtol=1e-4):
        raise Wrong(f"For one test batch it must be {right:.4f}; you have {float(got):.4f}.")
    far = torch.full((4, 1), 200.0)
    if not torch.isfinite(torch.as_tensor(answer(-far, far))):
        raise Wrong(
            "Right for small logits, infinite for a logit of 200, where the sigmoid rounds to 0 or "
            "1: use softplus or logsigmoid, which take the logit itself."
        )


@check("Right: D is told the truth about G(z), and G's graph is left alone.")
def discriminator_step(answer: Callable[..., Tensor]) -> None:
    """`answer(generator, discriminator, real, z)` must be D's loss, with nothing flowing into G."""
    torch.manual_seed(0)
    generator, discriminator = nn.Linear(3, 2), nn.Linear(2, 1)
    real, z = torch.randn(8, 2), torch.randn(8, 3)
    loss = answer(generator, discriminator, real, z)
    must_answer(loss)
    right = losses.discriminator_loss(discriminator(real), discriminator(generator(z).detach()))
    if not torch.isclose(loss, right, rtol=1e-4):
        if torch.isclose(loss, losses.discriminator_loss(discriminator(real), discriminator(real))):
            raise Wrong("Both terms look at real pictures: the second needs D(G(z)).")
        raise Wrong(f"The loss is {loss.item():.4f}; for this batch it must be {right.item():.4f}.")
    if not loss.requires_grad:
        raise Wrong("Nothing can learn from this loss: only the fakes may be detached, not D.")
    loss.backward()
    if generator.weight.grad is not None:
        raise Wrong(
            "G's weights received gradients from D's loss, and in the wrong direction: they would "
            "teach G to be found out. Detach the fakes: D(fake.detach())."
        )
    if discriminator.weight.grad is None:
        raise Wrong("D's weights received no gradient, so D cannot learn.")


@check("Right: only sure samples count, and a class needs at least 1% of all samples.")
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
    got = answer(probabilities)
    must_answer(got)
    likely = {
        4: "4: a class with 9 of 1000 samples was counted; ask for at least 1% of all samples, "
        "or the 200 pictures that get 0.6 were: they are not sure enough.",
        5: "5: every class that is some picture's best guess was counted, sure or not. Ask for a "
        "confidence of 0.9 or more, and for at least 1% of all samples.",
        10: "10: every class has some probability somewhere. Take each picture's best class only.",
    }
    if int(got) != 3:
        raise Wrong(likely.get(int(got), f"{int(got)}; in the test there are 3."))
