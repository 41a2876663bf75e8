"""The runs over seeds that notebook 01 quotes: make data/minimax.csv.

    make minimax        (about three minutes; ARGS="loss d_steps" makes only these)

fit       a 1-D GAN on one Gaussian and on a mixture of two: the mean JS over the last tenth
loss      both losses of G after D had 300 turns alone: the gradient of G, and JS, over the steps;
          G by Adam, and G by plain SGD
d_steps   k = 1, 2 and 5 turns of D for each of G: JS over the seconds
learned   D alone against D*: the largest difference, on fresh samples and on 2,000 fixed ones
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gan_utils import minimax
from gan_utils.minimax import SETTINGS, Snapshot
from training_runs import runs

FIELDS = (
    *("experiment", "variant", "seed", "step", "seconds", "js", "floor", "gradient"),
    *("difference", "made_with"),
)
DATA = {
    "one Gaussian": minimax.gaussian(1.0, 0.8),
    "two modes": minimax.mixture([-1.5, 1.5], [0.5, 0.5]),
}
FAR = minimax.gaussian(3.0, 0.5)
P, Q = minimax.gaussian(-1.0, 0.8), minimax.gaussian(1.0, 1.2)


def fit(seed: int) -> Iterator[runs.Row]:
    for (variant, data), steps in zip(DATA.items(), (3000, 5000), strict=True):
        run = minimax.play(data, replace(SETTINGS, seed=seed), steps)
        yield {
            "variant": variant,
            "step": steps,
            "seconds": round(run[-1].seconds, 2),
            "js": round(minimax.late_js(run), 5),
            "floor": round(minimax.js_floor(data, seed), 5),
        }


def loss(seed: int) -> Iterator[runs.Row]:
    for name in ("non_saturating", "minimax"):
        for optimizer, rate in (("Adam", None), ("SGD", 0.02)):
            settings = replace(SETTINGS, seed=seed, loss=name)
            run = minimax.play(FAR, settings, 400, hold=1.0, head_start=300, g_sgd=rate)
            yield from _curve(f"{name}, {optimizer}", run)


def d_steps(seed: int) -> Iterator[runs.Row]:
    for k in (1, 2, 5):
        settings = replace(SETTINGS, seed=seed, d_steps=k)
        yield from _curve(f"k = {k}", minimax.play(DATA["one Gaussian"], settings, 1500, hold=1))


def learned(seed: int) -> Iterator[runs.Row]:
    x = np.linspace(minimax.LOW, minimax.HIGH, 601)
    where = P(x) + Q(x) > 1e-2 * (P(x) + Q(x)).max()
    for variant, samples in (("fresh", None), ("2,000 fixed", 1000)):
        d = minimax.learn_d(P, Q, 2000, samples, seed)
        difference = np.abs(d(x) - minimax.optimal_d(P, Q, x)[0])[where].max()
        yield {"variant": variant, "step": 2000, "difference": round(float(difference), 4)}


def _curve(variant: str, run: list[Snapshot]) -> Iterator[runs.Row]:
    for shot in run:
        yield {
            "variant": variant,
            "step": shot.step,
            "seconds": round(shot.seconds, 3),
            "js": round(shot.js, 5),
            "gradient": f"{shot.gradient:.4g}",
        }


EXPERIMENTS = {"fit": (fit, 5), "loss": (loss, 5), "d_steps": (d_steps, 5), "learned": (learned, 5)}

if __name__ == "__main__":
    # one thread: the tensors are too small for two
    runs.command(__doc__.splitlines()[0], "data/minimax.csv", EXPERIMENTS, FIELDS, threads=1)
