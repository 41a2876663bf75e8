"""Save a run so that nothing can be lost, and go on from it bit for bit.

A run folder holds

    generator.safetensors, discriminator.safetensors, averaged_generator.safetensors (if any)
    state.pt         optimizers, random sources, data order, snapshots (loads with weights_only)
    settings.json    what was trained, on what, and how
    history.json     one entry for every tenth step

All are written to a folder beside them first, which is then renamed: from that moment the
checkpoint counts, and moving its files into place can be finished by whoever opens the run next.
"""

import contextlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from gan_utils.game import Game
from gan_utils.models import parameters_finite

COMMITTED, UNFINISHED = ".checkpoint", ".checkpoint.unfinished"


class CheckpointError(RuntimeError):
    """A run folder that cannot be read or written; the message says why and what to try."""


def save(game: Game, folder: str | Path, about: dict[str, Any] | None = None) -> None:
    """Save a game in a run folder; the checkpoint before it survives any failure.

    Args:
        game: the game.
        folder: made if it is missing.
        about: what else is needed to build the networks again: model, data, image_size ….

    Raises:
        CheckpointError: the folder cannot be written, the disk is full, or a weight is not finite.
    """
    folder = Path(folder)
    if not parameters_finite(*game.networks().values()):
        raise CheckpointError(f"a weight is NaN or infinite at step {game.step}; not saved")
    unfinished = folder / UNFINISHED
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _finish(folder)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        for name, network in game.networks().items():
            weights = {key: value.contiguous() for key, value in network.state_dict().items()}
            save_file(weights, unfinished / f"{name}.safetensors", {"step": str(game.step)})
        torch.save(game.state_dict(), unfinished / "state.pt")
        settings = {**(about or {}), **asdict(game.settings)}
        (unfinished / "settings.json").write_text(json.dumps(settings, indent=2) + "\n")
        history = "[\n" + ",\n".join(json.dumps(row) for row in game.history) + "\n]\n"
        (unfinished / "history.json").write_text(history)
        for path in [*unfinished.iterdir(), unfinished]:
            _sync(path)
        unfinished.rename(folder / COMMITTED)
        _finish(folder)
    except (OSError, SafetensorError, RuntimeError) as error:  # torch.save raises the last
        shutil.rmtree(unfinished, ignore_errors=True)
        raise CheckpointError(
            f"the checkpoint of step {game.step:,} could not be written to {folder}: {error}. "
            "The one before it, if there is one, is whole; free some space or choose another folder"
        ) from error


def load(game: Game, folder: str | Path) -> Game:
    """Put a game, built with the same networks and settings, back to a run's last checkpoint.

    Raises:
        CheckpointError: not a run folder, a damaged file, or networks of another shape.
    """
    folder = Path(folder)
    settings(folder)
    for name, network in game.networks().items():
        load_weights(network, folder, name)
    state = _read(folder / "state.pt", lambda path: torch.load(path, "cpu", weights_only=True))
    steps = {weights_step(folder, name) for name in game.networks()} | {state["step"]}
    if len(steps) > 1:
        raise CheckpointError(
            f"the files in {folder} come from different steps ({sorted(steps)}); "
            "restore them together, or start anew in another folder"
        )
    game.history = history(folder)
    game.load_state_dict(state)
    return game


def settings(folder: str | Path) -> dict[str, Any]:
    """What a run was made with.

    Raises:
        CheckpointError: not a run folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(
            f"{folder} is not a folder; give the run folder that train --out made"
        )
    _finish(folder)
    if not (folder / "settings.json").is_file():
        raise CheckpointError(
            f"{folder} is not a run folder: it holds no settings.json; give the folder that "
            "train --out made"
        )
    return _read(folder / "settings.json", lambda path: json.loads(path.read_text()))


def history(folder: str | Path) -> list[dict[str, float]]:
    """The recorded losses and verdicts of a run, as in `Game.history`."""
    return _read(Path(folder) / "history.json", lambda path: json.loads(path.read_text()))


def load_weights(network: nn.Module, folder: str | Path, name: str) -> None:
    """Load ``<name>.safetensors`` into a network of the same shape.

    Raises:
        CheckpointError: the file is damaged, or made by a network of another shape.
    """
    path = Path(folder) / f"{name}.safetensors"
    weights = _read(path, load_file)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        detail = str(error).splitlines()[1].strip()
        raise CheckpointError(
            f"{path} was made by another architecture ({detail}); "
            "use the model, image size and widths it was trained with"
        ) from error


def weights_step(folder: str | Path, name: str) -> int:
    """The step after which ``<name>.safetensors`` was saved.

    Raises:
        CheckpointError: the file is damaged, or does not say.
    """

    def step(path: Path) -> int:
        with safe_open(path, "pt") as file:
            return int(file.metadata()["step"])

    return _read(Path(folder) / f"{name}.safetensors", step)


def _read(path: Path, reader: Any) -> Any:
    try:
        return reader(path)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing, so the run cannot be read") from error
    except Exception as error:  # whatever a parser makes of a damaged file
        detail = (str(error) or type(error).__name__).splitlines()[0][:80]
        raise CheckpointError(
            f"{path} is damaged ({detail}): it was cut short or changed; "
            "restore it from a copy, or train anew"
        ) from error


def _finish(folder: Path) -> None:
    """Move a committed checkpoint's files into place; safe to repeat after a kill."""
    committed = folder / COMMITTED
    if committed.is_dir():
        with contextlib.suppress(FileNotFoundError):  # another process is finishing it, too
            for path in committed.iterdir():
                os.replace(path, folder / path.name)
            _sync(folder)
            committed.rmdir()


def _sync(path: Path) -> None:
    """Force a file or folder to the disk, where the system can."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
