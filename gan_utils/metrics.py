"""How good are the samples? A digit classifier, and what it measures: FID and mode coverage.

Every function takes uint8 images (N, C, H, W). FID and coverage say what they were measured with:
the features, their width, the number of samples, and what real digits score at that number.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from gan_utils.datasets import mnist, to_unit
from gan_utils.datasets.image_set import ImageSet
from gan_utils.runtime import embedded

FEATURES = 64
CONFIDENCE = 0.9  # a sample counts for a class from this probability on
MIN_SHARE = 0.01  # a class counts as covered from this share on: a tenth of a fair tenth


class DigitClassifier(nn.Module):
    """A small convolutional classifier of digits; its 64 pooled features are what FID compares.

    `forward` maps float images (N, 1, 28, 28) in [−1, 1] to logits (N, 10). Trained by
    ``make classifier`` on the embedded digits that are not held out.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = [(1, 24, 1), (24, 32, 2), (32, 48, 1), (48, 64, 2), (64, FEATURES, 1)]
        blocks = [
            layer
            for width_in, width_out, stride in widths
            for layer in (
                nn.Conv2d(width_in, width_out, 3, stride, padding=1, bias=False),
                nn.BatchNorm2d(width_out),
                nn.ReLU(),
            )
        ]
        self.features = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(FEATURES, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))


def digit_classifier() -> DigitClassifier:
    """The shipped classifier, in eval mode on the CPU."""
    from safetensors.torch import load_file

    classifier = DigitClassifier()
    classifier.load_state_dict(load_file(embedded("digit_classifier.safetensors")))
    return classifier.eval().requires_grad_(False)


@dataclass(frozen=True)
class Coverage:
    """Which digit classes a set of samples covers.

    Attributes:
        samples: how many were classified.
        shares: for each class, the share of all samples given to it at 0.9 confidence or more.
    """

    samples: int
    shares: tuple[float, ...]

    @property
    def covered(self) -> int:
        """The number of classes with at least 1% of the samples."""
        return sum(share >= MIN_SHARE for share in self.shares)

    @property
    def confident(self) -> float:
        """The share of samples that count for any class."""
        return sum(self.shares)

    def __str__(self) -> str:
        shares = " ".join(f"{share:.1%}" for share in self.shares)
        return f"{self.covered} of {len(self.shares)} classes in {self.samples:,} samples: {shares}"


def coverage(images: Tensor) -> Coverage:
    """Classes covered by uint8 samples (N, C, H, W), by the shipped digit classifier.

    Raises:
        ValueError: the images are not grey uint8 pictures.
    """
    probabilities = probability(images)
    confidence, label = probabilities.max(dim=1)
    counts = torch.bincount(label[confidence >= CONFIDENCE], minlength=10).tolist()
    return Coverage(len(images), tuple(count / len(images) for count in counts))


def modes_covered(stacked: Tensor) -> int:
    """How many of the 1,000 modes of stacked digits occur in uint8 samples (N, 3, H, W).

    A sample counts when the classifier gives at least 0.9 to each of its three digits.
    """
    probabilities = [probability(stacked[:, channel : channel + 1]) for channel in range(3)]
    (sure, label) = zip(*(p.max(dim=1) for p in probabilities), strict=True)
    counted = (torch.stack(sure) >= CONFIDENCE).all(dim=0)
    mode = label[0] * 100 + label[1] * 10 + label[2]
    return len(mode[counted].unique())


def ring_modes(points: Tensor, centers: Tensor, sigma: float) -> tuple[int, float]:
    """How many Gaussians the points (N, 2) cover, and the share of points near any of them.

    A point belongs to the nearest center if it lies within 3 sigma of it (real points: 98.9%); a
    Gaussian counts as covered from 1% of the points on.
    """
    distance, nearest = torch.cdist(points, centers).min(dim=1)
    near = distance <= 3 * sigma
    shares = torch.bincount(nearest[near], minlength=len(centers)) / len(points)
    return int((shares >= MIN_SHARE).sum()), float(near.float().mean())


@torch.no_grad()
def probability(images: Tensor) -> Tensor:
    """The classifier's probabilities (N, 10) for uint8 images (N, 1, H, W) of any size."""
    _must_be_grey(images)
    classifier = digit_classifier()
    images = ImageSet(images).resize(28).images
    return torch.cat([classifier(to_unit(part)).softmax(dim=1) for part in images.split(500)])


@dataclass(frozen=True)
class FID:
    """A Fréchet distance between Gaussians fitted to features, and what it was measured with.

    Attributes:
        value: the distance; 0 for identical statistics. Not comparable to Inception's FID.
        floor: the same distance for `samples` real training digits instead of the samples.
        samples: how many samples were compared.
        reference: how many held-out real digits they were compared with.
        width: the number of features.
    """

    value: float
    floor: float
    samples: int
    reference: int
    width: int = FEATURES
    features: str = "pooled features of the course's digit classifier"

    def __str__(self) -> str:
        return (
            f"FID {self.value:.2f} ({self.width} features of the digit classifier, "
            f"{self.samples:,} samples; real digits: {self.floor:.2f})"
        )

    def asdict(self) -> dict[str, object]:
        """The fields as a dictionary."""
        return asdict(self)


def fid(images: Tensor, digits: ImageSet | None = None) -> FID:
    """Fréchet distance of uint8 samples (N, 1, H, W) to the held-out digits, in digit features.

    Only as many samples are used as there are real training digits (9,000 in the embedded
    sample), so that the floor can be measured at the same number: FID falls with sample size.
    Heusel et al. 2017, equation 6; computed by torchmetrics.

    Args:
        images: the samples; the first 9,000 count.
        digits: where real digits come from; default the embedded sample.

    Raises:
        ValueError: fewer than two samples, or not grey uint8 pictures.
    """
    _must_be_grey(images)
    digits = digits or mnist()
    samples = images[: len(digits.train)]
    if len(samples) < 2:
        raise ValueError(f"{len(samples)} samples; FID fits a covariance, so give at least 2")
    shuffled = torch.randperm(len(digits.train), generator=torch.Generator().manual_seed(0))
    real = digits.train.images[shuffled[: len(samples)]]
    held_out = digits.held_out.images
    return FID(
        frechet_distance(samples, held_out),
        frechet_distance(real, held_out),
        len(samples),
        len(held_out),
    )


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½) of the digit features of two sets of uint8 images."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(_Features())
    for images, real in [(first, False), (second, True)]:
        for part in ImageSet(images).resize(28).images.split(500):
            metric.update(part, real=real)
    return float(metric.compute())


def _must_be_grey(images: Tensor) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 1:
        raise ValueError(
            f"images are {images.dtype} {tuple(images.shape)}; "
            "the digit classifier takes uint8 (N, 1, H, W)"
        )


class _Features(nn.Module):
    """What torchmetrics asks of a feature extractor: uint8 images in, (N, num_features) out."""

    num_features = FEATURES

    def __init__(self) -> None:
        super().__init__()
        self.classifier = digit_classifier()

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier.features(to_unit(images))
