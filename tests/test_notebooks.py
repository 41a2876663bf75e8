"""Every notebook keeps every rule of staff/lint.py, and every rule can be broken."""

import ast
import copy
import functools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from nbconvert import ScriptExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from staff import lint, notebooks, refresh

PATHS = notebooks.paths()
stored = functools.cache(notebooks.read)  # rules only look


@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_notebook_keeps_rule(path: Path, rule: lint.Rule) -> None:
    assert rule(stored(path), path) == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_exported_as_a_script_it_is_python_and_keeps_its_text(path: Path) -> None:
    script, _ = ScriptExporter().from_notebook_node(stored(path))
    ast.parse(script)
    for line in stored(path).cells[-1].source.splitlines():
        assert f"# {line}".rstrip() in script


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_is_python_where_magics_are_commented_out(path: Path) -> None:
    for _, cell in notebooks.cells(stored(path), "code"):
        ast.parse(re.sub(r"^( *)([%!])", r"\1# \2", cell.source, flags=re.MULTILINE))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the good notebook would lie, with another one after it."""
    (tmp_path / "01_next.ipynb").touch()
    return tmp_path / "00_good.ipynb"


def good(path: Path) -> NotebookNode:
    """A small notebook that keeps every rule."""
    source = notebooks.repository()
    badges = notebooks.marked_badges(source, path.name)
    exercises = [
        new_code_cell(f"def answer():\n    {lint.BEGIN}\n    return {n}\n    {lint.END}")
        for n in range(3)
    ]
    checked = new_code_cell("print(1)", metadata={"tags": ["nbval-check-output"]})
    checked.outputs = [new_output("stream", name="stdout", text="1\n")]
    code = [new_code_cell(notebooks.first_code_cell(source)), *exercises, checked]
    notebook = new_notebook(
        cells=[
            new_markdown_cell(f"{badges}\n\n# Title\n\n![a picture](a.png)\n\n## One\n\n### Two"),
            *code,
            new_markdown_cell("## Next\n\n[next](01_next.ipynb) " + "word " * 30),
        ],
        metadata=refresh.METADATA,
    )
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
    return notebook


def text(added: str) -> Callable[[NotebookNode], None]:
    """Add to the last markdown cell."""

    def change(notebook: NotebookNode) -> None:
        notebook.cells[-1].source += added

    return change


def code(source: str) -> Callable[[NotebookNode], None]:
    """Replace the source of the last code cell."""

    def change(notebook: NotebookNode) -> None:
        notebook.cells[-2].source = source

    return change


def output(kind: str, **fields: object) -> Callable[[NotebookNode], None]:
    """Replace the outputs of the last code cell."""

    def change(notebook: NotebookNode) -> None:
        notebook.cells[-2].outputs = [new_output(kind, **fields)]

    return change


def tagged(*tags: str) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        notebook.cells[-2].metadata.tags = list(tags)

    return change


def field(name: str, value: object, number: int = -2) -> Callable[[NotebookNode], None]:
    """Set a field of one cell."""

    def change(notebook: NotebookNode) -> None:
        notebook.cells[number][name] = value

    return change


def metadata(name: str, value: object) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        notebook.metadata[name] = NotebookNode(value)

    return change


def each_code_cell(lines: int) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        for _, cell in notebooks.cells(notebook, "code"):
            cell.source = "x = 1\n" * lines

    return change


def drop(number: int) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        del notebook.cells[number]

    return change


def badges_of(source: notebooks.Repository, name: str) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        row = notebooks.marked_badges(source, name)
        notebook.cells[0].source = notebooks.BADGES.sub(row, notebook.cells[0].source)

    return change


FORK = notebooks.Repository("https://github.com/other/fork", "main")
ASK, ANSWER = 'widgets.predict(\n    "a", "?", ["b", "c"])\n', 'widgets.reveal("a", "b")\n'
SVG = {"image/svg+xml": "<svg/>"}
BROKEN = [
    (lint.cell_length, code("x = 1\n" * 31), "31 lines"),
    (lint.cell_length, each_code_cell(6), "median"),
    (lint.cell_length, each_code_cell(16), "one code cell in ten"),
    (lint.prose_ratio, text(" word" * 200), "words"),
    (lint.prose_ratio, each_code_cell(30), "words"),
    (lint.run_in_order, field("execution_count", None), "None, not 5"),
    (lint.run_in_order, field("execution_count", 6), "6, not 5"),
    (lint.known_tags, tagged("nbval-chek-output"), "nbval-chek-output"),
    (lint.known_tags, field("metadata", NotebookNode(slideshow={"slide_type": "page"})), "page"),
    (lint.known_tags, code("# NBVAL_SKIP\nx = 1"), "comment"),
    (lint.checked_output, field("outputs", []), "no text"),
    (lint.checked_output, output("display_data", data=SVG), "no text"),
    (lint.checked_output, field("execution_count", None), "never run"),
    (lint.alternative_text, text("\n![](a.png)"), "![](a.png)"),
    (lint.alternative_text, text("\n![ ][a]"), "![ ][a]"),
    (lint.alternative_text, text('\n<img src="a.png">'), "<img"),
    (lint.alternative_text, text('\n<img src="a.png" alt="">'), "<img"),
    (lint.clean_metadata, metadata("widgets", {"state": {}}), "metadata.widgets"),
    (lint.clean_metadata, metadata("kernelspec", {"name": "gan"}), "'gan'"),
    (lint.clean_metadata, field("metadata", NotebookNode(collapsed=True)), "collapsed"),
    (lint.no_widget_outputs, output("display_data", data={lint.WIDGET: {}}), "widget"),
    (lint.no_errors, output("error", ename="ValueError", evalue="no"), "ValueError: no"),
    (lint.no_stderr, output("stream", name="stderr", text="Warning"), "Warning"),
    (lint.no_addresses, output("stream", text="<Line2D at 0x7f53a1c0>"), "address"),
    (
        lint.no_addresses,
        output("execute_result", data={"text/plain": "<A object at 0x7f53a1c0>"}),
        "address",
    ),
    (lint.same_first_cell, field("source", "%pip install gan_utils", 1), "make badges"),
    (lint.same_first_cell, drop(1), "make badges"),
    (lint.right_badges, badges_of(notebooks.repository(), "01_next.ipynb"), "make badges"),
    (lint.right_badges, badges_of(FORK, "00_good.ipynb"), "make badges"),
    (lint.right_badges, field("source", "# Title", 0), "make badges"),
    (lint.no_trailing_semicolon, code("plot(x);"), "line 1"),
    (lint.no_trailing_semicolon, code("%matplotlib inline\nplot(x);  # quiet"), "line 2"),
    (lint.no_trailing_semicolon, code("plot(;"), "line 1"),
    (lint.solution_markers, code(lint.BEGIN), "does not end"),
    (lint.solution_markers, code(lint.END), "not begun"),
    (lint.solution_markers, code(f"{lint.BEGIN}\n# x\n{lint.END}"), "empty"),
    (lint.solution_markers, code(f"{lint.BEGIN}\nx\n{lint.BEGIN}\n{lint.END}"), "inside"),
    (lint.solution_markers, code(f"# BEGIN SOLUTION\nx = 1\n{lint.END}"), "write"),
    (lint.exercises, field("source", "x = 1", 2), "2 exercises"),
    (lint.predictions, code(f"{ASK}{ANSWER}{ASK}"), "another question, 'a'"),
    (lint.predictions, code(f"{ANSWER}{ASK}"), "'a', which was not asked before"),
    (lint.predictions, code(ASK), "'a' has no answer"),
    (lint.cell_ids, field("id", "cell-1"), "cell 1"),
    (lint.cell_ids, field("id", ""), "no id"),
    (lint.no_empty_cells, field("source", "  \n", 2), "cell 3 is empty"),
    (lint.headings, text("\n# Another"), "2 titles"),
    (lint.headings, text("\n#### Deep"), "from level 2 to 4"),
    (lint.headings, field("source", "## Part\n\n# Title", 0), "not the title"),
    (lint.link_to_next, field("source", "[later](02_later.ipynb)", -1), "01_next.ipynb"),
    (lint.link_to_next, drop(-1), "01_next.ipynb"),
]


@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: rule.__name__)
def test_good_notebook_keeps_rule(rule: lint.Rule, path: Path) -> None:
    assert rule(good(path), path) == []


@pytest.mark.parametrize(("rule", "change", "words"), BROKEN, ids=lambda value: str(value)[:40])
def test_rule_fires(rule: lint.Rule, change: Callable, words: str, path: Path) -> None:
    notebook = copy.deepcopy(good(path))
    change(notebook)
    found = rule(notebook, path)
    assert any(words in sentence for sentence in found), found


def test_every_rule_is_seen_to_fire() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(lint.RULES)


@pytest.mark.parametrize(
    "change",
    [
        code('page = """\ncolor: red;\n"""'),
        code("x = 1  # first; then;"),
        code("a = 1; b = 2"),
    ],
)
def test_semicolons_that_end_no_statement(change: Callable, path: Path) -> None:
    notebook = good(path)
    change(notebook)
    assert lint.no_trailing_semicolon(notebook, path) == []


def test_an_error_that_is_the_lesson(path: Path) -> None:
    notebook = good(path)
    output("error", ename="ValueError", evalue="no")(notebook)
    tagged("raises-exception")(notebook)
    assert lint.no_errors(notebook, path) == []


def test_code_in_markdown_is_neither_heading_nor_picture(path: Path) -> None:
    notebook = good(path)
    text("\n```python\n# Title\n![](a.png)\n```\nand `![](b.png)`")(notebook)
    assert lint.headings(notebook, path) == lint.alternative_text(notebook, path) == []


def test_the_last_notebook_needs_no_next(path: Path) -> None:
    notebook = good(path)
    drop(-1)(notebook)
    assert lint.link_to_next(notebook, path.with_name("02_last.ipynb")) == []
