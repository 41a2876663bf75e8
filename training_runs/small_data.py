"""The runs over seeds that notebook 06 quotes: make data/small_data.csv.

    make small-data     (about 12 minutes of one quiet core; ARGS="more" makes only these)

more            100, 300 and 1,000 training pictures as they are
augmented       100 pictures mirrored, then mirrored and moved by up to 2 pixels

Drawn faces at 32×32, the same DCGAN, the same number of steps. At several steps, 500 samples look
for their nearest picture among the training pictures and among as many that were never trained on;
"closer" is the share that finds it in the former, 0.5 where nothing is copied (`metrics.copies`).
Mirrored and moved pictures belong to both reference sets in every variant, so that the copy of a
mirrored picture counts as a copy too. The rows "real pictures" put 500 further real pictures in the
samples' place: how far from 0.5 chance alone takes it.
"""

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from gan_utils import datasets, metrics, models, runtime
from gan_utils.training import GAN, Settings, fit
from training_runs import runs

FIELDS = (
    *("experiment", "variant", "pictures", "seed", "steps", "closer", "ratio", "to_train"),
    *("to_held_out", "d_real", "d_fake", "seconds", "made_with"),
)
SIZE, MOST, SAMPLES = 32, 1000, 500
MEASURED = (250, 500, 1000)  # steps
SETTINGS = {"latent_dim": 16, "batch_size": 50, "lr": 2e-3, "average": 0.995}
MOVES = (-2, 0, 2)  # pixels


def mirrored(pictures: Tensor) -> Tensor:
    """Each picture and its mirror image, uint8 (2·N, C, H, W)."""
    return torch.cat([pictures, pictures.flip(3)])


def moved(pictures: Tensor) -> Tensor:
    """Each picture moved by −2, 0 and 2 pixels along both axes, its edge repeated, (9·N, …)."""
    places = [(torch.arange(SIZE) + move).clamp(0, SIZE - 1) for move in MOVES]
    return torch.cat([pictures[:, :, y][:, :, :, x] for y, x in product(places, places)])


def as_they_are(pictures: Tensor) -> Tensor:
    return pictures


def mirrored_and_moved(pictures: Tensor) -> Tensor:
    return moved(mirrored(pictures))


def faces(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """MOST to train on, as many never trained on, and SAMPLES further ones; another deal a seed."""
    drawn = datasets.cartoon(2 * MOST + SAMPLES, SIZE).images
    order = torch.randperm(len(drawn), generator=torch.Generator().manual_seed(seed))
    return drawn[order].split([MOST, MOST, SAMPLES])


def measured(samples: Tensor, train: Tensor, held_out: Tensor) -> runs.Row:
    found = metrics.copies(samples, mirrored_and_moved(train), mirrored_and_moved(held_out))
    return {
        "closer": round(found.closer, 4),
        "ratio": round(found.ratio, 4),
        "to_train": round(float(found.to_train.median()), 4),
        "to_held_out": round(float(found.to_held_out.median()), 4),
    }


def run(seed: int, pictures: int, change=as_they_are) -> Iterator[runs.Row]:
    """Train on so many pictures, changed or not, and measure at several steps."""
    train, held_out, others = faces(seed)
    train, held_out = train[:pictures], held_out[:pictures]
    about = {"variant": change.__name__.replace("_", " "), "pictures": pictures}
    if change is as_they_are:
        yield {**about, "variant": "real pictures", **measured(others, train, held_out)}
    images = datasets.ImageSet(change(train))
    runtime.seed_everything(seed)
    networks = models.build("dcgan", images.shape, SETTINGS["latent_dim"], base_channels=32)
    gan = GAN(*networks, Settings(seed=seed, **SETTINGS))
    for steps in MEASURED:
        fit(gan, images, steps=steps, watchers=[])
        last = gan.history[-1]
        yield {
            **about,
            "steps": steps,
            **measured(gan.sample(SAMPLES), train, held_out),
            "d_real": round(last["d_real"], 3),
            "d_fake": round(last["d_fake"], 3),
            "seconds": round(gan.seconds, 1),
        }


def more(seed: int) -> Iterator[runs.Row]:
    for pictures in (100, 300, 1000):
        yield from run(seed, pictures)


def augmented(seed: int) -> Iterator[runs.Row]:
    for change in (mirrored, mirrored_and_moved):
        yield from run(seed, 100, change)


EXPERIMENTS = {"more": (more, 3), "augmented": (augmented, 3)}

if __name__ == "__main__":
    runs.command(__doc__.splitlines()[0], "data/small_data.csv", EXPERIMENTS, FIELDS, threads=1)
