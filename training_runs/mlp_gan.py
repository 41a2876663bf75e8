"""The runs over seeds that notebook 02 quotes: make data/mlp_gan.csv.

    make mlp-gan        (about 15 minutes on two quiet cores; ARGS="ring order" makes only these)

equal_seconds   the course's MLP pair against the small dropout pair, 40 s each
order           D first (the engine) against G first, 2,000 steps each
ring            eight Gaussians, 1,000 steps, Adam's β1 at 0.9 and at 0.5: how many are covered?
stacked         1,000 modes of stacked digits, 6,000 steps: how many occur in 25,600 samples?
"""

from collections.abc import Iterator

import torch

from gan_utils import datasets, losses, metrics, models, runtime
from gan_utils.training import GAN, Settings, fit, train_step
from training_runs import runs

FIELDS = (
    *("experiment", "variant", "seed", "seconds", "steps", "fid", "fid_floor", "fid_samples"),
    *("covered", "smallest_share", "made_with"),
)
MLP = {"batch_size": 128, "lr": 5e-4, "average": 0.995}


def pair(variant: str) -> tuple[torch.nn.Module, torch.nn.Module]:
    """The course's MLP pair, or the small one with dropout instead of batch norm."""
    if variant == "course":
        return models.mlp_generator(), models.mlp_discriminator()
    return (
        models.mlp_generator(hidden=(32, 64, 128), batch_norm=False, dropout=0.3),
        models.mlp_discriminator(hidden=(128, 64, 32), dropout=0.3),
    )


def digits_row(gan: GAN) -> runs.Row:
    """FID and coverage of 10,000 samples."""
    scores = runs.judged(gan.sample(10_000, seed=1))
    return {"seconds": round(gan.seconds, 1), "steps": gan.step, **scores}


def equal_seconds(seed: int) -> Iterator[runs.Row]:
    for variant in ("course", "small dropout"):
        runtime.seed_everything(seed)
        gan = GAN(*pair(variant), Settings(seed=seed, **MLP))
        fit(gan, datasets.mnist(), seconds=40, watchers=[])
        yield {"variant": variant, **digits_row(gan)}


def order(seed: int) -> Iterator[runs.Row]:
    digits = datasets.mnist()
    for variant in ("D first", "G first"):
        runtime.seed_everything(seed)
        gan = GAN(*pair("course"), Settings(seed=seed, **MLP))
        step = train_step if variant == "D first" else generator_first
        for _ in range(2000):
            step(gan, lambda gan=gan: gan.next_batch(digits.train.images))
            gan.step += 1
        yield {"variant": variant, **digits_row(gan), "seconds": ""}


def generator_first(gan: GAN, next_batch) -> None:
    """One round with the players in the other order, as in PyTorch-GAN: G, then D on old fakes."""
    real, _ = next_batch()
    with gan.autocast():
        fake = gan.generator(gan.noise(len(real)))
        g_loss = losses.non_saturating_loss(gan.discriminator(fake).float())
    gan.g_optimizer.zero_grad()
    g_loss.backward()
    gan.g_optimizer.step()
    gan.averaged.update_parameters(gan.generator)
    with gan.autocast():
        real_logits = gan.discriminator(real).float()
        fake_logits = gan.discriminator(fake.detach()).float()
    gan.d_optimizer.zero_grad()
    losses.discriminator_loss(real_logits, fake_logits).backward()
    gan.d_optimizer.step()


def ring(seed: int) -> Iterator[runs.Row]:
    for beta1 in (0.9, 0.5):
        runtime.seed_everything(seed)
        settings = Settings(
            latent_dim=2, batch_size=256, lr=1e-3, beta1=beta1, seed=seed, bfloat16=False
        )
        gan = GAN(*models.point_pair(), settings)
        for _ in range(1000):
            train_step(gan, lambda: datasets.ring(256))
        with torch.no_grad():
            points = gan.generator(gan.noise(10_000))
        found = metrics.ring_coverage(points, datasets.ring_centers(), datasets.RING_SIGMA)
        yield {"variant": f"beta1 {beta1}", "steps": 1000, "covered": found.covered}


def stacked(seed: int) -> Iterator[runs.Row]:
    runtime.seed_everything(seed)
    triples = datasets.stacked_mnist(datasets.mnist().train, 20_000, seed)
    networks = models.build("mlp", triples.shape)
    gan = fit(GAN(*networks, Settings(seed=seed, **MLP)), triples, steps=6000, watchers=[])
    covered = metrics.stacked_coverage(gan.sample(25_600, seed=1)).covered
    yield {
        "variant": "course, 3 channels",
        "seconds": round(gan.seconds, 1),
        "steps": gan.step,
        "covered": covered,
    }


EXPERIMENTS = {
    "equal_seconds": (equal_seconds, 3),
    "order": (order, 3),
    "stacked": (stacked, 3),
    "ring": (ring, 10),
}

if __name__ == "__main__":
    runs.command(__doc__.splitlines()[0], "data/mlp_gan.csv", EXPERIMENTS, FIELDS)
