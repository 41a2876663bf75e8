"""CelebA in every layout it is found in, and the chain of links that fetches it."""

import hashlib
import io
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torchvision
from PIL import Image

from gan_utils import datasets
from gan_utils.datasets.celeba import FACES, MD5, MIRRORS, SIZE
from gan_utils.datasets.download import DownloadError

celeba = sys.modules["gan_utils.datasets.celeba"]  # the package has a function of that name
pytestmark = pytest.mark.usefixtures("data_root")
N = 20


def jpeg(i: int) -> bytes:
    pixels = np.full((218, 178, 3), 10 * i, np.uint8)
    pixels[:20] = pixels[-20:] = 255  # above and below the center square
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def archive() -> bytes:
    """CelebA's zip, of 20 faces: the i-th is all 10·i."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for i in range(N):
            file.writestr(f"img_align_celeba/{i + 1:06d}.jpg", jpeg(i))
    return buffer.getvalue()


@pytest.fixture
def root(tmp_path: Path, archive: bytes) -> Path:
    """torchvision's layout, the faces still in their zip."""
    folder = tmp_path / "root" / "celeba"
    folder.mkdir(parents=True)
    (folder / FACES).write_bytes(archive)
    return folder.parent


def unpack(root: Path, where: str) -> None:
    with zipfile.ZipFile(root / "celeba" / FACES) as archive:
        archive.extractall(root / where)
    (root / "celeba" / FACES).unlink()


def check_faces(images: datasets.ImageSet) -> None:
    assert images.shape == (3, 64, 64)
    numbers = [int(Path(file).stem) - 1 for file in images.report.names]
    assert sorted(numbers) == list(range(N))
    for number, picture in zip(numbers, images.images, strict=True):
        inside = picture[:, 2:-2].float()  # at the edge it takes in a little of what is beyond
        assert (inside - 10 * number).abs().max() <= 4
    assert (len(images.train), len(images.held_out)) == (18, 2)
    assert (images.labels, images.classes) == (None, ())
    assert images.source == "20 aligned faces of CelebA (Liu et al. 2015)"


# --- layouts


@pytest.mark.parametrize("given", ["", "celeba", f"celeba/{FACES}"])
def test_zip_in_torchvisions_place(root: Path, given: str) -> None:
    check_faces(datasets.celeba(root / given))


@pytest.mark.parametrize("given", ["", "celeba", "celeba/img_align_celeba"])
def test_unpacked_in_torchvisions_place(root: Path, given: str) -> None:
    unpack(root, "celeba")
    check_faces(datasets.celeba(root / given))


@pytest.mark.parametrize("given", ["", "img_align_celeba", "img_align_celeba/img_align_celeba"])
def test_kaggles_archive_unpacked(root: Path, given: str) -> None:
    unpack(root, "img_align_celeba")
    for table in ("list_attr_celeba", "list_bbox_celeba", "list_eval_partition"):
        (root / f"{table}.csv").write_text("image_id,smiling\n000001.jpg,1\n")
    check_faces(datasets.celeba(root / given))


@pytest.mark.parametrize("above", ["", "celeba", "CelebA"])
@pytest.mark.parametrize("unpacked", [False, True])
def test_authors_folders(root: Path, above: str, unpacked: bool) -> None:
    for name in ("Img", "Anno", "Eval"):
        (root / above / name).mkdir(parents=True)
    (root / above / "Anno" / "list_attr_celeba.txt").write_text("1\nSmiling\n000001.jpg 1\n")
    if unpacked:
        unpack(root, str(Path(above, "Img")))
    else:
        (root / "celeba" / FACES).rename(root / above / "Img" / FACES)
    check_faces(datasets.celeba(root))
    check_faces(datasets.celeba(root / above / "Img"))


def test_data_root_is_the_default(root: Path, data_root: Path) -> None:
    root.rename(data_root)
    check_faces(datasets.celeba())


def test_part_of_the_faces(root: Path) -> None:
    unpack(root, "celeba")
    for file in sorted((root / "celeba" / "img_align_celeba").iterdir())[10:]:
        file.unlink()
    assert len(datasets.celeba(root)) == 10


def test_crop(root: Path) -> None:
    tight = datasets.celeba(root, size=32, crop=108 / 178)
    assert tight.shape == (3, 32, 32)
    assert tight.report.shape.crop == 108 / 178


@pytest.mark.parametrize(
    ("where", "words"), [("root", r"root\. To fetch"), ("nowhere", "nowhere, for nothing is there")]
)
def test_nothing_there(tmp_path: Path, where: str, words: str) -> None:
    (tmp_path / "root").mkdir()
    with pytest.raises(FileNotFoundError, match=f"there are no CelebA faces at .*{words}") as error:
        datasets.celeba(tmp_path / where)
    message = str(error.value)
    assert f"{FACES} ({SIZE:,} bytes, md5 {MD5})" in message
    assert f"put it into {(tmp_path / where / 'celeba').as_posix()}, unopened" in message
    assert f"datasets.celeba('{(tmp_path / where).as_posix()}', download=True)\"" in message
    assert list(tmp_path.iterdir()) == [tmp_path / "root"]


def test_the_command_for_the_default_place_is_short(data_root: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"datasets\.celeba\(download=True\)\""):
        datasets.celeba()


@pytest.mark.parametrize("given", ["", f"celeba/{FACES}"])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html>quota</html>", "neither a folder nor a whole zip: a web page"),
        (b"PK\x03\x04 and no end", "neither a folder nor a whole zip: it is cut or damaged"),
        (b"", "neither a folder nor a whole zip: an empty file"),
    ],
)
def test_a_zip_that_is_none(root: Path, given: str, data: bytes, words: str) -> None:
    (root / "celeba" / FACES).write_bytes(data)
    with pytest.raises(ValueError, match=f"{FACES} is {words}"):
        datasets.celeba(root / given)


def test_a_damaged_zip_beside_the_faces(root: Path, archive: bytes) -> None:
    unpack(root, "celeba")
    (root / "celeba" / FACES).write_bytes(archive[:100])
    check_faces(datasets.celeba(root))


def test_real_part(real_data: Path) -> None:
    images = datasets.celeba(real_data / "celeba_89x109_10k.zip")
    assert (len(images), images.shape) == (10_000, (3, 64, 64))
    assert (len(images.train), len(images.held_out), images.labels) == (9000, 1000, None)
    assert images.source == "10,000 aligned faces of CelebA (Liu et al. 2015)"


# --- the chain


class Links:
    """Stand-ins for torchvision's download and the mirrors, which note who was asked."""

    def __init__(self, archive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        self.archive, self.asked, self.working = archive, [], ""
        monkeypatch.setattr(celeba, "SIZE", len(archive))
        monkeypatch.setattr(celeba, "MD5", hashlib.md5(archive).hexdigest())
        monkeypatch.setattr(celeba, "fetch", self.fetch)
        monkeypatch.setattr(celeba, "_by_torchvision", lambda path: self.give("torchvision", path))

    def fetch(self, url: str, path: Path, md5: str, size: int) -> None:
        self.give(next(who for who, known in MIRRORS.items() if known == url), path)

    def give(self, who: str, path: Path) -> None:
        self.asked.append(who)
        if who != self.working:
            raise DownloadError("quota is used up")
        path.write_bytes(self.archive)


@pytest.fixture
def links(archive: bytes, monkeypatch: pytest.MonkeyPatch) -> Links:
    return Links(archive, monkeypatch)


ALL = ["torchvision", *MIRRORS]


@pytest.mark.parametrize("who", ALL)
def test_first_link_that_works_is_taken(
    links: Links, tmp_path: Path, who: str, capsys: pytest.CaptureFixture
) -> None:
    links.working = who
    check_faces(datasets.celeba(tmp_path / "new", download=True))
    assert links.asked == ALL[: ALL.index(who) + 1]
    failed = [f"{FACES}: {one} failed: quota is used up" for one in links.asked[:-1]]
    assert capsys.readouterr().out.splitlines() == [*failed, f"{FACES}: fetched from {who}"]


@pytest.mark.parametrize("where", ["zip", "zip in Img", "celeba", "img_align_celeba", "Img"])
def test_what_is_there_is_not_fetched(
    links: Links, root: Path, where: str, capsys: pytest.CaptureFixture
) -> None:
    if where == "zip in Img":
        (root / "celeba").rename(root / "Img")
    elif where != "zip":
        unpack(root, where)
    check_faces(datasets.celeba(root, download=True))
    assert links.asked == []
    state = "whole" if where.startswith("zip") else "unpacked"
    assert capsys.readouterr().out == f"{FACES}: already there, {state}\n"


@pytest.mark.parametrize("kept", [0, 100, -1])
def test_damaged_zip_is_fetched_again(links: Links, root: Path, archive: bytes, kept: int) -> None:
    (root / "celeba" / FACES).write_bytes(archive[:kept])
    links.working = "torchvision"
    check_faces(datasets.celeba(root, download=True))
    assert links.asked == ["torchvision"]


def test_all_links_fail(links: Links, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(FileNotFoundError, match=r"no link gave(.|\n)*By hand: get"):
        datasets.celeba(tmp_path / "new", download=True)
    assert links.asked == ALL
    said = capsys.readouterr().out
    assert all(f"{FACES}: {who} failed: quota is used up" in said for who in ALL)
    said.encode("ascii")  # so it can be printed anywhere


@pytest.mark.parametrize("in_the_way", ["data", "data/celeba"])
def test_a_folder_that_cannot_be_written(links: Links, tmp_path: Path, in_the_way: str) -> None:
    (tmp_path / in_the_way).parent.mkdir(exist_ok=True)
    (tmp_path / in_the_way).write_text("a file where the folder should be")
    if in_the_way == "data":
        with pytest.raises(ValueError, match="data is neither a folder nor a whole zip: text"):
            datasets.celeba(tmp_path / "data", download=True)
    else:
        with pytest.raises(OSError, match=r"celeba cannot be written: .*variable GAN_UTILS_DATA"):
            datasets.celeba(tmp_path / "data", download=True)
    assert links.asked == []


def test_a_place_that_is_only_read(
    links: Links, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:  # root may write everywhere, so permissions would not do
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(celeba.tempfile, "TemporaryFile", refuse)
    with pytest.raises(OSError, match=r"cannot be written: .*Read-only.*GAN_UTILS_DATA"):
        datasets.celeba(tmp_path / "new", download=True)
    assert links.asked == []


def test_the_hash_is_torchvisions() -> None:
    assert {name: md5 for _, md5, name in torchvision.datasets.CelebA.file_list}[FACES] == MD5
    assert all(url.startswith("https://") for url in MIRRORS.values())


def test_torchvisions_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setitem(sys.modules, "gdown", SimpleNamespace())
    monkeypatch.setattr(
        torchvision.datasets.utils,
        "download_file_from_google_drive",
        lambda *given: asked.append(given),
    )
    celeba._by_torchvision(tmp_path / FACES)
    assert asked == [("0B7EVK8r0v71pZjFTYXZWM3FlRnM", tmp_path, FACES, MD5)]
    monkeypatch.setitem(sys.modules, "gdown", None)
    with pytest.raises(DownloadError, match="pip install gdown"):
        celeba._by_torchvision(tmp_path / FACES)
