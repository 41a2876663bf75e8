"""What staff's commands share: reading and writing notebooks, the repository's address, badges."""

import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
BADGES = re.compile(r"<!-- badges -->.*?<!-- /badges -->", re.DOTALL)
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1", re.DOTALL | re.MULTILINE)


def paths(root: Path = ROOT) -> list[Path]:
    """The lecturer's notebooks, in the order of the course."""
    return sorted((root / "notebooks").glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    """A notebook in the current format.

    Raises:
        ValueError: the file is not a notebook.
    """
    try:
        return nbformat.reads(path.read_text("utf-8"), as_version=4)
    except Exception as error:  # nbformat raises many kinds, some of them plain Exceptions
        raise ValueError(f"{path} is not a notebook that can be read: {error}") from error


def write(path: Path, notebook: NotebookNode) -> None:
    """Write the notebook whole or not at all: beside the old one first, then in its place."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(nbformat.writes(notebook) + "\n", "utf-8")
        if path.exists():
            shutil.copymode(path, new)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def cells(notebook: NotebookNode, kind: str) -> Iterator[tuple[int, NotebookNode]]:
    """(number, cell) of each "code" or "markdown" cell; numbers count all cells from 1."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == kind:
            yield number, cell


def tags(cell: NotebookNode) -> list[str]:
    """The cell's tags."""
    return list(cell.metadata.get("tags", []))


def code_lines(source: str) -> list[str]:
    """The lines that are neither blank nor a comment."""
    return [line for line in source.splitlines() if line.strip() and line.strip()[0] != "#"]


def prose(notebook: NotebookNode) -> str:
    """All markdown, without fenced code blocks."""
    return FENCED.sub("", "\n\n".join(cell.source for _, cell in cells(notebook, "markdown")))


class Repository(NamedTuple):
    """Where the course is read from: the address on GitHub, and main or the tag of a release."""

    address: str
    ref: str


def repository(root: Path = ROOT) -> Repository:
    """From pyproject.toml: the address, its one place, and main while the version says dev.

    Raises:
        ValueError: it is not the address of a repository on GitHub, which badges need.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    address = project["urls"]["Repository"].removesuffix("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", address):
        raise ValueError(
            f"Repository in pyproject.toml's urls is {address!r}; "
            "it must be https://github.com/OWNER/NAME"
        )
    return Repository(address, "main" if "dev" in project["version"] else f"v{project['version']}")


def first_code_cell(source: Repository) -> str:
    """Each notebook's first code cell, which installs `gan_utils` where it is missing.

    The line above the magic is a body for `if` also where a converter comments magics out.
    """
    return f"""\
# On Colab and Kaggle this installs the course's helper package; elsewhere it changes nothing.
from importlib.util import find_spec

if find_spec("gan_utils") is None:
    print("installing gan_utils")
    %pip install -q "gan_utils @ git+{source.address}@{source.ref}\""""


def badges(source: Repository, name: str) -> list[tuple[str, str, str]]:
    """(words, picture, link) of the badges that open notebooks/`name` in three places."""
    repository = source.address.removeprefix("https://github.com/")
    path = f"notebooks/{name}"
    blob = f"{repository}/blob/{source.ref}/{path}"
    binder = f"https://mybinder.org/v2/gh/{repository}/{source.ref}?labpath={quote(path, safe='')}"
    kaggle = f"https://kaggle.com/kernels/welcome?src=https://github.com/{blob}"
    colab = f"https://colab.research.google.com/github/{blob}"
    return [
        ("Open in Colab", "https://colab.research.google.com/assets/colab-badge.svg", colab),
        ("Open in Kaggle", "https://kaggle.com/static/images/open-in-kaggle.svg", kaggle),
        ("Open in Binder", "https://mybinder.org/badge_logo.svg", binder),
    ]


def badge_row(source: Repository, name: str) -> str:
    """The badges in Markdown, for README."""
    return " ".join(f"[![{words}]({image})]({link})" for words, image, link in badges(source, name))


def marked_badges(source: Repository, name: str) -> str:
    """The badges between the comments by which they are found again, for a notebook.

    In HTML, which LaTeX leaves out: it cannot fetch pictures, nor draw SVG.
    """
    row = [
        f'<a href="{link}"><img src="{image}" alt="{words}"></a>'
        for words, image, link in badges(source, name)
    ]
    return "\n".join(["<!-- badges -->", *row, "<!-- /badges -->"])
