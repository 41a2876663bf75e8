"""Run notebooks and seeded tests as they would run elsewhere: what is checked must hold there too.

    python -m staff elsewhere [PATH ...] [--as SETTING ...]      (default: all)

Elsewhere is a processor with other instructions, another number of threads, another seed, or a
reader who runs each cell twice. The rest is as in `make test`. A line for each setting says how
many cells or tests failed in each notebook and in the tests; below it stands which. The exit status
is 1 if there is any.
"""

import argparse
import copy
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import torch
from nbformat import NotebookNode

from staff.notebooks import ROOT, cells, paths, read, write

CELL_TIMEOUT = 600  # seconds
SEED = re.compile(r"(?<=seed_everything\()0(?=\))")
SEEDED = re.compile(r"manual_seed|seed_everything")  # tests with random numbers of torch
AVX512 = "AVX-512"

# Torch, oneDNN and MKL each choose their instructions by themselves.
PROCESSORS: dict[str, dict[str, str]] = {
    "here": {},
    "no vectors": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_CBWR": "COMPATIBLE",
    },
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2"},
    AVX512: {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "float32": {"GAN_UTILS_BFLOAT16": "0"},
    "bfloat16": {"GAN_UTILS_BFLOAT16": "1"},
    "two threads": {"OMP_NUM_THREADS": "2"},
}


def twice(notebook: NotebookNode) -> NotebookNode:
    """A copy in which each code cell comes twice in a row; the second one's id ends in -again."""
    doubled = copy.deepcopy(notebook)
    doubled.cells = []
    for cell in notebook.cells:
        doubled.cells.append(cell)
        if cell.cell_type == "code":
            again = copy.deepcopy(cell)
            again.id = f"{cell.id}-again"
            doubled.cells.append(again)
    return doubled


def reseeded(seed: int) -> Callable[[NotebookNode], NotebookNode]:
    """What makes a copy whose `seed_everything(0)` is given another seed."""

    def change(notebook: NotebookNode) -> NotebookNode:
        other = copy.deepcopy(notebook)
        for _, cell in cells(other, "code"):
            cell.source = SEED.sub(str(seed), cell.source)
        return other

    return change


READERS: dict[str, Callable[[NotebookNode], NotebookNode]] = {
    "twice": twice,
    "seed 1": reseeded(1),
    "seed 2": reseeded(2),
}


def failed_cells(path: Path, setting: str) -> list[str]:
    """The ids of a notebook's cells that fail in this setting."""
    notebook = READERS.get(setting, copy.deepcopy)(read(path))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / path.name
        write(file, notebook)
        names = failed([file], PROCESSORS.get(setting, {}))
    ids = [cell.id for _, cell in cells(notebook, "code")]
    return [ids[int(name.removeprefix("Cell "))] for name in names]


def failed(files: Sequence[Path], environment: dict[str, str]) -> list[str]:
    """The names of the tests in these files that fail; a notebook's are "Cell 0", "Cell 1", …

    Raises:
        RuntimeError: pytest itself did not get through.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        words = ["-q", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml", "--rootdir", ROOT]
        words += [f"--nbval-cell-timeout={CELL_TIMEOUT}", f"--junitxml={report}", *files]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *map(str, words)],
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GAN_UTILS_BUDGET": "smoke"}
            | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout}{done.stderr}")
        found = ElementTree.parse(report).iter("testcase")
        return [
            case.get("name", "")
            for case in found
            if case.find("failure") is not None or case.find("error") is not None
        ]


def seeded_tests(root: Path = ROOT) -> list[Path]:
    """The test files in which a result may hang on a seed, and so on rounding."""
    files = sorted((root / "tests").glob("test_*.py"))
    return [file for file in files if SEEDED.search(file.read_text("utf-8"))]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks and files of tests")
    parser.add_argument("--as", nargs="+", dest="settings", choices=[*PROCESSORS, *READERS])
    args = parser.parse_args(argv)
    chosen = [path.resolve() for path in args.paths] or [*paths(), *seeded_tests()]
    books = [path for path in chosen if path.suffix == ".ipynb"]
    tests = [path for path in chosen if path.suffix == ".py"]
    columns = [path.stem[:2] for path in books] + ["tests"] * bool(tests)
    print(f"{'':12}", *(f"{column:>5}" for column in columns))
    any_failed = False
    for setting in args.settings or [*PROCESSORS, *READERS]:
        print(f"{setting:12}", end="", flush=True)
        if setting == AVX512 and torch.backends.cpu.get_cpu_capability() != "AVX512":
            print("  this processor has none")
            continue
        found = {}
        for column, path in zip(columns, [*books, *tests[:1]], strict=True):
            if column != "tests":
                found[column] = failed_cells(path, setting)
            elif setting in PROCESSORS:
                found[column] = failed(tests, PROCESSORS[setting])
            words = str(len(found[column]) or "ok") if column in found else "-"
            print(f" {words:>5}", end="", flush=True)
        print()
        for column, names in found.items():
            if names:
                any_failed = True
                print(f"    {column}: {', '.join(names)}", flush=True)
    return int(any_failed)
