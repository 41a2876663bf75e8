"""The command line: what it writes, what it refuses, and that it never shows a traceback."""

import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file

from gan_utils import checkpoint, cli

ROOT = Path(__file__).resolve().parents[1]
TINY = ["--base-channels", "4", "--batch-size", "16", "--latent-dim", "8"]
RUN_FILES = {
    *("generator.safetensors", "discriminator.safetensors", "averaged_generator.safetensors"),
    *("state.pt", "settings.json", "history.json", "samples.png"),
}


def status(*words: object) -> int:
    """The exit status of one command, run in this process."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(word) for word in words])
    return ended.value.code


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
    return checkpoint.weights_step(run, "generator")


# --- what it writes


def test_run_folder(made: Path) -> None:
    assert {path.name for path in made.iterdir()} == RUN_FILES
    settings = json.loads((made / "settings.json").read_text())
    expected = {
        **{"model": "dcgan", "data": "mnist", "image_size": 28, "seed": 0},
        **{"base_channels": 4, "batch_size": 16, "latent_dim": 8, "d_steps": 1},
        **{name: cli.defaults("dcgan", 28)[name] for name in ("lr", "beta1", "average", "r1")},
    }
    assert {name: settings[name] for name in expected} == expected
    history = json.loads((made / "history.json").read_text())
    assert [row["step"] for row in history] == [1, 10, 12]
    assert step_of(made) == 12
    assert Image.open(made / "samples.png").size == (2 * (8 * 29 - 1),) * 2


@pytest.mark.parametrize("model", ["mlp", "dcgan"])
def test_other_sizes_and_models(tmp_path: Path, model: str) -> None:
    out = tmp_path / "run"
    train(out, "--model", model, "--image-size", 12, "--steps", 1, "--average", 0)
    assert not (out / "averaged_generator.safetensors").exists()
    assert status("sample", out, "--n", 3, "--out", tmp_path / "samples.npz") == 0
    assert np.load(tmp_path / "samples.npz")["images"].shape == (3, 12, 12, 1)


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [
        ("dcgan", 48, (64, 16, 32, 1e-3, 2e-4)),
        ("dcgan", 32, (16, 32, 64, 2e-3, None)),
        ("mlp", 48, (100, 32, 128, 5e-4, None)),
    ],
)
def test_defaults_by_model_and_size(
    tmp_path: Path, model: str, size: int, expected: tuple[float | None, ...]
) -> None:
    words = ["--model", model, "--image-size", size, "--steps", 0]
    assert status("train", *words, "--out", tmp_path / "run") == 0
    settings = json.loads((tmp_path / "run" / "settings.json").read_text())
    names = ("latent_dim", "base_channels", "batch_size", "lr", "d_lr")
    assert tuple(settings[name] for name in names) == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--lr", 3e-4], (3e-4, None)),
        (["--d-lr", 1e-4], (1e-3, 1e-4)),
        (["--lr", 3e-4, "--d-lr", 1e-4], (3e-4, 1e-4)),
    ],
)
def test_a_rate_given_alone_is_of_both_players(
    tmp_path: Path, flags: list[str | float], expected: tuple[float, float | None]
) -> None:
    train(tmp_path / "run", "--image-size", 48, *flags, "--steps", 0)
    settings = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert (settings["lr"], settings["d_lr"]) == expected


def test_flags_choose_the_penalty_and_the_norm(tmp_path: Path) -> None:
    chosen = {"r1": 2.0, "d_norm": "none", "beta2": 0.9, "d_lr": 1e-4}
    words = [word for flag, value in chosen.items() for word in (f"--{flag}", value)]
    out = train(tmp_path / "run", *(str(w).replace("_", "-") for w in words), "--steps", 1)
    settings = json.loads((out / "settings.json").read_text())
    assert {flag: settings[flag] for flag in chosen} == chosen
    names = checkpoint.load_file(out / "discriminator.safetensors")
    assert not any("running_mean" in name for name in names)
    assert status("train", "--resume", out, "--steps", 2) == 0
    assert step_of(out) == 2


def test_run_made_before_there_was_a_penalty(run: Path) -> None:
    settings = json.loads((run / "settings.json").read_text())
    for name in ("r1", "d_norm", "beta2", "d_lr"):
        del settings[name]
    (run / "settings.json").write_text(json.dumps(settings))
    assert status("train", "--resume", run, "--steps", 14) == 0
    assert step_of(run) == 14


def test_samples(tmp_path: Path) -> None:
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
    for name in ("generator", "discriminator", "averaged_generator"):
        ours, theirs = (load_file(one / f"{name}.safetensors") for one in (run, made))
        assert all((ours[key] == theirs[key]).all() for key in theirs), name
    assert status("train", "--resume", run, "--steps", 12) == 0  # nothing is left to do
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


def test_config_file_and_flags_over_it(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("model: mlp\nsteps: 1\nlr: 0.003\nlatent_dim: 6\nimage_size: 12\n")
    out = tmp_path / "run"
    assert status("train", "--config", config, "--latent-dim", 7, "--out", out) == 0
    settings = checkpoint.settings(out)
    assert settings["model"] == "mlp"
    assert (settings["lr"], settings["latent_dim"], settings["image_size"]) == (0.003, 7, 12)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"modle: mlp\nsteps: 1\n", "modle"),
        (b"lr: fast\nsteps: 1\n", "--lr is 'fast'; it must be a number"),
        (b"steps: [1, 2]\n", "--steps is"),
        (b"model: vae\n", "--model is 'vae'; it must be one of mlp, dcgan"),
        (b"steps: {", "Problems parsing config"),
        (b"just words\n", "Unexpected config: just words"),
        (bytes(range(256)), "--config names is not a text file"),
        (None, "run.yaml"),
    ],
    ids=["misspelled", "word", "list", "model", "broken", "no mapping", "binary", "missing"],
)
def test_bad_config_files(
    tmp_path: Path, capsys: pytest.CaptureFixture, content: bytes | None, named: str
) -> None:
    config = tmp_path / "run.yaml"
    if content is not None:
        config.write_bytes(content)
    assert status("train", "--config", config, "--out", tmp_path / "run") in (1, 2)
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
    "model": (["--model", "vae"], "--model is 'vae'; it must be one of mlp, dcgan"),
    "size too small": (["--image-size", "8"], "nearest is 12"),
    "size out of reach": (["--image-size", "30"], "nearest is 32"),
    "size too large": (["--image-size", "100000"], "nearest is 1024"),
    "no size": (["--image-size", "0"], "nearest is 12"),
    "no size, mlp": (["--image-size", "0", "--model", "mlp"], "image size is 0"),
    "batch too large": (["--batch-size", "9001"], "only 9,000 pictures"),
    "batch too small": (["--batch-size", "1"], "batch_size is 1; it must be 2 or more"),
    "negative steps": (["--steps", "-1"], "steps is -1"),
    "negative epochs": (["--epochs", "-1"], "epochs is -1"),
    "nan seconds": (["--seconds", "nan"], "--seconds is 'nan'"),
    "infinite seconds": (["--seconds", "inf"], "--seconds is 'inf'"),
    "two totals": (["--seconds", "1", "--steps", "1"], "exactly one of steps, epochs, seconds"),
    "seed": (["--seed", "-1", "--steps", "1"], "seed is -1"),
    "large seed": (["--seed", str(2**32), "--steps", "1"], "seed is 4294967296"),
    "lr": (["--lr", "0"], "lr is 0.0; it must be positive"),
    "d_lr": (["--d-lr", "-1"], "d_lr is -1.0; it must be positive"),
    "beta1": (["--beta1", "1"], "beta1 is 1.0"),
    "beta2": (["--beta2", "1"], "beta2 is 1.0"),
    "r1": (["--r1", "-1"], "r1 is -1.0; it must be 0 (no penalty) or more"),
    "d_norm": (["--d-norm", "layer"], "--d-norm is 'layer'; it must be one of batch, none"),
    "average": (["--average", "1"], "average is 1.0"),
    "d_steps": (["--d-steps", "0"], "d_steps is 0"),
    "latent_dim": (["--latent-dim", "-5"], "latent_dim is -5"),
    "base_channels": (["--base-channels", "0"], "base_channels is 0"),
    "no number": (["--steps", "many"], "--steps is 'many'; it must be a whole number"),
    "half a step": (["--steps", "1.5"], "--steps is '1.5'; it must be a whole number"),
    "misspelled": (["--step-count", "1"], "--step-count"),
}


@pytest.mark.parametrize(("words", "named"), REFUSED.values(), ids=REFUSED)
def test_refused_train_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture, words: list[str], named: str
) -> None:
    assert status("train", *words, "--out", tmp_path / "new" / "run") in (1, 2)
    said = capsys.readouterr()
    assert named in said.err
    assert_one_sentence(said.err)
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_train_needs_a_place(capsys: pytest.CaptureFixture) -> None:
    assert status("train", "--steps", 1) == 1
    assert "--out RUN, or --resume RUN" in capsys.readouterr().err


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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
with_each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


@with_each_command
@pytest.mark.parametrize("kind", ["missing", "file", "empty", "other settings", "list"])
def test_folders_that_are_no_run(
    tmp_path: Path, capsys: pytest.CaptureFixture, command: Callable, kind: str
) -> None:
    run = tmp_path / "run"
    if kind == "file":
        run.write_text("not a folder")
    elif kind != "missing":
        run.mkdir()
    if kind in ("other settings", "list"):
        (run / "settings.json").write_text('{"theme": "dark"}' if kind != "list" else "[1, 2]")
    before = contents(tmp_path)
    assert status(*command(run)) == 1
    said = capsys.readouterr().err
    assert str(run) in said
    assert_one_sentence(said)
    assert contents(tmp_path) == before


@with_each_command
@pytest.mark.parametrize("name", ["averaged_generator.safetensors", "settings.json"])
def test_checkpoint_cut_short(
    run: Path, capsys: pytest.CaptureFixture, command: Callable, name: str
) -> None:
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: len(content) // 2])
    assert status(*command(run)) == 1
    said = capsys.readouterr().err
    assert f"{run / name} is damaged" in said
    assert_one_sentence(said)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("train", "generator.safetensors"),
        ("train", "discriminator.safetensors"),
        ("train", "state.pt"),
        ("train", "history.json"),
        ("evaluate", "generator.safetensors"),
    ],
)
def test_other_files_cut_short(
    run: Path, capsys: pytest.CaptureFixture, command: str, name: str
) -> None:
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: len(content) // 2])
    before = contents(run)
    assert status(*COMMANDS[command](run)) == 1
    said = capsys.readouterr().err
    assert f"{run / name} is damaged" in said
    assert_one_sentence(said)
    assert contents(run) == before


@with_each_command
def test_weights_of_another_architecture(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture, command: Callable
) -> None:
    other = train(tmp_path / "other", "--model", "mlp", "--steps", 0)
    capsys.readouterr()
    for name in ("generator", "averaged_generator"):
        shutil.copy(other / f"{name}.safetensors", run)
    assert status(*command(run)) == 1
    said = capsys.readouterr().err
    assert "was made by another architecture" in said
    assert_one_sentence(said)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--n", "0"], "--n is 0"),
        (["--n", "-3"], "--n is -3"),
        (["--out", "samples.gif"], "must end in .npz (an array) or .png (a grid)"),
        (["--seed", "x"], "--seed is 'x'; it must be a whole number"),
    ],
)
def test_refused_samples(
    made: Path, capsys: pytest.CaptureFixture, words: list[str], named: str
) -> None:
    assert status("sample", made, *words) in (1, 2)
    said = capsys.readouterr().err
    assert named in said
    assert_one_sentence(said)


def test_samples_that_cannot_be_written(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "file").touch()
    for name in ("a.npz", "a.png"):
        assert status("sample", made, "--out", tmp_path / "file" / name) == 1
        assert_one_sentence(capsys.readouterr().err)


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
    assert "could not be written" in said
    assert_one_sentence(said)


def test_disk_that_fills_while_training(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(tmp_path / "run", "--steps", 0)
    before = contents(run)
    calls, save_file = [], checkpoint.save_file

    def full(*args: object) -> None:
        calls.append(args)
        if len(calls) > 4:  # the checkpoint before the first step has three files
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        save_file(*args)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_file", full)
        assert status("train", "--resume", run, "--steps", 12) == 1
    said = capsys.readouterr().err
    assert "No space left on device" in said
    assert "The one before it, if there is one, is whole" in said
    assert "Traceback" not in said
    assert {path.name for path in contents(run)} == {path.name for path in before}
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
    assert "Try a lower lr" in said
    assert "Traceback" not in said
    assert step_of(run) == 0
    assert status("sample", run, "--n", 2, "--out", tmp_path / "a.npz") == 0


# --- in a process of its own


def start(*words: object, **options: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "gan_utils", *map(str, words)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        **{"stderr": subprocess.PIPE, **options},
    )


def test_ctrl_c(tmp_path: Path) -> None:
    run, log, deadline = tmp_path / "run", tmp_path / "log", time.monotonic() + 60
    with log.open("w") as stderr:
        training = start("train", *TINY, "--seconds", 60, "--out", run, stderr=stderr)
        while "images/s" not in log.read_text() and time.monotonic() < deadline:  # it trains
            time.sleep(0.05)
        time.sleep(0.5)
        training.send_signal(signal.SIGINT)
        out, _ = training.communicate(timeout=60)
    assert training.returncode == 130, log.read_text()
    assert "Traceback" not in log.read_text()
    assert "Stopped after step " in out
    assert f"To go on: python -m gan_utils train --resume {run}" in out
    assert {path.name for path in run.iterdir()} == RUN_FILES
    stopped = step_of(run)
    assert stopped > 0
    assert status("train", "--resume", run, "--steps", stopped + 3) == 0
    assert step_of(run) == stopped + 3


def test_full_disk(tmp_path: Path) -> None:
    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    words = ["train", *TINY, "--steps", 1, "--out", tmp_path / "run"]
    out, err = (training := start(*words, preexec_fn=little_room)).communicate(timeout=60)
    assert training.returncode == 1
    assert "the checkpoint of step 0 could not be written" in err
    assert_one_sentence(err)
    assert out == ""


def test_another_commands_mistake_shows_no_traceback(tmp_path: Path) -> None:
    out, err = (sampling := start("sample", tmp_path)).communicate(timeout=60)
    assert sampling.returncode == 1
    assert "is not a run folder" in err
    assert_one_sentence(err)
    assert out == ""


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
    assert checkpoint.settings(run)["data"] == f"mnist:{real_data}"
