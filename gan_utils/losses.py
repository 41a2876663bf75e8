"""The adversarial losses, from logits (first written out in notebooks 01 and 02).

A discriminator here ends in a raw score, the logit ℓ; the probability is D = σ(ℓ) = 1/(1 + e^−ℓ).
With softplus(a) = log(1 + e^a),

    −log D = softplus(−ℓ)        −log(1 − D) = softplus(ℓ),

which never takes the logarithm of a rounded zero. Losses take logits of any shape and return one
mean, in nats where they are logarithms. An `Objective` is what both players minimize together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

Judge = Callable[[Tensor], Tensor]  # pictures (N, C, H, W) → logits (N, 1), as a discriminator


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """−E[log D(x)] − E[log(1 − D(G(z)))]: the value function V(D, G), negated.

    It is 2·log 2 ≈ 1.386 where D cannot tell (D = 1/2 everywhere). Many tutorials halve it.
    Goodfellow et al. 2014, equation 1.
    """
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def non_saturating_loss(fake_logits: Tensor) -> Tensor:
    """−E[log D(G(z))]: the generator's loss in practice. Its gradient by the logit is D − 1.

    Goodfellow et al. 2014, section 3, last paragraph.
    """
    return softplus(-fake_logits).mean()


def minimax_loss(fake_logits: Tensor) -> Tensor:
    """E[log(1 − D(G(z)))]: the generator's loss in the proof. Its gradient by the logit is −D,

    which vanishes exactly when the discriminator wins (D → 0): the loss saturates.
    Goodfellow et al. 2014, equation 1.
    """
    return -softplus(fake_logits).mean()


def hinge_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """D's E[max(0, 1 − ℓ(x))] + E[max(0, 1 + ℓ(G(z)))]: sure enough is good enough.

    Lim and Ye 2017, equation 4; Miyato et al. 2018, equation 16.
    """
    return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()


def least_squares_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """D's ½·E[(ℓ(x) − 1)²] + ½·E[ℓ(G(z))²]: targets 1 for real, 0 for fake pictures.

    Mao et al. 2017, equation 9.
    """
    return ((real_logits - 1).square().mean() + fake_logits.square().mean()) / 2


def least_squares_generator_loss(fake_logits: Tensor) -> Tensor:
    """½·E[(ℓ(G(z)) − 1)²]. Mao et al. 2017, equation 9."""
    return (fake_logits - 1).square().mean() / 2


def wasserstein_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """D's E[ℓ(G(z))] − E[ℓ(x)]: no probability any more, a difference of scores.

    For D of slope 1 at most, the best value is minus the Wasserstein distance. Arjovsky et al.
    2017, equation 3.
    """
    return fake_logits.mean() - real_logits.mean()


def score_loss(fake_logits: Tensor) -> Tensor:
    """−E[ℓ(G(z))]: the generator's loss beside `hinge_loss` and `wasserstein_loss`."""
    return -fake_logits.mean()


def pairing_loss(better_logits: Tensor, worse_logits: Tensor) -> Tensor:
    """E[softplus(ℓ_worse − ℓ_better)]: in each pair, how sure is D which one is better?

    D's loss is that of (real, fake), G's that of (fake, real). Pairs are as they come in the
    batch. Jolicoeur-Martineau 2019, section 4.1; Huang et al. 2024, equation 2.
    """
    return softplus(worse_logits - better_logits).mean()


def r1_penalty(judge: Judge, pictures: Tensor) -> Tensor:
    """½·E‖∇ℓ(x)‖² over pictures (N, C, H, W): how steep the logit is where they lie.

    Over real pictures it is R1, over fake ones R2. Added to D's loss, times a weight, it keeps a
    winning discriminator from becoming a cliff that shows the generator no way up. It can be
    differentiated again. Mescheder et al. 2018, equation 9.
    """
    return _gradients(judge, pictures).square().sum(dim=1).mean() / 2


def gradient_penalty(judge: Judge, real: Tensor, fake: Tensor) -> Tensor:
    """E[(‖∇ℓ(x̂)‖ − 1)²], x̂ drawn evenly from the lines between real and fake pictures.

    With it D comes near slope 1, as `wasserstein_loss` supposes. Gulrajani et al. 2017, equation 3.
    """
    share = torch.rand(len(real), *[1] * (real.ndim - 1), dtype=real.dtype, device=real.device)
    between = share * real + (1 - share) * fake
    return (_gradients(judge, between).norm(dim=1) - 1).square().mean()


def _gradients(judge: Judge, pictures: Tensor) -> Tensor:
    """∇ℓ(x) of each picture by its pixels, (N, C·H·W)."""
    pictures = pictures.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(judge(pictures).sum(), pictures, create_graph=True)
    return gradient.flatten(1)


@dataclass(frozen=True)
class Objective:
    """What the two players minimize.

    Attributes:
        discriminator: D's loss, of (real logits, fake logits).
        generator: G's loss, of (fake logits, real logits) if `paired`, else of (fake logits).
        paired: does G's loss look at real logits, too?
        penalty: what is added to D's loss, of (D as a function of pictures alone, real pictures,
            fake pictures); None for nothing.
        every: D's updates from one penalty to the next. Each counts `every` times, which on the
            whole comes to the same for less work (Karras et al. 2020, appendix B: "lazy").
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[..., Tensor]
    paired: bool = False
    penalty: Callable[[Judge, Tensor, Tensor], Tensor] | None = None
    every: int = 1


def _r1_and_r2(judge: Judge, real: Tensor, fake: Tensor) -> Tensor:
    return r1_penalty(judge, real) + r1_penalty(judge, fake)


def _ten_gradient_penalties(judge: Judge, real: Tensor, fake: Tensor) -> Tensor:
    return 10 * gradient_penalty(judge, real, fake)  # Gulrajani et al. 2017, algorithm 1


# By the name that `Settings(loss=…)` takes. One of your own joins by
# `OBJECTIVES["mine"] = Objective(…)`.
OBJECTIVES = {
    "non_saturating": Objective(discriminator_loss, non_saturating_loss),
    "minimax": Objective(discriminator_loss, minimax_loss),
    "hinge": Objective(hinge_loss, score_loss),
    "least_squares": Objective(least_squares_loss, least_squares_generator_loss),
    "wasserstein": Objective(wasserstein_loss, score_loss, penalty=_ten_gradient_penalties),
    "relativistic": Objective(pairing_loss, pairing_loss, paired=True, penalty=_r1_and_r2, every=8),
}
