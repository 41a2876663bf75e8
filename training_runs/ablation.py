"""The ablation table of notebook 04: make data/ablation.csv.

    make ablation        (about 45 minutes of one quiet core; ARGS="SGD RMSprop" makes only these,
                          ARGS=--resume goes on where it was stopped)

Every variant of `gan_utils.variants`, three seeds each, all after the same number of real pictures:
with a larger batch, or with k > 1, G takes fewer steps. And the MLP beside the DCGAN at the same
seconds. Seconds are the processor's, for training alone.
"""

import time
from collections.abc import Iterator
from functools import partial

from gan_utils import datasets, models, runtime, variants
from gan_utils.training import GAN, Settings, TrainingDiverged, fit, train_step
from training_runs import runs

FIELDS = (
    *("variant", "seed", "images", "steps", "batch_size", "d_steps", "lr", "base_channels"),
    *("seconds", "fid", "fid_floor", "fid_samples", "covered", "smallest_share", "confident"),
    *("d_real", "d_fake", "made_with"),
)
IMAGES, SAMPLES, BASE_CHANNELS, SEEDS, SECONDS = 76_800, 5000, 16, 3, 40
EQUAL_SECONDS = ("DCGAN, equal seconds", "MLP, equal seconds")


def by_images(name: str, seed: int) -> GAN:
    """A variant, trained on so many real pictures. A run that diverged is judged as it was."""
    gan = variants.gan(name, seed, BASE_CHANNELS)
    try:
        fit(gan, datasets.mnist(), steps=IMAGES // real_each_step(gan), watchers=[])
    except TrainingDiverged as error:
        print(f"{name}, seed {seed}: {error}")
    return gan


def by_seconds(name: str, seed: int) -> GAN:
    """The DCGAN or the MLP, each at its own learning rate, for so many seconds of processor."""
    runtime.seed_everything(seed)
    model, lr = ("dcgan", variants.RATE) if name.startswith("DCGAN") else ("mlp", 5e-4)
    networks = models.build(model, (1, 28, 28), base_channels=BASE_CHANNELS)
    gan = GAN(*networks, Settings(lr=lr, average=0.995, seed=seed))
    pictures, clock = datasets.mnist().train.images, time.process_time()
    while time.process_time() - clock < SECONDS:
        train_step(gan, lambda: gan.next_batch(pictures))
        gan.step += 1
    return gan


def real_each_step(gan: GAN) -> int:
    """How many real pictures one step of G takes."""
    return gan.settings.batch_size * gan.settings.d_steps


def measure(name: str, seed: int) -> Iterator[runs.Row]:
    """Train once and judge the samples."""
    clock = time.process_time()
    gan = by_seconds(name, seed) if name in EQUAL_SECONDS else by_images(name, seed)
    seconds = time.process_time() - clock
    last = gan.history[-1] if gan.history else {}
    row = {field: getattr(gan.settings, field) for field in FIELDS if hasattr(Settings, field)}
    yield row | {
        "images": gan.step * real_each_step(gan),
        "steps": gan.step,
        "base_channels": "" if name.startswith("MLP") else BASE_CHANNELS,
        "seconds": round(seconds, 1),
        **runs.judged(gan.sample(SAMPLES, seed=1)),
        **{verdict: round(last[verdict], 3) for verdict in ("d_real", "d_fake") if last},
        "made_with": runtime.provenance(bfloat16=gan.bfloat16),
    }


EXPERIMENTS = {
    name: (partial(measure, name), SEEDS) for name in (*variants.VARIANTS, *EQUAL_SECONDS)
}

if __name__ == "__main__":
    title = __doc__.splitlines()[0]
    runs.command(title, "data/ablation.csv", EXPERIMENTS, FIELDS, threads=1, column="variant")
