"""Which classes do the samples cover? Of digits, of drawn faces, of stacked digits, of a ring."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_utils.metrics.classifiers import classifier, classifier_of, must_be_pictures

CONFIDENCE = 0.9  # a sample counts for a class from this probability on
MIN_SHARE = 0.01  # a class counts as covered from this share on: a tenth of a fair tenth


@dataclass(frozen=True)
class Coverage:
    """Which classes a set of samples covers.

    Attributes:
        samples: how many were classified.
        shares: for each class, the share of all samples that count for it.
        names: of the classes, or () if they have none.
        least: a class is covered from this share on.
    """

    samples: int
    shares: tuple[float, ...]
    names: tuple[str, ...] = ()
    least: float = MIN_SHARE

    @property
    def covered(self) -> int:
        """The number of classes covered."""
        return sum(share >= self.least for share in self.shares)

    @property
    def confident(self) -> float:
        """The share of samples that count for any class."""
        return sum(self.shares)

    def as_json(self) -> dict[str, object]:
        """What ``evaluate`` prints."""
        shares = {name: round(s, 4) for name, s in zip(self.names, self.shares, strict=True)}
        return {"classes_covered": self.covered, "samples": self.samples, "share": shares}


def coverage(images: Tensor) -> Coverage:
    """Digits covered by uint8 samples (N, 1, H, W): where the classifier gives one 0.9 or more.

    Raises:
        TypeError, ValueError: the images are not uint8 (N, 1, H, W), or there are none.
    """
    must_be_pictures(images, 1)
    return coverages(images)["digit"]


def coverages(images: Tensor) -> dict[str, Coverage]:
    """`coverage` of each thing that the classifier of such samples tells.

    That is "digit" for gray ones (N, 1, H, W), "hair color" and "eye color" for drawn faces
    (N, 3, H, W); `datasets.cartoon_look.SHARES` says how often each color should come.

    Raises:
        TypeError, ValueError: not uint8 (N, 1, H, W) or (N, 3, H, W), or there are none.
    """
    judge, found = classifier_of(images), {}
    for name, probabilities in judge.probabilities(images).items():
        sure, labels = probabilities.max(dim=1)
        values = judge.values[name]
        found[name] = _counted(labels, sure >= CONFIDENCE, len(values), names=values)
    return found


def stacked_coverage(images: Tensor) -> Coverage:
    """Which of the 1,000 modes of stacked digits occur at all in uint8 samples (N, 3, H, W).

    A sample counts when the classifier gives at least 0.9 to each of its three digits.

    Raises:
        TypeError, ValueError: the images are not uint8 (N, 3, H, W), or there are none.
    """
    must_be_pictures(images, 3)
    colors = [classifier("digit").probabilities(color)["digit"] for color in images.split(1, dim=1)]
    sure, labels = torch.stack(colors).max(dim=2)  # (3, N)
    modes = 100 * labels[0] + 10 * labels[1] + labels[2]
    once = 1 / max(1, len(images))
    return _counted(modes, (sure >= CONFIDENCE).all(dim=0), 1000, least=once)


def ring_coverage(points: Tensor, centers: Tensor, sigma: float) -> Coverage:
    """Which Gaussians the points (N, 2) cover.

    A point counts for the nearest center if it lies within 3 sigma of it (real points: 98.9%).

    Raises:
        ValueError: there is not one point.
    """
    distance, nearest = torch.cdist(points, centers.to(points)).min(dim=1)
    return _counted(nearest, distance <= 3 * sigma, len(centers))


def _counted(labels: Tensor, counts: Tensor, classes: int, **about: object) -> Coverage:
    """From the class of each sample, int64 (N,), and whether it counts for it, bool (N,)."""
    if not len(labels):
        raise ValueError("0 samples; coverage is a share of them, so give at least 1")
    found = torch.bincount(labels[counts], minlength=classes).tolist()
    return Coverage(len(labels), tuple(n / len(labels) for n in found), **about)
