"""The runs over seeds that notebook 03 quotes: make data/checkerboards.csv.

    make checkerboards        (about 20 minutes; ARGS="layer" makes only these)

untrained   three generators at matched parameters, 20 seeds: the peak at the Nyquist frequency
trained     the same after 1,500 steps on digits padded to 32×32, 5 seeds, and their FID
real        the peak of the digits themselves, 50 draws of 1,000: how much a thousand varies
layer       one random layer on random feature maps, 20 seeds, at the period of its stride
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from gan_utils import datasets, metrics, models, runtime, shapes
from gan_utils.datasets import ImageSet, to_unit
from gan_utils.training import GAN, Settings, fit
from training_runs import runs

FIELDS = (
    *("experiment", "kind", "seed", "steps", "seconds", "parameters", "period", "peak"),
    *("mean_peak", "fid", "fid_floor", "fid_samples", "made_with"),
)
STEPS, LATENT, SAMPLES, BORDER = 1500, 64, 2000, 2
SETTINGS = {"latent_dim": LATENT, "batch_size": 64, "lr": 1e-3, "average": 0.995}


def padded_digits() -> ImageSet:
    """The embedded digits with two black pixels on each side: 32×32, no pixel changed."""
    digits = datasets.mnist()
    return replace(digits, images=pad(digits.images, [BORDER] * 4))


@torch.no_grad()
def pictures(generator: nn.Module, seed: int) -> Tensor:
    """Float pictures (1000, 1, 32, 32), by the batch's own statistics as in training."""
    device = next(generator.parameters()).device
    noise = torch.randn(1000, LATENT, generator=torch.Generator().manual_seed(seed))
    return generator.train()(noise.to(device)).float().cpu()


def peaks(images: Tensor, period: int = 2, border: int = 4) -> runs.Row:
    """The peak in the pictures' spectra, and in the spectrum of their mean picture: what repeats

    from pixel to pixel in each of them alike is left in the mean, and strokes are not.
    """
    return {
        "period": period,
        "peak": f"{shapes.peak(images, period, border):.4g}",
        "mean_peak": f"{shapes.peak(images.mean(0, keepdim=True), period, border):.4g}",
    }


def untrained(seed: int) -> Iterator[runs.Row]:
    for kind in shapes.KINDS:
        runtime.seed_everything(seed)
        generator = shapes.matched(kind)
        yield {
            "kind": kind,
            "steps": 0,
            "parameters": models.count_parameters(generator),
            **peaks(pictures(generator, seed)),
        }


def trained(seed: int) -> Iterator[runs.Row]:
    digits = padded_digits()
    for kind in shapes.KINDS:
        runtime.seed_everything(seed)
        players = shapes.matched(kind), models.dcgan_discriminator(32, 1, 16)
        gan = GAN(*players, Settings(seed=seed, **SETTINGS))
        fit(gan, digits, steps=STEPS, watchers=[])
        samples = gan.sample(SAMPLES, seed=1)[..., BORDER:-BORDER, BORDER:-BORDER]
        score = metrics.fid(samples)
        yield {
            "kind": kind,
            "steps": gan.step,
            "seconds": round(gan.seconds, 1),
            "parameters": models.count_parameters(players[0]),
            **peaks(pictures(gan.best_generator, seed)),
            "fid": round(score.value, 2),
            "fid_floor": round(score.floor, 2),
            "fid_samples": score.samples,
        }


def real(seed: int) -> Iterator[runs.Row]:
    """A thousand digits, 100 of each class, drawn by the seed."""
    digits, source = padded_digits(), torch.Generator().manual_seed(seed)
    chosen = []
    for label in digits.labels.unique():
        places = (digits.labels == label).nonzero().flatten()
        chosen.append(places[torch.randperm(len(places), generator=source)[:100]])
    yield {"kind": "digits", **peaks(to_unit(digits.images[torch.cat(chosen)]))}


def layer(seed: int) -> Iterator[runs.Row]:
    """Positive random feature maps (64, 32, 32, 32) through one layer that ends at 1 channel."""
    layers = {
        "4-2-1": (lambda: shapes.doubling("4-2-1", 32, 1), 2),
        "3-2-1": (lambda: shapes.doubling("3-2-1", 32, 1), 2),
        "resize": (lambda: shapes.doubling("resize", 32, 1), 2),
        "5-3-1": (lambda: nn.ConvTranspose2d(32, 1, 5, 3, 1, bias=False), 3),
        "3-3-0": (lambda: nn.ConvTranspose2d(32, 1, 3, 3, bias=False), 3),  # even, as a control
    }
    for kind, (make, period) in layers.items():
        runtime.seed_everything(seed)
        with torch.no_grad():
            images = make().apply(models.dcgan_init)(torch.randn(64, 32, 32, 32).relu())
        border = 4 if period == 2 else 6  # 64 less 8 is a multiple of 2, 96 less 12 of 3
        yield {"kind": kind, **peaks(images, period, border)}


EXPERIMENTS = {
    "real": (real, 50),
    "layer": (layer, 20),
    "untrained": (untrained, 20),
    "trained": (trained, 5),
}

if __name__ == "__main__":
    runs.command(__doc__.splitlines()[0], "data/checkerboards.csv", EXPERIMENTS, FIELDS)
