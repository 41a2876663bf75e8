"""How good are the samples? A digit classifier, and what it measures: FID and mode coverage.

Every function takes uint8 images (N, C, H, W). FID and coverage say what they were measured with:
the features, their width, the number of samples, and what real digits score at that number. The
same for drawn faces is in `face_metrics`.
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
        blocks = [layer for width in widths for layer in conv_block(*width)]
        self.features = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(FEATURES, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))


def conv_block(width_in: int, width_out: int, stride: int) -> tuple[nn.Module, ...]:
    """A 3×3 convolution, batch norm and ReLU: (N, width_in, H, W) → (N, width_out, H/stride, …)."""
    convolution = nn.Conv2d(width_in, width_out, 3, stride, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(width_out), nn.ReLU()


def digit_classifier() -> DigitClassifier:
    """The shipped classifier, in eval mode on the CPU."""
    from safetensors.torch import load_file

    classifier = DigitClassifier()
    classifier.load_state_dict(load_file(embedded("digit_classifier.safetensors")))
    return classifier.eval().requires_grad_(False)


@dataclass(frozen=True)
class Coverage:
    """Which classes a set of samples covers.

    Attributes:
        samples: how many were classified.
        shares: for each class, the share of all samples given to it at 0.9 confidence or more.
        names: of the classes, to be printed beside the shares; () for none.
        what: what the classes are, in the plural.
    """

    samples: int
    shares: tuple[float, ...]
    names: tuple[str, ...] = ()
    what: str = "classes"

    @classmethod
    def of(
        cls, probabilities: Tensor, names: tuple[str, ...] = (), what: str = "classes"
    ) -> "Coverage":
        """From a classifier's probabilities (N, classes).

        Raises:
            ValueError: there is not one sample.
        """
        if not len(probabilities):
            raise ValueError("0 samples; coverage is a share of them, so give at least 1")
        confidence, label = probabilities.max(dim=1)
        counts = torch.bincount(label[confidence >= CONFIDENCE], minlength=probabilities.shape[1])
        return cls(len(label), tuple(n / len(label) for n in counts.tolist()), names, what)

    @property
    def covered(self) -> int:
        """The number of classes with at least 1% of the samples."""
        return sum(share >= MIN_SHARE for share in self.shares)

    @property
    def confident(self) -> float:
        """The share of samples that count for any class."""
        return sum(self.shares)

    def __str__(self) -> str:
        shares = [f"{share:.1%}" for share in self.shares]
        if self.names:
            shares = [f"{name} {share}" for name, share in zip(self.names, shares, strict=True)]
        return (
            f"{self.covered} of {len(self.shares)} {self.what} in {self.samples:,} samples: "
            f"{(', ' if self.names else ' ').join(shares)}"
        )


def coverage(images: Tensor) -> Coverage:
    """Classes covered by uint8 samples (N, C, H, W), by the shipped digit classifier.

    Raises:
        ValueError: the images are not grey uint8 pictures, or there are none.
    """
    return Coverage.of(probability(images))


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
    must_have_channels(images, 1, "digit")
    classifier = digit_classifier()
    images = ImageSet(images).resize(28).images
    return torch.cat([classifier(to_unit(part)).softmax(dim=1) for part in images.split(500)])


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
        kind: what the pictures show, in the singular: "digit" or "face".
    """

    value: float
    floor: float
    samples: int
    reference: int
    width: int = FEATURES
    features: str = "pooled features of the course's digit classifier"
    kind: str = "digit"

    def __str__(self) -> str:
        return (
            f"FID {self.value:.2f} ({self.width} features of the {self.kind} classifier, "
            f"{self.samples:,} samples; real {self.kind}s: {self.floor:.2f})"
        )

    def asdict(self) -> dict[str, object]:
        """The fields as a dictionary."""
        return asdict(self)

    @classmethod
    def against(
        cls, images: Tensor, real: ImageSet, features: "Features", kind: str = "digit"
    ) -> "FID":
        """Of samples to a set's held-out pictures; the floor is of as many training pictures.

        Raises:
            ValueError: fewer than two samples, or fewer than two held-out pictures.
        """
        samples, held_out = images[: len(real.train)], real.held_out.images
        for name, pictures in (("samples", samples), ("held-out pictures", held_out)):
            if len(pictures) < 2:
                raise ValueError(
                    f"{len(pictures)} {name}; FID fits a covariance, so give at least 2"
                )
        shuffled = torch.randperm(len(real.train), generator=torch.Generator().manual_seed(0))
        training = real.train.images[shuffled[: len(samples)]]
        return cls(
            features.distance(samples, held_out),
            features.distance(training, held_out),
            len(samples),
            len(held_out),
            features.num_features,
            f"pooled features of the course's {kind} classifier",
            kind,
        )


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
    must_have_channels(images, 1, "digit")
    return FID.against(images, digits or mnist(), Features(digit_classifier().features, 28))


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½) of the digit features of two sets of uint8 images."""
    return Features(digit_classifier().features, 28).distance(first, second)


class Features(nn.Module):
    """What torchmetrics asks of a feature extractor: uint8 images in, (N, num_features) out.

    Args:
        network: float images in [−1, 1] → features (N, num_features).
        size: pixels on a side of the pictures it takes; others are resized.
        num_features: their number.
    """

    def __init__(self, network: nn.Module, size: int, num_features: int = FEATURES) -> None:
        super().__init__()
        self.network, self.size, self.num_features = network, size, num_features

    def forward(self, images: Tensor) -> Tensor:
        return self.network(to_unit(images))

    def distance(self, first: Tensor, second: Tensor) -> float:
        """The Fréchet distance between two sets of uint8 images in these features."""
        from torchmetrics.image.fid import FrechetInceptionDistance

        metric = FrechetInceptionDistance(self)
        for images, real in [(first, False), (second, True)]:
            for part in ImageSet(images).resize(self.size).images.split(500):
                metric.update(part, real=real)
        return float(metric.compute())


def must_have_channels(images: Tensor, channels: int, kind: str) -> None:
    """Refuse what a classifier of `kind` does not take.

    Raises:
        ValueError: the images are not uint8 (N, channels, H, W).
    """
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != channels:
        raise ValueError(
            f"images are {images.dtype} {tuple(images.shape)}; "
            f"the {kind} classifier takes uint8 (N, {channels}, H, W)"
        )
