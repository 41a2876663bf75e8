"""The classifier of drawn faces, what it measures, and how it is taught."""

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_utils import datasets, face_metrics, metrics
from gan_utils.datasets import ImageSet, to_unit
from gan_utils.datasets.cartoon import ATTRIBUTES, SHARES

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
import train_face_classifier as teaching


@pytest.fixture(scope="module")
def faces() -> ImageSet:
    """256 faces that the classifier never saw: of another seed."""
    return datasets.cartoon(256, 64, seed=99)


def noise(n: int, size: int = 64) -> Tensor:
    source = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, 3, size, size), generator=source, dtype=torch.uint8)


# --- the classifier


def test_classifier_is_ready_to_judge() -> None:
    classifier = face_metrics.face_classifier()
    assert not classifier.training
    assert not any(p.requires_grad for p in classifier.parameters())
    images = to_unit(noise(3))
    shapes = {name: tuple(logits.shape) for name, logits in classifier(images).items()}
    assert shapes == {"hair color": (3, 9), "eye color": (3, 6)}
    assert classifier.features(images).shape == (3, metrics.FEATURES)


@pytest.mark.parametrize("attribute", face_metrics.HEADS)
def test_it_names_the_colors_of_faces_it_never_saw(faces: ImageSet, attribute: str) -> None:
    found = face_metrics.probabilities(faces.images)[attribute]
    torch.testing.assert_close(found.sum(dim=1), torch.ones(256))
    right = found.argmax(dim=1) == faces.labels[:, faces.classes.index(attribute)]
    assert right.float().mean() >= 0.95


def test_faces_of_another_size_are_resized() -> None:
    larger = datasets.cartoon(64, 96, seed=99)
    found = face_metrics.probabilities(larger.images)["hair color"].argmax(dim=1)
    assert (found == larger.labels[:, 0]).float().mean() >= 0.95


# --- shares


@pytest.mark.parametrize("attribute", face_metrics.HEADS)
def test_shares_are_those_the_faces_were_drawn_with(faces: ImageSet, attribute: str) -> None:
    found = face_metrics.shares(faces.images, attribute)
    assert found.samples == 256
    assert found.covered == len(ATTRIBUTES[attribute])
    assert found.names == ATTRIBUTES[attribute]
    for name, share in zip(found.names, found.shares, strict=True):
        assert share == pytest.approx(SHARES[attribute][name], abs=0.08)
    assert found.confident > 0.85


def test_shares_read_well() -> None:
    found = metrics.Coverage.of(torch.eye(2)[[0, 0, 1, 0]], ("black", "silver"), "hair colors")
    assert str(found) == "2 of 2 hair colors in 4 samples: black 75.0%, silver 25.0%"


def test_noise_counts_for_no_color() -> None:
    for attribute in face_metrics.HEADS:
        found = face_metrics.shares(noise(500), attribute)
        assert found.covered == 0
        assert found.confident <= 0.01


@pytest.mark.parametrize(
    "images",
    [torch.zeros(2, 3, 64, 64), noise(2)[:, :1], noise(2)[0]],
    ids=["float", "grey", "no batch"],
)
def test_only_uint8_pictures_in_color_are_judged(images: Tensor) -> None:
    for measure in (face_metrics.all_shares, face_metrics.fid):
        with pytest.raises(ValueError, match=r"takes uint8 \(N, 3, H, W\)"):
            measure(images)


def test_other_attributes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"attribute is 'hat'; .* knows hair color and eye color"):
        face_metrics.shares(noise(2), "hat")


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^0 samples; .* at least 1"):
        face_metrics.shares(noise(1)[:0], "hair color")


# --- FID


def test_fid_says_what_it_was_measured_with(faces: ImageSet) -> None:
    bad, real = (face_metrics.fid(x, faces) for x in (noise(100), faces.train.images[:100]))
    assert bad.value > 4 * bad.floor > 0
    assert real.value < 3 * real.floor
    assert (bad.samples, bad.reference, bad.width) == (100, 25, 64)
    assert "64 features of the face classifier, 100 samples; real faces: " in str(bad)
    assert bad.features == "pooled features of the course's face classifier"


def test_floor_is_of_as_many_real_faces_as_there_are_samples(faces: ImageSet) -> None:
    score = face_metrics.fid(noise(300), faces)
    assert score.samples == len(faces.train) == 231


def test_fid_needs_two_of_each(faces: ImageSet) -> None:
    with pytest.raises(ValueError, match=r"^1 samples; .* at least 2"):
        face_metrics.fid(noise(1), faces)
    with pytest.raises(ValueError, match=r"^1 held-out pictures; .* at least 2"):
        face_metrics.fid(noise(4), faces.select(slice(10)))


# --- how it is taught


def test_what_is_no_face_keeps_its_shape_and_range(faces: ImageSet) -> None:
    pictures = to_unit(faces.images[:16])
    for made in (teaching.others(pictures), teaching.noise(16)):
        assert made.shape == (16, 3, 64, 64)
        assert made.abs().max() <= 1
    assert teaching.varied(pictures).shape == pictures.shape
    assert teaching.softened(pictures).shape == pictures.shape


def test_shuffling_keeps_the_pixels(faces: ImageSet) -> None:
    pictures = to_unit(faces.images[:4])
    cut = teaching.shuffled(pictures)
    assert not torch.equal(cut, pictures)
    squares = [
        x.unfold(2, 16, 16).unfold(3, 16, 16).sum((1, 4, 5)).flatten(1) for x in (pictures, cut)
    ]
    torch.testing.assert_close(*(sums.sort(dim=1).values for sums in squares))
