"""The classifier of digits, and what it measures."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from gan_utils import datasets, metrics
from gan_utils.datasets import ImageSet, to_unit


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return datasets.mnist()


@pytest.fixture(scope="module")
def few(digits: ImageSet) -> ImageSet:
    """300 digits to train on and 200 held out."""
    held_out = torch.where(digits.reserved)[0][::5]
    train = torch.where(~digits.reserved)[0][::30]
    return digits.select(torch.cat([train, held_out]))


@pytest.fixture(scope="module")
def sure(digits: ImageSet) -> Tensor:
    """One picture of each class that the classifier is sure of, uint8 (10, 1, 28, 28)."""
    some = digits.held_out.select(slice(None, None, 10))
    probabilities = metrics.probability(some.images)
    return torch.stack([some.images[probabilities[:, digit].argmax()] for digit in range(10)])


def noise(n: int, channels: int = 1) -> Tensor:
    source = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, channels, 28, 28), generator=source).to(torch.uint8)


# --- the classifier


def test_classifier_on_mnists_own_test_set(real_data: Path) -> None:
    raw = real_data / "MNIST" / "raw"
    pictures = gzip.decompress((raw / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((raw / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
    images = torch.frombuffer(bytearray(pictures), dtype=torch.uint8).view(10_000, 1, 28, 28)
    expected = torch.frombuffer(bytearray(labels), dtype=torch.uint8)
    guessed = metrics.probability(images).argmax(dim=1)
    assert (guessed == expected).float().mean() >= 0.985


def test_classifier_is_ready_to_judge() -> None:
    classifier = metrics.digit_classifier()
    assert not classifier.training
    assert not any(p.requires_grad for p in classifier.parameters())
    images = to_unit(noise(3))
    assert classifier(images).shape == (3, 10)
    assert classifier.features(images).shape == (3, metrics.FEATURES)


def test_probabilities(sure: Tensor) -> None:
    probabilities = metrics.probability(sure)
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(10))
    assert torch.equal(probabilities.argmax(dim=1), torch.arange(10))
    larger = ImageSet(sure).resize(56).images
    assert torch.equal(metrics.probability(larger).argmax(dim=1), torch.arange(10))


@pytest.mark.parametrize(
    "images",
    [torch.zeros(2, 1, 28, 28), noise(2, channels=3), noise(2)[0]],
    ids=["float", "color", "no channels"],
)
def test_only_grey_uint8_pictures_are_judged(images: Tensor) -> None:
    with pytest.raises(ValueError, match=r"takes uint8 \(N, 1, H, W\)"):
        metrics.coverage(images)


# --- coverage


def test_held_out_digits_cover_all_and_noise_nothing(digits: ImageSet) -> None:
    real = metrics.coverage(digits.held_out.images)
    assert real.covered == 10
    assert min(real.shares) > 0.08
    assert str(real).startswith("10 of 10 classes in 1,000 samples: ")
    empty = metrics.coverage(noise(1000))
    assert (empty.covered, empty.confident) == (0, pytest.approx(0, abs=0.02))


def test_a_class_needs_one_sample_in_a_hundred(sure: Tensor) -> None:
    mixed = sure[[3] * 150 + [5] * 47 + [1] * 2 + [7]]
    covered = metrics.coverage(mixed)
    assert covered.covered == 3
    assert covered.shares == pytest.approx([0, 0.01, 0, 0.75, 0, 0.235, 0, 0.005, 0, 0])
    assert covered.confident == pytest.approx(1)


def test_modes_of_stacked_digits(sure: Tensor) -> None:
    modes = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (9, 8, 7), (7, 8, 9), (9, 8, 7)]
    stacked = torch.stack([torch.cat([sure[c] for c in mode]) for mode in modes])
    assert metrics.modes_covered(stacked) == 5
    half_noise = stacked.clone()
    half_noise[2:, 1] = noise(4)[:, 0]
    assert metrics.modes_covered(half_noise) == 2


def test_ring_modes() -> None:
    centers, sigma = datasets.ring_centers(), datasets.RING_SIGMA
    points = datasets.ring(20_000, torch.Generator().manual_seed(0))
    covered, near = metrics.ring_modes(points, centers, sigma)
    assert covered == 8
    assert near == pytest.approx(1 - np.exp(-4.5), abs=0.003)
    three = centers[[0, 0, 1, 4]].repeat(50, 1)
    assert metrics.ring_modes(three, centers, sigma) == (3, 1.0)
    assert metrics.ring_modes(torch.zeros(100, 2), centers, sigma) == (0, 0.0)
    rare = centers[[0] * 199 + [1]]
    assert metrics.ring_modes(rare, centers, sigma)[0] == 1


# --- FID


def features(images: Tensor) -> np.ndarray:
    return metrics.digit_classifier().features(to_unit(images)).double().numpy()


def test_distance_of_a_set_to_itself_is_zero(digits: ImageSet) -> None:
    images = digits.images[::20]
    assert metrics.frechet_distance(images, images) == pytest.approx(0, abs=1e-3)


def test_distance_is_the_formula(digits: ImageSet) -> None:
    first, second = digits.images[::20], digits.images[:1000]
    a, b = features(first), features(second)
    covariances = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    expected = np.square(a.mean(0) - b.mean(0)).sum()
    expected += np.trace(covariances[0] + covariances[1] - 2 * np.real(root))
    assert metrics.frechet_distance(first, second) == pytest.approx(expected, rel=1e-3)
    assert metrics.frechet_distance(second, first) == pytest.approx(expected, rel=1e-3)


def test_fid_says_what_it_was_measured_with(few: ImageSet) -> None:
    bad, real = metrics.fid(noise(100), few), metrics.fid(few.train.images[::3], few)
    assert bad.value > 10 * bad.floor > 0
    assert real.value < 3 * real.floor
    assert (bad.samples, bad.reference, bad.width) == (100, 200, metrics.FEATURES)
    assert "64 features" in str(bad)
    assert "100 samples" in str(bad)
    assert f"real digits: {bad.floor:.2f}" in str(bad)
    assert bad.asdict()["features"] == bad.features


def test_floor_is_of_as_many_real_digits_as_there_are_samples(few: ImageSet) -> None:
    score = metrics.fid(noise(1000), few)
    assert score.samples == len(few.train) == 300
    assert score.floor == pytest.approx(
        metrics.frechet_distance(few.train.images, few.held_out.images), rel=1e-3
    )
    assert metrics.fid(noise(50), few).floor > score.floor


@pytest.mark.parametrize("n", [0, 1])
def test_fid_needs_two_samples(n: int, few: ImageSet) -> None:
    with pytest.raises(ValueError, match=f"^{n} samples; .* at least 2"):
        metrics.fid(noise(2)[:n], few)


@pytest.mark.parametrize(
    "images", [torch.zeros(4, 1, 28, 28), noise(4, channels=3)], ids=["float", "color"]
)
def test_fid_of_other_pictures_is_refused(images: Tensor, few: ImageSet) -> None:
    with pytest.raises(ValueError, match=r"takes uint8 \(N, 1, H, W\)"):
        metrics.fid(images, few)
