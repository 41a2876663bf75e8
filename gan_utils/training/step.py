"""One round of Algorithm 1: D's turn, G's turn (first written out in notebook 02)."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_utils.training.gan import GAN
from gan_utils.training.guards import frozen, untouched
from gan_utils.training.players import given, inner

COLUMNS = ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")
# layers that look at each picture by itself
EACH_ALONE = (nn.Sequential, nn.Linear, nn.Conv2d, nn.Flatten, nn.LeakyReLU, nn.ReLU, nn.Dropout)

# Real pictures, float (N, C, H, W) in [−1, 1], alone or with int64 labels (N,) or None.
Batch = Tensor | tuple[Tensor, Tensor | None]


class Round(NamedTuple):
    """What one round leaves, without gradients: losses, logits (N, 1), G's noise and labels."""

    d_loss: Tensor
    g_loss: Tensor
    real_logits: Tensor
    fake_logits: Tensor
    z: Tensor
    labels: Tensor | None


def train_step(gan: GAN, next_batch: Callable[[], Batch]) -> Round:
    """One round of Algorithm 1 (Goodfellow et al. 2014): `d_steps` updates of D, then one of G.

    Args:
        gan: changed in place, except its step count.
        next_batch: gives the next real pictures, float (N, C, H, W) in [−1, 1], or a tuple of them
            and their labels, int64 (N,).
    """
    for _ in range(gan.settings.d_steps):
        batch = next_batch()
        real, labels = batch if isinstance(batch, tuple) else (batch, None)
        z = gan.noise(len(real))
        with gan.autocast():
            fake = gan.generator(*given(z, labels))
        d_loss, real_logits = discriminator_step(gan, real, fake.detach(), labels)
    g_loss, fake_logits = generator_step(gan, fake, real, labels)
    return Round(d_loss, g_loss, real_logits, fake_logits, z, labels)


def discriminator_step(
    gan: GAN, real: Tensor, fake: Tensor, labels: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One update of D: its loss, and its logits of the real pictures before it.

    Args:
        gan: changed in place.
        real, fake: float (N, C, H, W) in [−1, 1]; no gradient flows to either.
        labels: int64 (N,) of both, for a pair that takes them.
    """
    discriminator, objective = gan.discriminator, gan.settings.objective
    with gan.autocast():
        real_logits, fake_logits = judge_both(gan, real, fake, labels)
    loss = objective.discriminator(real_logits, fake_logits)
    gan.d_optimizer.zero_grad()
    loss.backward()
    if objective.penalty and gan.step % objective.every == 0:
        with gan.autocast():
            penalty = objective.penalty(lambda images: judge(gan, images, labels), real, fake)
        (objective.every * penalty).backward()
    gan.team.share(discriminator)
    gan.d_optimizer.step()
    return loss.detach(), real_logits.detach()


def generator_step(
    gan: GAN, fake: Tensor, real: Tensor, labels: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One update of G: its loss, and D's logits of the fake pictures before it.

    Args:
        gan: changed in place.
        fake: pictures that G has made from noise since its last update, with their graph.
        real: the real pictures beside them, for a loss that compares the two.
        labels: int64 (N,) of both, for a pair that takes them.
    """
    discriminator, objective = gan.discriminator, gan.settings.objective
    with frozen(discriminator):  # D only passes gradients on
        with gan.autocast():
            logits = [judge(gan, fake, labels)]
            if objective.paired:
                logits.append(judge(gan, real, labels))
        loss = objective.generator(*logits)
        gan.g_optimizer.zero_grad()
        loss.backward()
    gan.team.share(gan.generator)
    gan.g_optimizer.step()
    if gan.averaged:
        gan.averaged.update_parameters(inner(gan.generator))
    return loss.detach(), logits[0].detach()


def judge(gan: GAN, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
    """D's logits (N, 1) of pictures (N, C, H, W), in full precision."""
    return gan.discriminator(*given(pictures, labels)).to(gan.dtype)


def judge_both(
    gan: GAN, real: Tensor, fake: Tensor, labels: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """D's logits (N, 1) of real and of fake pictures (N, C, H, W).

    A network that looks at each picture by itself gets both in one pass: the same numbers from
    fewer and larger products. One that might mix them, as batch norm does, gets each batch alone.
    """
    if all(isinstance(module, EACH_ALONE) for module in gan.discriminator.modules()):
        both = judge(gan, torch.cat([real, fake.to(real.dtype)]))
        return both[: len(real)], both[len(real) :]
    return judge(gan, real, labels), judge(gan, fake, labels)


@torch.no_grad()
def measure(gan: GAN, done: Round) -> Tensor:
    """The numbers of `COLUMNS` after a round, float (5,): its losses, and the means of D(x), of

    D(G(z)) before G's update and of D(G(z)), the same z, after it.
    """
    with gan.autocast(), untouched(gan):
        fake = gan.generator(*given(done.z, done.labels))
        after = judge(gan, fake, done.labels)
    means = [logits.sigmoid().mean() for logits in (done.real_logits, done.fake_logits, after)]
    return torch.stack([done.d_loss, done.g_loss, *means])
