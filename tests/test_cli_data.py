"""The command line's data: what --data takes, and what data inspect says."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from samples import status

from gan_utils import datasets
from gan_utils.datasets import choosing
from gan_utils.training import checkpoint

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
    stored = checkpoint.read(out)
    assert (stored["step"], stored["settings"]["channels"]) == (2, 3)
    assert status("sample", out, "--n", 4, "--out", tmp_path / "a.npz") == 0
    assert np.load(tmp_path / "a.npz")["images"].shape == (4, size, size, 3)


SMALL = ("--image-size", 12, "--base-channels", 2, "--batch-size", 4)


def test_training_in_gray(pictures: Path, tmp_path: Path) -> None:
    run, sheet = tmp_path / "run", tmp_path / "sheet.png"
    words = ["--data", pictures, *SMALL, "--channels", 1]
    assert status("train", *words, "--steps", 1, "--out", run) == 0
    assert status("train", "--resume", run, "--steps", 2) == 0
    assert status("sample", run, "--n", 3, "--out", tmp_path / "a.npz") == 0
    assert np.load(tmp_path / "a.npz")["images"].shape == (3, 12, 12, 1)
    assert status("data", "inspect", pictures, "--channels", 1, "--sheet", sheet) == 0
    assert Image.open(sheet).mode == "L"


@pytest.mark.parametrize("form", ["folder:{}", "anime:{}", "{}"])
def test_a_run_finds_its_pictures_from_any_folder(
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    form: str,
) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    monkeypatch.chdir(pictures.parent)
    data = form.format(f"./{pictures.name}/")
    assert status("train", "--data", data, *SMALL, "--steps", 1, "--out", run) == 0
    other.mkdir()
    (other / pictures.name).mkdir()  # an empty folder of the same name
    monkeypatch.chdir(other)
    same = ["--data", form.format(f"../{pictures.name}")]
    for steps, words in [(2, []), (3, same)]:
        assert status("train", "--resume", run, *words, "--steps", steps) == 0
    assert "note: " not in capsys.readouterr().err


def test_pictures_that_moved_or_changed(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run, steps = tmp_path / "run", iter(range(2, 9))
    assert status("train", "--data", pictures, *SMALL, "--steps", 1, "--out", run) == 0
    moved = pictures.rename(tmp_path / "moved")
    go_on = ["train", "--resume", run]
    assert status(*go_on, "--steps", next(steps)) == 1
    said = capsys.readouterr().err
    assert "If the pictures of the run have moved, say where they are with --data" in said
    assert status(*go_on, "--data", moved, "--steps", next(steps)) == 0
    assert "note: " not in capsys.readouterr().err
    for i in range(4):
        (moved / f"{i:06d}.jpg").unlink()
    for told in (True, False):  # once
        assert status(*go_on, "--steps", next(steps)) == 0
        said = capsys.readouterr().err
        assert (f"note: {moved} is not, or no longer, what this run was trained on" in said) is told
    assert status(*go_on, "--data", "mnist", "--steps", next(steps)) == 0
    assert "note: mnist is not, or no longer," in capsys.readouterr().err


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
        (["data", "inspect", ".", "--sheet", "a.jpg"], 1, "its name must end in .png"),
        (
            ["data", "inspect", ".", "--image-size", "ten"],
            2,
            "--image-size: 'ten' is not a whole number",
        ),
        (["data", "inspect"], 2, "path"),
        (["data"], 2, "COMMAND"),
        (["data", "inspect", ".", "--jsn"], 2, "inspect takes no --jsn (did you mean --json?)"),
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
    assert checkpoint.read(run)["settings"]["image_size"] == 64


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
