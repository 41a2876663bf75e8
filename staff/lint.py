"""Check the notebooks against the course's rules.

    python -m staff lint [NOTEBOOK ...]        (default: all)

Each rule is a function (notebook, path) -> sentences, one for each place that breaks it. The exit
status is 1 if there is any.
"""

import argparse
import io
import re
import statistics
import tokenize
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from nbformat import NotebookNode

from staff.notebooks import (
    BADGES,
    FENCED,
    ROOT,
    cells,
    code_lines,
    first_code_cell,
    marked_badges,
    paths,
    prose,
    read,
    repository,
    tags,
)

MEDIAN, PERCENTILE_90, LONGEST = 5, 15, 30  # lines of code in a cell
WORDS = (6, 15)  # of markdown, for each line of code
EXERCISES = (3, 6)
TAGS = {
    "nbval-check-output",
    "nbval-ignore-output",
    "nbval-skip",
    "raises-exception",
    "hide-input",
}
SLIDES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
WIDGET = "application/vnd.jupyter.widget-view+json"

Rule = Callable[[NotebookNode, Path], list[str]]


def cell_length(notebook: NotebookNode, path: Path) -> list[str]:
    """Median code cell at most 5 lines, 90th percentile 15, maximum 30."""
    lengths = {n: len(code_lines(cell.source)) for n, cell in cells(notebook, "code")}
    if not lengths:
        return []
    ordered = sorted(lengths.values())
    percentile = ordered[max(0, round(0.9 * len(ordered)) - 1)]
    found = [
        f"cell {number} has {length} lines of code; the most is {LONGEST}"
        for number, length in lengths.items()
        if length > LONGEST
    ]
    if percentile > PERCENTILE_90:
        found.append(f"one code cell in ten has {percentile} lines or more, not {PERCENTILE_90}")
    if statistics.median(ordered) > MEDIAN:
        found.append(f"the median code cell has {statistics.median(ordered):g} lines, not {MEDIAN}")
    return found


def prose_ratio(notebook: NotebookNode, path: Path) -> list[str]:
    """6 to 15 words of markdown for each line of code."""
    lines = sum(len(code_lines(cell.source)) for _, cell in cells(notebook, "code"))
    words = sum(len(re.findall(r"\w+", cell.source)) for _, cell in cells(notebook, "markdown"))
    ratio = words / max(1, lines)
    if WORDS[0] <= round(ratio, 1) <= WORDS[1]:
        return []
    return [f"{ratio:.1f} words of markdown for each line of code, not {WORDS[0]} to {WORDS[1]}"]


def run_in_order(notebook: NotebookNode, path: Path) -> list[str]:
    """Execution counts are 1 … n, in order and without gaps."""
    code = [(number, cell) for number, cell in cells(notebook, "code") if cell.source.strip()]
    return [
        f"cell {number} has the execution count {cell.get('execution_count')}, not {count}; "
        "run make refresh"
        for count, (number, cell) in enumerate(code, start=1)
        if cell.get("execution_count") != count
    ]


def known_tags(notebook: NotebookNode, path: Path) -> list[str]:
    """Only the course's tags and slide types, and nbval's wishes as tags, not as comments."""
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        found += [
            f"cell {number} has the unknown tag {tag!r}" for tag in sorted({*tags(cell)} - TAGS)
        ]
        slide = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if slide not in SLIDES:
            found.append(f"cell {number} has the unknown slide type {slide!r}")
        if cell.cell_type == "code" and re.search(r"#.*\bNBVAL_", cell.source):
            found.append(f"cell {number} speaks to nbval in a comment; use a tag")
    return found


def checked_output(notebook: NotebookNode, path: Path) -> list[str]:
    """A cell tagged nbval-check-output was run and shows text that nbval can compare."""
    found = []
    for number, cell in cells(notebook, "code"):
        if "nbval-check-output" not in tags(cell):
            continue
        if cell.get("execution_count") is None:
            found.append(f"cell {number} is to be compared by nbval but was never run")
        if not any(_compared(output) for output in cell.outputs):
            found.append(f"cell {number} is to be compared by nbval but shows no text")
    return found


def _compared(output: NotebookNode) -> bool:
    return output.output_type == "stream" or bool(
        {"text/plain", "text/html"} & {*output.get("data", {})}
    )


def alternative_text(notebook: NotebookNode, path: Path) -> list[str]:
    """Every picture in the text says in words what it shows."""
    found = []
    for number, cell in cells(notebook, "markdown"):
        text = re.sub(r"`[^`\n]*`", "", FENCED.sub("", cell.source))
        found += [
            f"cell {number} has a picture without alternative text: {picture}"
            for picture in re.findall(r"!\[\s*\](?:\([^)]*\)|\[[^\]]*\])", text)
        ]
        found += [
            f"cell {number} has a picture without alternative text: {picture}"
            for picture in re.findall(r"<img\b[^>]*>", text, re.IGNORECASE)
            if not re.search(r"""\balt\s*=\s*(["'])\s*[^"'\s].*?\1""", picture, re.IGNORECASE)
        ]
    return found


def clean_metadata(notebook: NotebookNode, path: Path) -> list[str]:
    """No stored widget state, kernel python3, cells with nothing but tags and slide types."""
    found = []
    if "widgets" in notebook.metadata:
        found.append(
            "the notebook stores the state of widgets (metadata.widgets); run make refresh"
        )
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    if kernel != "python3":
        found.append(
            f"the notebook asks for the kernel {kernel!r}, not 'python3'; run make refresh"
        )
    for number, cell in enumerate(notebook.cells, start=1):
        extra = sorted({*cell.metadata} - {"tags", "slideshow"})
        if extra:
            found.append(
                f"cell {number} has metadata beyond tags: {', '.join(extra)}; make refresh"
            )
    return found


def no_widget_outputs(notebook: NotebookNode, path: Path) -> list[str]:
    """No stored widget: without its state it is an empty box."""
    return [
        f"cell {number} stores a widget, which is dead without its state; run make refresh"
        for number, cell in cells(notebook, "code")
        if any(WIDGET in output.get("data", {}) for output in cell.outputs)
    ]


def no_errors(notebook: NotebookNode, path: Path) -> list[str]:
    """No stored error, unless it is the lesson: tagged raises-exception."""
    return [
        f"cell {number} stores an error: {output.ename}: {output.evalue}"
        for number, cell in cells(notebook, "code")
        for output in cell.outputs
        if output.output_type == "error" and "raises-exception" not in tags(cell)
    ]


def no_stderr(notebook: NotebookNode, path: Path) -> list[str]:
    """No stored warnings: mend what warns."""
    return [
        f"cell {number} stores stderr: {output.text.strip()[:80]}"
        for number, cell in cells(notebook, "code")
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]


def no_addresses(notebook: NotebookNode, path: Path) -> list[str]:
    """No stored memory addresses: they say nothing and differ from run to run."""
    return [
        f"cell {number} shows a memory address; end it with plt.show() or assign to _"
        for number, cell in cells(notebook, "code")
        if any(re.search(r" at 0x[0-9a-f]{6,}", _text(output)) for output in cell.outputs)
    ]


def _text(output: NotebookNode) -> str:
    return f"{output.get('text', '')}{output.get('data', {}).get('text/plain', '')}"


def same_first_cell(notebook: NotebookNode, path: Path) -> list[str]:
    """The first code cell is the same in every notebook."""
    _, first = next(cells(notebook, "code"), (0, None))
    if first is not None and first.source == first_code_cell(repository()):
        return []
    return ["the first code cell is not the one that all notebooks share; run make badges"]


def right_badges(notebook: NotebookNode, path: Path) -> list[str]:
    """The first markdown cell has the badges of this notebook and this repository, once."""
    _, first = next(cells(notebook, "markdown"), (0, None))
    rows = BADGES.findall(first.source) if first is not None else []
    if rows == [marked_badges(repository(), path.name)]:
        return []
    return ["the badges do not match the notebook's path and repository; run make badges"]


def no_trailing_semicolon(notebook: NotebookNode, path: Path) -> list[str]:
    """No line of code ends in a semicolon: nbval does not honor it."""
    return [
        f"cell {number}, line {line}: a trailing semicolon; use plt.show() or assign to _"
        for number, cell in cells(notebook, "code")
        for line in _semicolons(cell.source)
    ]


def _semicolons(source: str) -> list[int]:
    plain = re.sub(r"^(\s*)[%!?].*$", r"\1pass", source, flags=re.MULTILINE)
    ends = {tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER}
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(plain).readline))
    except (tokenize.TokenError, SyntaxError):  # not Python: ruff will say so
        lines = enumerate(source.splitlines(), start=1)
        return [number for number, line in lines if line.rstrip().endswith(";")]
    pairs = pairwise(tokens)
    return [this.start[0] for this, then in pairs if this.string == ";" and then.type in ends]


def solution_markers(notebook: NotebookNode, path: Path) -> list[str]:
    """Solutions stand between exact BEGIN and END markers, and are not empty."""
    found = []
    for number, cell in cells(notebook, "code"):
        inside: list[str] | None = None
        for line in map(str.strip, cell.source.splitlines()):
            if line == BEGIN:
                if inside is not None:
                    found.append(f"cell {number} begins a solution inside a solution")
                inside = []
            elif line == END:
                if inside is None:
                    found.append(f"cell {number} ends a solution that was not begun")
                elif not code_lines("\n".join(inside)):
                    found.append(f"cell {number} has an empty solution")
                inside = None
            elif re.search(r"#\s*(begin|end)\s+solution", line, re.IGNORECASE):
                found.append(
                    f"cell {number} has {line!r}; write {BEGIN!r} or {END!r} on its own line"
                )
            elif inside is not None:
                inside.append(line)
        if inside is not None:
            found.append(f"cell {number} begins a solution that does not end")
    return found


def exercises(notebook: NotebookNode, path: Path) -> list[str]:
    """Three to six exercises."""
    count = sum(BEGIN in cell.source for _, cell in cells(notebook, "code"))
    if EXERCISES[0] <= count <= EXERCISES[1]:
        return []
    return [f"{count} exercises, not {EXERCISES[0]} to {EXERCISES[1]}"]


def predictions(notebook: NotebookNode, path: Path) -> list[str]:
    """Each question has a key of its own, and is asked before it is answered."""
    found, asked, answered = [], set(), set()
    for number, cell in cells(notebook, "code"):
        for call, key in re.findall(r'widgets\.(predict|reveal)\(\s*"(.+?)"', cell.source):
            if call == "predict" and key in asked:
                found.append(f"cell {number} asks with the key of another question, {key!r}")
            elif call == "reveal" and key not in asked:
                found.append(f"cell {number} answers {key!r}, which was not asked before it")
            (asked if call == "predict" else answered).add(key)
    return found + [f"the question {key!r} has no answer" for key in sorted(asked - answered)]


def cell_ids(notebook: NotebookNode, path: Path) -> list[str]:
    """Every cell has an id of its own."""
    found, seen = [], {}
    for number, cell in enumerate(notebook.cells, start=1):
        if not cell.get("id"):
            found.append(f"cell {number} has no id")
        elif cell.id in seen:
            found.append(f"cell {number} has the id of cell {seen[cell.id]}: {cell.id}")
        seen.setdefault(cell.get("id"), number)
    return found


def no_empty_cells(notebook: NotebookNode, path: Path) -> list[str]:
    """Every cell holds something."""
    numbered = enumerate(notebook.cells, start=1)
    return [f"cell {number} is empty" for number, cell in numbered if not cell.source.strip()]


def headings(notebook: NotebookNode, path: Path) -> list[str]:
    """One title, and no level left out on the way down."""
    lines = re.findall(r"^ {0,3}(#{1,6})\s+(.+)$", prose(notebook), re.MULTILINE)
    levels = [(len(signs), text) for signs, text in lines]
    titles = [text for level, text in levels if level == 1]
    found = [] if len(titles) == 1 else [f"{len(titles)} titles (# …), not one"]
    if levels and levels[0][0] != 1:
        found.append(f"the first heading is {levels[0][1]!r}, not the title")
    for (above, _), (below, text) in pairwise(levels):
        if below > above + 1:
            found.append(f"the heading {text!r} goes from level {above} to {below}")
    return found


def link_to_next(notebook: NotebookNode, path: Path) -> list[str]:
    """The last cell leads to the next notebook, where there is one."""
    after = [other.name for other in sorted(path.parent.glob("*.ipynb")) if other.name > path.name]
    if not after:
        return []
    last = notebook.cells[-1] if notebook.cells else None
    if last is not None and last.cell_type == "markdown" and f"]({after[0]})" in last.source:
        return []
    return [f"the last cell does not link to the next notebook, [title]({after[0]})"]


RULES: tuple[Rule, ...] = (
    cell_length,
    prose_ratio,
    run_in_order,
    known_tags,
    checked_output,
    alternative_text,
    clean_metadata,
    no_widget_outputs,
    no_errors,
    no_stderr,
    no_addresses,
    same_first_cell,
    right_badges,
    no_trailing_semicolon,
    solution_markers,
    exercises,
    predictions,
    cell_ids,
    no_empty_cells,
    headings,
    link_to_next,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    chosen = parser.parse_args().notebooks or paths(ROOT)
    found = []
    for path in chosen:
        notebook = read(path)
        found += [f"{path.name}: {line}" for rule in RULES for line in rule(notebook, path)]
    print("\n".join(found) or f"{len(chosen)} notebooks, {len(RULES)} rules: nothing found")
    return int(bool(found))
