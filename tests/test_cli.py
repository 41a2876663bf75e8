"""The command line: what it writes, what it refuses, and that it never shows a traceback."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from samples import contents, photo, status

from gan_utils import datasets, files, recipes
from gan_utils.training import checkpoint

ROOT = Path(__file__).resolve().parents[1]
TINY = ["--base-channels", "4", "--batch-size", "16", "--latent-dim", "8"]
RUN_FILES = {"checkpoint.pt", "settings.json", "samples.png"}


def train(out: Path, *words: object) -> Path:
    assert status("train", *TINY, "--out", out, *words) == 0
    return out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 12 steps; read it, do not change it."""
    return train(tmp_path_factory.mktemp("cli") / "run", "--steps", 12)


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy of that run."""
    return shutil.copytree(made, tmp_path / "run")


def step_of(run: Path) -> int:
    return checkpoint.read(run)["step"]


def settings_of(run: Path) -> dict[str, object]:
    return json.loads((run / "settings.json").read_text())


# --- what it writes


def test_run_folder(made: Path) -> None:
    assert {path.name for path in made.iterdir()} == RUN_FILES
    settings, usual = settings_of(made), recipes.recipe()
    expected = {
        **{"model": "dcgan", "data": "mnist", "image_size": 28, "channels": 1, "seed": 0},
        **{"base_channels": 4, "batch_size": 16, "latent_dim": 8, "d_steps": 1},
        **{name: getattr(usual, name) for name in ("lr", "beta1", "average", "loss")},
    }
    assert {name: settings[name] for name in expected} == expected
    assert [row["step"] for row in checkpoint.read(made)["history"]] == [1, 10, 12]
    assert step_of(made) == 12
    assert Image.open(made / "samples.png").size == (2 * (8 * 29 - 1),) * 2


@pytest.mark.parametrize("model", ["mlp", "dcgan"])
def test_other_sizes_and_models(tmp_path: Path, model: str) -> None:
    out = train(
        tmp_path / "run", "--model", model, "--image-size", 12, "--steps", 1, "--average", 0
    )
    assert "averaged_generator" not in checkpoint.read(out)["networks"]
    assert status("sample", out, "--n", 3, "--out", tmp_path / "samples.npz") == 0
    assert np.load(tmp_path / "samples.npz")["images"].shape == (3, 12, 12, 1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"image_size": 48}, (64, 16, 32, 1e-3, 2e-4)),
        ({"image_size": 32}, (16, 32, 64, 2e-3, None)),
        ({"model": "mlp", "image_size": 48}, (100, 32, 128, 5e-4, None)),
        ({"data": "cartoon"}, (64, 16, 32, 1e-3, 2e-4)),
        ({"data": "mnist:/somewhere"}, (16, 32, 64, 2e-3, None)),
        # a rate given alone is both players'
        ({"image_size": 48, "lr": 3e-4}, (64, 16, 32, 3e-4, None)),
        ({"image_size": 48, "d_lr": 1e-4}, (64, 16, 32, 1e-3, 1e-4)),
        ({"image_size": 48, "lr": 3e-4, "d_lr": 1e-4}, (64, 16, 32, 3e-4, 1e-4)),
    ],
)
def test_defaults_by_model_and_size(
    given: dict[str, object], expected: tuple[float | None, ...]
) -> None:
    recipe = recipes.recipe(**given)
    names = ("latent_dim", "base_channels", "batch_size", "lr", "d_lr")
    assert tuple(getattr(recipe, name) for name in names) == expected


def test_every_flag_is_kept(tmp_path: Path) -> None:
    chosen = {"model": "mlp", "image_size": 12, "seed": 3, "batch_size": 8, "latent_dim": 5}
    chosen |= {"base_channels": 7, "lr": 1e-3, "d_lr": 1e-4, "beta1": 0.4, "d_steps": 2}
    chosen |= {"loss": "minimax", "average": 0.5, "channels": 3}
    words = [w for name, value in chosen.items() for w in (f"--{name.replace('_', '-')}", value)]
    assert status("train", *words, "--float32", "--steps", 1, "--out", tmp_path / "run") == 0
    settings = settings_of(tmp_path / "run")
    assert {name: settings[name] for name in chosen} == chosen
    assert settings["bfloat16"] is False
    assert status("train", "--resume", tmp_path / "run", "--steps", 2) == 0
    assert step_of(tmp_path / "run") == 2


def test_samples(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    made = train(tmp_path / "run", "--model", "mlp", "--steps", 2)
    for name, seed in [("a", 5), ("b", 5), ("c", 6)]:
        out = tmp_path / f"{name}.npz"
        assert status("sample", made, "--n", 10, "--seed", seed, "--out", out) == 0
    a, b, c = (np.load(tmp_path / f"{name}.npz")["images"] for name in "abc")
    assert (a.shape, a.dtype) == ((10, 28, 28, 1), np.uint8)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    grid = tmp_path / "new" / "grid.png"
    assert status("sample", made, "--n", 10, "--seed", 5, "--out", grid) == 0
    sheet = np.asarray(Image.open(grid))
    assert np.array_equal(sheet[:56:2, :56:2], a[0, :, :, 0])
    assert "in place of" not in capsys.readouterr().out
    assert status("sample", made, "--n", 9, "--out", grid) == 0
    assert "9 pictures, in place of the file that was there" in capsys.readouterr().out


def test_many_samples_are_those_drawn_at_once(made: Path, tmp_path: Path) -> None:
    out, n = tmp_path / "a.npz", 1300  # in parts of 512
    assert status("sample", made, "--n", n, "--seed", 3, "--out", out) == 0
    recipe = recipes.stored_recipe("", checkpoint.read(made)["settings"])
    gan = checkpoint.load(recipes.new_gan(recipe), made)
    at_once = gan.sample(n, seed=3).permute(0, 2, 3, 1).numpy()
    off = np.abs(np.load(out)["images"].astype(int) - at_once)
    assert off.max() <= 1  # other batches may round otherwise


def test_weights_for_other_programs(made: Path, tmp_path: Path) -> None:
    weights = tmp_path / "new" / "g.safetensors"
    words = ["--n", 1, "--out", tmp_path / "a.npz", "--weights", weights]
    assert status("sample", made, *words) == 0
    expected = checkpoint.read(made)["networks"]["averaged_generator"]
    written = load_file(weights)
    assert written.keys() == expected.keys()
    assert all(torch.equal(written[key], expected[key]) for key in expected)


def test_evaluate(made: Path, capsys: pytest.CaptureFixture) -> None:
    capsys.readouterr()
    assert status("evaluate", made, "--n", 200) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["step"] == 12
    assert report["fid"] > 10 * report["fid_floor"] > 0
    assert (report["fid_samples"], report["fid_reference"], report["fid_width"]) == (200, 1000, 64)
    assert report["confidence"] == 0.9
    assert list(report["share"]) == list("0123456789")
    assert report["classes_covered"] == sum(share >= 0.01 for share in report["share"].values())
    assert report["samples"] == 200
    assert report["held_out_digits"]["classes_covered"] == 10
    assert report["uniform_noise"]["classes_covered"] == 0


def test_checkpoint_before_step_1(tmp_path: Path) -> None:
    run = train(tmp_path / "run", "--steps", 0)
    assert step_of(run) == 0
    assert status("sample", run, "--n", 2, "--out", tmp_path / "a.npz") == 0
    assert status("train", "--resume", run, "--steps", 2) == 0
    assert step_of(run) == 2


def test_resumed_run_ends_where_it_would_have(made: Path, tmp_path: Path) -> None:
    run = train(tmp_path / "run", "--steps", 5)
    assert status("train", "--resume", run, "--steps", 12) == 0
    ours, theirs = (checkpoint.read(one)["networks"] for one in (run, made))
    for name, weights in theirs.items():
        assert all(torch.equal(ours[name][key], weights[key]) for key in weights), name
    assert status("train", "--resume", run) == 0  # to the same number of steps: nothing is left
    assert step_of(run) == 12


def test_resuming_into_another_folder_keeps_the_first(run: Path, tmp_path: Path) -> None:
    assert status("train", "--resume", run, "--out", tmp_path / "more", "--steps", 14) == 0
    assert (step_of(run), step_of(tmp_path / "more")) == (12, 14)


def test_tensorboard_files(tmp_path: Path) -> None:
    train(tmp_path / "run", "--steps", 1, "--tensorboard", tmp_path / "log")
    assert [path.name.split(".")[0] for path in (tmp_path / "log").iterdir()] == ["events"]


def test_seconds_and_epochs(tmp_path: Path) -> None:
    run = train(tmp_path / "seconds", "--seconds", 0.3)
    assert step_of(run) >= 1
    run = train(tmp_path / "epochs", "--epochs", 0.01)
    assert step_of(run) == round(0.01 * (9000 // 16))


# --- YAML


@pytest.mark.parametrize("place", ["before", "after"])
def test_config_file_and_flags_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """`no` and 2024 are names here, not a truth value and a number."""
    monkeypatch.chdir(tmp_path)
    Path("no").mkdir()
    for i in range(20):
        photo(i).save(f"no/{i}.png")
    lines = "model: mlp\nsteps: 1\nlr: 3e-3\nlatent_dim: 6\nimage-size: 12\ndata: no\nout: 2024\n"
    Path("run.yaml").write_text(f"{lines}batch_size: 4\n")
    words = [["--config", "run.yaml"], ["--latent-dim", "7"]]
    first, second = words if place == "after" else reversed(words)
    assert status("train", *first, *second) == 0
    settings = settings_of(Path("2024"))
    assert (settings["model"], settings["data"]) == ("mlp", str((tmp_path / "no").resolve()))
    assert (settings["lr"], settings["latent_dim"], settings["image_size"]) == (0.003, 7, 12)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"modle: mlp\nsteps: 1\n", "takes no --modle (did you mean --model?)"),
        (b"lr: fast\nsteps: 1\n", "--lr: 'fast' is not a number"),
        (b"lr: null\nsteps: 1\n", "--lr: 'null' is not a number"),
        (b"steps: [1, 2]\n", "gives steps several values"),
        (b"model: vae\n", "--model: invalid choice: 'vae' (choose from"),
        (b"lr: 1\nsteps: {", "is no YAML in line 2"),
        (b"just words\n", "holds no lines of 'name: value'"),
        (b"", "holds no lines of 'name: value'"),
        (bytes(range(256)), "is no YAML"),
        (None, "cannot be read: No such file"),
    ],
    ids=[
        "misspelled",
        "word",
        "null",
        "list",
        "model",
        "broken",
        "words",
        "empty",
        "bytes",
        "none",
    ],
)
def test_bad_config_files(
    tmp_path: Path, capsys: pytest.CaptureFixture, content: bytes | None, named: str
) -> None:
    config = tmp_path / "run.yaml"
    if content is not None:
        config.write_bytes(content)
    assert status("train", "--config", config, "--out", tmp_path / "run") == 2
    said = capsys.readouterr().err
    assert named in said
    assert_one_sentence(said)
    assert not (tmp_path / "run").exists()


# --- what it refuses


def assert_one_sentence(said: str) -> None:
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, said
    assert said.rstrip().endswith(errors[0]), said
    assert len(errors[0]) < 500
    assert "Traceback" not in said


REFUSED = {
    "data": (["--data", "cifar"], "data is 'cifar'; it must be mnist"),
    "data folder": (["--data", "mnist:/nowhere"], "missing from /nowhere"),
    "model": (["--model", "vae"], "--model: invalid choice: 'vae' (choose from"),
    "size too small": (["--image-size", "8"], "nearest is 12"),
    "size out of reach": (["--image-size", "30"], "nearest is 32"),
    "size too large": (["--image-size", "100000"], "nearest is 1024"),
    "no size": (["--image-size", "0"], "image size is 0"),
    "batch too large": (["--batch-size", "9001"], "only 9,000 pictures"),
    "batch too small": (
        ["--batch-size", "1"],
        "batch_size is 1; it must be a whole number, 2 or more",
    ),
    "negative steps": (["--steps", "-1"], "steps is -1"),
    "negative epochs": (["--epochs", "-1"], "epochs is -1"),
    "nan seconds": (["--seconds", "nan"], "--seconds: 'nan' is not a number"),
    "infinite seconds": (["--seconds", "inf"], "--seconds: 'inf' is not a number"),
    "two totals": (["--seconds", "1", "--steps", "1"], "exactly one of steps, epochs, seconds"),
    "seed": (["--seed", "-1", "--steps", "1"], "seed is -1"),
    "large seed": (["--seed", str(2**32), "--steps", "1"], "seed is 4294967296"),
    "lr": (["--lr", "0"], "lr is 0.0; it must be positive"),
    "d_lr": (["--d-lr", "-1"], "d_lr is -1.0; it must be positive"),
    "beta1": (["--beta1", "1"], "beta1 is 1.0"),
    "loss": (["--loss", "perceptual"], "loss is 'perceptual'; it must be one of non_saturating"),
    "channels": (["--channels", "2"], "--channels: invalid choice: 2 (choose from"),
    "average": (["--average", "1"], "average is 1.0"),
    "d_steps": (["--d-steps", "0"], "d_steps is 0"),
    "latent_dim": (["--latent-dim", "-5"], "latent_dim is -5"),
    "base_channels": (["--base-channels", "0"], "base_channels is 0"),
    "no number": (["--steps", "many"], "--steps: 'many' is not a whole number"),
    "half a step": (["--steps", "1.5"], "--steps: '1.5' is not a whole number"),
    "misspelled": (["--step-count", "1"], "train takes no --step-count"),
    "shortened": (["--epoch", "1"], "train takes no --epoch (did you mean --epochs?)"),
    "gone": (["--r1", "1"], "train takes no --r1"),
    "tensorboard": (["--tensorboard", __file__], "is a file; name a folder"),
    "out": (["--out", __file__, "--steps", "1"], "is a file; name a folder"),
}


@pytest.mark.parametrize(("words", "named"), REFUSED.values(), ids=REFUSED)
def test_refused_train_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture, words: list[str], named: str
) -> None:
    assert status("train", "--out", tmp_path / "new" / "run", *words) in (1, 2)
    said = capsys.readouterr()
    assert named in said.err
    assert_one_sentence(said.err)
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_train_needs_a_place(capsys: pytest.CaptureFixture) -> None:
    assert status("train", "--steps", 1) == 1
    assert "--out RUN, or --resume RUN" in capsys.readouterr().err


def test_existing_run_is_refused(run: Path, capsys: pytest.CaptureFixture) -> None:
    before = contents(run)
    assert status("train", *TINY, "--steps", 1, "--out", run) == 1
    assert f"go on with it by --resume {run}" in capsys.readouterr().err
    assert contents(run) == before


@pytest.mark.parametrize("words", [["--batch-size", "32"], ["--model", "mlp"], ["--seed", "9"]])
def test_resuming_with_other_settings_is_refused(
    run: Path, capsys: pytest.CaptureFixture, words: list[str]
) -> None:
    before = contents(run)
    assert status("train", "--resume", run, "--steps", 14, *words) == 1
    said = capsys.readouterr().err
    assert f"{words[0]} is {words[1]}, but the run to resume was made with" in said
    assert_one_sentence(said)
    assert contents(run) == before


COMMANDS: dict[str, Callable[[Path], list[object]]] = {
    "train": lambda run: ["train", "--resume", run, "--steps", 14],
    "sample": lambda run: ["sample", run, "--out", run.parent / "samples.npz"],
    "evaluate": lambda run: ["evaluate", run, "--n", 100],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("kind", ["missing", "cut", "of a notebook"])
def test_runs_that_cannot_be_read(
    run: Path, capsys: pytest.CaptureFixture, command: Callable, kind: str
) -> None:
    file = run / "checkpoint.pt"
    if kind == "missing":
        shutil.rmtree(run)
    elif kind == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    else:
        stored = checkpoint.read(run)
        del stored["settings"]["model"]
        torch.save(stored, file)
    before = contents(run.parent)
    assert status(*command(run)) == 1
    said = capsys.readouterr().err
    assert str(run) in said
    assert_one_sentence(said)
    assert contents(run.parent) == before


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--n", "0"], "--n is 0"),
        (["--n", "-3"], "--n is -3"),
        (
            ["--n", "20000", "--out", "samples.png"],
            "--n is 20000; it must be 1 or more, and at most",
        ),
        (["--out", "."], "must end in .npz"),
        (["--weights", "w.pt"], "--weights is w.pt; its name must end in .safetensors"),
        (["--seed", "-1"], "seed is -1"),
        (["--seed", str(2**70)], "seed is 1180591620717411303424"),
        (["--out", "samples.gif"], "must end in .npz or .png"),
        (["--seed", "x"], "--seed: 'x' is not a whole number"),
    ],
)
def test_refused_samples(
    made: Path, capsys: pytest.CaptureFixture, words: list[str], named: str
) -> None:
    assert status("sample", made, *words) in (1, 2)
    said = capsys.readouterr().err
    assert named in said
    assert_one_sentence(said)


@pytest.mark.parametrize("name", ["a.npz", "a.png"])
def test_samples_that_cannot_be_written(
    made: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    (tmp_path / "file").touch()
    assert status("sample", made, "--out", tmp_path / "file" / name) == 1
    assert_one_sentence(capsys.readouterr().err)
    (tmp_path / name).write_text("older")
    monkeypatch.setattr(files, "sync", no_space)
    before = contents(tmp_path)
    assert status("sample", made, "--out", tmp_path / name) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert contents(tmp_path) == before


@pytest.mark.parametrize("words", [[], ["paint"], ["sample"], ["evaluate"], ["--steps", "1"]])
def test_commands_that_are_none(capsys: pytest.CaptureFixture, words: list[str]) -> None:
    assert status(*words) == 2
    assert_one_sentence(capsys.readouterr().err)


@pytest.mark.parametrize("command", ["train", "sample", "evaluate"])
def test_help_has_dashes_and_says_what_each_flag_does(
    command: str, capsys: pytest.CaptureFixture
) -> None:
    assert status(command, "--help") == 0
    said = capsys.readouterr().out
    flags = [word for word in said.replace("=", " ").split() if word.startswith("--")]
    assert flags
    assert [flag for flag in flags if "_" in flag] == []
    assert "seed" in said


# --- faults while it trains


def test_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").touch()
    assert status("train", *TINY, "--steps", 1, "--out", tmp_path / "file" / "run") == 1
    said = capsys.readouterr().err
    assert "Not a directory" in said
    assert_one_sentence(said)


def no_space(path: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_disk_that_fills_while_training(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(tmp_path / "run", "--steps", 0)
    before, sync, calls = contents(run), files.sync, []

    def filling(path: Path) -> None:
        calls.append(path)
        (no_space if len(calls) > 4 else sync)(path)  # the first checkpoint can be written

    with monkeypatch.context() as patch:
        patch.setattr(files, "sync", filling)
        assert status("train", "--resume", run, "--steps", 12) == 1
    said = capsys.readouterr().err
    assert "No space left on device" in said
    assert "The one before it, if there is one, is whole" in said
    assert "Traceback" not in said
    assert contents(run).keys() == before.keys()
    assert step_of(run) == 0
    assert status("train", "--resume", run, "--steps", 12) == 0
    assert step_of(run) == 12


def test_nan_stops_and_the_run_goes_on_from_its_last_good_state(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run = tmp_path / "run"
    assert status("train", *TINY, "--lr", "1e30", "--steps", 50, "--out", run) == 1
    said = capsys.readouterr().err
    assert "NaN or infinite at step " in said
    assert "Start anew with a lower lr" in said
    assert "(on the command line: --out, --lr, --float32)" in said
    assert "Traceback" not in said
    assert step_of(run) == 0
    assert status("sample", run, "--n", 2, "--out", tmp_path / "a.npz") == 0


# --- in a process of its own


def start(*words: object, **options: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "gan_utils", *map(str, words)],
        cwd=ROOT,
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def stopped(tmp_path: Path, by: signal.Signals) -> tuple[Path, int, str]:
    """A training that is sent a signal: its run folder, its exit status, what it said."""
    run, log, deadline = tmp_path / "a run", tmp_path / "log", time.monotonic() + 60
    words = ["train", *TINY, "--seconds", 60, "--out", run]
    with log.open("w") as said:
        training = start(*words, stdout=said, stderr=said)
        while "images/s" not in log.read_text() and time.monotonic() < deadline:  # it trains
            time.sleep(0.05)
        time.sleep(0.5)
        training.send_signal(by)
        code = training.wait(timeout=60)
    return run, code, log.read_text()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_stopped_by_a_signal(tmp_path: Path, name: str) -> None:
    by = signal.Signals[name]
    run, code, said = stopped(tmp_path, by)
    assert code == 128 + by, said
    assert "Traceback" not in said
    assert {path.name for path in run.iterdir()} == RUN_FILES
    reached = step_of(run)
    again = f"python -m gan_utils train --resume '{run}'"
    assert f"Stopped after step {reached:,}. To go on: {again}\n" in said
    assert status("train", "--resume", run, "--steps", reached + 3) == 0
    assert step_of(run) == reached + 3


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_before_it_trains(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    by = signal.Signals[name]
    monkeypatch.setattr(datasets, "load", lambda *words, **options: signal.raise_signal(by))
    assert status("train", "--out", tmp_path / "new" / "run") == 128 + by
    assert "Traceback" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_nohup_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = datasets.load

    def hung_up(*words: object, **options: object) -> datasets.ImageSet:
        signal.raise_signal(signal.SIGHUP)
        return load(*words, **options)

    monkeypatch.setattr(datasets, "load", hung_up)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert step_of(train(tmp_path / "run", "--steps", 1)) == 1
    finally:
        signal.signal(signal.SIGHUP, before)


def test_two_trainings_in_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    run = train(tmp_path / "run", "--steps", 1)
    with checkpoint.locked(run):
        for words in (["--out", run], ["--resume", run, "--steps", 2]):
            assert status("train", *words) == 1
            said = capsys.readouterr().err
            assert f"another process is training in {run}" in said
            assert_one_sentence(said)
    assert step_of(run) == 1


def stream(place: str | int, encoding: str = "utf-8") -> TextIO:
    return open(place, "w", encoding=encoding)


@pytest.mark.usefixtures("data_root")
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_letters_that_the_terminal_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    run, odd = tmp_path / "运行", tmp_path / "图片"
    odd.mkdir()
    for i in range(20):
        photo(i).save(odd / f"{i}.png")
    tiny = ["--image-size", 12, "--base-channels", 2, "--batch-size", 4, "--steps", 1]
    for words in (
        ["train", "--data", odd, *tiny, "--out", run],
        ["sample", run, "--out", run / "图.npz"],
        ["data", "inspect", odd, "--image-size", 12],
    ):
        log = tmp_path / "log"
        with monkeypatch.context() as patch, stream(log, encoding) as terminal:
            patch.setattr(sys, "stdout", terminal)
            patch.setattr(sys, "stderr", terminal)
            assert status(*words) == 0
        assert "\\u" in log.read_text(encoding)
    assert step_of(run) == 1


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("lost", ["full disk", "closed"])
def test_nothing_can_be_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str, name: str
) -> None:
    if lost == "full disk" and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with stream("/dev/full" if lost == "full disk" else os.devnull) as terminal:
        monkeypatch.setattr(sys, name, None if lost == "closed" else terminal)
        assert step_of(train(tmp_path / "run", "--steps", 2)) == 2


def test_the_reader_of_what_it_prints_is_gone(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    words = ["train", *TINY, "--steps", 15, "--out", tmp_path / "run"]
    training = start(*words, stdout=writing, stderr=writing)
    os.close(reading)
    os.close(writing)
    assert training.wait(timeout=120) == 0
    assert step_of(tmp_path / "run") == 15


def test_budgets_are_of_notebooks(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_UTILS_BUDGET", "fast")
    monkeypatch.setattr("gan_utils.train_command.fit", lambda gan, images, **options: gan)
    assert status("train", *TINY, "--out", tmp_path / "a") == 0
    assert "note: GAN_UTILS_BUDGET is for notebooks" in capsys.readouterr().err
    assert status("train", *TINY, "--steps", 1, "--out", tmp_path / "b") == 0
    assert "GAN_UTILS_BUDGET" not in capsys.readouterr().err


def test_misspelled_flag_is_refused_before_torch_is_imported() -> None:
    script = (
        "import sys\n"
        "from gan_utils import cli\n"
        "try:\n"
        "    cli.main(['train', '--sed', '1', '--out', 'run'])\n"
        "except SystemExit as ended:\n"
        "    print(ended.code, 'torch' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "2 False\n"
    assert "--sed" in done.stderr
    assert_one_sentence(done.stderr)


def test_all_of_mnist_from_a_folder(real_data: Path, tmp_path: Path) -> None:
    run = train(tmp_path / "run", "--data", f"mnist:{real_data}", "--steps", 1)
    assert settings_of(run)["data"] == f"mnist:{real_data.resolve()}"
