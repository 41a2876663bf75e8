"""Where a notebook runs; and the house rules: what importing does, and who may import whom."""

import ast
import importlib
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import gan_utils
from gan_utils import runtime

PACKAGE = Path(gan_utils.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
# The rooms, from the ground up: each may import itself and what stands on floors below it.
FLOORS = [
    {"runtime", "files", "losses"},
    {"models", "datasets"},
    {"metrics", "figures"},
    {"training"},
    {"variants", "minimax", "shapes", "recipes"},
    {"checks", "commands", "train_command"},
    {"cli"},
    {"__main__"},
]
ROOMS = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


# --- importing


def imported_modules(path: Path, modules: Collection[str] = frozenset(MODULES)) -> set[str]:
    """What a module imports from gan_utils, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & modules - {"gan_utils"}


def room(module: str) -> str:
    return module.split(".")[1]


def stairs_down(module: str, imported: set[str]) -> list[str]:
    """What a module imports from its own floor or one above, outside its room."""
    return [
        name
        for name in sorted(imported)
        if room(name) != room(module) and ROOMS[room(name)] >= ROOMS[room(module)]
    ]


def cycle(imports: dict[str, set[str]]) -> list[str]:
    """Modules of which each imports the next, and the last the first; none if there is no such."""
    order = TopologicalSorter(imports)
    try:
        order.prepare()
    except CycleError as error:
        return error.args[1]
    return []


def inside(name: str) -> dict[str, set[str]]:
    """What the modules of a room import from each other; the package itself only gathers names."""
    members = {m for m in MODULES if m.startswith(f"gan_utils.{name}.")}
    return {m: imported_modules(MODULES[m]) & members - {m} for m in members}


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {"gan_utils"}))
def test_a_module_imports_from_lower_floors_alone(module: str) -> None:
    assert stairs_down(module, imported_modules(MODULES[module])) == []


@pytest.mark.parametrize("name", sorted(ROOMS))
def test_no_room_has_a_cycle(name: str) -> None:
    assert cycle(inside(name)) == []


def taken_from(path: Path) -> set[str]:
    """The modules whose names a module takes."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "gan_utils":
            home = importlib.import_module(node.module)
            for name in (alias.name for alias in node.names):
                is_module = isinstance(getattr(home, name, home), ModuleType)
                found.add(f"{node.module}.{name}" if is_module else node.module)
    return found


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {"gan_utils"}))
def test_others_names_come_by_their_one_path(module: str) -> None:
    """From another room by what it lists; inside one by submodule, never through the package."""
    spaces = {"gan_utils.models.pretrained", "gan_utils.training.checkpoint"}
    for name in taken_from(MODULES[module]):
        if room(name) == room(module):
            assert name != f"gan_utils.{room(module)}", f"{module} imports its own package"
        else:
            assert name.count(".") == 1 or name in spaces, f"{module} reaches into {name}"


def test_planted_stairs_and_cycles_are_found(tmp_path: Path) -> None:
    planted = tmp_path / "losses.py"
    planted.write_text("def f():\n    from gan_utils.training import fit\n")
    assert stairs_down("gan_utils.losses", imported_modules(planted)) == ["gan_utils.training"]
    assert stairs_down("gan_utils.models.mlp", {"gan_utils.datasets"}) == ["gan_utils.datasets"]
    (tmp_path / "a.py").write_text("from gan_utils.x.b import f\n")
    (tmp_path / "b.py").write_text("def f():\n    from gan_utils.x import a\n")
    names = {"gan_utils.x.a", "gan_utils.x.b"}
    imports = {f"gan_utils.x.{n}": imported_modules(tmp_path / f"{n}.py", names) for n in "ab"}
    assert set(cycle(imports)) == names
    assert cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


IMPORT_ALL = """
import importlib, random, socket, sys
import numpy, torch

def refuse(*args, **kwargs):
    raise AssertionError("an import went online")

socket.socket.connect = refuse
draw = lambda: (torch.rand(3).tolist(), numpy.random.rand(3).tolist(), random.random())
torch.manual_seed(7), numpy.random.seed(7), random.seed(7)
expected = draw()
torch.manual_seed(7), numpy.random.seed(7), random.seed(7)
threads, grad = torch.get_num_threads(), torch.is_grad_enabled()
for name in sys.argv[1:]:
    importlib.import_module(name)
assert draw() == expected, "an import drew or seeded"
assert not torch.cuda.is_initialized(), "an import chose a device"
assert (torch.get_num_threads(), torch.is_grad_enabled()) == (threads, grad)
"""


def test_importing_everything_leaves_no_trace(tmp_path: Path) -> None:
    data = tmp_path / "downloads"
    environment = {**os.environ, "GAN_UTILS_DATA": str(data), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = str(PACKAGE.parent)
    here = tmp_path / "here"
    here.mkdir()
    modules = sorted(MODULES.keys() - {"gan_utils.__main__"})
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *modules],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == [here]


# --- seeds, budgets, folders


@given(st.integers(0, 2**32 - 1))
def test_one_seed_fixes_three_sources(seed: int) -> None:
    def draw() -> tuple[object, ...]:
        return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002

    assert runtime.seed_everything(seed) == seed
    first = draw()
    runtime.seed_everything(seed)
    assert draw() == first


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_range_are_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=f"seed is {seed}"):
        runtime.seed_everything(seed)


def test_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAN_UTILS_BUDGET", raising=False)
    assert runtime.budget() == "lecture"
    for value, name in enumerate(runtime.BUDGETS):
        monkeypatch.setenv("GAN_UTILS_BUDGET", name)
        assert runtime.budget() == name
        assert runtime.pick(smoke=0, lecture=1, full=2) == value
    for spelled in ("full ", '"full"', "Full", " 'FULL'\n"):
        monkeypatch.setenv("GAN_UTILS_BUDGET", spelled)
        assert runtime.budget() == "full"
    for nothing in ("", " ", '""'):
        monkeypatch.setenv("GAN_UTILS_BUDGET", nothing)
        assert runtime.budget() == "lecture"
    monkeypatch.setenv("GAN_UTILS_BUDGET", "quick")
    assert "problem: GAN_UTILS_BUDGET is 'quick'" in runtime.environment()
    with pytest.raises(ValueError, match="'quick'; it must be one of smoke, lecture, full"):
        runtime.budget()


def test_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAN_UTILS_FACES", raising=False)
    assert runtime.variable("GAN_UTILS_FACES", "cartoon") == "cartoon"
    for spelled in ("anime:/My Pictures", "'anime:/My Pictures'", ' "anime:/My Pictures" '):
        monkeypatch.setenv("GAN_UTILS_FACES", spelled)
        assert runtime.variable("GAN_UTILS_FACES", "cartoon") == "anime:/My Pictures"
    for nothing in ("", "  ", "''"):
        monkeypatch.setenv("GAN_UTILS_FACES", nothing)
        assert runtime.variable("GAN_UTILS_FACES", "cartoon") == "cartoon"


def test_data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_UTILS_DATA", "~/pictures")
    assert runtime.data_root() == Path.home() / "pictures"
    monkeypatch.delenv("GAN_UTILS_DATA")
    monkeypatch.setattr(runtime, "_checkout", lambda: tmp_path)
    assert runtime.data_root() == tmp_path / "data"
    monkeypatch.setattr(runtime, "_checkout", lambda: None)
    assert runtime.data_root() == Path.home() / ".cache" / "gan_utils"
    monkeypatch.setenv("GAN_UTILS_DATA", "''")  # set, but empty
    assert runtime.data_root() == Path.home() / ".cache" / "gan_utils"


def test_data_root_without_a_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: str(path))  # as it then does
    monkeypatch.setattr(runtime, "_checkout", lambda: None)
    monkeypatch.delenv("GAN_UTILS_DATA", raising=False)
    assert runtime.data_root() == Path(tempfile.gettempdir()) / "gan_utils"
    monkeypatch.setenv("GAN_UTILS_DATA", "~/pictures")
    assert runtime.data_root() == Path("~/pictures")


def test_embedded_files() -> None:
    assert runtime.embedded("digits.npz").is_file()
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz is in none of .*reinstall"):
        runtime.embedded("nothing.npz")


def test_stored_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs.csv").write_text("seed,fid\n0,1.5\n1,2.5\n")
    monkeypatch.setattr(runtime, "embedded", lambda name: tmp_path / name)
    rows = [{"seed": "0", "fid": "1.5"}, {"seed": "1", "fid": "2.5"}]
    assert runtime.stored_runs("runs.csv") == rows


# --- what it says


def test_provenance() -> None:
    line = runtime.provenance(seed=3, batch_size=64, seconds=12.3456)
    assert line.startswith(f"torch {torch.__version__.split('+')[0]}, ")
    assert line.endswith(", seed 3, batch size 64, seconds 12.3")
    if runtime.device().type == "cpu":
        assert "CPU (1 thread)" in line


def test_environment_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = 'an-option>=1.0; extra == "faces"'  # not needed unless asked for
    needs = ["torch>=2.9", "no-such-thing>=1.0", "numpy>=999", extra]
    monkeypatch.setattr(runtime.metadata, "requires", lambda name: needs)
    lines = runtime.environment().splitlines()
    assert any(line.startswith("ok: torch ") for line in lines)
    problems = [line for line in lines if line.startswith("problem: ")]
    assert len(problems) == 2
    assert all(re.search(r'pip install ".+", then restart', line) for line in problems)
    assert any("no-such-thing is missing" in line for line in problems)


def test_environment_of_a_copy_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> list[str]:
        raise runtime.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(runtime.metadata, "requires", missing)
    assert "problem: gan_utils is not installed" in runtime.environment()


def test_environment_of_this_machine() -> None:
    lines = runtime.environment().splitlines()
    assert all(line.startswith(("ok: ", "problem: ")) for line in lines)
    assert any("embedded digits" in line for line in lines)
    assert f"device {runtime.device()}" in lines[-1]


def test_device_follows_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert runtime.device() == torch.device("cuda", 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert runtime.device() == torch.device("mps")


@pytest.mark.parametrize(("capability", "pays"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_bfloat16_pays_from_ampere_on(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], pays: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda where: capability)
    assert runtime.bfloat16_pays(torch.device("cuda", 0)) is pays
    assert runtime.bfloat16_pays(torch.device("mps")) is False


@pytest.mark.parametrize(("word", "pays"), [("0", False), ("1", True)])
def test_bfloat16_as_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, word: str, pays: bool
) -> None:
    monkeypatch.setenv("GAN_UTILS_BFLOAT16", word)
    assert runtime.bfloat16_pays(torch.device("cpu")) is pays
    assert runtime.bfloat16_pays(torch.device("mps")) is pays


def test_bfloat16_neither_yes_nor_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_UTILS_BFLOAT16", "yes")
    with pytest.raises(ValueError, match="GAN_UTILS_BFLOAT16 is 'yes'; it must be 0, 1"):
        runtime.bfloat16_pays(torch.device("cpu"))
