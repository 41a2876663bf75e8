"""The command ``train``: a run folder made or gone on with."""

import argparse
import contextlib
import os
import shlex
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from gan_utils import datasets, figures, recipes, runtime, training
from gan_utils.datasets import ALONE, WITH_PATH
from gan_utils.files import whole
from gan_utils.recipes import Recipe
from gan_utils.training import Interrupted, Total, TrainingDiverged, checkpoint, fit, must_fit

Flags = argparse.Namespace


def train(flags: Flags) -> int:
    """Train a GAN and keep it in a run folder."""
    if not (flags.out or flags.resume):
        raise ValueError("say where to keep the run with --out RUN, or --resume RUN to go on")
    folder, first = Path(flags.out or flags.resume), int(os.environ.get("RANK", 0)) == 0
    stopped = ""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(_Patient(sys.stdout)))
        stack.enter_context(contextlib.redirect_stderr(_Patient(sys.stderr)))
        recipe, about = _plan(flags)
        if first:
            stack.enter_context(checkpoint.locked(folder))
            _must_be_new(folder, flags.resume)
        images = _load(recipe, flags)
        if not flags.resume:
            recipe = replace(recipe, channels=images.shape[0])
        runtime.seed_everything(recipe.seed)
        gan = recipes.new_gan(recipe)
        must_fit(gan, images)
        if flags.resume:
            checkpoint.load(gan, flags.resume)
        watchers: list[training.Watcher] = [training.ProgressBar()]
        if first:
            fingerprint = images.fingerprint
            if about.get("fingerprint", fingerprint) != fingerprint:
                _note(f"{recipe.data} is not, or no longer, what this run was trained on before")
            about["fingerprint"] = fingerprint
            if flags.tensorboard:
                watchers.append(training.TensorBoard(flags.tensorboard))
            checkpoint.save(gan, folder, about)
            watchers.append(training.Checkpoints(folder, about))
            print(f"{recipe.model} on {images.source}, {folder}, from step {gan.step:,}")
        try:
            fit(gan, images, **about["total"], watchers=watchers)
        except TrainingDiverged as error:
            raise RuntimeError(f"{error} (on the command line: --out, --lr, --float32)") from error
        except Interrupted:
            stopped = f"Stopped after step {gan.step:,}. To go on: python -m gan_utils train "
            stopped += f"--resume {shlex.quote(str(folder))}"
        if first:
            with whole(folder / "samples.png") as unfinished:
                figures.save_grid(gan.sample(64), unfinished)
    if stopped:
        raise KeyboardInterrupt(stopped)
    return 0


# --- what train needs


def _plan(flags: Flags) -> tuple[Recipe, dict[str, Any]]:
    """What to train with, and what else to keep in the run folder; refuses what it can.

    Nothing has been made when it refuses: no folder, no pictures.
    """
    for flag, path in [("out", flags.out), ("tensorboard", flags.tensorboard)]:
        if path and Path(path).exists() and not Path(path).is_dir():
            raise ValueError(f"--{flag} {path} is a file; name a folder")
    names = [field.name for field in fields(Recipe)]
    given = {name: value for name in names if (value := getattr(flags, name, None)) is not None}
    if "data" in given:
        given["data"] = _resolved(given["data"])
    if flags.resume:
        stored = checkpoint.read(flags.resume)
        recipe, about = recipes.stored_recipe(flags.resume, stored["settings"]), stored["about"]
        for name, value in given.items():
            if name != "data" and value != getattr(recipe, name):
                raise ValueError(
                    f"--{name.replace('_', '-')} is {value}, but the run to resume was made with "
                    f"{getattr(recipe, name)}; leave the flag out, or start a new run with --out"
                )
        recipe = replace(recipe, data=given.get("data", recipe.data))
    else:
        recipe, about = recipes.recipe(**given), {}
    total = {name: getattr(flags, name) for name in ("steps", "epochs", "seconds")}
    total = {name: value for name, value in total.items() if value is not None}
    if not total and "total" not in about and runtime.variable("GAN_UTILS_BUDGET"):
        _note("GAN_UTILS_BUDGET is for notebooks; train takes --steps, --epochs or --seconds")
    about["total"] = total or about.get("total", {"seconds": 60.0})
    Total.of(**about["total"], steps_per_epoch=1)  # refuses what fit would refuse
    runtime.seed_everything(recipe.seed)
    recipe.networks()
    return recipe, about


def _resolved(data: str) -> str:
    """The same pictures with their path in full, so that the run finds them from any folder."""
    source, _, path = data.partition(":")
    if path and source in WITH_PATH:
        return f"{source}:{Path(path).expanduser().resolve()}"
    here = Path(data).expanduser()
    return str(here.resolve()) if data and data not in ALONE and here.exists() else data


def _must_be_new(folder: Path, resumed: str | None) -> None:
    goes_on = resumed and folder.resolve() == Path(resumed).resolve()
    if not goes_on and any(path.name != checkpoint.LOCK for path in folder.iterdir()):
        raise ValueError(
            f"--out {folder} already holds something; go on with it by --resume {folder}, or name "
            "a new folder"
        )


def _load(recipe: Recipe, flags: Flags) -> datasets.ImageSet:
    """The pictures of a recipe, which a run may have been made with elsewhere."""
    channels = recipe.channels if flags.resume else flags.channels
    try:
        return datasets.load(recipe.data, recipe.image_size, channels=channels)
    except (FileNotFoundError, ValueError) as error:
        if not flags.resume:
            raise
        raise ValueError(
            f"{error}. If the pictures of the run have moved, say where they are with --data"
        ) from error


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr, flush=True)


class _Patient:
    """A stream whose reader may be gone, or its disk full, which must not stop a training."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError:  # what is left in the buffer would fail again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
        return len(text)

    def flush(self) -> None:
        """Each `write` has done so."""
