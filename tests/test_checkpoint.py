"""Nothing is lost: kills, full disks, damaged files; and going on is exact."""

import contextlib
import copy
import errno
import json
import multiprocessing
import os
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import assert_same, small_dcgan, small_gan, small_pictures, weights

from gan_utils import files
from gan_utils.training import GAN, Checkpoints, fit
from gan_utils.training.checkpoint import CheckpointError, load, load_weights, locked, read, save

FILES = ["checkpoint.pt", "settings.json"]
OPTIONS: dict[str, Any] = {"dropout": 0.3, "average": 0.9}


def gan() -> GAN:
    return small_gan(**OPTIONS)


def trained(steps: int, start: GAN | None = None) -> GAN:
    return fit(start or gan(), small_pictures(), steps=steps, watchers=[])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with a checkpoint of step 12."""
    save(trained(12), tmp_path / "run", {"model": "mlp"})
    return tmp_path / "run"


def state_of(one: GAN) -> dict[str, Any]:
    """What has to agree apart from weights, without clocks."""
    state = {
        key: value for key, value in one.state_dict().items() if key not in ("seconds", "device")
    }
    flat = {}
    for name in ("g_optimizer", "d_optimizer"):
        for number, moments in state.pop(name)["state"].items():
            flat |= {f"{name}.{number}.{key}": value for key, value in moments.items()}
    flat |= {f"snapshot.{step}": images for step, images in state.pop("snapshots")}
    return flat | {key: torch.as_tensor(value) for key, value in state.items()}


def assert_same_gan(first: GAN, second: GAN) -> None:
    assert_same(weights(first), weights(second))
    assert_same(state_of(first), state_of(second))
    rows = [[{**row, "seconds": 0} for row in one.history] for one in (first, second)]
    assert rows[0] == rows[1]


# --- what is written


def test_saved_and_loaded_is_the_same(run: Path) -> None:
    assert sorted(path.name for path in run.iterdir()) == FILES
    loaded, original = load(gan(), run), trained(12)
    assert_same_gan(loaded, original)
    assert_same_gan(trained(33, loaded), trained(33, original))


@pytest.mark.parametrize("d_steps", [1, 2])
@pytest.mark.parametrize("make", [small_gan, small_dcgan])
def test_going_on_after_any_step_is_exact(
    tmp_path: Path, make: Callable[..., GAN], d_steps: int
) -> None:
    """Five batches are an epoch: it is left in the middle, at its end and at its start."""

    def new() -> GAN:
        return make(d_steps=d_steps, average=0.9)

    size = 8 if make is small_gan else 12
    pictures = small_pictures(43).resize(size)
    whole, passing = new(), new()
    fit(whole, pictures, steps=12, watchers=[])
    for step in range(12):
        fit(passing, pictures, steps=step, watchers=[])
        save(passing, tmp_path / "run")
        loaded = load(new(), tmp_path / "run")
        fit(loaded, pictures, steps=12, watchers=[])
        assert_same(weights(loaded), weights(whole))


def test_the_file_needs_no_trust_and_no_course(run: Path) -> None:
    stored = torch.load(run / "checkpoint.pt", weights_only=True)
    assert stored["step"] == 12
    assert stored["networks"]["generator"].keys() == gan().generator.state_dict().keys()
    assert [row["step"] for row in stored["history"]] == [1, 10, 12]
    settings = json.loads((run / "settings.json").read_text())
    assert settings == stored["settings"] | {"model": "mlp"}
    assert (settings["batch_size"], settings["average"]) == (8, 0.9)


@pytest.mark.parametrize("content", ["", "{", '{"lr": "fast", "seed": null}', "[1, 2]", None])
def test_the_copy_for_people_is_never_read(run: Path, content: str | None) -> None:
    (run / "settings.json").unlink()
    if content is not None:
        (run / "settings.json").write_text(content)
    assert_same_gan(load(gan(), run), trained(12))
    save(trained(12), run)
    assert json.loads((run / "settings.json").read_text())["lr"] == 1e-3


def test_before_the_first_step(tmp_path: Path) -> None:
    save(gan(), tmp_path / "deep" / "run")
    assert_same_gan(trained(11, load(gan(), tmp_path / "deep" / "run")), trained(11))


# --- kills


def train_for_ever(folder: Path) -> None:
    """The victim: go on from a checkpoint, save as often as possible."""
    torch.set_num_threads(1)
    watcher = Checkpoints(folder, {}, every=0)
    fit(load(gan(), folder), small_pictures(), steps=10**9, watchers=[watcher])


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
    save(gan(), run)
    for _ in range(8):
        victim = processes.Process(target=train_for_ever, args=(run,))
        before = (run / "checkpoint.pt").stat().st_mtime_ns
        victim.start()
        deadline = time.monotonic() + 60
        while (run / "checkpoint.pt").stat().st_mtime_ns == before and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.1))
        victim.kill()
        victim.join()
        assert victim.exitcode == -signal.SIGKILL
        reached.append(load(gan(), run).step)
    assert reached == sorted(set(reached)), "each stretch ended with a later checkpoint"
    last = reached[-1] + 13
    assert_same(weights(trained(last, load(gan(), run))), weights(trained(last)))


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


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [(json, "dumps", 0), (torch, "save", 0), (os, "replace", 0), (os, "replace", 1)]
    + [(files, "sync", after) for after in range(4)],
)
def test_killed_while_writing(
    run: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, after: int
) -> None:
    older = load(gan(), run)
    newer = trained(20, load(gan(), run))
    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(owner, name, killing(getattr(owner, name), after))
        save(newer, run)
    left = load(gan(), run)
    assert_same_gan(left, newer if left.step == 20 else older)
    save(newer, run)
    assert_same_gan(load(gan(), run), newer)
    with locked(run):  # tidies up what a killed process left
        assert sorted(path.name for path in run.iterdir()) == [".lock", *FILES]
    assert sorted(path.name for path in run.iterdir()) == FILES


# --- full disks and folders that cannot be written


def save_with_little_room(run: Path, limit: int, answer: Connection) -> None:
    """In a process that may not write a file larger than the limit, in bytes."""
    newer = trained(20, load(gan(), run))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        save(newer, run)
        answer.send("saved")
    except CheckpointError as error:
        answer.send(str(error))


@pytest.mark.parametrize("limit", [0, 100, 5000])  # of neither file, one, a part of the other
def test_full_disk_in_mid_save(
    run: Path, processes: multiprocessing.context.BaseContext, limit: int
) -> None:
    older = load(gan(), run)
    listen, answer = processes.Pipe(duplex=False)
    writer = processes.Process(target=save_with_little_room, args=(run, limit, answer))
    writer.start()
    assert listen.poll(60)
    said = listen.recv()
    writer.join()
    assert said.startswith(f"the checkpoint of step 20 could not be written to {run}: ")
    assert "The one before it" in said
    assert_same_gan(load(gan(), run), older)
    assert sorted(path.name for path in run.iterdir()) == FILES


@pytest.mark.parametrize("after", range(2))
def test_no_space_left(run: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    older, calls, sync = load(gan(), run), [], files.sync

    def full(path: Path) -> None:
        calls.append(path)
        if len(calls) > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(path)

    newer = trained(20, load(gan(), run))
    monkeypatch.setattr(files, "sync", full)
    with pytest.raises(CheckpointError, match=r"No space left on device.*free some space"):
        save(newer, run)
    assert_same_gan(load(gan(), run), older)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="choose another folder"):
        save(gan(), tmp_path / "file" / "run")


def test_weights_that_are_not_finite_are_not_saved(run: Path) -> None:
    bad = load(gan(), run)
    next(bad.generator.parameters()).data[0, 0] = float("nan")
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(CheckpointError, match="NaN or infinite at step 12"):
        save(bad, run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


# --- runs that cannot be read


def refusal(run: Path, into: GAN | None = None) -> str:
    """What is said; the GAN is then as it was."""
    one = trained(3, into or gan())
    before = copy.deepcopy((weights(one), state_of(one), one.history))
    with pytest.raises(CheckpointError) as refused:
        load(one, run)
    assert_same(weights(one), before[0])
    assert_same(state_of(one), before[1])
    assert one.history == before[2]
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert len(sentence) < 400
    return sentence


@pytest.mark.parametrize("share", [0, 0.5, 0.999])
def test_file_cut_short(run: Path, share: float) -> None:
    content = (run / "checkpoint.pt").read_bytes()
    (run / "checkpoint.pt").write_bytes(content[: int(len(content) * share)])
    assert f"{run / 'checkpoint.pt'} is damaged" in refusal(run)


def test_file_of_noise(run: Path) -> None:
    (run / "checkpoint.pt").write_bytes(random.Random(0).randbytes(500))
    assert f"{run / 'checkpoint.pt'} is damaged" in refusal(run)


@pytest.mark.parametrize(
    "foreign", [torch.zeros(3), {"weight": torch.zeros(3)}, [1, 2], "text", {"step": 12}]
)
def test_files_of_something_else(run: Path, foreign: object) -> None:
    torch.save(foreign, run / "checkpoint.pt")
    assert "it is no checkpoint of a GAN" in refusal(run)


@pytest.mark.parametrize(
    "broken",
    [
        {"state": {}},
        {"state": None},
        {"history": None},
        {"networks": None},
        {"settings": None},
        {"state": {"step": 12, "seconds": 1.0, "g_optimizer": {}}},
    ],
    ids=str,
)
def test_parts_that_were_changed(run: Path, broken: dict[str, object]) -> None:
    torch.save(read(run) | broken, run / "checkpoint.pt")
    assert f"{run / 'checkpoint.pt'} is damaged" in refusal(run)


def test_a_file_with_code_in_it_is_not_run(run: Path) -> None:
    class Touch:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (run / "executed",)

    torch.save({"step": Touch()}, run / "checkpoint.pt")
    assert "is damaged" in refusal(run)
    assert not (run / "executed").exists()


def test_no_permission(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    for owner, name in [(torch, "load"), (Path, "is_file")]:
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, refuse)
            with pytest.raises(CheckpointError, match=r"no permission to read .*checkpoint\.pt"):
                read(run)


def test_what_is_saved_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        save(gan(), tmp_path)
    finally:
        os.umask(before)
    if os.name != "nt":
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}


def test_folders_that_are_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "nothing", tmp_path / "file"):
        assert "is not a run folder: it holds no checkpoint.pt" in refusal(folder)


def test_another_architecture(run: Path) -> None:
    sentence = refusal(run, small_gan(batch_norm=False, **OPTIONS))
    assert "the generator was trained with another architecture" in sentence
    wide = small_gan(latent_dim=5)
    with pytest.raises(CheckpointError, match=r"0\.weight: \(16, 4\) in the checkpoint, \(16, 5\)"):
        load_weights(wide.generator, run, "generator")
    with pytest.raises(CheckpointError, match="the other was trained with another architecture"):
        load_weights(wide.generator, run, "other")


@pytest.mark.parametrize(
    "other", [{"lr": 5e-5}, {"seed": 3}, {"average": 0.5}, {"batch_size": 4}, {"bfloat16": None}]
)
def test_other_settings(run: Path, other: dict[str, object]) -> None:
    ((name, value),) = other.items()
    stored = read(run)["settings"][name]
    sentence = refusal(run, small_gan(**OPTIONS | other))
    assert f"was trained with {name} {stored}, this GAN has {value}" in sentence


# --- one at a time


def hold(run: Path, answer: Connection) -> None:
    with locked(run):
        answer.send("mine")
        time.sleep(60)


def test_a_run_folder_is_one_process_s(
    tmp_path: Path, processes: multiprocessing.context.BaseContext
) -> None:
    listen, answer = processes.Pipe(duplex=False)
    run = tmp_path / "new" / "run"
    holder = processes.Process(target=hold, args=(run, answer))
    holder.start()
    assert listen.poll(60)
    with pytest.raises(CheckpointError, match=f"another process is training in {run}"), locked(run):
        pass
    holder.kill()  # leaves its lock file, but not its lock
    holder.join()
    with locked(run):
        save(gan(), run)
    assert sorted(path.name for path in run.iterdir()) == FILES


def test_a_folder_that_stays_empty_is_removed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="refused"), locked(tmp_path / "new" / "run"):
        raise ValueError("refused")
    assert list(tmp_path.iterdir()) == []
    with locked(tmp_path):
        pass
    assert tmp_path.is_dir()
