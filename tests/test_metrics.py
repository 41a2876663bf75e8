"""FID and coverage: of digits, of drawn faces, of stacked digits, of points on a ring."""

import numpy as np
import pytest
import samples
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchmetrics.image.fid import FrechetInceptionDistance

from gan_utils import datasets
from gan_utils.datasets import ATTRIBUTES, SHARES, ImageSet
from gan_utils.metrics import classifiers, frechet

COLORS = ("hair color", "eye color")


@pytest.fixture(scope="module")
def real() -> dict[str, ImageSet]:
    """A few of each kind: 300 digits to train on and 200 held out, 231 faces and 25 held out.

    The faces are of a seed that the classifier never saw.
    """
    digits = datasets.mnist()
    held_out = torch.where(digits.reserved)[0][::5]
    train = torch.where(~digits.reserved)[0][::30]
    few = digits.select(torch.cat([train, held_out]))
    return {"digit": few, "face": datasets.cartoon(256, 64, seed=99)}


@pytest.fixture(scope="module")
def sure() -> Tensor:
    """One picture of each class that the classifier is sure of, uint8 (10, 1, 28, 28)."""
    some = datasets.mnist().held_out.images[::10]
    probabilities = classifiers.classifier("digit").probabilities(some)["digit"]
    return some[probabilities.argmax(dim=0)]


def noise(n: int, kind: str = "digit") -> Tensor:
    return samples.noise(n, *{"digit": (1, 28, 28), "face": (3, 64, 64)}[kind])


# --- coverage


def test_held_out_digits_cover_all() -> None:
    real = frechet.coverage(datasets.mnist().held_out.images)
    assert real.covered == 10
    assert min(real.shares) > 0.08
    assert real.samples == 1000


def test_colors_come_as_the_faces_were_drawn_with(real: dict[str, ImageSet]) -> None:
    for name, found in frechet.coverages(real["face"].images).items():
        assert found.covered == len(ATTRIBUTES[name])
        assert dict(zip(found.names, found.shares, strict=True)) == pytest.approx(
            SHARES[name], abs=0.08
        )
        assert found.confident > 0.85


@pytest.mark.parametrize("kind", ["digit", "face"])
def test_noise_counts_for_nothing(kind: str) -> None:
    found = frechet.coverages(noise(500, kind))
    assert tuple(found) == {"digit": ("digit",), "face": COLORS}[kind]
    for coverage in found.values():
        assert coverage.samples == 500
        assert coverage.covered == 0
        assert coverage.confident <= 0.02


def test_a_class_needs_one_sample_in_a_hundred(sure: Tensor) -> None:
    mixed = sure[[3] * 150 + [5] * 47 + [1] * 2 + [7]]
    covered = frechet.coverage(mixed)
    assert covered.covered == 3
    assert covered.shares == pytest.approx([0, 0.01, 0, 0.75, 0, 0.235, 0, 0.005, 0, 0])
    assert covered.confident == pytest.approx(1)
    assert frechet.coverages(mixed) == {"digit": covered}


def test_a_coverage_as_json() -> None:
    found = frechet.Coverage(4, (0.75, 0.25), ("black", "silver"))
    as_json = {"classes_covered": 2, "samples": 4, "share": {"black": 0.75, "silver": 0.25}}
    assert found.as_json() == as_json


def test_modes_of_stacked_digits(sure: Tensor) -> None:
    modes = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (9, 8, 7), (7, 8, 9), (9, 8, 7)]
    stacked = torch.stack([torch.cat([sure[c] for c in mode]) for mode in modes])
    found = frechet.stacked_coverage(stacked)
    assert (found.covered, len(found.shares), found.samples) == (5, 1000, 6)
    assert {i for i, share in enumerate(found.shares) if share} == {0, 1, 10, 987, 789}
    half_noise = stacked.clone()
    half_noise[2:, 1] = noise(4)[:, 0]
    assert frechet.stacked_coverage(half_noise).covered == 2
    many = torch.cat([stacked[:1].expand(400, -1, -1, -1), stacked[4:5]])
    assert frechet.stacked_coverage(many).covered == 2  # one in 401 is enough


def test_gaussians_on_a_ring() -> None:
    centers, sigma = datasets.ring_centers(), datasets.RING_SIGMA
    points = datasets.ring(20_000, torch.Generator().manual_seed(0))
    found = frechet.ring_coverage(points, centers, sigma)
    assert (found.covered, len(found.shares), found.samples) == (8, 8, 20_000)
    assert found.confident == pytest.approx(1 - np.exp(-4.5), abs=0.003)
    three = frechet.ring_coverage(centers[[0, 0, 1, 4]].repeat(50, 1).double(), centers, sigma)
    assert (three.covered, three.confident) == (3, 1.0)
    far = frechet.ring_coverage(torch.zeros(100, 2), centers, sigma)
    assert (far.covered, far.confident) == (0, 0.0)
    rare = centers[[0] * 199 + [1]]
    assert frechet.ring_coverage(rare, centers, sigma).covered == 1


@pytest.mark.parametrize(
    "measure",
    [
        lambda: frechet.coverage(noise(0)),
        lambda: frechet.coverages(noise(0, "face")),
        lambda: frechet.stacked_coverage(noise(0, "face")),
        lambda: frechet.ring_coverage(torch.zeros(0, 2), datasets.ring_centers(), 0.1),
    ],
    ids=["digits", "faces", "stacked", "ring"],
)
def test_a_share_of_nothing_is_refused(measure: object) -> None:
    with pytest.raises(ValueError, match=r"^0 samples; .* at least 1"):
        measure()


@pytest.mark.parametrize(
    ("measure", "kind"),
    [(frechet.coverage, "face"), (frechet.stacked_coverage, "digit")],
    ids=["digits in color", "gray stacks"],
)
def test_pictures_of_the_other_kind_are_refused(measure: object, kind: str) -> None:
    with pytest.raises(ValueError, match=r"^images are \(\d, .* give \d as C: ImageSet.in_ch"):
        measure(noise(2, kind))


# --- FID


def given_features(seed: int, n: int, width: int) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    mix = torch.randn(width, width, generator=source, dtype=torch.float64)
    return torch.randn(n, width, generator=source, dtype=torch.float64) @ mix


@settings(max_examples=25)
@given(st.integers(0, 999), st.integers(2, 40), st.integers(2, 40), st.integers(1, 8))
def test_distance_is_the_formula(seed: int, n: int, m: int, width: int) -> None:
    a, b = given_features(seed, n, width), 2 + given_features(seed + 1, m, width)
    covariances = [np.cov(x, rowvar=False).reshape(width, width) for x in (a, b)]
    root = scipy.linalg.sqrtm(covariances[0] + 1e-13 * np.eye(width))
    middle = scipy.linalg.sqrtm(root @ covariances[1] @ root + 1e-13 * np.eye(width))
    expected = (a.mean(0) - b.mean(0)).square().sum().item()
    expected += np.trace(covariances[0] + covariances[1] - 2 * np.real(middle))
    assert frechet.frechet_distance(a, b) == pytest.approx(expected, abs=1e-4, rel=1e-4)
    assert frechet.frechet_distance(b, a) == pytest.approx(expected, abs=1e-4, rel=1e-4)
    assert frechet.frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_distance_of_two_gaussians_in_one_dimension() -> None:
    a = torch.tensor([[-1.0], [1.0]])  # mean 0, standard deviation √2
    distance = frechet.frechet_distance(a, 3 * a + 5)
    assert distance == pytest.approx(5**2 + (3 * 2**0.5 - 2**0.5) ** 2)


class Pixels(torch.nn.Module):
    """What torchmetrics asks of a feature extractor: the pixels' means in 4×4 squares."""

    num_features = 49

    def forward(self, images: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(images.float(), 4).flatten(1)


@pytest.mark.parametrize("n", [60, 700])
def test_torchmetrics_agrees(n: int) -> None:
    see, digits = Pixels(), datasets.mnist()
    dark, real = digits.images[:n] // 2, digits.held_out.images
    metric = FrechetInceptionDistance(see)
    metric.update(dark, real=False)
    metric.update(real, real=True)
    distance = frechet.frechet_distance(see(dark), see(real))
    assert distance == pytest.approx(float(metric.compute()), rel=1e-4)


@pytest.mark.parametrize(("kind", "worse"), [("digit", 10), ("face", 4)])
def test_fid_says_what_it_was_measured_with(
    kind: str, worse: int, real: dict[str, ImageSet]
) -> None:
    pictures = real[kind]
    bad = frechet.fid(noise(100, kind), pictures)
    every = torch.linspace(0, len(pictures.train) - 1, 100).long()  # digits lie class by class
    good = frechet.fid(pictures.train.images[every], pictures)
    assert bad.value > worse * bad.floor > 0
    assert good.value < 3 * good.floor
    reference = {"digit": 200, "face": 25}[kind]
    assert (bad.samples, bad.reference) == (100, reference)
    features = f"pooled features of the course's {kind} classifier"
    assert str(bad) == (
        f"FID {bad.value:.2f} (64 {features}, 100 samples; real {kind}s: {bad.floor:.2f})"
    )
    assert bad.as_json() == {
        "fid": round(bad.value, 3),
        "fid_floor": round(bad.floor, 3),
        **{"fid_samples": 100, "fid_reference": reference, "fid_width": 64},
        "fid_features": features,
    }


def test_floor_is_of_as_many_real_pictures_as_there_are_samples(real: dict[str, ImageSet]) -> None:
    for kind, count in [("digit", 300), ("face", 231)]:
        assert frechet.fid(noise(400, kind), real[kind]).samples == count
    few, see = real["digit"], classifiers.classifier("digit").describe
    score = frechet.fid(noise(1000), few)
    every = frechet.frechet_distance(see(few.train.images), see(few.held_out.images))
    assert score.floor == pytest.approx(every, rel=1e-3)
    assert frechet.fid(noise(50), few).floor > score.floor


def test_the_courses_digits_are_described_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = frechet.fid(noise(20))
    assert (first.samples, first.reference) == (20, 1000)
    monkeypatch.setattr(frechet, "mnist", None)
    assert frechet.fid(noise(20)) == first
    assert frechet.fid(255 - noise(20)).floor == first.floor


@pytest.mark.parametrize("kind", ["digit", "face"])
def test_fid_needs_two_of_each(kind: str, real: dict[str, ImageSet]) -> None:
    for n in (0, 1):
        with pytest.raises(ValueError, match=rf"^{n} and \d+ pictures; .* at least 2"):
            frechet.fid(noise(n, kind), real[kind])
    for reserved in ([True] * 3 + [False], [False] * 3 + [True]):
        four = ImageSet(noise(4, kind), reserved=torch.tensor(reserved))
        with pytest.raises(ValueError, match=r"^\d and \d pictures; .* at least 2"):
            frechet.fid(noise(4, kind), four)


@pytest.mark.parametrize(
    ("images", "kind", "error", "words"),
    [
        (noise(4).float(), "digit", ValueError, "^images are torch.float32"),
        (noise(4), "face", ValueError, r"^images are \(3, 64, 64\) .* give 1 as C"),
        (noise(4, "face"), "digit", ValueError, r"^images are \(1, 28, 28\) .* give 3 as C"),
        (noise(4).numpy(), "digit", TypeError, "^images are a ndarray"),
    ],
)
def test_other_pictures_are_refused(
    images: Tensor, kind: str, error: type, words: str, real: dict[str, ImageSet]
) -> None:
    with pytest.raises(error, match=words):
        frechet.fid(images, real[kind])


def test_real_pictures_must_be_held_out() -> None:
    with pytest.raises(ValueError, match="nothing was held out"):
        frechet.fid(noise(4), ImageSet(noise(9)))
