"""The adversarial losses, from logits (first written out in notebooks 01 and 02).

A discriminator here ends in a raw score, the logit ℓ; the probability is D = σ(ℓ) = 1/(1 + e^−ℓ).
With softplus(a) = log(1 + e^a),

    −log D = softplus(−ℓ)        −log(1 − D) = softplus(ℓ),

which never takes the logarithm of a rounded zero. All functions take logits of any shape and
return one mean, in nats.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus


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


def r1_penalty(discriminator: nn.Module, real: Tensor) -> Tensor:
    """½·E‖∇ℓ(x)‖² over real pictures (N, C, H, W): how steep the logit is where the data lie.

    Added to D's loss, times a weight, it keeps a winning discriminator from becoming a cliff that
    shows the generator no way up. It can be differentiated again. Mescheder et al. 2018, eq. 9.
    """
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)
    return gradient.flatten(1).square().sum(dim=1).mean() / 2


GENERATOR_LOSSES = {"non_saturating": non_saturating_loss, "minimax": minimax_loss}


def generator_loss(name: str) -> "torch.nn.Module | callable":
    """The generator's loss by name.

    Raises:
        ValueError: no such loss.
    """
    if name not in GENERATOR_LOSSES:
        raise ValueError(f"loss is {name!r}; it must be one of {', '.join(GENERATOR_LOSSES)}")
    return GENERATOR_LOSSES[name]
