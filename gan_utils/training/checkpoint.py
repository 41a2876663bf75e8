"""Save a run so that nothing can be lost, and go on from it bit for bit.

A run folder holds checkpoint.pt, of tensors and plain values only (it loads with weights_only),
and settings.json: what was trained, on what, and how, a copy for people that is never read.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import nn

from gan_utils.files import whole
from gan_utils.models import parameters_finite
from gan_utils.training.gan import GAN
from gan_utils.training.settings import Settings

FILE, FOR_PEOPLE, LOCK = "checkpoint.pt", "settings.json", ".lock"
CONTENTS = {"step", "settings", "about", "networks", "state", "history"}


class CheckpointError(RuntimeError):
    """A run folder that cannot be read or written; the message says why and what to try."""


def save(gan: GAN, folder: str | Path, about: dict[str, Any] | None = None) -> None:
    """Save a GAN in a run folder; the checkpoint before it survives any failure.

    Args:
        gan: the GAN.
        folder: made if it is missing.
        about: plain values to keep beside the GAN's settings.

    Raises:
        CheckpointError: the folder cannot be written, the disk is full, or a weight is not finite.
    """
    folder, about, settings = Path(folder), about or {}, asdict(gan.settings)
    if not parameters_finite(*gan.networks().values()):
        raise CheckpointError(f"a weight is NaN or infinite at step {gan.step}; not saved")
    contents = {"step": gan.step, "settings": settings, "about": about, **gan.copy_state()}
    try:
        with whole(folder / FOR_PEOPLE) as unfinished:
            unfinished.write_text(json.dumps(settings | about, indent=2) + "\n")
        with whole(folder / FILE) as unfinished:
            torch.save(contents, unfinished)
    except (OSError, RuntimeError) as error:  # torch.save raises the latter
        raise CheckpointError(
            f"the checkpoint of step {gan.step:,} could not be written to {folder}: {error}. "
            "The one before it, if there is one, is whole; free some space or choose another folder"
        ) from error


def load(gan: GAN, folder: str | Path) -> GAN:
    """Put a GAN, built with the same networks and settings, back to a run's last checkpoint.

    Raises:
        CheckpointError: as `read`, or a GAN with other settings or networks; the GAN is then as
            it was.
    """
    stored, before = read(folder), gan.copy_state()
    with _explained(Path(folder) / FILE):
        for name in (field.name for field in fields(Settings)):
            here, there = getattr(gan.settings, name), stored["settings"].get(name)
            if here != there:
                raise CheckpointError(
                    f"{folder} was trained with {name} {there}, this GAN has {here}; build the "
                    f"GAN with the settings in {folder}/{FOR_PEOPLE}"
                )
        for name, network in gan.networks().items():
            _must_fit(network, stored["networks"], name)
        try:
            gan.restore(stored)
        except Exception:
            gan.restore(before)
            raise
    return gan


def load_weights(network: nn.Module, folder: str | Path, name: str) -> None:
    """Give a network the weights of a run's "generator", "averaged_generator" or "discriminator".

    Raises:
        CheckpointError: as `read`, or weights of another network, or none of that name.
    """
    with _explained(Path(folder) / FILE):
        stored = read(folder)["networks"]
        _must_fit(network, stored, name)
        network.load_state_dict(stored[name])


def read(folder: str | Path) -> dict[str, Any]:
    """What a checkpoint holds: step, settings, about, networks, state and history.

    Raises:
        CheckpointError: not a run folder, no permission, or a damaged file.
    """
    path = Path(folder) / FILE
    with _explained(path):
        if not path.is_file():
            raise CheckpointError(
                f"{folder} is not a run folder: it holds no {FILE}; give the folder that "
                "train --out made"
            )
        stored = torch.load(path, "cpu", weights_only=True)
        if not (isinstance(stored, dict) and stored.keys() >= CONTENTS):
            raise ValueError("it is no checkpoint of a GAN")
    return stored


@contextlib.contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Make a run folder and be the only one who trains in it; if it stays empty, it is removed.

    Raises:
        CheckpointError: another process trains in it.
    """
    folder = Path(folder)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=0):
            try:
                for left in folder.glob(".*.unfinished*"):  # by a process that was killed
                    left.unlink()
                yield
            finally:
                with contextlib.suppress(OSError):  # Windows does so itself, later
                    (folder / LOCK).unlink()
    except Timeout as error:
        raise CheckpointError(
            f"another process is training in {folder}; wait until it ends, or choose another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # not empty: then it is kept
            for place in made:
                place.rmdir()


def _must_fit(network: nn.Module, stored: dict[str, Any], name: str) -> None:
    """Refuse a network of another architecture than the stored one's."""
    theirs = {key: tuple(value.shape) for key, value in stored.get(name, {}).items()}
    mine = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    for key in [*mine, *theirs]:
        if mine.get(key) != theirs.get(key):
            raise CheckpointError(
                f"the {name} was trained with another architecture ({key}: {theirs.get(key)} in "
                f"the checkpoint, {mine.get(key)} here); use its model, image size and widths"
            )


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Whatever goes wrong in reading, say it in one sentence."""
    try:
        yield
    except CheckpointError:
        raise
    except PermissionError as error:
        raise CheckpointError(f"no permission to read {path}; ask its owner for it") from error
    except Exception as error:  # there is no end to what PyTorch makes of a damaged file
        detail = (str(error) or type(error).__name__).splitlines()[0][:80]
        raise CheckpointError(
            f"{path} is damaged ({detail}): it was cut short or changed; restore it from a copy, "
            "or train anew"
        ) from error
