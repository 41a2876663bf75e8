"""Answers to the exercises of notebooks 00 and 02, right ones and wrong ones."""

import numpy as np
import torch
from checking import Mistakes, Solutions
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from gan_utils import losses
from gan_utils.checks import mlp_gan, start_here


def classes_covered(probabilities: Tensor, sure: float = 0.9, least: float = 0.01) -> int:
    confidence, label = probabilities.max(dim=1)
    counts = torch.bincount(label[confidence >= sure], minlength=10)
    return int((counts >= least * len(probabilities)).sum())


def d_turn(generator: nn.Module, discriminator: nn.Module, real: Tensor, z: Tensor) -> Tensor:
    fake = generator(z).detach()
    return losses.discriminator_loss(discriminator(real), discriminator(fake))


SOLUTIONS: Solutions = {
    start_here.noise: [
        lambda n, latent_dim: torch.randn(n, latent_dim),
        lambda n, d: torch.empty(n, d).normal_(),
    ],
    start_here.steps_per_epoch: [
        lambda pictures, batch_size: pictures // batch_size,
        lambda p, b: int(p / b),
        lambda p, b: (p - p % b) / b,
    ],
    start_here.class_shares: [
        lambda labels: torch.bincount(labels, minlength=10) / len(labels),
        lambda labels: [(labels == c).float().mean().item() for c in range(10)],
        lambda labels: np.bincount(labels.numpy(), minlength=10) / len(labels),
    ],
    mlp_gan.to_range: [
        lambda pixels: pixels.float() / 127.5 - 1,
        lambda pixels: (pixels / 255) * 2 - 1,
        lambda pixels: (pixels.float() - 127.5) / 127.5,
    ],
    mlp_gan.count_parameters: [
        lambda network: sum(p.numel() for p in network.parameters() if p.requires_grad),
        lambda network: torch.tensor(
            [p.numel() for p in network.parameters() if p.requires_grad]
        ).sum(),
    ],
    mlp_gan.discriminator_loss: [
        losses.discriminator_loss,
        lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        lambda real, fake: -(logsigmoid(real).mean() + logsigmoid(-fake).mean()),
        lambda real, fake: (
            nn.BCEWithLogitsLoss()(real, torch.ones_like(real))
            + nn.BCEWithLogitsLoss()(fake, torch.zeros_like(fake))
        ),
    ],
    mlp_gan.discriminator_step: [
        d_turn,
        lambda g, d, real, z: softplus(-d(real)).mean() + softplus(d(g(z).detach())).mean(),
    ],
    mlp_gan.classes_covered: [
        classes_covered,
        lambda p: sum((p[:, c] >= 0.9).float().mean() >= 0.01 for c in range(10)),
    ],
}


def without_grad(generator: nn.Module, discriminator: nn.Module, real: Tensor, z: Tensor) -> Tensor:
    with torch.no_grad():
        return d_turn(generator, discriminator, real, z)


def seeded(n: int, latent_dim: int) -> Tensor:
    torch.manual_seed(0)
    return torch.randn(n, latent_dim)


MISTAKES: Mistakes = {
    start_here.noise: {
        "uniform": (lambda n, d: torch.rand(n, d), "torch.rand, uniform"),
        "swapped": (lambda n, d: torch.randn(d, n), "shape is (100, 2000)"),
        "one vector": (lambda n, d: torch.randn(d), "shape is (100,)"),
        "as an image": (lambda n, d: torch.randn(n, d, 1, 1), "shape is (2000, 100, 1, 1)"),
        "numpy": (lambda n, d: np.random.randn(n, d), "ndarray"),  # noqa: NPY002
        "integers": (lambda n, d: torch.randint(-1, 2, (n, d)), "made of floats"),
        "too wide": (lambda n, d: 2 * torch.randn(n, d), "spread 2.0"),
        "centered uniform": (lambda n, d: 2 * torch.rand(n, d) - 1, "spread 0.58"),
        "seeded inside": (seeded, "do not seed inside"),
    },
    start_here.steps_per_epoch: {
        "fraction": (lambda p, b: p / b, "rounds down"),
        "remainder": (lambda p, b: p % b, "For 9000, 64 it must be 140; you have 40"),
        "learned by heart": (lambda p, b: 140, "For 9000, 128 it must be 70"),
        "another mistake in each row": (lambda p, b: 140 if b == 64 else -(-p // b), "you have 71"),
    },
    start_here.class_shares: {
        "without minlength": (lambda x: torch.bincount(x) / len(x), "shape is (8,)"),
        "all equal": (lambda x: torch.full((10,), 0.1), "it must be [0.375, 0.25, 0, "),
    },
    mlp_gan.to_range: {
        "sigmoid's range": (lambda x: x.float() / 255, "a sigmoid's"),
        "half the way": (lambda x: x.float() / 255 - 1, "-1.000 … 0.000"),
        "divided by 255, then doubled": (lambda x: x.float() / 127.5, "divide by 127.5 before"),
        "not divided": (lambda x: x.float() - 1, "divide by 127.5 before"),
        "subtracted first": (lambda x: (x - 1).float() / 127.5 - 1, "wraps around"),
        "uint8": (lambda x: x // 127 - 1, "convert with .float()"),
        "negative": (lambda x: 1 - x.float() / 127.5, "white into black"),
        "cropped": (lambda x: (x.float() / 127.5 - 1) * 0.5, "must be −1 … 1"),
    },
    mlp_gan.count_parameters: {},
    mlp_gan.discriminator_loss: {
        "logarithms of the sigmoid": (
            lambda real, fake: -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean(),
            "infinite for a logit of 200",
        ),
        "a sigmoid too many": (
            lambda real, fake: softplus(-real.sigmoid()).mean() + softplus(fake.sigmoid()).mean(),
            "it must be",
        ),
        "only real": (lambda real, fake: softplus(-real).mean(), "it must be"),
    },
    mlp_gan.discriminator_step: {
        "no detach": (
            lambda g, d, real, z: losses.discriminator_loss(d(real), d(g(z))),
            "Detach the fakes",
        ),
        "G's loss": (
            lambda g, d, real, z: losses.non_saturating_loss(d(g(z))),
            "For this batch it must be",
        ),
        "no gradient": (without_grad, "Nothing can learn"),
        "the loss detached": (lambda *args: d_turn(*args).detach(), "Nothing can learn"),
    },
    mlp_gan.classes_covered: {
        "unsure ones": (lambda p: classes_covered(p, sure=0.5), "not sure enough"),
        "the number of pictures": (
            lambda p: int((p.max(dim=1)[0] >= 0.9).sum()),
            "In the test it must be 3",
        ),
    },
}
