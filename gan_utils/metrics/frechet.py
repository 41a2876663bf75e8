"""How good are the samples? FID, which says what it was measured with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from gan_utils.datasets import ImageSet, cartoon, mnist
from gan_utils.metrics.classifiers import classifier, classifier_of

Features = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class FID:
    """A Fréchet distance between Gaussians fitted to features, and what it was measured with.

    Attributes:
        value: the distance; 0 for identical statistics. Not comparable to Inception's FID.
        floor: the same distance for `samples` real training pictures instead of the samples.
        samples: how many samples were compared.
        reference: how many held-out real pictures they were compared with.
        width: the number of features.
        features: what they are.
        kind: what the pictures show, "digit", "face" or "picture".
    """

    value: float
    floor: float
    samples: int
    reference: int
    width: int
    features: str
    kind: str

    def __str__(self) -> str:
        return (
            f"FID {self.value:.2f} ({self.width} {self.features}, {self.samples:,} samples; "
            f"real {self.kind}s: {self.floor:.2f})"
        )

    def as_json(self) -> dict[str, object]:
        """What ``evaluate`` prints."""
        return {
            "fid": round(self.value, 3),
            "fid_floor": round(self.floor, 3),
            "fid_samples": self.samples,
            "fid_reference": self.reference,
            "fid_width": self.width,
            "fid_features": self.features,
        }


def fid(images: Tensor, real: ImageSet | None = None, features: Features | None = None) -> FID:
    """Fréchet distance of uint8 samples (N, C, H, W) to held-out real pictures.

    Only as many samples are used as there are real training pictures, so that the floor can be
    measured at the same number: FID falls with sample size. Heusel et al. 2017, equation 6.

    Args:
        images: the samples; the first 9,000 count, if `real` is the default.
        real: where real pictures come from; default the embedded digits for gray samples, the
            10,000 faces of `datasets.cartoon` for samples in color.
        features: uint8 images (N, C, H, W), N at most 500, → numbers (N, D); default the 64 of the
            course's classifier of digits (gray) or drawn faces (color).

    Raises:
        TypeError, ValueError: other images; fewer than two of them, or of real ones held out;
            features without real pictures, or of another width for these than for the samples.
    """
    n = len(ImageSet(images))  # which refuses what is not uint8 pictures
    if features is None:
        judge = classifier_of(images)
        features, kind = judge.describe, judge.kind
        name = f"pooled features of the course's {kind} classifier"
    elif real is None:
        raise ValueError("features are given, but no real pictures; pass an ImageSet as real")
    else:
        kind, name = "picture", getattr(features, "__name__", type(features).__name__)
    reference, floor, n = _shipped(kind, n) if real is None else _real(real, features, n)
    value = frechet_distance(_seen(images[:n], features), reference)
    return FID(value, floor, n, len(reference), reference.shape[1], name, kind)


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½) of features (N, D) and (M, D), in float64.

    With Σ₁ = rᵀr and Σ₂ = sᵀs, the eigenvalues of Σ₁Σ₂ are the squares of the singular values of
    rsᵀ, which rounding cannot make negative.

    Raises:
        ValueError: fewer than two of either, or other shapes.
    """
    if min(len(first), len(second)) < 2 or first.shape[1:] != second.shape[1:] or first.ndim != 2:
        raise ValueError(
            f"features are {tuple(first.shape)} and {tuple(second.shape)}; FID fits a covariance "
            "to each, so give (N, D) and (M, D), of at least 2 pictures"
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
    return _real(mnist() if kind == "digit" else cartoon(), classifier(kind).describe, n)


def _real(real: ImageSet, features: Features, n: int) -> tuple[Tensor, float, int]:
    """Features of the held-out pictures, the floor for n samples, and how many of them count."""
    training, reference = real.train.images, _seen(real.held_out.images, features)
    order = torch.randperm(len(training), generator=torch.Generator().manual_seed(0))[:n]
    return reference, frechet_distance(_seen(training[order], features), reference), len(order)


@torch.no_grad()
def _seen(images: Tensor, features: Features) -> Tensor:
    """The features of all images, on the CPU; a part at a time, for memory's sake."""
    return torch.cat([features(part).cpu() for part in images.split(500)])
