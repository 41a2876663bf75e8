"""What `datasets.load` makes of a bare path, and of a number of pictures."""

import shutil
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from PIL import Image

from gan_utils import datasets
from gan_utils.datasets import ImageSet, choosing


@pytest.fixture(autouse=True)
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "data_root"
    monkeypatch.setenv("GAN_UTILS_DATA", str(root))
    return root


def pictures(folder: Path, names: list[str]) -> Path:
    """A folder of small pictures, no two alike."""
    for seed, name in enumerate(names):
        pixels = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), np.uint8)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    return folder


def zipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))


CELEBA = [f"{i:06d}.jpg" for i in range(1, 41)]
ANIME = [f"{i}.jpg" for i in range(99_990, 100_030)]
LAYOUTS = [
    ("celeba", [f"img_align_celeba/{name}" for name in CELEBA]),
    ("celeba", [f"celeba/img_align_celeba/{name}" for name in CELEBA]),
    ("celeba", CELEBA),
    ("anime", [f"faces/{name}" for name in CELEBA]),
    ("anime", ANIME),
    ("anime", [f"faces/{name}" for name in ANIME]),
    ("folder", [f"{sort}/{name}" for sort in ("cats", "dogs") for name in ANIME]),
    ("folder", [f"scan {i}.jpg" for i in range(40)]),
]


@pytest.mark.parametrize(("source", "names"), LAYOUTS)
def test_layouts_are_recognized(tmp_path: Path, source: str, names: list[str]) -> None:
    folder = pictures(tmp_path / "some", names)
    for path in (folder, zipped(folder)):
        assert choosing._layout(path) == source
        images = datasets.load(str(path), 12)
        assert images.shape == (3, 12, 12)
        assert len(images) == len(names)
        assert ("CelebA" in images.source) == (source == "celeba")
        assert ("anime faces" in images.source) == (source == "anime")


def test_a_folder_deeper_than_celebas_is_a_folder(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "some", [f"celeba/celeba/img_align_celeba/{n}" for n in CELEBA])
    assert len(datasets.load(str(folder), 12)) == 40


def test_the_folder_of_the_faces_themselves(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "img_align_celeba", [*CELEBA, "odd.jpg"])
    assert "CelebA" in datasets.load(str(folder), 12).source


def test_a_name_comes_before_a_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(tmp_path / "mnist", ANIME)
    monkeypatch.chdir(tmp_path)
    assert datasets.load("mnist").shape == (1, 28, 28)
    assert datasets.load("./mnist", 12).shape == (3, 12, 12)


def test_colons_in_a_bare_path(tmp_path: Path) -> None:
    assert len(datasets.load(str(pictures(tmp_path / "a:b", ANIME)), 12)) == 40


def test_celeba_alone_is_the_one_downloaded_before(data_root: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no CelebA faces at .*data_root"):
        datasets.load("celeba", 12)
    pictures(data_root / "celeba" / "img_align_celeba", CELEBA)
    assert len(datasets.load("celeba", 12)) == 40


def test_all_of_mnist_from_a_bare_folder(real_data: Path) -> None:
    digits = datasets.load(str(real_data), 28, at_most=6000)
    assert len(digits) == 6000
    assert digits.shape == (1, 28, 28)


# --- at most so many


def test_a_part_of_a_pack_is_a_slice_with_some_held_out(tmp_path: Path) -> None:
    path = str(pictures(tmp_path / "some", [f"{sort}/{n}" for sort in "ab" for n in ANIME]))
    every, some = datasets.load(path, 12), datasets.load(path, 12, at_most=30)
    assert (len(some), len(some.train), len(some.held_out)) == (30, 27, 3)
    first = len(every.train) - 27
    assert torch.equal(some.images, every.images[first : first + 30])
    assert torch.equal(some.labels, every.labels[first : first + 30])
    assert some.images.untyped_storage().nbytes() > some.images.nbytes  # a view: nothing is copied
    assert not some.train.reserved.any()
    assert some.report.names == every.report.names[first : first + 30]
    assert (some.report.held_out, some.report.accepted) == (3, 30)
    assert some.classes == every.classes == ("a", "b")
    assert some.source == "30 of 80 pictures of some"


def test_more_than_there_are_is_all(tmp_path: Path) -> None:
    path = str(pictures(tmp_path / "some", ANIME))
    assert len(datasets.load(path, 12, at_most=1000)) == 40


def test_a_part_of_the_digits_has_all_classes() -> None:
    digits = datasets.load("mnist", 28, at_most=1000)
    assert torch.bincount(digits.labels).tolist() == [100] * 10
    assert torch.bincount(digits.held_out.labels).tolist() == [10] * 10


def test_a_part_of_a_set_without_held_out_pictures() -> None:
    images = ImageSet(torch.arange(20, dtype=torch.uint8).view(20, 1, 1, 1))
    assert choosing.part(images, 5).images.flatten().tolist() == [0, 1, 2, 3, 4]
    assert choosing.part(images, None) is images


@pytest.mark.parametrize("n", [0, -3])
def test_at_most_is_1_or_more(n: int) -> None:
    with pytest.raises(ValueError, match=f"at_most is {n}; use 1 picture or more"):
        datasets.load("cartoon", 64, at_most=n)


@pytest.mark.parametrize("name", ["", "/nowhere", "faces", "nowhere.zip"])
def test_paths_that_are_not_there(name: str) -> None:
    with pytest.raises(ValueError, match=f"data is '{name}'; it must be .* path of a folder"):
        datasets.load(name)


def test_a_file_that_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "faces.zip").write_text("faces")
    with pytest.raises(ValueError, match="neither a folder nor a whole zip"):
        datasets.load(str(tmp_path / "faces.zip"))


def test_an_empty_zip(tmp_path: Path) -> None:
    ZipFile(tmp_path / "faces.zip", "w").close()
    with pytest.raises(ValueError, match="there is no picture to train on"):
        datasets.load(str(tmp_path / "faces.zip"))
