"""Pictures: the embedded digits, all of MNIST, the ring, and what an ImageSet refuses."""

import math
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_utils import datasets, runtime
from gan_utils.datasets import ImageSet, image_set, to_uint8, to_unit
from gan_utils.datasets.packing.pictures import Shape
from gan_utils.datasets.packing.report import Report


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    return datasets.mnist()


def numbered(n: int, reserved: list[int] | None = None) -> ImageSet:
    """n pictures, 2×2, of which the i-th is all i."""
    images = torch.arange(n).byte().view(n, 1, 1, 1).expand(n, 1, 2, 2)
    mask = None if reserved is None else torch.isin(torch.arange(n), torch.tensor(reserved))
    return ImageSet(images, torch.arange(n), reserved=mask, source="numbers")


# --- the embedded digits


def test_embedded_digits(digits: ImageSet) -> None:
    assert digits.images.shape == (10_000, 1, 28, 28)
    assert digits.images.dtype == torch.uint8
    assert (digits.images.min(), digits.images.max()) == (0, 255)
    assert digits.labels.bincount().tolist() == [1000] * 10
    assert digits.train.labels.bincount().tolist() == [900] * 10
    assert digits.held_out.labels.bincount().tolist() == [100] * 10
    assert digits.classes == tuple("0123456789")
    assert "MNIST" in digits.source


def pictures_of(images: ImageSet) -> list[bytes]:
    return [picture.numpy().tobytes() for picture in images.images]


def test_no_picture_is_in_both_parts(digits: ImageSet) -> None:
    assert set(pictures_of(digits.train)).isdisjoint(pictures_of(digits.held_out))


@pytest.mark.parametrize(
    ("name", "limit"), [("digits.npz", 2_000_000), ("digit_classifier.safetensors", 500_000)]
)
def test_embedded_files_are_small(name: str, limit: int) -> None:
    assert runtime.embedded(name).stat().st_size <= limit


# --- all of MNIST


def listing(folder: Path) -> dict[Path, tuple[int, int]]:
    return {p: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.rglob("*")}


def refuse_network(*args: object, **kwargs: object) -> None:
    raise urllib.error.URLError("no network in this test")


def test_all_of_mnist(real_data: Path, digits: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", refuse_network)
    before = listing(real_data)
    everything = datasets.mnist(full=True, root=real_data)
    assert listing(real_data) == before
    assert everything.images.shape == (60_000, 1, 28, 28)
    assert (len(everything.train), len(everything.held_out)) == (59_000, 1000)
    for digit in range(10):
        ours = digits.held_out.select(digits.held_out.labels == digit)
        theirs = everything.held_out.select(everything.held_out.labels == digit)
        assert torch.equal(ours.images, theirs.images)
    with np.load(runtime.embedded("digits.npz")) as file:
        position = torch.from_numpy(file["position"].astype(np.int64))
    assert torch.equal(everything.images[position], digits.images)
    assert torch.equal(everything.labels[position], digits.labels)
    assert len(datasets.load(f"mnist:{real_data}")) == 60_000


def test_missing_files_are_named_and_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("went online"))
    with pytest.raises(FileNotFoundError, match=r"By hand: put train-images-idx3-ubyte\.gz"):
        datasets.mnist(full=True, root=tmp_path)
    assert list(tmp_path.iterdir()) == []


PARTS = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("content", [b"cut short", b"", bytes([0, 0, 8, 3, 0, 0, 0, 9])])
def test_damaged_files_are_not_replaced_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, content: bytes
) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("went online"))
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in PARTS:
        (raw / f"{part}-ubyte{suffix}").write_bytes(content)
    before = listing(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"missing from .* or damaged \(.+\)"):
        datasets.mnist(full=True, root=tmp_path)
    assert listing(tmp_path) == before


@pytest.mark.parametrize(("digits", "labels"), [(100, 100), (1, 1), (60_000, 59_999)])
def test_files_of_another_count(tmp_path: Path, digits: int, labels: int) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in PARTS:
        images = part.endswith("idx3")
        sizes = [digits, 28, 28] if images else [labels]
        header = bytes([0, 0, 8, len(sizes)]) + b"".join(n.to_bytes(4, "big") for n in sizes)
        (raw / f"{part}-ubyte").write_bytes(header + bytes(int(np.prod(sizes))))
    sentence = f"holds {digits:,} training digits and {labels:,} labels; MNIST has 60,000"
    for name in (f"mnist:{tmp_path}", tmp_path):
        with pytest.raises(ValueError, match=sentence):
            datasets.load(name)


@pytest.mark.parametrize("given", [{"download": True}, {"root": "here"}, {"root": Path()}])
def test_the_sample_is_not_given_where_all_digits_are_meant(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="pass full=True, too"):
        datasets.mnist(**given)


def test_failed_download_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", refuse_network)
    with pytest.raises(
        FileNotFoundError,
        match=r"no network in this .*\n  python -c ",
    ):
        datasets.mnist(full=True, download=True, root=tmp_path)


def test_data_root_is_where_full_mnist_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_UTILS_DATA", str(tmp_path / "here"))
    with pytest.raises(FileNotFoundError, match=r"here.MNIST.raw"):
        datasets.mnist(full=True)


# --- ImageSet


@pytest.mark.parametrize(
    "images",
    [torch.zeros(2, 1, 4, 4), torch.zeros(2, 4, 4, dtype=torch.uint8), torch.zeros(2, dtype=int)],
    ids=["float", "no channels", "labels"],
)
def test_only_uint8_pictures_are_taken(images: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"takes uint8 \(N, C, H, W\)"):
        ImageSet(images)


@pytest.mark.parametrize("images", [np.zeros((2, 1, 4, 4), np.uint8), [[1, 2]], None])
def test_only_tensors_are_taken(images: object) -> None:
    with pytest.raises(TypeError, match=r"images are a .*; an ImageSet takes a torch\.Tensor"):
        ImageSet(images)


@pytest.mark.parametrize("column", ["labels", "reserved"])
def test_columns_must_match_the_pictures(column: str) -> None:
    with pytest.raises(ValueError, match=f"3 {column} for 2 images"):
        ImageSet(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), **{column: torch.zeros(3).bool()})


@given(st.sets(st.integers(0, 19)))
def test_train_and_held_out_divide_the_set(reserved: set[int]) -> None:
    images = numbered(20, sorted(reserved))
    train, held_out = images.train, images.held_out
    assert train.labels.tolist() == [i for i in range(20) if i not in reserved]
    assert held_out.labels.tolist() == sorted(reserved)
    for part in (train, held_out):
        assert torch.equal(part.images[:, 0, 0, 0].long(), part.labels)


def test_without_a_reserved_column_all_is_for_training() -> None:
    images = numbered(5)
    assert len(images.train) == 5
    with pytest.raises(ValueError, match="nothing was held out of numbers"):
        _ = images.held_out


@pytest.mark.parametrize(
    "index",
    [slice(2, 9, 3), slice(-3, None), slice(0), torch.tensor([4, 1, 4]), torch.arange(9) % 4 == 1],
    ids=["slice", "last", "nothing", "positions", "mask"],
)
def test_select_keeps_labels_and_names_beside_their_pictures(index: slice | torch.Tensor) -> None:
    report = Report("numbers", Shape(2, 1), [f"{i}.png" for i in range(9)], held_out=2)
    chosen = replace(numbered(9, [1, 8]), report=report).select(index)
    kept = torch.arange(9)[index].tolist()
    assert chosen.images[:, 0, 0, 0].tolist() == chosen.labels.tolist() == kept
    assert chosen.report.names == [f"{i}.png" for i in kept]
    assert chosen.report.held_out == len([i for i in kept if i in (1, 8)])
    assert (report.held_out, report.accepted) == (2, 9)
    assert chosen.held_out.report.names == [f"{i}.png" for i in kept if i in (1, 8)]
    assert chosen.train.report.held_out == 0


def test_a_set_is_shown_in_a_line_and_compared_without_an_error() -> None:
    images = numbered(2000, [3])
    assert repr(images) == "ImageSet(2,000 × (1, 2, 2), 1 held out; numbers)"
    assert len({images, images, numbered(2000, [3])}) == 2
    assert images == images != numbered(2000, [3])


def test_a_fingerprint_is_of_pictures_and_what_is_held_out() -> None:
    images = numbered(10, [3])
    assert images.fingerprint == "35c71c8a3331a288f8b21ee2a1c135c6"  # on every machine
    for same in (replace(images, labels=None, source="moved"), images.select(torch.arange(10))):
        assert same.fingerprint == images.fingerprint
    swapped = torch.tensor([1, 0, *range(2, 10)])
    others = [
        numbered(10, [4]),
        numbered(10),
        numbered(11, [3]),
        images.select(swapped),
        images.select(slice(0)),
        replace(images, images=images.images.reshape(10, 2, 2, 1)),
        replace(images, images=images.images + (torch.arange(10) == 7).byte().view(10, 1, 1, 1)),
    ]
    assert len({images.fingerprint, *(other.fingerprint for other in others)}) == 8
    assert numbered(10, []).fingerprint == numbered(10).fingerprint


def test_the_fingerprint_of_a_large_set_reads_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_set, "READ", 12)  # bytes: of 40, every fourth picture
    prints = []
    for changed in range(10):
        images = numbered(10).images.clone()
        images[changed] = 200
        prints.append(ImageSet(images).fingerprint != numbered(10).fingerprint)
    assert prints == [i % 4 == 0 for i in range(10)]


def test_every_pixel_value_survives_the_round_trip() -> None:
    pixels = torch.arange(256, dtype=torch.uint8)
    unit = to_unit(pixels)
    assert (unit.min(), unit.max()) == (-1, 1)
    assert torch.equal(to_uint8(unit), pixels)
    assert torch.equal(to_uint8(torch.tensor([-3.0, 7.0])), torch.tensor([0, 255]).byte())


@given(value=st.integers(0, 255), before=st.integers(1, 20), after=st.integers(1, 20))
def test_resizing_a_plain_picture_keeps_it_plain(value: int, before: int, after: int) -> None:
    images = ImageSet(torch.full((2, 3, before, before), value, dtype=torch.uint8))
    resized = images.resize(after)
    assert resized.shape == (3, after, after)
    assert (resized.images == value).all()


def test_resizing_averages_down() -> None:
    checks = (torch.arange(64).view(8, 8) + torch.arange(8).view(8, 1)) % 2 * 255
    small = ImageSet(checks.byte().view(1, 1, 8, 8)).resize(2).images
    assert (small.float() - 127.5).abs().max() <= 1
    images = numbered(3)
    assert images.resize(2) is images
    assert images.resize(4).labels is images.labels


@pytest.mark.parametrize("size", [0, -4])
def test_resizing_to_nothing_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"size is {size}"):
        numbered(3).resize(size)


# --- toys


def test_stacked_labels_agree_with_the_channels() -> None:
    plain = ImageSet(numbered(10).images, torch.arange(10))
    stacked = datasets.stacked_mnist(plain, 500)
    assert stacked.shape == (3, 2, 2)
    red, green, blue = stacked.images[:, :, 0, 0].long().unbind(1)
    assert torch.equal(stacked.labels, red * 100 + green * 10 + blue)
    assert len(stacked.classes) == 1000
    assert stacked.classes[42] == "042"
    with pytest.raises(ValueError, match="has no labels; stack pictures with labels 0 … 9"):
        datasets.stacked_mnist(ImageSet(plain.images), 500)
    again, other = datasets.stacked_mnist(plain, 500), datasets.stacked_mnist(plain, 500, seed=1)
    assert torch.equal(stacked.labels, again.labels)
    assert not torch.equal(stacked.labels, other.labels)


def test_ring() -> None:
    centers = datasets.ring_centers()
    assert centers.shape == (8, 2)
    torch.testing.assert_close(centers[0], torch.tensor([2.0, 0.0]))
    torch.testing.assert_close(centers.norm(dim=1), torch.full((8,), 2.0))
    neighbors = (centers - centers.roll(1, 0)).norm(dim=1)
    torch.testing.assert_close(neighbors, torch.full((8,), 4 * math.sin(math.pi / 8)))

    points = datasets.ring(20_000, torch.Generator().manual_seed(0))
    distance, nearest = torch.cdist(points, centers).min(dim=1)
    assert nearest.bincount().div(20_000).sub(1 / 8).abs().max() < 0.01
    assert distance.square().mean().item() == pytest.approx(2 * datasets.RING_SIGMA**2, rel=0.05)
    assert torch.equal(points, datasets.ring(20_000, torch.Generator().manual_seed(0)))


# --- load


def test_load() -> None:
    assert datasets.load("mnist").shape == (1, 28, 28)
    assert datasets.load("mnist", 12).shape == (1, 12, 12)


@pytest.mark.parametrize("name", ["cifar", "", "MNIST", "mnist2:x"])
def test_unknown_data_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"data is '{name}'; it must be mnist"):
        datasets.load(name)


def test_load_of_a_folder_without_the_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="MNIST's four files"):
        datasets.load(f"mnist:{tmp_path}")
