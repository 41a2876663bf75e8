"""The theory of the game in numbers: the best D, KL, JS, V, Wasserstein (notebook 01).

For densities on a line, and for samples counted in bins. Divergences are in nats.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import rel_entr

from gan_utils.minimax.densities import Density, Grid, cells

Chances = np.ndarray | tuple[np.ndarray, np.ndarray]  # D, or D and 1 − D
LOW, HIGH, BINS = -6.0, 6.0, 120  # the bins in which samples are counted
WIDTH = (HIGH - LOW) / BINS
CENTERS = LOW + (np.arange(BINS) + 0.5) * WIDTH


def optimal_d(p: Density, q: Density, x: Grid) -> tuple[np.ndarray, np.ndarray]:
    """D* = p/(p+q) and 1 − D* = q/(p+q) at x, each from its own density.

    1 − D* is not computed as 1 − D*: where p is 1e17 times q that would round to 0. Where both
    densities are 0 no value is better than another, and both results are NaN.

    Goodfellow et al. 2014, proposition 1.
    """
    real, fake = p(x), q(x)
    total = np.where(real + fake > 0, real + fake, np.nan)
    return real / total, fake / total


def kl(p: Density, q: Density) -> float:
    """KL(p‖q) = ∫ p·log(p/q), nats; infinite where p has mass and q has none."""
    x, dx = cells(p, q)
    somewhere = p(x) > 0
    x, dx = x[somewhere], dx[somewhere]
    return max(0.0, float((p(x) * (p.log(x) - q.log(x)) * dx).sum()))


def js(p: Density, q: Density) -> float:
    """JS(p, q) = ½KL(p‖m) + ½KL(q‖m) with m = (p+q)/2, nats: 0 if equal, log 2 if disjoint."""
    x, dx = cells(p, q)
    return js_of_shares(p(x) * dx, q(x) * dx)


def value(
    p: Density, q: Density, d: Callable[[np.ndarray], Chances], n: int
) -> tuple[float, float]:
    """V(D, G) = E_p[log D(x)] + E_q[log(1 − D(x))] by Monte Carlo, and its standard error.

    Args:
        p, q: the density of the data, and the generator's.
        d: x (n,) → D(x) in (0, 1); or a pair (D(x), 1 − D(x)), as `optimal_d` gives.
        n: samples of each.

    Raises:
        ValueError: a D outside 0 … 1, or not a number.
    """
    on_real, _ = _both(d(p.sample(n, seed=0)))
    _, off_fake = _both(d(q.sample(n, seed=1)))
    with np.errstate(divide="ignore"):
        first, second = np.log(on_real), np.log(off_fake)
    error = math.sqrt(first.var(ddof=1) / n + second.var(ddof=1) / n)
    return float(first.mean() + second.mean()), error


def js_of_shares(first: np.ndarray, second: np.ndarray) -> float:
    """JS between two lists of shares (bins,), each adding up to 1, nats.

    Never quite 0 for shares of samples: two samples of one distribution differ too. Print that
    floor beside it.
    """
    middle = (first + second) / 2
    found = float((rel_entr(first, middle) + rel_entr(second, middle)).sum()) / 2
    return min(max(0.0, found), math.log(2))  # rounding passes either bound by 1e-18


def histogram(samples: Grid) -> np.ndarray:
    """The share of the samples in each of 120 equal bins from −6 to 6, float (120,), sum 1.

    Samples outside are counted in the outermost bins, if they are few.

    Raises:
        ValueError: no samples, a NaN, or more than 1% of them outside the bins.
    """
    samples = np.asarray(samples, dtype=np.float64).ravel()
    if not len(samples) or not np.isfinite(samples).all():
        bad = np.count_nonzero(~np.isfinite(samples))
        raise ValueError(
            f"{len(samples)} samples, {bad} of them NaN or infinite; there must be at least one, "
            "all finite. If a network made them, its training has diverged: lower the learning rate"
        )
    outside = np.mean((samples < LOW) | (samples > HIGH))
    if outside > 0.01:
        raise ValueError(
            f"{outside:.1%} of the samples lie outside {LOW:g} … {HIGH:g} (they reach from "
            f"{samples.min():.3g} to {samples.max():.3g}); at most 1% may. Take data nearer to 0; "
            "if the data lie inside, the training has diverged: lower the learning rate"
        )
    counts, _ = np.histogram(samples.clip(LOW, HIGH), BINS, (LOW, HIGH))
    return counts / len(samples)


def wasserstein(p: Density, q: Density) -> float:
    """The Wasserstein-1 distance on the line: ∫ |F_p − F_q|, the work to move p onto q."""
    x, dx = cells(p, q)
    mass = (p(x) - q(x)) * dx
    gap = mass.cumsum() - mass / 2  # F_p − F_q in the middle of each cell
    return float((np.abs(gap) * dx).sum())


def _both(d: Chances) -> tuple[np.ndarray, np.ndarray]:
    on, off = d if isinstance(d, tuple) else (d, 1 - np.asarray(d))
    on, off = np.asarray(on, np.float64), np.asarray(off, np.float64)
    for name, chances in (("D(x)", on), ("1 − D(x)", off)):
        if not ((chances >= 0) & (chances <= 1)).all():
            raise ValueError(
                f"{name} goes from {chances.min():.3g} to {chances.max():.3g}; it is a probability "
                "and must lie in 0 … 1. If D gives logits, take the sigmoid"
            )
    return on, off
