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

pytestmark = pytest.mark.usefixtures("data_root")


def pictures(folder: Path, names: list[str]) -> Path:
    """A folder of small pictures, no two alike, and tables."""
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith((".jpg", ".png")):
            (folder / name).write_text("40\n")
            continue
        pixels = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder


def zipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))


NUMBERED = [f"{i:06d}.jpg" for i in range(1, 41)]
FRAMES = [f"{i:06d}.png" for i in range(40)]
ORDINARY = [f"{i}.jpg" for i in range(99_990, 100_030)]
PLAIN = [
    NUMBERED,
    FRAMES,
    ORDINARY,
    [*ORDINARY, "123456.png"],
    [f"faces/{name}" for name in NUMBERED],
    [f"celeba/{name}" for name in FRAMES],
    [f"{sort}/{name}" for sort in ("cats", "dogs") for name in NUMBERED],
    [f"raw/{name}" for name in FRAMES],
    [f"flower {i}.jpg" for i in range(40)],
]


@pytest.mark.parametrize("names", PLAIN, ids=lambda names: names[0])
def test_names_of_pictures_tell_nothing(tmp_path: Path, names: list[str]) -> None:
    folder = pictures(tmp_path / "some", names)
    (folder / "202401.txt").write_text("notes")
    for path in (folder, zipped(folder)):
        images = datasets.load(path, 12)
        assert images.shape == (3, 12, 12)
        assert images.source == f"{len(names)} pictures of {path.name}"


CELEBA = [
    [f"img_align_celeba/{name}" for name in NUMBERED],
    [f"celeba/img_align_celeba/{name}" for name in NUMBERED],
    [f"img_align_celeba/img_align_celeba/{name}" for name in NUMBERED],
    [f"Img/img_align_celeba/{name}" for name in NUMBERED],
    [*NUMBERED, "list_attr_celeba.txt"],
    [*NUMBERED, "list_attr_celeba.csv"],
]


@pytest.mark.parametrize("names", CELEBA, ids=lambda names: names[-1])
def test_celeba_is_known_by_its_folder_or_table(tmp_path: Path, names: list[str]) -> None:
    folder = pictures(tmp_path / "some", names)
    for path in (folder, zipped(folder)):
        assert "40 aligned faces of CelebA" in datasets.load(path, 12).source


def test_the_folder_or_zip_of_the_faces_themselves(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "img_align_celeba", [*NUMBERED, "odd.jpg"])
    for path in (folder, zipped(folder)):
        assert "CelebA" in datasets.load(path, 12).source


@pytest.mark.parametrize(
    "names",
    [
        [*(f"faces/{name}" for name in FRAMES), "list_attr_celeba.txt"],
        [f"cifar-10-batches-py/{name}" for name in FRAMES],
        [f"MNIST/raw/{name}" for name in FRAMES],
    ],
)
def test_where_a_set_is_not_what_it_is_called_its_pictures_are(
    tmp_path: Path, names: list[str]
) -> None:
    images = datasets.load(pictures(tmp_path / "some", names), 12)
    assert images.source == "40 pictures of some"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("MNIST/raw", "MNIST's four files are missing"),
        ("cifar-10-batches-py", "CIFAR-10 is missing"),
        ("img_align_celeba", "no CelebA faces"),
    ],
)
def test_where_there_is_no_picture_either_the_set_is_asked_for(
    tmp_path: Path, name: str, sentence: str
) -> None:
    (tmp_path / "some" / name).mkdir(parents=True)
    (tmp_path / "some" / name / "notes.txt").write_text("notes")
    with pytest.raises(FileNotFoundError, match=sentence):
        datasets.load(tmp_path / "some")


def test_anime_is_another_word_for_a_folder(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "some", [f"faces/{name}" for name in ORDINARY])
    first, second = datasets.load(f"anime:{folder}", 12), datasets.load(f"folder:{folder}", 12)
    assert first.fingerprint == second.fingerprint
    assert first.source == second.source == "40 pictures of some"


def test_a_name_comes_before_a_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(tmp_path / "mnist", ORDINARY)
    monkeypatch.chdir(tmp_path)
    assert datasets.load("mnist").shape == (1, 28, 28)
    assert datasets.load("./mnist", 12).shape == (3, 12, 12)
    assert datasets.load(Path("mnist"), 12).shape == (3, 12, 12)


def test_colons_in_a_bare_path(tmp_path: Path) -> None:
    assert len(datasets.load(str(pictures(tmp_path / "a:b", ORDINARY)), 12)) == 40


def test_celeba_alone_is_the_one_downloaded_before(data_root: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no CelebA faces.* .*data_root"):
        datasets.load("celeba", 12)
    pictures(data_root / "celeba" / "img_align_celeba", NUMBERED)
    assert len(datasets.load("celeba", 12)) == 40


def test_all_of_mnist_from_a_bare_folder(real_data: Path) -> None:
    digits = datasets.load(str(real_data), 28, at_most=6000)
    assert len(digits) == 6000
    assert digits.shape == (1, 28, 28)


# --- at most so many


def test_a_part_of_a_pack_is_a_slice_with_some_held_out(tmp_path: Path) -> None:
    path = str(pictures(tmp_path / "some", [f"{sort}/{n}" for sort in "ab" for n in ORDINARY]))
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
    path = str(pictures(tmp_path / "some", ORDINARY))
    assert len(datasets.load(path, 12, at_most=1000)) == 40


def test_a_part_of_the_digits_has_all_classes() -> None:
    digits = datasets.load("mnist", 28, at_most=1000)
    assert torch.bincount(digits.labels).tolist() == [100] * 10
    assert torch.bincount(digits.held_out.labels).tolist() == [10] * 10


def test_no_more_faces_are_drawn_than_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def draw(n: int, size: int) -> ImageSet:
        drawn.append((n, size))
        return ImageSet(torch.zeros(1, 3, size, size, dtype=torch.uint8))

    monkeypatch.setattr(choosing, "cartoon", draw)
    for size, at_most in [(64, None), (64, 20_000), (48, 1000)]:
        datasets.load("cartoon", size, at_most)
    assert drawn == [(10_000, 64), (10_000, 64), (1000, 48)]


def test_a_part_of_a_set_without_held_out_pictures() -> None:
    images = ImageSet(torch.arange(20, dtype=torch.uint8).view(20, 1, 1, 1))
    assert choosing.part(images, 5).images.flatten().tolist() == [0, 1, 2, 3, 4]
    assert choosing.part(images, None) is images


@pytest.mark.parametrize("n", [0, -3])
def test_at_most_is_1_or_more(n: int) -> None:
    with pytest.raises(ValueError, match=f"at_most is {n}; use 1 picture or more"):
        datasets.load("cartoon", 64, at_most=n)


# --- in gray or color


def test_a_folder_is_in_color_unless_gray_is_asked_for(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "some", NUMBERED)
    assert datasets.load(folder, 12).shape == datasets.load(folder, 12, channels=3).shape
    for name in (folder, f"folder:{folder}", f"celeba:{folder}"):
        assert datasets.load(name, 12, channels=1).shape == (1, 12, 12)


def test_other_sets_can_change_too() -> None:
    digits, faces = datasets.load("mnist", 28, 20), datasets.load("cartoon", 32, 20)
    colored, gray = (
        datasets.load(name, image_size, 20, channels)
        for name, image_size, channels in [("mnist", 28, 3), ("cartoon", 32, 1)]
    )
    assert torch.equal(colored.images, digits.images.repeat(1, 3, 1, 1))
    assert torch.equal(gray.labels, faces.labels)
    for picture, expected in zip(gray.images, faces.images, strict=True):
        pillow = Image.fromarray(expected.permute(1, 2, 0).numpy()).convert("L")
        assert np.array_equal(picture[0].numpy(), np.asarray(pillow))


@pytest.mark.parametrize("channels", [0, 2, 4])
def test_there_is_gray_and_color_only(channels: int) -> None:
    with pytest.raises(ValueError, match=f"channels is {channels}; it must be 1"):
        datasets.load("mnist", channels=channels)
    images = ImageSet(torch.zeros(2, 4, 4, 4, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"pictures have 1 \(gray\) or 3"):
        images.in_channels(3)


# --- what is refused


@pytest.mark.parametrize("name", ["", "/nowhere", "faces", "nowhere.zip"])
def test_paths_that_are_not_there(name: str) -> None:
    with pytest.raises(ValueError, match=f"data is '{name}'; it must be .* path of a folder"):
        datasets.load(name)
    if name:
        with pytest.raises(ValueError, match=f"there is nothing at {Path(name).absolute()}"):
            datasets.load(Path(name))


@pytest.mark.parametrize("source", ["", "folder:", "celeba:", "mnist:"])
def test_addresses(source: str) -> None:
    with pytest.raises(ValueError, match="an address; download it and give its path"):
        datasets.load(f"{source}https://example.org/faces.zip")


def test_a_file_that_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "faces.zip").write_text("faces")
    with pytest.raises(ValueError, match="neither a folder nor a whole zip"):
        datasets.load(str(tmp_path / "faces.zip"))


def test_an_empty_zip(tmp_path: Path) -> None:
    ZipFile(tmp_path / "faces.zip", "w").close()
    with pytest.raises(ValueError, match="there is no picture to train on"):
        datasets.load(str(tmp_path / "faces.zip"))
