"""Checks of notebook 02."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_utils.checks.comparing import ask, must_be, must_return, told
from gan_utils.checks.verdict import Wrong, gives_verdict
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
        "325 leaves out batch norm, which learns a scale and a shift per channel.": (
            lambda network: sum(p.numel() for layer in network[::2] for p in layer.parameters())
        ),
        "320 leaves out biases: every Linear and BatchNorm layer has them.": (
            lambda network: sum(layer.weight.numel() for layer in network)
        ),
        "406 counts batch norm's running averages: they are buffers, not parameters.": (
            lambda network: sum(value.numel() for value in network.state_dict().values())
        ),
        "6 is the number of tensors; add up how many numbers each holds: .numel().": (
            lambda network: len(list(network.parameters()))
        ),
        "Frozen parameters were counted: keep those with requires_grad only.": (
            lambda network: sum(p.numel() for p in network.parameters())
        ),
    },
)
def count_parameters(answer: Callable[[nn.Module], int]) -> None:
    """`answer(network)` must be the number of trainable parameters."""
    network = nn.Sequential(nn.Linear(10, 20), nn.BatchNorm1d(20), nn.Linear(20, 5))
    frozen = nn.Sequential(nn.Linear(10, 20).requires_grad_(False), *network[1:])
    rows = [(network, 365), (frozen, 145)]
    must_return(answer, rows, count_parameters.mistakes, what="For this small network")


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
        "There is a value for each picture: take the mean over the batch.": (
            lambda real, fake: softplus(-real) + softplus(fake)
        ),
    },
)
def discriminator_loss(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """`answer(real_logits, fake_logits)` must be −E[log D(x)] − E[log(1 − D(G(z)))]."""
    real, fake = torch.randn(2, 64, 1)
    rows = [(real, fake, d_loss(real, fake))]
    must_return(answer, rows, discriminator_loss.mistakes, what="For one test batch")
    far = torch.full((4, 1), 200.0)
    if not torch.isfinite(torch.as_tensor(answer(-far, far))):
        raise Wrong(
            "Right for small logits, infinite for a logit of 200, where the sigmoid rounds to 0 or "
            "1: use softplus or logsigmoid, which take the logit itself."
        )


@gives_verdict(
    "Right: D is told the truth about G(z), and G's graph is left alone.",
    {
        "Both terms look at real pictures: the second needs D(G(z)).": (
            lambda g, d, real, z: d_loss(d(real), d(real))
        ),
        "The two terms are swapped: first D of the real pictures, then of the fakes.": (
            lambda g, d, real, z: d_loss(d(g(z)), d(real))
        ),
    },
)
def discriminator_step(answer: Callable[..., Tensor]) -> None:
    """`answer(generator, discriminator, real, z)` must be D's loss, with nothing flowing into G."""
    generator, discriminator = nn.Linear(3, 2), nn.Linear(2, 1)
    given = generator, discriminator, torch.randn(8, 2), torch.randn(8, 3)
    loss = ask(lambda: answer(*given))
    right = d_loss(discriminator(given[2]), discriminator(generator(given[3])))
    said = f"For this batch it must be {told(right)}; you have {told(loss)}."
    must_be(loss, right, said, discriminator_step.mistakes, given)
    if not loss.requires_grad:
        raise Wrong("Nothing can learn from this loss: only the fakes may be detached, not D.")
    (to_g,) = torch.autograd.grad(loss, generator.weight, allow_unused=True)  # leaves .grad alone
    if to_g is not None:
        raise Wrong(
            "G's weights received gradients from D's loss, and in the wrong direction: they would "
            "teach G to be found out. Detach the fakes: D(fake.detach())."
        )


@gives_verdict(
    "Right: only sure samples count, and a class needs at least 1% of all samples.",
    {
        "4: a class with 9 of 1000 samples was counted; ask for at least 1% of all samples, "
        "or the 200 pictures that get 0.6 were: they are not sure enough.": (
            lambda probabilities: int((probabilities >= 0.9).any(dim=0).sum())
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
    counts = torch.tensor([500, 200, 200, 9, 91])  # the third is never sure, the fourth too few
    digits = torch.tensor([3, 5, 7, 1, 8]).repeat_interleave(counts)[:, None]
    sure = torch.tensor([0.99, 0.95, 0.6, 0.99, 0.92]).repeat_interleave(counts)[:, None]
    probabilities = ((1 - sure) / 9).repeat(1, 10).scatter(1, digits, sure)
    must_return(answer, [(probabilities, 3)], classes_covered.mistakes, what="In the test")
