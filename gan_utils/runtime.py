"""Where and how a notebook runs: device, seed, budget, data folder, provenance line."""

import csv
import os
import platform
import random
import tempfile
from importlib import metadata, resources
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from packaging.requirements import Requirement

Choice = TypeVar("Choice")
BUDGETS = ("smoke", "lecture", "full")


def device() -> torch.device:
    """The best device here: a CUDA GPU, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))  # set by torchrun
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def seed_everything(seed: int) -> int:
    """Seed Python, NumPy and PyTorch once, at the top of a notebook or run, and return the seed.

    Raises:
        ValueError: the seed is negative or does not fit 32 bits (NumPy's limit).
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed is {seed}; it must lie in 0 … 4294967295")
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (libraries that still use the global generator)
    torch.manual_seed(seed)
    return seed


def variable(name: str, default: str = "") -> str:
    """What an environment variable says, without spaces and quotes around it; else the default."""
    return os.environ.get(name, "").strip(" \t\n\"'") or default


def budget() -> str:
    """The running budget: "smoke" (CI), "lecture" (default) or "full" (a GPU).

    Read from the environment variable ``GAN_UTILS_BUDGET``, in small or capital letters.

    Raises:
        ValueError: the variable holds another word.
    """
    name = variable("GAN_UTILS_BUDGET", "lecture").lower()
    if name not in BUDGETS:
        raise ValueError(f"GAN_UTILS_BUDGET is {name!r}; it must be one of {', '.join(BUDGETS)}")
    return name


def pick(smoke: Choice, lecture: Choice, full: Choice) -> Choice:
    """The value for the running budget: ``steps = pick(smoke=20, lecture=2000, full=20000)``."""
    return {"smoke": smoke, "lecture": lecture, "full": full}[budget()]


def embedded(name: str) -> Path:
    """The path of a file that the course ships: in the wheel, else in the checkout's ``data/``.

    Raises:
        FileNotFoundError: it is in neither place.
    """
    places = [Path(str(resources.files("gan_utils"))) / "_data" / name]
    places += [checkout / "data" / name for checkout in [_checkout()] if checkout]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"the embedded file {name} is in none of {', '.join(map(str, places))}; "
        "reinstall gan_utils, or restore data/ in the checkout"
    )


def stored_runs(name: str) -> list[dict[str, str]]:
    """The rows of an embedded CSV of training runs; its ``made_with`` says what made each."""
    with embedded(name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def data_root() -> Path:
    """Where downloads land: ``GAN_UTILS_DATA``, else the checkout's ``data/``, else a cache.

    The cache is in the home folder, or among the temporary files of a user who has none.
    """
    if chosen := variable("GAN_UTILS_DATA"):
        return Path(os.path.expanduser(chosen))  # Path.expanduser raises where there is no home
    if checkout := _checkout():
        return checkout / "data"
    home = os.path.expanduser("~")
    cache = Path(home, ".cache") if home != "~" else Path(tempfile.gettempdir())
    return cache / "gan_utils"


def provenance(**facts: object) -> str:
    """One caption line that says what made a figure: torch version, device, then the facts given.

    Example:
        >>> provenance(seed=0, steps=500)  # doctest: +SKIP
        'torch 2.15.0, CPU (1 thread), seed 0, steps 500'
    """
    if device().type == "cuda":
        where = torch.cuda.get_device_name()
    elif device().type == "mps":
        where = f"{platform.processor()} GPU (MPS)"
    else:
        threads = torch.get_num_threads()
        where = f"CPU ({threads} thread{'s' if threads > 1 else ''})"
    named = [f"{name.replace('_', ' ')} {_short(value)}" for name, value in facts.items()]
    return ", ".join([f"torch {torch.__version__.split('+')[0]}", where, *named])


def environment() -> str:
    """What this machine has, one line each; a line that begins with "problem" says what to do."""
    lines = [f"ok: Python {platform.python_version()}"]
    try:
        named = [Requirement(line) for line in metadata.requires("gan_utils") or []]
        needs = [need for need in named if not need.marker or need.marker.evaluate({"extra": ""})]
    except metadata.PackageNotFoundError:
        needs = []
        lines.append("problem: gan_utils is not installed; pip install -e . in its checkout")
    for need in sorted(needs, key=lambda need: need.name):
        try:
            found = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            found = ""
        if need.specifier.contains(found or "0", prereleases=True):
            lines.append(f"ok: {need.name} {found}")
        else:
            command = f'pip install "{need.name}{need.specifier}"'
            lines.append(f"problem: {need.name} is {found or 'missing'}; {command}, then restart")
    try:
        lines.append(f"ok: embedded digits at {embedded('digits.npz').parent.name}")
    except FileNotFoundError as error:
        lines.append(f"problem: {error}")
    try:
        lines.append(f"ok: device {device()}, {os.cpu_count()} cores, budget {budget()}")
    except ValueError as error:  # the budget's name
        lines.append(f"problem: {error}")
    return "\n".join(lines)


def bfloat16_pays(where: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices in hardware (else autocast only slows it).

    The environment variable ``GAN_UTILS_BFLOAT16`` decides instead where it is 1 (yes) or 0 (no).

    Raises:
        ValueError: the variable holds something else.
    """
    chosen = variable("GAN_UTILS_BFLOAT16")
    if chosen not in ("", "0", "1"):
        raise ValueError(f"GAN_UTILS_BFLOAT16 is {chosen!r}; it must be 0, 1 or left out")
    if chosen:
        return chosen == "1"
    if where.type == "cuda":
        return torch.cuda.get_device_capability(where) >= (8, 0)
    if where.type == "cpu" and Path("/proc/cpuinfo").exists():
        flags = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
        return "avx512_bf16" in flags or "amx_bf16" in flags
    return False


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _checkout() -> Path | None:
    folder = Path(__file__).resolve().parents[1]
    return folder if (folder / "pyproject.toml").is_file() else None
