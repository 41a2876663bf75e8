"""CIFAR-10 through torchvision's loader, on a made-up set in its layout."""

import hashlib
import pickle
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10

from gan_utils import datasets

CLASSES = [f"class {i}" for i in range(10)]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six pictures in each batch; the i-th picture of batch b is all 10·b + i."""
    folder = tmp_path / CIFAR10.base_folder
    folder.mkdir()

    def write(name: str, content: dict[str, object]) -> tuple[str, str]:
        data = pickle.dumps(content)
        (folder / name).write_bytes(data)
        return name, hashlib.md5(data).hexdigest()

    lists = []
    for batch in range(6):
        pixels = np.repeat(10 * batch + np.arange(6), 3072).reshape(6, 3072).astype(np.uint8)
        name = f"data_batch_{batch + 1}" if batch < 5 else "test_batch"
        lists.append(write(name, {"data": pixels, "labels": [batch] * 6}))
    meta, md5 = write("batches.meta", {"label_names": CLASSES})
    monkeypatch.setattr(CIFAR10, "train_list", lists[:5])
    monkeypatch.setattr(CIFAR10, "test_list", lists[5:])
    names = {"filename": meta, "key": "label_names", "md5": md5}
    monkeypatch.setattr(CIFAR10, "meta", names)
    return tmp_path


def test_cifar10(root: Path) -> None:
    images = datasets.cifar10(root)
    assert images.images.shape == (36, 3, 32, 32)
    assert images.images[:, 0, 0, 0].tolist() == [10 * b + i for b in range(6) for i in range(6)]
    assert torch.equal(images.labels, torch.arange(6).repeat_interleave(6))
    assert images.classes == tuple(CLASSES)
    assert (len(images.train), len(images.held_out)) == (30, 6)
    assert images.held_out.labels.tolist() == [5] * 6
    assert "CIFAR-10" in images.source


@pytest.mark.parametrize(
    "kind", ["folder itself", "zip", "deeper zip", "tar.gz", "tar.gz in its folder"]
)
def test_cifar10_as_it_is_handed_out(root: Path, kind: str) -> None:
    expected = datasets.cifar10(root).fingerprint
    path = root / CIFAR10.base_folder
    if kind != "folder itself":
        (root / "down" / "x").mkdir(parents=True)
        form = "zip" if "zip" in kind else "gztar"
        base = root / ("down/x" if kind == "deeper zip" else "")
        path = path.rename(base / CIFAR10.base_folder)
        archive = root / "down" / "cifar-10-python"
        above = "down/x/.." if kind == "deeper zip" else "."
        inside = "x" if kind == "deeper zip" else CIFAR10.base_folder
        path = Path(shutil.make_archive(str(archive), form, root / above, inside))
        if "in its folder" in kind:
            path = path.parent
    before = sorted(root.rglob("*"))
    assert datasets.cifar10(path).fingerprint == expected
    for name in (path, str(path), f"cifar10:{path}"):
        assert "36 pictures of CIFAR-10" in datasets.load(name, 32).source
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("name", ["cifar-10-python.tar.gz", "a.zip", "a.png"])
def test_archives_that_are_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"cut short")
    with pytest.raises(FileNotFoundError, match=r"CIFAR-10 is missing .* or damaged"):
        datasets.load(f"cifar10:{tmp_path / name}")


def test_an_archive_of_single_pictures(tmp_path: Path) -> None:
    (tmp_path / "cifar10" / "cat").mkdir(parents=True)
    path = shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path, "cifar10")
    with pytest.raises(FileNotFoundError, match="single files are read by folder:PATH"):
        datasets.cifar10(path)


def test_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("went online"))
    with pytest.raises(FileNotFoundError, match=r"put cifar-10-python\.tar\.gz \(md5 c58f"):
        datasets.cifar10(tmp_path / "nowhere")


def test_damaged(root: Path) -> None:
    (root / CIFAR10.base_folder / "data_batch_2").write_bytes(b"cut")
    with pytest.raises(FileNotFoundError, match=r"missing from .* or damaged"):
        datasets.cifar10(root)


def test_failed_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise urllib.error.URLError("no network in this test")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(FileNotFoundError, match="no network in this test"):
        datasets.cifar10(tmp_path, download=True)
