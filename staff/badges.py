"""Write the repository's address wherever it is needed: badges, first code cells, README.

    python -m staff badges [--check]

The address stands in pyproject.toml alone. A fork changes it there and runs `make badges`. Badges
and first cells lead to the main branch while pyproject's version says dev, and else to the tag of
that version. With --check nothing is written, and the exit status is 1 if a file differs.
"""

import argparse
import re
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from staff.notebooks import (
    BADGES,
    ROOT,
    Repository,
    badge_row,
    cells,
    first_code_cell,
    marked_badges,
    paths,
    read,
    repository,
    write,
)

FIRST_CELL = 'find_spec("gan_utils")'  # by this the first code cell is known
SOURCE = re.compile(r"(git\+|git clone )https://github\.com/[\w.-]+/[\w.-]+(@[\w.-]+)?")
ROW = re.compile(r"\| (?:\[(\d\d .+?)\]\(.*?\)|(\d\d [^|]*?)) \| (.*?) \| (.*?) \| .*\|")


def stamp(notebook: NotebookNode, name: str, source: Repository) -> bool:
    """Put badges and first code cell into the notebook; True if anything changed."""
    before = [(cell.cell_type, cell.source) for cell in notebook.cells]
    _stamp_badges(notebook, marked_badges(source, name))
    _stamp_first_cell(notebook, first_code_cell(source))
    return before != [(cell.cell_type, cell.source) for cell in notebook.cells]


def _stamp_badges(notebook: NotebookNode, row: str) -> None:
    _, cell = next(cells(notebook, "markdown"), (0, None))
    if cell is None:
        notebook.cells.insert(0, new_markdown_cell(row, id="badges"))
    elif BADGES.search(cell.source):
        cell.source = BADGES.sub(lambda _: row, cell.source, count=1)
    else:
        cell.source = f"{row}\n\n{cell.source}"


def _stamp_first_cell(notebook: NotebookNode, source: str) -> None:
    number, cell = next(cells(notebook, "code"), (len(notebook.cells) + 1, None))
    if cell is not None and FIRST_CELL in cell.source:
        cell.source = source
    else:
        notebook.cells.insert(number - 1, new_code_cell(source, id="first-code-cell"))


def readme(text: str, names: list[str], source: Repository) -> str:
    """README with the address in its commands, and links and badges in its syllabus table.

    A row is known by the two digits that begin its notebook's title and file name; a row whose
    notebook is not there has neither link nor badges.
    """
    lines = []
    for line in text.splitlines():
        row = ROW.fullmatch(line)
        if row:
            title = row[1] or row[2]
            name = next((name for name in names if name.startswith(f"{title[:2]}_")), None)
            linked = f"[{title}](notebooks/{name})" if name else title
            badges = badge_row(source, name) if name else ""
            line = f"| {linked} | {row[3]} | {row[4]} | {badges} |"
        lines.append(line)
    return SOURCE.sub(
        lambda found: f"{found[1]}{source.address}" + (f"@{source.ref}" if found[2] else ""),
        "\n".join(lines) + "\n",
    )


def main(argv: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a file differs")
    check = parser.parse_args(argv).check
    source = repository(root)
    differ = []
    for path in paths(root):
        notebook = read(path)
        if stamp(notebook, path.name, source):
            differ.append(path)
            if not check:
                write(path, notebook)
    page = root / "README.md"
    old = page.read_text("utf-8")
    new = readme(old, [path.name for path in paths(root)], source)
    if new != old:
        differ.append(page)
        if not check:
            page.write_text(new, "utf-8")
    for path in differ:
        name = path.relative_to(root)
        print(f"{name}: badges or address differ; run make badges" if check else f"{name}: written")
    return int(check and bool(differ))
