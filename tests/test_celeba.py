"""CelebA in every layout it is found in, and the chain of links that fetches it."""

import hashlib
import io
import shutil
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from gan_utils import datasets
from gan_utils.datasets import celeba_files
from gan_utils.datasets.celeba_files import ATTRIBUTES, FACES, FILES, MIRRORS, PARTITION
from gan_utils.datasets.download import DownloadError

pytestmark = pytest.mark.usefixtures("data_root")
N = 20
TITLES = [f"Attribute_{i}" for i in range(40)]
SIGNS = np.random.default_rng(0).choice([-1, 1], (N, 40))
PARTS = [0] * 14 + [1] * 3 + [2] * 3


def jpeg(i: int) -> bytes:
    pixels = np.full((218, 178, 3), 10 * i, np.uint8)
    pixels[:20] = pixels[-20:] = 255  # above and below the center square
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def name(i: int) -> str:
    return f"{i + 1:06d}.jpg"


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    """CelebA's three files, of 20 faces: the i-th is all 10·i."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(N):
            archive.writestr(f"img_align_celeba/{name(i)}", jpeg(i))
    rows = [f"{name(i)} " + " ".join(f"{sign:2d}" for sign in SIGNS[i]) for i in range(N)]
    return {
        FACES: buffer.getvalue(),
        ATTRIBUTES: "\n".join([str(N), " ".join(TITLES) + " ", *rows, ""]).encode(),
        PARTITION: "".join(f"{name(i)} {PARTS[i]}\n" for i in range(N)).encode(),
    }


@pytest.fixture
def root(tmp_path: Path, parts: dict[str, bytes]) -> Path:
    """torchvision's layout, the faces still in their zip."""
    folder = tmp_path / "root" / "celeba"
    folder.mkdir(parents=True)
    for file, data in parts.items():
        (folder / file).write_bytes(data)
    return folder.parent


def unpack(root: Path) -> None:
    with zipfile.ZipFile(root / "celeba" / FACES) as archive:
        archive.extractall(root / "celeba")
    (root / "celeba" / FACES).unlink()


def check_faces(images: datasets.ImageSet, labeled: bool = True) -> None:
    assert images.shape == (3, 64, 64)
    assert len(images) == N
    numbers = [int(Path(file).stem) - 1 for file in images.report.names]
    assert sorted(numbers) == list(range(N))
    for number, picture in zip(numbers, images.images, strict=True):
        inside = picture[:, 2:-2].float()  # at the edge it takes in a little of what is beyond
        assert (inside - 10 * number).abs().max() <= 4
    if labeled:
        assert images.classes == tuple(TITLES)
        assert torch.equal(images.labels, torch.from_numpy(SIGNS[numbers] > 0).long())
        assert images.reserved.tolist() == [PARTS[number] == 2 for number in numbers]
        assert (len(images.train), len(images.held_out)) == (17, 3)
    assert images.source == "20 aligned faces of CelebA (Liu et al. 2015)"


# --- layouts


def test_zip_in_torchvisions_place(root: Path) -> None:
    check_faces(datasets.celeba(root))


def test_unpacked_in_torchvisions_place(root: Path) -> None:
    unpack(root)
    check_faces(datasets.celeba(root))


def test_folder_itself(root: Path) -> None:
    check_faces(datasets.celeba(root / "celeba"))
    unpack(root)
    check_faces(datasets.celeba(root / "celeba"))
    check_faces(datasets.celeba(root / "celeba" / "img_align_celeba"))


def test_zip_itself(root: Path) -> None:
    check_faces(datasets.celeba(root / "celeba" / FACES))


def test_authors_layout(root: Path, tmp_path: Path) -> None:
    for folder, file in [("Img", FACES), ("Anno", ATTRIBUTES), ("Eval", PARTITION)]:
        (tmp_path / "drive" / folder).mkdir(parents=True)
        shutil.copy(root / "celeba" / file, tmp_path / "drive" / folder)
    check_faces(datasets.celeba(tmp_path / "drive" / "Img"))


def test_data_root_is_the_default(root: Path, data_root: Path) -> None:
    shutil.copytree(root, data_root)
    check_faces(datasets.celeba())


def test_faces_alone(root: Path) -> None:
    (root / "celeba" / ATTRIBUTES).unlink()
    (root / "celeba" / PARTITION).unlink()
    images = datasets.celeba(root)
    check_faces(images, labeled=False)
    assert (images.labels, images.classes) == (None, ())
    assert len(images.held_out) == 2


def test_part_of_the_faces(root: Path) -> None:
    unpack(root)
    for i in range(10, N):
        (root / "celeba" / "img_align_celeba" / name(i)).unlink()
    images = datasets.celeba(root)
    assert len(images) == 10
    assert images.labels.shape == (10, 40)
    assert len(images.held_out) == 1  # no test face is among them: a tenth


def test_late_labels_make_a_new_pack(root: Path, parts: dict[str, bytes]) -> None:
    (root / "celeba" / ATTRIBUTES).unlink()
    assert datasets.celeba(root).labels is None
    (root / "celeba" / ATTRIBUTES).write_bytes(parts[ATTRIBUTES])
    check_faces(datasets.celeba(root))


def test_same_labels_as_torchvisions_loader(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpack(root)
    loader = torchvision.datasets.CelebA
    table = "\n".join([str(N), "a b c d", *(f"{name(i)} 1 2 3 4" for i in range(N))])
    for file in ("list_bbox_celeba.txt", "list_landmarks_align_celeba.txt"):
        (root / "celeba" / file).write_text(table)
    rows = "".join(f"{name(i)} {i}\n" for i in range(N))
    (root / "celeba" / "identity_CelebA.txt").write_text(rows)
    monkeypatch.setattr(loader, "_check_integrity", lambda self: True)
    theirs, ours = loader(root, split="all"), datasets.celeba(root)
    place = {Path(file).name: i for i, file in enumerate(ours.report.names)}
    order = [place[file] for file in theirs.filename]
    assert torch.equal(ours.labels[order], theirs.attr)
    assert list(ours.classes) == [title for title in theirs.attr_names if title]
    test = {Path(file).name for file in ours.report.names[len(ours.train) :]}
    assert test == set(loader(root, split="test").filename)


def test_crop(root: Path) -> None:
    tight = datasets.celeba(root, size=32, crop=108 / 178)
    assert tight.shape == (3, 32, 32)
    assert tight.report.shape.crop == 108 / 178


@pytest.mark.parametrize("file", [ATTRIBUTES, PARTITION])
@pytest.mark.parametrize("keep", [0, 700, 0.5])
def test_damaged_table(root: Path, file: str, keep: float) -> None:
    path = root / "celeba" / file
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if keep == 0.5 else min(keep, len(data) - 3)])
    with pytest.raises(ValueError, match=rf"{file}.*(is not CelebA's|has no row for)"):
        datasets.celeba(root)


def test_table_of_other_faces(root: Path) -> None:
    unpack(root)
    (root / "celeba" / "img_align_celeba" / "me.jpg").write_bytes(jpeg(3))
    with pytest.raises(ValueError, match=r"has no row for me\.jpg"):
        datasets.celeba(root)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        datasets.celeba(tmp_path / "nowhere")
    message = str(error.value)
    for file, size, md5 in FILES:
        assert f"{file}  {size:,} bytes  md5 {md5}" in message
    assert str(tmp_path / "nowhere" / "celeba") in message
    assert "pass download=True" in message
    assert not (tmp_path / "nowhere").exists()


def test_damaged_zip_is_not_taken_for_the_faces(root: Path) -> None:
    (root / "celeba" / FACES).write_bytes(b"<html>quota</html>")
    with pytest.raises(FileNotFoundError, match="there are no CelebA faces at"):
        datasets.celeba(root)


def test_real_part(real_data: Path) -> None:
    images = datasets.celeba(real_data / "celeba_89x109_10k.zip")
    assert (len(images), images.shape) == (10_000, (3, 64, 64))
    assert (len(images.train), len(images.held_out), images.labels) == (9000, 1000, None)
    assert images.source == "10,000 aligned faces of CelebA (Liu et al. 2015)"


# --- the chain


class Links:
    """Stand-ins for torchvision's download and the mirrors, which note who was asked."""

    def __init__(self, parts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
        self.parts, self.asked, self.working = parts, [], set()
        files = tuple((file, len(d), hashlib.md5(d).hexdigest()) for file, d in parts.items())
        monkeypatch.setattr(celeba_files, "FILES", files)
        monkeypatch.setattr(celeba_files, "fetch", self.fetch)
        monkeypatch.setattr(celeba_files, "_by_torchvision", self.torchvision)

    def torchvision(self, path: Path, md5: str) -> None:
        self.give("torchvision", path)

    def fetch(self, url: str, path: Path, md5: str, size: int) -> None:
        (who,) = [who for who, urls in MIRRORS if url in urls.values()]
        self.give(who, path)

    def give(self, who: str, path: Path) -> None:
        self.asked.append((who, path.name))
        if who not in self.working:
            raise DownloadError("quota is used up")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.parts[path.name])


@pytest.fixture
def links(parts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Links:
    return Links(parts, monkeypatch)


ALL = ["torchvision", *(who for who, _ in MIRRORS)]


@pytest.mark.parametrize("who", ALL[:-1])
def test_first_link_that_works_is_taken(
    links: Links, tmp_path: Path, who: str, capsys: pytest.CaptureFixture
) -> None:
    links.working = {who}
    check_faces(datasets.celeba(tmp_path / "new", download=True))
    before = ALL[: ALL.index(who) + 1]
    assert links.asked == [(one, file) for file in (FACES, ATTRIBUTES, PARTITION) for one in before]
    said = capsys.readouterr().out
    for one in before[:-1]:
        assert f"{FACES}: {one} failed: quota is used up" in said
    assert f"{FACES}: fetched from {who}" in said


def test_what_is_there_is_not_fetched(
    links: Links, root: Path, capsys: pytest.CaptureFixture
) -> None:
    check_faces(datasets.celeba(root, download=True))
    unpack(root)
    check_faces(datasets.celeba(root, download=True))
    assert links.asked == []
    said = capsys.readouterr().out
    assert f"{FACES}: already there, whole" in said
    assert f"{FACES}: already there, unpacked" in said


def test_damaged_files_are_fetched_again(links: Links, root: Path) -> None:
    (root / "celeba" / PARTITION).write_bytes(b"cut")
    links.working = {"torchvision"}
    check_faces(datasets.celeba(root, download=True))
    assert links.asked == [("torchvision", PARTITION)]


def test_all_links_fail(links: Links, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(FileNotFoundError) as error:
        datasets.celeba(tmp_path / "new", download=True)
    assert [who for who, _ in links.asked] == ALL
    message, said = str(error.value), capsys.readouterr().out
    for file, size, md5 in celeba_files.FILES:
        assert f"{file}  {size:,} bytes  md5 {md5}" in message
    assert str(tmp_path / "new" / "celeba") in message
    assert all(f"{FACES}: {who} failed: quota is used up" in said for who in ALL)


def test_labels_that_cannot_be_had_stop_nobody(
    links: Links, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    links.working = {ALL[-1]}  # has the faces only
    images = datasets.celeba(tmp_path / "new", download=True)
    check_faces(images, labeled=False)
    assert images.labels is None
    assert f"{ATTRIBUTES}: could not be had anywhere" in capsys.readouterr().out


def test_hashes_are_torchvisions() -> None:
    known = {file: md5 for _, md5, file in torchvision.datasets.CelebA.file_list}
    assert {file: md5 for file, _, md5 in FILES} == {file: known[file] for file, _, _ in FILES}


def test_mirrors_table() -> None:
    for who, urls in MIRRORS:
        assert who
        assert set(urls) <= {file for file, _, _ in FILES}
        assert all(url.startswith("https://") for url in urls.values())


def test_torchvisions_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setitem(sys.modules, "gdown", SimpleNamespace())
    monkeypatch.setattr(
        torchvision.datasets.utils,
        "download_file_from_google_drive",
        lambda *given: asked.append(given),
    )
    md5 = dict((file, md5) for file, _, md5 in FILES)[PARTITION]
    celeba_files._by_torchvision(tmp_path / PARTITION, md5)
    assert asked == [("0B7EVK8r0v71pY0NSMzRuSXJEVkk", tmp_path, PARTITION, md5)]
    monkeypatch.setitem(sys.modules, "gdown", None)
    with pytest.raises(DownloadError, match="pip install gdown"):
        celeba_files._by_torchvision(tmp_path / PARTITION, md5)
