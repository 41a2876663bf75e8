"""Probability densities on a line, and cells over which they are added up (notebook 01).

An integral is a sum: ``x, dx = cells(p, q)``, then ``(f(x) * dx).sum()``.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

Grid = np.ndarray | Sequence[float] | float
TOLERANCE = 1e-6  # how far a density's integral may be from 1
REACH = 12  # standard deviations: the mass of a Gaussian beyond them is below 1e-32
CELLS = 2000  # between two breaks: the sum of a smooth function is then right to about 1e-7


@dataclass(frozen=True)
class Density:
    """A probability density on the line.

    Attributes:
        name: for legends and messages.
        pdf: x (any shape) → density (same shape), vectorized, zero outside the support.
        low, high: finite ends between which all of its mass lies, but for less than 1e-6.
        knots: points where the density jumps or peaks; cells end there.
        log_pdf: its logarithm, where pdf itself underflows; without one, log of pdf.
        draw: (n, numpy generator) → n samples; without one, samples come from the pdf by inverting
            its cumulative sum over `cells`.

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
        x, dx = cells(self)
        values = self(x)
        bad = values[~(np.isfinite(values) & (values >= 0))]
        if len(bad):
            raise ValueError(
                f"{self.name}: the density is {bad[0]:g} somewhere between {self.low:g} and "
                f"{self.high:g}; it must be a finite number, 0 or more. Look at its formula there"
            )
        mass = (values * dx).sum()
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
        x, dx = cells(self)
        masses = self(x) * dx
        chosen = source.choice(len(x), n, p=masses / masses.sum())
        return x[chosen] + (source.random(n) - 0.5) * dx[chosen]


def gaussian(mean: float = 0.0, std: float = 1.0) -> Density:
    """The normal density N(mean, std²)."""
    return mixture([mean], [std], name=f"N({mean:g}, {std:g}²)")


def mixture(means: Sequence[float], stds: Sequence[float], name: str = "mixture") -> Density:
    """A mixture of equally many samples of each Gaussian N(mean, std²).

    Raises:
        ValueError: lengths that differ, a standard deviation that is not positive.
    """
    centers, spreads = np.asarray(means, float), np.asarray(stds, float)
    finite = np.isfinite(centers).all() and np.isfinite(spreads).all()
    if not (len(centers) == len(spreads) > 0 and finite and (spreads > 0).all()):
        raise ValueError(
            f"means {list(means)} and standard deviations {list(stds)}; a mixture needs equally "
            "many of each, at least one; all must be finite, and the standard deviations positive"
        )
    heights = 1 / (spreads * math.sqrt(2 * math.pi) * len(centers))

    def pdf(x: np.ndarray) -> np.ndarray:
        return np.exp(-(((x[..., None] - centers) / spreads) ** 2) / 2) @ heights

    def log_pdf(x: np.ndarray) -> np.ndarray:
        return logsumexp(-(((x[..., None] - centers) / spreads) ** 2) / 2, b=heights, axis=-1)

    def draw(n: int, source: np.random.Generator) -> np.ndarray:
        which = source.integers(len(centers), size=n)
        return source.normal(centers[which], spreads[which])

    low, high = (centers - REACH * spreads).min(), (centers + REACH * spreads).max()
    # A narrow peak in a wide interval has cells of its own, or they could step over it.
    knots = np.unique(np.concatenate([centers + k * spreads for k in (-6, -2, 2, 6)]))
    return Density(name, pdf, float(low), float(high), tuple(knots.tolist()), log_pdf, draw)


def uniform(low: float = 0.0, high: float = 1.0) -> Density:
    """The uniform density on [low, high)."""

    def pdf(x: np.ndarray) -> np.ndarray:
        return np.where((x >= low) & (x < high), 1 / (high - low), 0.0)

    def draw(n: int, source: np.random.Generator) -> np.ndarray:
        return source.uniform(low, high, n)

    return Density(f"U[{low:g}, {high:g}]", pdf, float(low), float(high), draw=draw)


def cells(*densities: Density) -> tuple[np.ndarray, np.ndarray]:
    """The middles x and the widths dx of small cells, in order, over all that densities cover.

    2,000 equal ones between each two breaks (ends and knots of any density), so that none has a
    break inside: there everything is smooth.
    """
    breaks = np.unique([point for d in densities for point in (d.low, d.high, *d.knots)])
    edges = np.linspace(breaks[:-1], breaks[1:], CELLS + 1, axis=1)  # (pieces, CELLS + 1)
    return (edges[:, 1:] + edges[:, :-1]).ravel() / 2, np.diff(edges).ravel()
