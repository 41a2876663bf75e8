"""Run the notebooks again and store what they show.

    python -m staff refresh [NOTEBOOK ...]        (default: all)

Each runs in its own folder with the lecture budget (another one: GAN_UTILS_BUDGET) and one thread.
What would differ from machine to machine, or is dead once stored, is left out: widgets, progress
bars, the interpreter's version, the marks of editors. A notebook with a cell that raises stays as
it was.
"""

import argparse
import hashlib
import os
import re
import sys
import time
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from staff.notebooks import ROOT, cells, paths, read, write

CELL_TIMEOUT = 1200  # seconds
WIDGET = "application/vnd.jupyter.widget-view+json"
PROGRESS = re.compile(r"\d+%\|| \[\d+:\d\d[<,]")  # tqdm's bars, with and without a total
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}


class NotebookFailed(Exception):
    """A cell raised, took too long, or its kernel died; the message names notebook and cell."""


def execute(notebook: NotebookNode, folder: Path, name: str, timeout: int = CELL_TIMEOUT) -> None:
    """Run all cells in place, in a fresh kernel whose working directory is `folder`.

    Raises:
        NotebookFailed: a cell did not finish.
    """
    running = {}
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=lambda cell, cell_index: running.update(
            number=cell_index + 1, id=cell.get("id")
        ),
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        place = f"{name}, cell {running.get('number', '?')} (id {running.get('id', '?')})"
        if isinstance(error, CellExecutionError):
            reason = f"raised {error.ename}: {error.evalue}"
        elif isinstance(error, CellTimeoutError):
            reason = f"took longer than {timeout} s"
        else:
            reason = "ended its kernel (out of memory?)"
        raise NotebookFailed(f"{place} {reason}. The notebook is as it was before.") from error


def clean(notebook: NotebookNode) -> list[str]:
    """Leave out what is dead or differs between machines; return one line per kept stderr."""
    warnings = []
    notebook.metadata = NotebookNode(METADATA)
    for number, cell in enumerate(notebook.cells, start=1):
        kept = {key: cell.metadata[key] for key in ("tags", "slideshow") if key in cell.metadata}
        cell.metadata = NotebookNode(kept)
        if "id" not in cell:
            digest = hashlib.sha256(f"{number}\n{cell.source}".encode())
            cell.id = f"cell-{digest.hexdigest()[:8]}"
    notebook.nbformat_minor = max(notebook.nbformat_minor, 5)  # cell ids need 4.5
    for number, cell in cells(notebook, "code"):
        cell.outputs = _merged([kept for output in cell.outputs if (kept := _output(output))])
        for output in cell.outputs:
            if output.get("name") == "stderr":
                warnings.append(f"cell {number} (id {cell.id}) keeps stderr: {output.text.strip()}")
    return warnings


def _output(output: NotebookNode) -> NotebookNode | None:
    """The output as it is stored, or None for a widget or a progress bar alone."""
    if WIDGET in output.get("data", {}):
        return None
    if output.output_type == "stream" and output.name == "stderr":
        lines = re.split(r"(?<=[\r\n])", ANSI.sub("", output.text))
        if any(PROGRESS.search(line) for line in lines):
            lines = [line for line in lines if line.strip() and not PROGRESS.search(line)]
        output.text = "".join(lines)
        return output if output.text.strip() else None
    return output


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbors of one stream: how print's text is cut into messages depends on the clock."""
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def refresh(path: Path, timeout: int = CELL_TIMEOUT) -> list[str]:
    """Run, clean and store one notebook; return one line per stderr that was kept."""
    notebook = read(path)
    execute(notebook, path.parent, path.name, timeout)
    warnings = clean(notebook)
    write(path, notebook)
    return warnings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    chosen = [path.resolve() for path in parser.parse_args().notebooks] or paths(ROOT)
    os.environ.setdefault("GAN_UTILS_BUDGET", "lecture")
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.pop("MPLBACKEND", None)  # the kernel's own: figures land in the notebook
    os.environ.setdefault("PYTHONHASHSEED", "0")
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    failed = False
    for path in chosen:
        begin = time.monotonic()
        try:
            warnings = refresh(path)
        except (NotebookFailed, ValueError) as error:
            print(f"error: {error}", file=sys.stderr, flush=True)
            failed = True
            continue
        print(f"{path.name}: {time.monotonic() - begin:.0f} s", flush=True)
        for warning in warnings:
            print(f"WARNING: {path.name}, {warning}", file=sys.stderr, flush=True)
    return int(failed)
