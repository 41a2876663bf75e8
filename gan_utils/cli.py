"""The command line: ``python -m gan_utils train``, ``sample``, ``evaluate``, ``data inspect``.

PyTorch is imported inside the functions, so that a misspelled flag is refused at once.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Literal, NoReturn

from jsonargparse import ArgumentParser

INTERRUPTED = 130  # the shell's exit status for Ctrl-C

# What a minute on two CPU cores is best spent with, by benchmarks/sweep.csv (make sweep), three
# seeds each. FID of the DCGAN after 1,600 steps: 6.3 by the paper's rate and latent size (two
# seeds), 2.4 to 2.5 at 1e-3, 1.9 to 2.0 at 2e-3, 1.6 to 2.0 at 4e-3; after a minute the last two
# are level. Of the MLP after 3,500 steps: 8.3 to 11.4 at 2e-4, 3.6 to 3.7 at 5e-4 and at 1e-3.
DEFAULTS: dict[str, dict[str, Any]] = {
    "mlp": {"batch_size": 128, "lr": 5e-4, "latent_dim": 100},
    "dcgan": {"batch_size": 64, "lr": 2e-3, "latent_dim": 16},
}
PLAIN = {"d_lr": None, "beta2": 0.999, "d_norm": "batch", "r1": 0.0}
COMMON = {"base_channels": 32, "beta1": 0.5, "d_steps": 1, "average": 0.995, "seed": 0, **PLAIN}
DIGITS_UP_TO = 32  # pixels on a side
# Faces have more to choose than digits: CelebA at 64×64 after 1,200 steps, one seed, FID in 256
# features of a face detector: 0.69 with 16 noise numbers, 0.29 with 64. And they need a D slower
# than G, by just so much. Drawn faces, 3,228 steps (5 minutes on two slow cores), FID in 64
# features of their classifier, by D's rate: 35 at 1e-4, 15.2 at 1.5e-4, 7.4 to 7.9 at 2e-4 (three
# seeds; of all else one), 14.9 at 3e-4, 11.9 at 4e-4. In about the same time: 14.7 in batches of
# 16, 9.6 in batches of 64, 11.3 with 32 channels, 12.6 and 16.9 (two seeds) at the digits' rates
# and batch.
FACES = {"latent_dim": 64, "base_channels": 16, "batch_size": 32, "lr": 1e-3, "d_lr": 2e-4}


def defaults(model: str, image_size: int) -> dict[str, Any]:
    """How `train` trains a model on pictures of this size, where no flag says otherwise."""
    large = model == "dcgan" and image_size > DIGITS_UP_TO
    chosen = DEFAULTS[model] | (FACES if large else {})
    return {"model": model, "image_size": image_size, **COMMON, **chosen}


def new_game(about: dict[str, Any]) -> Any:
    """The untrained `Game` that settings describe: those of `defaults`, and an `image_shape`."""
    from gan_utils.training import Game

    return Game(*_networks(about), _training_settings(about))


def train(
    model: Literal["mlp", "dcgan"] | None = None,
    data: str | None = None,
    image_size: int | None = None,
    steps: int | None = None,
    epochs: float | None = None,
    seconds: float | None = None,
    seed: int | None = None,
    out: str | None = None,
    resume: str | None = None,
    batch_size: int | None = None,
    latent_dim: int | None = None,
    base_channels: int | None = None,
    lr: float | None = None,
    d_lr: float | None = None,
    beta1: float | None = None,
    beta2: float | None = None,
    d_steps: int | None = None,
    average: float | None = None,
    d_norm: Literal["batch", "none"] | None = None,
    r1: float | None = None,
    tensorboard: str | None = None,
) -> int:
    """Train a GAN and keep it in a run folder.

    Args:
        model: the pair of networks, mlp or dcgan (default: dcgan).
        data: mnist (embedded), mnist:FOLDER for all 60,000, cartoon, celeba (downloaded before),
            one of celeba:PATH, anime:PATH, folder:PATH and cifar10:PATH, or the path of a folder
            or zip alone (default: mnist).
        image_size: pixels on a side (default: 28 for mnist, 64 for all else); above 32 a dcgan
            has the defaults that are called "for faces" here.
        steps: train for so many generator steps in all, resumed steps included.
        epochs: train for so many passes over the data in all.
        seconds: train for so many seconds in all, training alone counted (default: 60).
        seed: of weights, noise and data order (default: 0).
        out: the run folder to make.
        resume: a run folder to go on with; it keeps the settings it was made with.
        batch_size: real pictures in each step (default: 128 for mlp, 64 for dcgan, 32 for faces).
        latent_dim: length of the noise vector (default: 100 for mlp, 16 for dcgan, 64 for faces).
        base_channels: channels next to the picture, DCGAN only (default: 32, 16 for faces).
        lr: Adam's learning rate, both players (default: 0.0005 for mlp, 0.002 for dcgan; for
            faces 0.001, and 0.0002 for the discriminator).
        d_lr: the discriminator's own learning rate, where lr is the generator's alone.
        beta1: decay of Adam's momentum (default: 0.5).
        beta2: decay of Adam's mean square (default: 0.999).
        d_steps: discriminator steps for each generator step (default: 1).
        average: decay of the generator's moving average, 0 for none (default: 0.995).
        d_norm: the normalization in the discriminator, DCGAN only, batch or none (default: batch).
        r1: weight of the gradient penalty R1 on the discriminator, 0 for none (default: 0).
        tensorboard: also write TensorBoard files to this folder.
    """
    flags = locals()
    total = {k: flags[k] for k in ("steps", "epochs", "seconds") if flags[k] is not None}
    given = {k: flags[k] for k in SAVED if flags[k] is not None}
    if not (out or resume):
        raise ValueError("say where to keep the run with --out RUN, or --resume RUN to go on")
    folder = Path(out or resume)
    first = int(os.environ.get("RANK", 0)) == 0  # torchrun's number of this process
    if first and not (resume and folder.resolve() == Path(resume).resolve()):
        _must_be_new(folder)

    from gan_utils import checkpoint, datasets, models, plots, runtime, watching
    from gan_utils.training import Total, check, fit

    about = _settings(given, _made(resume) if resume else None)
    total = total or about.get("total", {"seconds": 60.0})
    about["total"] = total
    settings = _training_settings(about)  # refuses a bad one before anything is made
    Total.of(**total, steps_per_epoch=1)  # and here what fit would refuse
    if about["model"] == "dcgan":
        models.start_and_kernels(about["image_size"])  # a size it refuses, before any is resized to
    images = datasets.load(about["data"], about["image_size"])
    runtime.seed_everything(settings.seed)
    about["image_shape"] = images.shape
    game = new_game(about)
    check(game, images)
    if resume:
        checkpoint.load(game, resume)
    if first:
        checkpoint.save(game, folder, about)
        print(f"{about['model']} on {images.source}, {folder}, from step {game.step:,}", flush=True)
    watchers = [watching.ProgressBar(), watching.Checkpoints(folder, about)]
    if tensorboard:
        watchers.append(watching.TensorBoard(tensorboard))
    fit(game, images, **total, watchers=watchers)
    if first:
        plots.save_grid(game.sample(64), folder / "samples.png")
    if game.interrupted:
        print(f"To go on: python -m gan_utils train --resume {folder}", flush=True)
        return INTERRUPTED
    return 0


def sample(run: str, n: int = 64, seed: int = 0, out: str = "samples.npz") -> int:
    """Draw new pictures from a trained generator.

    Args:
        run: the run folder that train made.
        n: how many pictures.
        seed: of the noise.
        out: where to: FILE.npz holds images, uint8 (N, H, W, C); FILE.png shows them in a grid.
    """
    path = Path(out)
    if path.suffix not in (".npz", ".png"):
        raise ValueError(f"--out is {out}; its name must end in .npz (an array) or .png (a grid)")
    if n < 1:
        raise ValueError(f"--n is {n}; it must be 1 or more")
    import numpy as np

    from gan_utils import plots

    images = _samples(run, n, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        plots.save_grid(images, path)
    else:
        np.savez_compressed(path, images=images.permute(0, 2, 3, 1).numpy())
    print(f"{path}: {n:,} pictures")
    return 0


def evaluate(run: str, n: int = 10_000, seed: int = 0) -> int:
    """Measure a trained generator of digits or of drawn faces and print one JSON object.

    Args:
        run: the run folder that train made.
        n: how many samples to classify; FID takes as many of them as it can (9,000).
        seed: of the noise.
    """
    if n < 2:
        raise ValueError(f"--n is {n}; FID needs 2 samples or more")
    import torch

    from gan_utils import checkpoint

    about = _made(run)
    measured = {"mnist": _measure_digits, "cartoon": _measure_faces}
    data = about["data"].partition(":")[0]
    if data not in measured:
        raise ValueError(
            f"{run} was trained on {about['data']}; evaluate measures digits (mnist) and drawn "
            "faces (cartoon) only, for which the course has classifiers"
        )
    images = _samples(run, n, seed)
    source = torch.Generator().manual_seed(seed)
    noise = torch.randint(0, 256, images.shape, generator=source, dtype=torch.uint8)
    report = {"run": str(run), "step": checkpoint.weights_step(run, "generator")}
    _print_json(report | measured[data](images, noise))
    return 0


def inspect(path: str, image_size: int = 64, json: bool = False, sheet: str | None = None) -> int:
    """Say what a folder or zip of pictures would be made into, and what is wrong with which file.

    Args:
        path: the folder or zip.
        image_size: pixels on a side.
        json: print one JSON object instead of text.
        sheet: also show the first 64 pictures as they would be trained on, in this PNG.
    """
    if sheet and Path(sheet).suffix != ".png":
        raise ValueError(f"--sheet is {sheet}; its name must end in .png")
    from gan_utils import datasets, plots

    report = datasets.inspect(path, image_size)
    if json:
        _print_json(report.as_json())
    else:
        print(report)
    if sheet and report.accepted:
        plots.save_grid(datasets.folder(path, image_size).images[:64], sheet)
    return 0 if report.accepted else 1


def main(argv: list[str] | None = None) -> NoReturn:
    """Run one command and exit: 0, 1 for a refusal, 2 for a wrong flag, 130 after Ctrl-C."""
    commands = {"train": train, "sample": sample, "evaluate": evaluate}
    parser = _Parser(prog="python -m gan_utils", description="Train, sample and evaluate a GAN.")
    subcommands = parser.add_subcommands(dest="command")
    for name, function in commands.items():
        _add(subcommands, name, function)
    data = _Parser(description="Look at pictures before training.")
    subcommands.add_subcommand("data", data, help="Look at pictures before training.")
    as_json = {"json": "print one JSON object instead of text"}
    _add(data.add_subcommands(dest="command"), "inspect", inspect, as_json)
    try:
        arguments = parser.parse_args(argv)
        name, commands["data"] = arguments.command, inspect
        chosen = arguments.data.inspect if name == "data" else arguments[name]
        flags = chosen.as_dict()
        flags.pop("config")
        sys.exit(commands[name](**flags))
    except KeyboardInterrupt:
        print("\nStopped. A run goes on from its last checkpoint by --resume.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except UnicodeDecodeError:
        print("error: the file that --config names is not a text file", file=sys.stderr)
        sys.exit(2)
    except (ValueError, OSError, RuntimeError) as error:
        if os.environ.get("GAN_UTILS_DEBUG"):
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def _print_json(values: dict[str, Any]) -> None:
    print(json.dumps(values, indent=2))


def _add(
    subcommands: Any, name: str, function: Any, switches: dict[str, str] | None = None
) -> None:
    """Make a command of a function: its arguments as flags, its first line as help.

    A switch is a flag without a value, given here with its help.
    """
    command = _Parser(description=function.__doc__.splitlines()[0])
    command.add_argument("--config", action="config", help="a YAML file that sets flags")
    command.add_function_arguments(
        function, as_group=False, as_positional=True, skip={*(switches or ())}
    )
    for switch, text in (switches or {}).items():
        command.add_argument(f"--{switch}", action="store_true", help=text)
    command.use_dashes()
    subcommands.add_subcommand(name, command, help=function.__doc__.splitlines()[0])


class _Parser(ArgumentParser):
    """jsonargparse, with flags spelled with dashes and errors in one sentence."""

    def use_dashes(self) -> None:
        for action in self._actions:
            action.option_strings = [flag.replace("_", "-") for flag in action.option_strings]
            self._option_string_actions.update(dict.fromkeys(action.option_strings, action))

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        flag = re.search(r'Parser key "(?:\w+\.)?(\w+)"', message)
        given = re.search(r"(?:Given|Got) value: (.*)", message)
        options = re.search(r"Literal\[(.*?)\]|<class '(int|float)'>", message)
        if flag and given and options:
            words = {"int": "a whole number", "float": "a number"}
            wanted = words.get(options[2]) or "one of " + options[1].replace("'", "")
            message = f"--{flag[1].replace('_', '-')} is {given[1]!r}; it must be {wanted}"
        program = self.prog.replace(" [options]", "")
        print(f"error: {' '.join(message.split())}; see {program} --help", file=sys.stderr)
        sys.exit(2)


# What a run folder keeps; each has a flag of its own.
SAVED = (
    *("model", "data", "image_size", "base_channels", "seed", "latent_dim"),
    *("batch_size", "lr", "d_lr", "beta1", "beta2", "d_steps", "average", "d_norm", "r1"),
)


def _settings(given: dict[str, Any], made: dict[str, Any] | None) -> dict[str, Any]:
    """What to train with: the flags over the defaults, or the settings of the run to resume."""
    if made is None:
        model, data = given.get("model", "dcgan"), given.get("data", "mnist")
        size = 28 if data.partition(":")[0] == "mnist" else 64
        size = given.get("image_size", size)
        alone = {"d_lr": None} if "lr" in given else {}  # a rate given alone is both players'
        return {"data": data, **defaults(model, size), **alone, **given}
    for name, value in given.items():
        if made[name] != value:
            raise ValueError(
                f"--{name.replace('_', '-')} is {value}, but the run to resume was made with "
                f"{made[name]}; leave the flag out, or start a new run with --out"
            )
    return made


def _made(run: str) -> dict[str, Any]:
    """The settings of a run folder that `train` made."""
    from gan_utils import checkpoint

    about = checkpoint.settings(run)
    if isinstance(about, dict):  # runs made before there were these flags
        about = PLAIN | about
    if not (isinstance(about, dict) and {*SAVED, "image_shape"} <= about.keys()):
        raise ValueError(
            f"{run} is not a run folder: its settings.json is of something else; give the folder "
            "that train --out made"
        )
    return about


def _networks(about: dict[str, Any]) -> Any:
    """The pair that a run folder's settings describe."""
    from gan_utils import models

    sizes = about["latent_dim"], about["base_channels"]
    return models.build(about["model"], tuple(about["image_shape"]), *sizes)


def _training_settings(about: dict[str, Any]) -> Any:
    """The `Settings` among a run's settings."""
    from gan_utils.training import Settings

    return Settings(**{k: about[k] for k in SAVED if k in Settings.__dataclass_fields__})


def _must_be_new(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out {folder} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(
            f"--out {folder} already holds something; go on with it by --resume {folder}, or name "
            "a new folder"
        )


def _samples(run: str, n: int, seed: int) -> Any:
    """n pictures, uint8 (n, C, H, W), of a run's best generator."""
    import torch

    from gan_utils import checkpoint
    from gan_utils.game import generate

    about = _made(run)
    generator, _ = _networks(about)
    name = "averaged_generator" if about["average"] else "generator"
    checkpoint.load_weights(generator, run, name)
    source = torch.Generator().manual_seed(seed)
    return generate(generator, torch.randn(n, about["latent_dim"], generator=source))


def _measure_digits(images: Any, noise: Any) -> dict[str, Any]:
    from gan_utils import datasets, metrics

    return {
        **metrics.fid(images).as_json(),
        **metrics.coverage(images).as_json(),
        "confidence": metrics.CONFIDENCE,
        "uniform_noise": metrics.coverage(noise).as_json(),
        "held_out_digits": metrics.coverage(datasets.mnist().held_out.images).as_json(),
    }


def _measure_faces(images: Any, noise: Any) -> dict[str, Any]:
    from gan_utils import datasets, metrics
    from gan_utils.datasets.cartoon import SHARES

    def colors(images: Any) -> dict[str, Any]:
        found = metrics.coverages(images)
        return {name.replace(" ", "_"): found[name].as_json() for name in found}

    faces, covered = datasets.cartoon(size=64), colors(images)
    return {
        **metrics.fid(images, faces).as_json(),
        **covered,
        "confidence": metrics.CONFIDENCE,
        "uniform_noise": colors(noise),
        "held_out_faces": colors(faces.held_out.images),
        "true_share": {name: SHARES[name.replace("_", " ")] for name in covered},
    }
