"""How good are the samples? FID, which says what it was measured with; and coverage."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from gan_utils.datasets import ImageSet, cartoon, mnist
from gan_utils.metrics.classifiers import FEATURES, Classifier, classifier, classifier_of
from gan_utils.metrics.coverage import (
    CONFIDENCE,
    Coverage,
    coverage,
    coverages,
    ring_coverage,
    stacked_coverage,
)

__all__ = [
    "CONFIDENCE",
    "FID",
    "Coverage",
    "coverage",
    "coverages",
    "fid",
    "frechet_distance",
    "ring_coverage",
    "stacked_coverage",
]


@dataclass(frozen=True)
class FID:
    """A Fréchet distance between Gaussians fitted to features, and what it was measured with.

    Attributes:
        value: the distance; 0 for identical statistics. Not comparable to Inception's FID.
        floor: the same distance for `samples` real training pictures instead of the samples.
        samples: how many samples were compared.
        reference: how many held-out real pictures they were compared with.
        kind: whose classifier gave the features, "digit" or "face".
    """

    value: float
    floor: float
    samples: int
    reference: int
    kind: str

    @property
    def features(self) -> str:
        """What the features are."""
        return f"pooled features of the course's {self.kind} classifier"

    def __str__(self) -> str:
        return (
            f"FID {self.value:.2f} ({FEATURES} {self.features}, {self.samples:,} samples; "
            f"real {self.kind}s: {self.floor:.2f})"
        )

    def as_json(self) -> dict[str, object]:
        """What ``evaluate`` prints."""
        return {
            "fid": round(self.value, 3),
            "fid_floor": round(self.floor, 3),
            "fid_samples": self.samples,
            "fid_reference": self.reference,
            "fid_width": FEATURES,
            "fid_features": self.features,
        }


def fid(images: Tensor, real: ImageSet | None = None) -> FID:
    """Fréchet distance of uint8 samples to held-out real pictures, in `classifiers`' features.

    Only as many samples are used as there are real training pictures, so that the floor can be
    measured at the same number: FID falls with sample size. Heusel et al. 2017, equation 6.

    Args:
        images: (N, 1, H, W) or (N, 3, H, W); the first 9,000 count, if `real` is the default.
        real: where real pictures come from; default the embedded digits for gray samples, the
            10,000 faces of `datasets.cartoon` for samples in color.

    Raises:
        TypeError, ValueError: other images; fewer than two of them, or of real ones held out.
    """
    judge, n = classifier_of(images), len(images)
    reference, floor, n = _shipped(judge.kind, n) if real is None else _real(real, judge, n)
    value = frechet_distance(judge.describe(images[:n]), reference)
    return FID(value, floor, n, len(reference), judge.kind)


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½) of features (N, D) and (M, D), in float64.

    With Σ₁ = rᵀr and Σ₂ = sᵀs, the eigenvalues of Σ₁Σ₂ are the squares of the singular values of
    rsᵀ, which rounding cannot make negative.

    Raises:
        ValueError: fewer than two of either.
    """
    if min(len(first), len(second)) < 2:
        raise ValueError(
            f"{len(first):,} and {len(second):,} pictures; FID fits a covariance to each, so give "
            "at least 2"
        )
    first, second = first.double(), second.double()
    r, s = (
        torch.linalg.qr((x - x.mean(0)) / (len(x) - 1) ** 0.5, mode="r").R for x in (first, second)
    )
    apart = (first.mean(0) - second.mean(0)).square().sum()
    traces = r.square().sum() + s.square().sum()
    return float(apart + traces - 2 * torch.linalg.svdvals(r @ s.T).sum())


@lru_cache(maxsize=16)
def _shipped(kind: str, n: int) -> tuple[Tensor, float, int]:
    """`_real` of the course's own pictures: a quarter of a megabyte for each n."""
    return _real(mnist() if kind == "digit" else cartoon(), classifier(kind), n)


def _real(real: ImageSet, judge: Classifier, n: int) -> tuple[Tensor, float, int]:
    """Features of the held-out pictures, the floor for n samples, and how many of them count."""
    training, reference = real.train.images, judge.describe(real.held_out.images)
    order = torch.randperm(len(training), generator=torch.Generator().manual_seed(0))[:n]
    floor = frechet_distance(judge.describe(training[order]), reference)
    return reference, floor, len(order)
