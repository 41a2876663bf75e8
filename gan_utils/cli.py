"""The command line: ``python -m gan_utils train``, ``sample``, ``evaluate``, ``data inspect``.

PyTorch is imported with the commands, so that a misspelled flag is refused at once.
"""

import argparse
import contextlib
import difflib
import math
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml


def main(argv: list[str] | None = None) -> NoReturn:
    """Run one command and exit: 0, 1 for a refusal, 2 for a wrong flag, 128 + n after signal n."""
    for name in ("stdout", "stderr"):  # letters they lack, or that they are closed, stop no work
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (it stays open)
        with contextlib.suppress(AttributeError):  # a stand-in for a stream
            getattr(sys, name).reconfigure(errors="backslashreplace")
    with _stoppable() as signals:
        try:
            flags = _parse(sys.argv[1:] if argv is None else argv)
            from gan_utils import commands, train_command

            room = train_command if flags.command == "train" else commands
            code = getattr(room, flags.command)(flags)
        except KeyboardInterrupt as stopped:
            usual = "Stopped. A run goes on from its last checkpoint by --resume."
            print(f"\n{str(stopped) or usual}", file=sys.stderr)
            code = 128 + (signals or [signal.SIGINT])[0]
        except (ValueError, OSError, RuntimeError, MemoryError) as error:
            if os.environ.get("GAN_UTILS_DEBUG"):
                raise
            said = str(error) or "there is not enough memory; do less at a time"
            print(f"error: {' '.join(said.split())}", file=sys.stderr)
            code = 1
    sys.exit(code)


@contextlib.contextmanager
def _stoppable() -> Iterator[list[int]]:
    """Let TERM, and HUP of a closed terminal, do what Ctrl-C does; gives those that came."""
    came: list[int] = []
    owner, before = os.getpid(), dict[int, Any]()

    def stop(number: int, frame: Any) -> None:
        if os.getpid() != owner:  # a process that decodes pictures has nothing to save
            os._exit(128 + number)
        came.append(number)
        interrupt = signal.getsignal(signal.SIGINT)  # while it trains, this ends the step first
        if not callable(interrupt):
            raise KeyboardInterrupt
        interrupt(number, frame)

    if threading.current_thread() is threading.main_thread():
        for number in {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}:
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup lets HUP be ignored
                before[number] = signal.signal(number, stop)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- flags


class _Parser(argparse.ArgumentParser):
    """argparse, with errors in one sentence that says what a misspelled flag may have meant."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        self.flags: list[str] = []

    def flag(self, name: str, kind: Any, text: str, **options: Any) -> None:
        """Add ``--name``: `kind` is the words it may be, or what makes a value of a word."""
        self.flags.append(f"--{name}")
        if isinstance(kind, tuple):
            options |= {"choices": kind, "type": type(kind[0])}
        elif kind is not bool:
            options |= {"type": kind, "metavar": None if kind is str else "N"}
        self.add_argument(self.flags[-1], help=text, **options)

    def error(self, message: str) -> NoReturn:
        print(f"error: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)

    def refuse(self, word: str) -> NoReturn:
        flag = word.partition("=")[0]
        near = difflib.get_close_matches(flag, self.flags, 1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        self.error(f"{self.prog.split()[-1]} takes no {flag}{meant}")


def _parse(words: list[str]) -> argparse.Namespace:
    """The flags of a command; those that are typed override those of its --config file."""
    top, parsers = _parsers()
    flags, unknown = top.parse_known_args(words)
    command = parsers[flags.command]
    if not unknown and getattr(flags, "config", None):
        at = words.index(flags.command) + 1
        words = [*words[:at], *_config_words(command, flags.config), *words[at:]]
        flags, unknown = top.parse_known_args(words)
    if unknown:
        command.refuse(unknown[0])
    return flags


def _config_words(command: _Parser, path: str) -> list[str]:
    """The lines of a YAML file, each as the flag it stands for."""
    try:
        # Every value stays the word that was written: `no` is a name here, and 2024 may be one.
        values = yaml.load(Path(path).read_text("utf-8"), yaml.BaseLoader)
    except OSError as error:
        command.error(f"--config {path} cannot be read: {error.strerror}")
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        command.error(f"--config {path} is no YAML{f' in line {mark.line + 1}' if mark else ''}")
    if not isinstance(values, dict):
        command.error(f"--config {path} holds no lines of 'name: value'")
    for name, value in values.items():
        if not isinstance(value, str):
            command.error(f"--config {path} gives {name} several values; it takes one")
    return [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]


def _integer(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word[:40]!r} is not a whole number") from None


def _number(word: str) -> float:
    with contextlib.suppress(ValueError):
        if math.isfinite(number := float(word)):
            return number
    raise argparse.ArgumentTypeError(f"{word[:40]!r} is not a number")


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    """The parser of all words, and each command's own."""
    top = _Parser(prog="python -m gan_utils", description="Train, sample and evaluate a GAN.")
    parsers: dict[str, _Parser] = {}

    def command(name: str, text: str, below: Any) -> _Parser:
        parsers[name] = below.add_parser(name, help=text, description=text)
        return parsers[name]

    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train = command("train", "Train a GAN and keep it in a run folder.", commands)
    train.epilog = "Defaults for faces: those of a dcgan with more than 32 pixels on a side."
    names = "mnist (embedded), mnist:FOLDER for all 60,000, cartoon, celeba (downloaded before), "
    paths = "one of celeba:PATH, anime:PATH, folder:PATH and cifar10:PATH, or the path of a folder "
    flags: list[tuple[str, Any, str]] = [
        ("model", ("mlp", "dcgan"), "the pair of networks (default: dcgan)"),
        ("data", str, f"{names}{paths}or zip alone (default: mnist)"),
        ("channels", (1, 3), "1: gray, 3: color (default: as the data are, folders in color)"),
        ("image-size", _integer, "pixels on a side (default: 28 for mnist, 64 for all else)"),
        ("steps", _integer, "train for so many generator steps in all, resumed steps included"),
        ("epochs", _number, "train for so many passes over the data in all"),
        ("seconds", _number, "train for so many seconds, training alone counted (default: 60)"),
        ("seed", _integer, "of weights, noise and data order (default: 0)"),
        ("out", str, "the run folder to make"),
        ("resume", str, "a run folder to go on with, by its settings; its --data may have moved"),
        ("batch-size", _integer, "real pictures a step (mlp: 128, dcgan: 64, faces: 32)"),
        ("latent-dim", _integer, "length of the noise vector (mlp: 100, dcgan: 16, faces: 64)"),
        ("base-channels", _integer, "channels next to the picture (dcgan: 32, faces: 16)"),
        ("lr", _number, "Adam's learning rate (mlp: 0.0005, dcgan: 0.002, faces: 0.001)"),
        ("d-lr", _number, "the discriminator's own (default: lr; for faces 0.0002 without --lr)"),
        ("beta1", _number, "decay of Adam's momentum (default: 0.5)"),
        ("d-steps", _integer, "discriminator steps for each generator step (default: 1)"),
        ("loss", str, "a key of gan_utils.losses.OBJECTIVES (default: non_saturating)"),
        ("average", _number, "decay of the generator's moving average, 0: none (default: 0.995)"),
        ("tensorboard", str, "also write TensorBoard files to this folder"),
    ]
    for name, kind, text in flags:
        train.flag(name, kind, text)
    slow = "compute in float32 even where bfloat16 is faster"
    train.flag("float32", bool, slow, dest="bfloat16", action="store_const", const=False)

    sample = command("sample", "Draw new pictures from a trained generator.", commands)
    sample.flag("n", _integer, "how many pictures (default: 64)", default=64)
    forms = "FILE.npz holds images, uint8 (N, H, W, C); FILE.png shows them in a grid"
    sample.flag("out", str, f"where to (default: samples.npz): {forms}", default="samples.npz")
    sample.flag("weights", str, "also write the generator's weights to this FILE.safetensors")

    text = "Measure a generator of digits or of drawn faces and print one JSON object."
    evaluate = command("evaluate", text, commands)
    most = "how many samples to classify (default: 10,000); FID takes as many as it can (9,000)"
    evaluate.flag("n", _integer, most, default=10_000)
    for parser in (sample, evaluate):
        parser.add_argument("run", help="the run folder that train made")
        parser.flag("seed", _integer, "of the noise (default: 0)", default=0)
    for parser in (train, sample, evaluate):
        parser.flag("config", str, "a YAML file that sets flags")

    data = command("data", "Look at pictures before training.", commands)
    looks = data.add_subparsers(dest="command", required=True, metavar="COMMAND")
    text = "Say what a folder or zip of pictures would be made into, and what is wrong with which."
    inspect = command("inspect", text, looks)
    inspect.add_argument("path", help="the folder or zip")
    inspect.flag("image-size", _integer, "pixels on a side (default: 64)", default=64)
    inspect.flag("channels", (1, 3), "1: in gray, 3: in color (default: 3)", default=3)
    inspect.flag("json", bool, "print one JSON object instead of text", action="store_true")
    inspect.flag("sheet", str, "also show the first 64 pictures as trained on, in this PNG")
    return top, parsers
