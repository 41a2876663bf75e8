"""The command line's data: what --data takes, and what data inspect says."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_utils import checkpoint, cli, datasets
from gan_utils.datasets import choosing

pytestmark = pytest.mark.usefixtures("data_root")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """24 pictures, one of them twice, and one file that is none."""
    folder = tmp_path / "img_align_celeba"
    folder.mkdir()
    for i in range(24):
        pixels = np.random.default_rng(i % 23).integers(0, 256, (30, 24, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:06d}.jpg")
    (folder / "bad.jpg").write_bytes(b"")
    return folder


def status(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(word) for word in words])
    return ended.value.code


# --- load


@pytest.mark.parametrize("source", ["folder", "anime", "celeba"])
def test_load_from_a_path(pictures: Path, source: str) -> None:
    images = datasets.load(f"{source}:{pictures}", 12)
    assert images.images.shape == (24, 3, 12, 12)
    assert len(images.held_out) in (2, 3, 4)


def test_paths_may_hold_colons(pictures: Path, tmp_path: Path) -> None:
    odd = pictures.rename(tmp_path / "a:b")
    assert len(datasets.load(f"folder:{odd}", 12)) == 24


@pytest.mark.parametrize(
    "name", ["folder", "folder:", "anime:", "cifar10", "cartoon:x", "faces:x", "Folder:x"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"data is '{name}'; it must be mnist .* folder:PATH"):
        datasets.load(name)


@pytest.mark.parametrize("source", ["folder", "anime", "celeba", "cifar10"])
def test_missing_paths(source: str) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        datasets.load(f"{source}:/nowhere")


# --- train


@pytest.mark.parametrize("size", [28, 32, 48, 64, 96, 128])
def test_training_on_a_folder(pictures: Path, tmp_path: Path, size: int) -> None:
    tiny = ["--base-channels", "4", "--batch-size", "8", "--latent-dim", "8"]
    out = tmp_path / "run"
    words = ["--data", f"folder:{pictures}", "--image-size", size, "--steps", 2, "--out", out]
    assert status("train", *tiny, *words) == 0
    assert checkpoint.weights_step(out, "generator") == 2
    settings = json.loads((out / "settings.json").read_text())
    assert settings["image_shape"] == [3, size, size]
    assert status("sample", out, "--n", 4, "--out", tmp_path / "a.npz") == 0
    assert np.load(tmp_path / "a.npz")["images"].shape == (4, size, size, 3)


def test_training_on_nothing(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "empty").mkdir()
    words = ["--data", f"folder:{tmp_path / 'empty'}", "--out", tmp_path / "run"]
    assert status("train", *words) == 1
    assert "error: there is no picture to train on" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


# --- data inspect


def test_inspect(pictures: Path, capsys: pytest.CaptureFixture) -> None:
    assert status("data", "inspect", pictures, "--image-size", 20) == 0
    said = capsys.readouterr().out
    assert said.rstrip() == str(datasets.inspect(pictures, 20))
    assert "24 pictures, 20×20, color; 1 files rejected" in said
    assert "bad.jpg (0 bytes)" in said
    assert "000000.jpg = 000023.jpg" in said


def test_inspect_as_json(pictures: Path, capsys: pytest.CaptureFixture) -> None:
    assert status("data", "inspect", pictures, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["accepted"], report["duplicates"]) == (24, 1)
    assert report["reasons"] == {"empty file": 1}
    assert report["shape"] == {"size": 64, "channels": 3, "crop": 1.0}


def test_inspect_with_a_sheet(pictures: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    assert status("data", "inspect", pictures, "--image-size", 16, "--sheet", sheet) == 0
    assert Image.open(sheet).size == (2 * (5 * 17 - 1), 2 * (5 * 17 - 1))


def test_inspect_nothing(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.txt").write_text("text")
    assert status("data", "inspect", tmp_path / "empty") == 1
    said = capsys.readouterr().out
    assert "0 pictures" in said
    assert "not a picture" in said


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["data", "inspect", "/nowhere"], 1, "no folder or zip of pictures at /nowhere"),
        (["data", "inspect", "."], 1, "size is 0; it must be 1 or more"),
        (["data", "inspect", ".", "--sheet", "a.jpg"], 1, r"its name must end in .png"),
        (["data", "inspect", ".", "--image-size", "ten"], 2, "--image-size is 'ten'"),
        (["data", "inspect"], 2, "path"),
        (["data"], 2, "inspect"),
        (["data", "show", "."], 2, "inspect"),
    ],
)
def test_refusals(words: list[str], code: int, message: str, capsys: pytest.CaptureFixture) -> None:
    if message.startswith("size is 0"):
        words = [*words, "--image-size", "0"]
    assert status(*words) == code
    said = capsys.readouterr().err
    assert message in said
    assert said.startswith("error: ")
    assert "Traceback" not in said


def test_pictures_other_than_digits_are_64_wide_by_default(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = ("--base-channels", 2, "--batch-size", 4, "--steps", 1)
    assert status("train", "--data", f"folder:{pictures}", *small, "--out", run) == 0
    assert checkpoint.settings(run)["image_size"] == 64


# --- evaluate


@pytest.fixture
def drawn_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of one step on 200 drawn faces; FID compares with these, too."""
    monkeypatch.setattr(choosing, "DRAWN", 200)
    monkeypatch.setattr(datasets, "cartoon", lambda size: choosing.cartoon(200, size))
    small = ("--base-channels", 2, "--image-size", 32, "--batch-size", 8, "--steps", 1)
    assert status("train", "--data", "cartoon", *small, "--out", tmp_path / "run") == 0
    return tmp_path / "run"


def test_evaluate_drawn_faces(drawn_run: Path, capsys: pytest.CaptureFixture) -> None:
    capsys.readouterr()
    assert status("evaluate", drawn_run, "--n", 100) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["fid_samples"], report["fid_reference"], report["fid_width"]) == (100, 20, 64)
    assert report["fid"] > report["fid_floor"] > 0
    assert report["fid_features"] == "pooled features of the course's face classifier"
    for attribute in ("hair_color", "eye_color"):
        assert report[attribute]["samples"] == report["uniform_noise"][attribute]["samples"] == 100
        assert report["uniform_noise"][attribute]["classes_covered"] == 0
        assert report["held_out_faces"][attribute]["samples"] == 20
        assert report[attribute]["share"].keys() == report["true_share"][attribute].keys()
        assert sum(report["true_share"][attribute].values()) == pytest.approx(1)


def test_evaluate_other_pictures(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    small = ("--base-channels", 2, "--image-size", 12, "--batch-size", 4, "--steps", 1)
    assert status("train", "--data", f"folder:{pictures}", *small, "--out", tmp_path / "run") == 0
    assert status("evaluate", tmp_path / "run") == 1
    said = capsys.readouterr().err
    assert "evaluate measures digits (mnist) and drawn faces (cartoon) only" in said
