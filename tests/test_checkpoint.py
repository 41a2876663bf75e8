"""Nothing is lost: kills, full disks, damaged files; and going on is exact."""

import errno
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import assert_same, small_dcgan, small_game, small_pictures, weights
from safetensors.torch import load_file, save_file

from gan_utils import checkpoint
from gan_utils.checkpoint import CheckpointError, load, save
from gan_utils.game import Game
from gan_utils.training import fit
from gan_utils.watching import Checkpoints

FILES = (
    *("generator.safetensors", "discriminator.safetensors", "averaged_generator.safetensors"),
    *("state.pt", "settings.json", "history.json"),
)
OPTIONS: dict[str, Any] = {"dropout": 0.3, "average": 0.9}


def game() -> Game:
    return small_game(**OPTIONS)


def trained(steps: int, start: Game | None = None) -> Game:
    return fit(start or game(), small_pictures(), steps=steps, watchers=[])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with a checkpoint of step 12."""
    save(trained(12), tmp_path / "run", {"model": "mlp"})
    return tmp_path / "run"


def state_of(one: Game) -> dict[str, Any]:
    """What has to agree apart from weights, without clocks."""
    state = {key: value for key, value in one.state_dict().items() if key != "seconds"}
    flat = {}
    for name in ("g_optimizer", "d_optimizer"):
        for number, moments in state.pop(name)["state"].items():
            flat |= {f"{name}.{number}.{key}": value for key, value in moments.items()}
    flat |= {f"snapshot.{step}": images for step, images in state.pop("snapshots")}
    return flat | {key: torch.as_tensor(value) for key, value in state.items()}


def assert_same_game(first: Game, second: Game) -> None:
    assert_same(weights(first), weights(second))
    assert_same(state_of(first), state_of(second))
    rows = [[{**row, "seconds": 0} for row in one.history] for one in (first, second)]
    assert rows[0] == rows[1]


# --- what is written


def test_saved_and_loaded_is_the_same(run: Path) -> None:
    assert sorted(path.name for path in run.iterdir()) == sorted(FILES)
    loaded, original = load(game(), run), trained(12)
    assert_same_game(loaded, original)
    assert_same_game(trained(33, loaded), trained(33, original))


@pytest.mark.parametrize("d_steps", [1, 2])
@pytest.mark.parametrize("make", [small_game, small_dcgan])
def test_going_on_after_any_step_is_exact(
    tmp_path: Path, make: Callable[..., Game], d_steps: int
) -> None:
    """Five batches are an epoch: it is left in the middle, at its end and at its start."""

    def new() -> Game:
        return make(d_steps=d_steps, average=0.9)

    size = 8 if make is small_game else 12
    pictures = small_pictures(43).resize(size)
    whole, passing = new(), new()
    fit(whole, pictures, steps=12, watchers=[])
    for step in range(12):
        fit(passing, pictures, steps=step, watchers=[])
        save(passing, tmp_path / "run")
        loaded = load(new(), tmp_path / "run")
        fit(loaded, pictures, steps=12, watchers=[])
        assert_same(weights(loaded), weights(whole))


def test_files_need_no_trust_and_no_course(run: Path) -> None:
    state = torch.load(run / "state.pt", weights_only=True)
    assert state["step"] == 12
    tensors = load_file(run / "generator.safetensors")
    assert set(tensors) == set(game().generator.state_dict())
    settings = json.loads((run / "settings.json").read_text())
    assert (settings["model"], settings["batch_size"], settings["average"]) == ("mlp", 8, 0.9)
    history = json.loads((run / "history.json").read_text())
    assert [row["step"] for row in history] == [1, 10, 12]
    assert checkpoint.history(run) == history
    assert checkpoint.weights_step(run, "averaged_generator") == 12


def test_before_the_first_step(tmp_path: Path) -> None:
    save(game(), tmp_path / "deep" / "run")
    assert_same_game(trained(11, load(game(), tmp_path / "deep" / "run")), trained(11))


# --- kills


def train_for_ever(folder: Path) -> None:
    """The victim: go on from a checkpoint, save as often as possible."""
    torch.set_num_threads(1)
    watcher = Checkpoints(folder, {}, every=0)
    fit(load(game(), folder), small_pictures(), steps=10**9, watchers=[watcher])


@pytest.fixture(scope="module")
def processes() -> Iterator[multiprocessing.context.BaseContext]:
    """New processes, forked from one that has imported all of this already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "torch._dynamo"])  # Adam imports the latter
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        yield context


def test_killed_at_any_moment_it_goes_on_bit_for_bit(
    tmp_path: Path, processes: multiprocessing.context.BaseContext
) -> None:
    run, chance, reached = tmp_path / "run", random.Random(0), [0]
    save(game(), run)
    for _ in range(8):
        victim = processes.Process(target=train_for_ever, args=(run,))
        before = (run / "state.pt").stat().st_mtime_ns
        victim.start()
        deadline = time.monotonic() + 60
        while (run / "state.pt").stat().st_mtime_ns == before and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.1))
        victim.kill()
        victim.join()
        assert victim.exitcode == -signal.SIGKILL
        reached.append(load(game(), run).step)
    assert reached == sorted(set(reached)), "each stretch ended with a later checkpoint"
    last = reached[-1] + 13
    assert_same(weights(trained(last, load(game(), run))), weights(trained(last)))


class Killed(BaseException):
    """Stands for SIGKILL: no handler may tidy up."""


def killing(real: Callable[..., Any], after: int) -> Callable[..., Any]:
    """The function, but the process dies in the call after so many."""
    calls = iter(range(after))

    def call(*args: Any, **kwargs: Any) -> Any:
        if next(calls, None) is None:
            raise Killed
        return real(*args, **kwargs)

    return call


@pytest.mark.parametrize("after", range(len(FILES)))
def test_killed_while_moving_files_into_place(
    run: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    newer = trained(20, load(game(), run))
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killing(os.replace, after))
        with pytest.raises(Killed):
            save(newer, run)
    assert (run / checkpoint.COMMITTED).is_dir()
    assert_same_game(load(game(), run), newer)
    assert sorted(path.name for path in run.iterdir()) == sorted(FILES)


def test_another_process_moves_the_files_first(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer, move = trained(20, load(game(), run)), os.replace

    def late(*paths: Path) -> None:
        move(*paths)
        move(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", late)
        save(newer, run)
    assert_same_game(load(game(), run), newer)


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        (checkpoint, "save_file", 0),
        (checkpoint, "save_file", 2),
        (torch, "save", 0),
        (json, "dumps", 0),
        (json, "dumps", 2),
        (checkpoint, "_sync", 0),
        (checkpoint, "_sync", len(FILES)),
        (Path, "rename", 0),
    ],
)
def test_killed_while_writing(
    run: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, after: int
) -> None:
    older = load(game(), run)
    newer = trained(20, load(game(), run))
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killing(getattr(owner, name), after))
        with pytest.raises(Killed):
            save(newer, run)
    assert_same_game(load(game(), run), older)
    save(newer, run)
    assert_same_game(load(game(), run), newer)
    assert sorted(path.name for path in run.iterdir()) == sorted(FILES)


# --- full disks and folders that cannot be written


def save_with_little_room(run: Path, limit: int, answer: Connection) -> None:
    """In a process that may not write a file larger than the limit, in bytes."""
    newer = trained(20, load(game(), run))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        save(newer, run)
        answer.send("saved")
    except CheckpointError as error:
        answer.send(str(error))


@pytest.mark.parametrize("spare", ["generator.safetensors", "state.pt"])
def test_full_disk_in_mid_save(
    run: Path, processes: multiprocessing.context.BaseContext, spare: str
) -> None:
    older = load(game(), run)
    limit = (run / spare).stat().st_size - 1
    listen, answer = processes.Pipe(duplex=False)
    writer = processes.Process(target=save_with_little_room, args=(run, limit, answer))
    writer.start()
    assert listen.poll(60)
    said = listen.recv()
    writer.join()
    assert said.startswith(f"the checkpoint of step 20 could not be written to {run}: ")
    assert "The one before it" in said
    assert_same_game(load(game(), run), older)
    assert sorted(path.name for path in run.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("after", range(3))
def test_no_space_left(run: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    older, calls = load(game(), run), []

    def full(*args: Any) -> None:
        calls.append(args)
        if len(calls) > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        save_file(*args)

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(CheckpointError, match=r"No space left on device.*free some space"):
        save(trained(20, load(game(), run)), run)
    assert_same_game(load(game(), run), older)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="choose another folder"):
        save(game(), tmp_path / "file" / "run")


def test_weights_that_are_not_finite_are_not_saved(run: Path) -> None:
    bad = load(game(), run)
    next(bad.generator.parameters()).data[0, 0] = float("nan")
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(CheckpointError, match="NaN or infinite at step 12"):
        save(bad, run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


# --- runs that cannot be read


def refusal(run: Path, into: Game | None = None) -> str:
    with pytest.raises(CheckpointError) as refused:
        load(into or game(), run)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert len(sentence) < 400
    return sentence


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0, 0.5])
def test_files_cut_short(run: Path, name: str, share: float) -> None:
    path = run / name
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert f"{path} is damaged" in refusal(run)


@pytest.mark.parametrize("name", FILES)
def test_files_of_noise(run: Path, name: str) -> None:
    (run / name).write_bytes(random.Random(0).randbytes(500))
    assert f"{run / name} is damaged" in refusal(run)


@pytest.mark.parametrize("name", [name for name in FILES if name != "settings.json"])
def test_missing_files(run: Path, name: str) -> None:
    (run / name).unlink()
    assert f"{run / name} is missing" in refusal(run)


def test_folders_that_are_no_run(tmp_path: Path) -> None:
    assert "holds no settings.json" in refusal(tmp_path)
    assert "is not a folder" in refusal(tmp_path / "nothing")
    (tmp_path / "file").touch()
    assert "is not a folder" in refusal(tmp_path / "file")


def test_another_architecture(run: Path) -> None:
    wider = small_game(latent_dim=5, **OPTIONS)
    sentence = refusal(run, wider)
    assert f"{run / 'generator.safetensors'} was made by another architecture" in sentence
    assert "size mismatch" in sentence
    assert "another architecture" in refusal(run, small_game(batch_norm=False, **OPTIONS))


@pytest.mark.parametrize("name", [n for n in FILES if n.endswith((".safetensors", ".pt"))])
def test_files_of_different_steps(run: Path, tmp_path: Path, name: str) -> None:
    save(trained(20, load(game(), run)), tmp_path / "newer")
    shutil.copy(tmp_path / "newer" / name, run)
    assert "come from different steps ([12, 20])" in refusal(run)


def test_weights_saved_by_something_else(run: Path) -> None:
    path = run / "generator.safetensors"
    save_file(load_file(path), path)  # without the step
    assert f"{path} is damaged" in refusal(run)


def test_damaged_weights_have_no_step(run: Path) -> None:
    (run / "generator.safetensors").write_bytes(b"cut")
    with pytest.raises(CheckpointError, match=r"generator\.safetensors is damaged"):
        checkpoint.weights_step(run, "generator")
