"""A notebook and its widgets as a person in front of the screen has them: seen and typed at."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from playwright.sync_api import Error, Locator, Page

RUN = 600  # seconds that a notebook may take on a busy machine
CALM = 0.4  # seconds without a change after which a widget counts as settled
CHANGE = 60  # seconds that a widget may take to settle on a busy machine

IDLE = "| Idle"  # in the status bar at the bottom: Python 3 (ipykernel) | Idle
ERROR_OUTPUTS = """cell => [...cell.querySelectorAll('.jp-OutputArea-output')]
    .filter(output => output.dataset.mimeType === 'application/vnd.jupyter.error'
        || output.innerText.includes('Traceback (most recent call last)'))
    .map(output => output.innerText)"""

# The words of a widget without those of its controls: a slider's own readout proves nothing.
WORDS = """widget => {
    const controls = '.widget-slider, .widget-play, .widget-dropdown, .widget-radio, button';
    const copy = widget.cloneNode(true);
    copy.querySelectorAll(controls).forEach(control => control.remove());
    return copy.textContent;
}"""

PICTURES = """async widget => Promise.all([...widget.querySelectorAll('img')].map(async image => {
    const bytes = await (await fetch(image.src)).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return [...digest].map(byte => byte.toString(16).padStart(2, '0')).join('');
}))"""

# What is on the screen in each frame that the browser paints.
WATCH = """widget => {
    const frames = widget.frames = [];
    widget.watching = true;
    const look = () => {
        const heights = [...widget.querySelectorAll('img')].map(image => image.offsetHeight);
        const drawn = heights.filter(height => height > 0).length;
        frames.push([widget.offsetHeight, drawn, Math.max(0, ...heights)]);
        if (widget.watching) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
STOP_WATCHING = "widget => { widget.watching = false; return widget.frames; }"

CUT_OFF = """widget => [...widget.querySelectorAll('.widget-label, .widget-html-content')]
    .filter(label => label.scrollWidth > label.clientWidth + 1)
    .map(label => label.innerText)"""


@dataclass(frozen=True)
class Look:
    """What a widget shows: a digest of each picture, and its words without its controls'."""

    pictures: tuple[str, ...]
    words: str

    @property
    def numbers(self) -> list[str]:
        return re.findall(r"\d+(?:[.,]\d+)*", self.words)


@dataclass(frozen=True)
class Frame:
    """One painted frame: heights in pixels, 0 where nothing is, and the number of pictures."""

    height: int
    pictures: int
    picture_height: int


class Widget:
    """The one output of a cell that holds sliders."""

    def __init__(self, root: Locator) -> None:
        self.root = root

    def look(self) -> Look:
        """What it shows now."""

        def read() -> Look | None:
            try:
                return Look(tuple(self.root.evaluate(PICTURES)), self.root.evaluate(WORDS))
            except Error:  # the picture was replaced while it was read
                return None

        return wait_for(read, CHANGE, "the widget's pictures cannot be read")

    def settled(self) -> Look:
        """What it shows once the kernel rests and nothing has changed for a moment."""
        seen, since = self.look(), time.monotonic()

        def calm() -> bool:
            nonlocal seen, since
            now = self.look()
            if now != seen or not self.root.page.get_by_text(IDLE).count():
                seen, since = now, time.monotonic()
            return time.monotonic() - since > CALM

        wait_for(calm, CHANGE, "the widget does not come to rest")
        return seen

    def slider_names(self) -> list[str]:
        return self.root.locator(".widget-slider > label").all_inner_texts()

    def slider(self, name: str) -> Locator:
        """The handle of the slider with this label."""
        label = self.root.page.get_by_text(name, exact=True)
        return self.root.locator(".widget-slider", has=label).locator("[role=slider]")

    def value(self, name: str) -> float:
        return float(self.slider(name).get_attribute("aria-valuetext"))  # valuenow is rounded

    def press(self, name: str, keys: Sequence[str]) -> None:
        """Press these keys, one straight after the other, on a slider."""
        self.slider(name).focus()
        for key in keys:
            self.root.page.keyboard.press(key)

    def watch(self, during: Callable[[], object]) -> list[Frame]:
        """The frames that the browser paints while `during` runs."""
        self.root.evaluate(WATCH)
        during()
        return [Frame(*frame) for frame in self.root.evaluate(STOP_WATCHING)]

    def cut_off(self) -> list[str]:
        """Labels and words that do not fit their places."""
        return self.root.evaluate(CUT_OFF)


class Notebook:
    """A notebook that is open in the page."""

    def __init__(self, page: Page, source: NotebookNode) -> None:
        self.page, self.source = page, source
        self.places = {cell.id: place for place, cell in enumerate(source.cells)}

    def cell(self, name: str) -> Locator:
        """The cell with this id."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(self.places[name])

    def code(self) -> list[str]:
        """The ids of the code cells that hold code; JupyterLab does not run an empty one."""
        cells = self.source.cells
        return [cell.id for cell in cells if cell.cell_type == "code" and cell.source.strip()]

    def wait_idle(self, seconds: float = RUN) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.get_by_text(IDLE).wait_for(timeout=seconds * 1000)

    def run_all(self) -> None:
        """Run all cells by the menu, and wait until they have run or one has stopped them."""
        self._menu("Run", "runmenu:run-all")
        self._wait_ran(self.code())

    def run_above(self, name: str) -> None:
        """Run all cells above this one by the menu, and wait."""
        self.select(name)
        self._menu("Run", "notebook:run-all-above")
        self._wait_ran([cell for cell in self.code() if self.places[cell] < self.places[name]])

    def start(self, name: str) -> None:
        """Run this cell by the keyboard, and do not wait."""
        self.select(name)
        self.page.keyboard.press("Control+Enter")

    def run(self, name: str) -> None:
        """Run this cell by the keyboard, and wait."""
        before = self.prompt(name)
        self.start(name)
        wait_for(lambda: self.prompt(name) not in (before, "[*]:"), RUN, f"cell {name} did not run")

    def select(self, name: str) -> None:
        self.cell(name).locator(".jp-InputPrompt").click()

    def prompt(self, name: str) -> str:
        """[1]: after it ran, [*]: while it waits or runs, [ ]: before."""
        return self.cell(name).locator(".jp-InputPrompt").inner_text().strip()

    def interrupt(self) -> None:
        """The square button."""
        self.page.locator('.jp-Toolbar [data-command="notebook:interrupt-kernel"]').click()

    def words(self, name: str) -> str:
        """The text of all outputs of a cell."""
        outputs = self.cell(name).locator(".jp-OutputArea-output")
        return "\n".join(outputs.all_inner_texts())

    def errors(self, names: Sequence[str] = ()) -> list[str]:
        """Each of these cells, by default of all, that did not run, or shows an error that is not
        its lesson."""
        found = []
        for name in names or self.code():
            tags = self.source.cells[self.places[name]].metadata.get("tags", [])
            for error in self.cell(name).evaluate(ERROR_OUTPUTS):
                if "raises-exception" not in tags:
                    found.append(f"cell {name}: {error[-1000:]}")
            if not re.search(r"\d", self.prompt(name)):
                found.append(f"cell {name} did not run: {self.prompt(name)}")
        return found

    def with_sliders(self) -> list[str]:
        """The ids of the cells that show sliders."""
        return [name for name in self.code() if self.cell(name).locator("[role=slider]").count()]

    def widget(self, name: str) -> Widget:
        return Widget(
            self.cell(name).locator(".jp-OutputArea-output", has=self.page.locator("[role=slider]"))
        )

    def pictures(self, name: str) -> int:
        """How many pictures all outputs of a cell show, its widget's and others."""
        return self.cell(name).locator(".jp-OutputArea img").count()

    def screenshot(self, name: str, path: Path) -> None:
        """The cell as it is on the screen, over the notebook's whole width."""
        self.page.mouse.move(0, 0)
        self.cell(name).screenshot(path=path)

    def _menu(self, menu: str, command: str) -> None:
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
        self.page.locator(f'li[data-command="{command}"]').click()

    def _wait_ran(self, names: list[str]) -> None:
        """All have numbers, or none waits any more because one has raised."""

        def prompts() -> list[str]:
            return [self.prompt(name) for name in names]

        wait_for(lambda: any(prompt != "[ ]:" for prompt in prompts()), RUN, "no cell began to run")
        wait_for(lambda: "[*]:" not in prompts(), RUN, "the cells did not finish")
        self.wait_idle()


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> object:
    """What `condition` gives once it is true.

    Raises:
        AssertionError: it was not true within `seconds`; it says `what`.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}, in {seconds} s"
        time.sleep(0.1)
    return value
