"""The classifiers of digits and of drawn faces, and how they are taught."""

import gzip
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gan_utils import datasets
from gan_utils.datasets import ImageSet, to_unit
from gan_utils.metrics import classifiers
from training_runs import classifier as teaching

KINDS = {"digit": (1, 28), "face": (3, 64)}


@pytest.fixture(scope="module")
def unseen() -> dict[str, ImageSet]:
    """Pictures that the classifiers never saw: digits held out, and faces of another seed."""
    return {"digit": datasets.mnist().held_out, "face": datasets.cartoon(256, 64, seed=99)}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_ready_to_judge_and_read_once(kind: str) -> None:
    classifier = classifiers.classifier(kind)
    assert not classifier.training
    assert not any(p.requires_grad for p in classifier.parameters())
    channels, size = KINDS[kind]
    images = torch.rand(3, channels, size, size)
    logits = {head: tuple(values.shape) for head, values in classifier(images).items()}
    expected = {"digit": {"digit": 10}, "face": {"hair color": 9, "eye color": 6}}
    assert logits == {head: (3, values) for head, values in expected[kind].items()}
    assert classifier.features(images).shape == (3, classifiers.FEATURES)
    assert classifiers.classifier(kind) is classifier


@pytest.mark.parametrize("kind", KINDS)
def test_it_names_what_it_never_saw(kind: str, unseen: dict[str, ImageSet]) -> None:
    classifier = classifiers.classifier(kind)
    for pictures in (unseen[kind], unseen[kind].select(slice(64)).resize(96)):
        found = classifier.probabilities(pictures.images)
        for head, right in teaching.answers(classifier, pictures).items():
            torch.testing.assert_close(found[head].sum(dim=1), torch.ones(len(right)))
            assert (found[head].argmax(dim=1) == right).float().mean() >= 0.95


def test_on_mnists_own_test_set(real_data: Path) -> None:
    raw = real_data / "MNIST" / "raw"
    pictures = gzip.decompress((raw / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((raw / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
    images = torch.frombuffer(bytearray(pictures), dtype=torch.uint8).view(10_000, 1, 28, 28)
    expected = torch.frombuffer(bytearray(labels), dtype=torch.uint8)
    guessed = classifiers.classifier("digit").probabilities(images)["digit"].argmax(dim=1)
    assert (guessed == expected).float().mean() >= 0.985


BLACK = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (BLACK.float(), ValueError, "images are torch.float32"),
        (BLACK[0], ValueError, r"shape \(3, 8, 8\)"),
        (
            BLACK[:, :2],
            ValueError,
            r"^images are \(2, 8, 8\) .* give 1( or 3)? as C: ImageSet.in_ch",
        ),
        (BLACK.numpy(), TypeError, "a ndarray"),
        (None, TypeError, "a NoneType"),
    ],
    ids=["float", "no batch", "two channels", "an array", "nothing"],
)
def test_what_is_no_picture_is_refused(images: object, error: type, words: str) -> None:
    for look in (classifiers.classifier_of, classifiers.classifier("digit").describe):
        with pytest.raises(error, match=words):
            look(images)


@pytest.mark.parametrize("kind", KINDS)
def test_torchs_global_switches_do_not_matter(kind: str, unseen: dict[str, ImageSet]) -> None:
    images = unseen[kind].images[:8]
    expected = classifiers.classifier(kind).describe(images)
    classifiers.classifier.cache_clear()
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    try:
        with torch.inference_mode():
            found = classifiers.classifier(kind).describe(images)
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(classifiers.classifier(kind).describe(images), expected)


# --- how they are taught


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_taught_keeps_its_shape_and_range(kind: str, unseen: dict[str, ImageSet]) -> None:
    pictures = to_unit(unseen[kind].images[:16])
    made = teaching.none(kind, pictures)
    assert made.shape == pictures.shape
    assert made.abs().max() <= 1
    assert not torch.equal(made, pictures)
    assert teaching.LESSONS[kind].vary(pictures).shape == pictures.shape


def test_shuffling_keeps_the_pixels(unseen: dict[str, ImageSet]) -> None:
    pictures = to_unit(unseen["face"].images[:4])
    cut = teaching.shuffled(pictures)
    assert not torch.equal(cut, pictures)
    squares = [
        x.unfold(2, 16, 16).unfold(3, 16, 16).sum((1, 4, 5)).flatten(1) for x in (pictures, cut)
    ]
    torch.testing.assert_close(*(sums.sort(dim=1).values for sums in squares))


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_writes_what_the_course_reads(
    kind: str,
    unseen: dict[str, ImageSet],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    few = unseen[kind].select(slice(None, None, 5))
    reserved = torch.arange(len(few)) % 4 == 0
    few = ImageSet(few.images, few.labels, few.classes, reserved)
    lesson = teaching.LESSONS[kind]
    monkeypatch.setitem(
        teaching.LESSONS, kind, replace(lesson, pictures=lambda: few, batch=4, other=2)
    )
    file = tmp_path / f"{kind}_classifier.safetensors"
    monkeypatch.setattr(sys, "argv", ["", kind, "--steps=2", f"--out={file}"])
    teaching.main()
    assert "held-out pictures, sure (0.9) of" in capsys.readouterr().out
    monkeypatch.setattr(classifiers, "embedded", lambda name: tmp_path / name)
    classifiers.classifier.cache_clear()
    try:
        assert classifiers.classifier(kind).describe(few.images[:2]).isfinite().all()
    finally:
        classifiers.classifier.cache_clear()
