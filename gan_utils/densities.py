"""Probability densities on a line, and integrals over them (notebook 01).

Integrals are computed by adaptive quadrature, split where a density jumps and around its peaks, so
that none is stepped over.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.special import logsumexp

Grid = np.ndarray | Sequence[float] | float
TOLERANCE = 1e-6  # how far a density's integral may be from 1
REACH = 12  # standard deviations: the mass of a Gaussian beyond them is below 1e-32
DRAWING_CELLS = 4096  # of the table by which a density without a sampler of its own is sampled


@dataclass(frozen=True)
class Density:
    """A probability density on the line.

    Attributes:
        name: for legends and messages.
        pdf: x (any shape) → density (same shape), vectorized, zero outside the support.
        low, high: finite ends between which all of its mass lies, but for less than 1e-6.
        knots: points where the density jumps or peaks; integrals are split there.
        log_pdf: its logarithm, where pdf itself underflows; without one, log of pdf.
        draw: (n, numpy generator) → n samples; without one, samples come from the pdf by inverting
            its cumulative sum on a fine table.

    Raises:
        ValueError: low ≥ high, a value that is negative or not a number, an integral that is not 1.
    """

    name: str
    pdf: Callable[[np.ndarray], np.ndarray]
    low: float
    high: float
    knots: tuple[float, ...] = ()
    log_pdf: Callable[[np.ndarray], np.ndarray] | None = None
    draw: Callable[[int, np.random.Generator], np.ndarray] | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(
                f"{self.name}: low is {self.low} and high is {self.high}; they must be finite, low "
                "below high. For a density with tails give ends beyond which less than 1e-6 lies"
            )
        values = self(probe_points([self]))
        bad = values[~(np.isfinite(values) & (values >= 0))]
        if len(bad):
            raise ValueError(
                f"{self.name}: the density is {bad[0]:g} somewhere between {self.low:g} and "
                f"{self.high:g}; it must be a finite number, 0 or more. Look at its formula there"
            )
        mass = integral(self, [self])
        if not abs(mass - 1) <= TOLERANCE:
            raise ValueError(
                f"{self.name}: the density integrates to {mass:.6g} between {self.low:g} and "
                f"{self.high:g}; it must be 1. Divide it by that number, widen low "
                "and high, or name its peaks and jumps as knots"
            )

    def __call__(self, x: Grid) -> np.ndarray:
        """The density at x, float64, the shape of x."""
        x = np.asarray(x, dtype=np.float64)
        return np.broadcast_to(np.asarray(self.pdf(x), dtype=np.float64), x.shape)

    def log(self, x: Grid) -> np.ndarray:
        """The logarithm of the density at x, −inf where it is 0."""
        if self.log_pdf is not None:
            return np.asarray(self.log_pdf(np.asarray(x, dtype=np.float64)))
        with np.errstate(divide="ignore"):
            return np.log(self(x))

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """n samples, float64 (n,)."""
        source = np.random.default_rng(seed)
        if self.draw is not None:
            return self.draw(n, source)
        edges = cell_edges([self], DRAWING_CELLS)
        masses = self((edges[1:] + edges[:-1]) / 2) * np.diff(edges)
        cells = source.choice(len(masses), n, p=masses / masses.sum())
        return edges[cells] + source.random(n) * np.diff(edges)[cells]


def gaussian(mean: float = 0.0, std: float = 1.0) -> Density:
    """The normal density N(mean, std²)."""
    return mixture([mean], [std], name=f"N({mean:g}, {std:g}²)")


def mixture(
    means: Sequence[float],
    stds: Sequence[float],
    weights: Sequence[float] | None = None,
    name: str = "mixture",
) -> Density:
    """A mixture of Gaussians; equal weights unless given.

    Raises:
        ValueError: lengths that differ, a standard deviation that is not positive, weights that are
            negative or do not add up to 1.
    """
    centers, spreads = np.asarray(means, float), np.asarray(stds, float)
    shares = np.full(len(centers), 1 / max(1, len(centers)))
    if weights is not None:
        shares = np.asarray(weights, float)
    if not len(centers) == len(spreads) == len(shares) > 0:
        raise ValueError(
            f"{len(centers)} means, {len(spreads)} standard deviations and {len(shares)} weights; "
            "a mixture needs equally many of each, at least one"
        )
    if not (np.isfinite(centers).all() and np.isfinite(spreads).all() and (spreads > 0).all()):
        raise ValueError(
            f"means {list(means)} and standard deviations {list(stds)}; all must be finite, and "
            "the standard deviations positive"
        )
    if not ((shares >= 0).all() and abs(shares.sum() - 1) <= TOLERANCE):
        raise ValueError(f"weights {shares.tolist()}; they must be 0 or more and add up to 1")

    heights = shares / (spreads * math.sqrt(2 * math.pi))

    def pdf(x: np.ndarray) -> np.ndarray:
        return np.exp(-(((x[..., None] - centers) / spreads) ** 2) / 2) @ heights

    def log_pdf(x: np.ndarray) -> np.ndarray:
        return logsumexp(-(((x[..., None] - centers) / spreads) ** 2) / 2, b=heights, axis=-1)

    def draw(n: int, source: np.random.Generator) -> np.ndarray:
        which = source.choice(len(shares), n, p=shares / shares.sum())
        return source.normal(centers[which], spreads[which])

    low, high = (centers - REACH * spreads).min(), (centers + REACH * spreads).max()
    # A narrow peak in a wide interval is split off, or the quadrature could step over it.
    knots = np.unique(np.concatenate([centers + k * spreads for k in (-6, -2, 0, 2, 6)]))
    return Density(name, pdf, float(low), float(high), tuple(knots.tolist()), log_pdf, draw)


def uniform(low: float = 0.0, high: float = 1.0) -> Density:
    """The uniform density on [low, high)."""

    def pdf(x: np.ndarray) -> np.ndarray:
        return np.where((x >= low) & (x < high), 1 / (high - low), 0.0)

    def draw(n: int, source: np.random.Generator) -> np.ndarray:
        return source.uniform(low, high, n)

    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"low is {low} and high is {high}; they must be finite, low below high")
    return Density(f"U[{low:g}, {high:g}]", pdf, float(low), float(high), draw=draw)


def _breaks(densities: Sequence[Density]) -> np.ndarray:
    """All ends and knots of the densities, in order: between two of them everything is smooth."""
    return np.unique([point for d in densities for point in (d.low, d.high, *d.knots)])


def integral(integrand: Callable[[float], float], densities: Sequence[Density]) -> float:
    """The integral over all that the densities cover, piece by piece."""
    pieces = itertools.pairwise(_breaks(densities))
    return math.fsum(
        quad(integrand, low, high, epsabs=1e-10, epsrel=1e-8, limit=200)[0] for low, high in pieces
    )


def cell_edges(densities: Sequence[Density], n: int) -> np.ndarray:
    """The edges of about n cells from end to end, none with a break inside."""
    breaks = _breaks(densities)
    return np.unique(np.concatenate([np.linspace(breaks[0], breaks[-1], n + 1), breaks]))


def probe_points(densities: Sequence[Density]) -> np.ndarray:
    """Points all over, none on a break: there a density may have either of two values."""
    edges = cell_edges(densities, 2000)
    return (edges[1:] + edges[:-1]) / 2
