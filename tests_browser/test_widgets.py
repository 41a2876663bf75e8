"""In JupyterLab, in a browser: the notebooks run, and what one moves changes what one sees.

`make test-browser` runs these; plain `make test` does not, for it needs no browser.
"""

import re
from pathlib import Path

import pytest
import screen
from lab import ROOT, Lab, course
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page
from screen import CHANGE, RUN, Notebook, Widget, wait_for

NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))

# By notebook and cell: the sliders, and what each must change when a key moves it.
BOTH, PICTURE = "picture and number", "picture"
SLIDERS: dict[str, dict[str, dict[str, str]]] = {
    "01_minimax_game.ipynb": {"slide-code": {"mean of q": BOTH}, "scrub": {"snapshot": BOTH}},
    "02_mlp_gan.ipynb": {"scrub": {"snapshot": BOTH}},
    "03_dcgan_shapes.ipynb": {
        "sweep-widget": {
            **dict.fromkeys(["size", "kernel", "stride", "padding", "dilation"], BOTH),
            "position": PICTURE,
        },
        "paint-widget": dict.fromkeys(
            ["size", "kernel", "stride", "padding", "output padding"], BOTH
        ),
    },
}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_runs_and_its_sliders_move(
    name: str, lab: Lab, page: Page, screenshots: Path
) -> None:
    notebook = lab.open(page, name)
    notebook.run_all()
    assert notebook.errors() == []
    expected = SLIDERS.get(name, {})
    assert notebook.with_sliders() == list(expected), "say in SLIDERS what each slider changes"
    for cell, sliders in expected.items():
        found = faults(notebook, cell, sliders)
        notebook.screenshot(cell, screenshots / f"{Path(name).stem}-{cell}.png")
        assert found == []
    assert notebook.errors() == []  # a callback's error may stand in the widget's output


def faults(notebook: Notebook, cell: str, sliders: dict[str, str]) -> list[str]:
    """Move each slider of a cell; say what is not as it should be."""
    widget = notebook.widget(cell)
    widget.root.scroll_into_view_if_needed()
    found = [f"cut off: {words!r}" for words in widget.cut_off()]
    if sorted(widget.slider_names()) != sorted(sliders):
        return [f"sliders {widget.slider_names()}, expected {list(sliders)}", *found]
    pictures = notebook.pictures(cell)
    for slider, changes in sliders.items():
        try:
            _move(widget, slider, changes)
            if slider == next(iter(sliders)):  # how it redraws is the same for all of them
                _keep_pressing(widget, slider)
        except AssertionError as error:
            found.append(f"{slider}: {str(error).splitlines()[0]}")
    if notebook.pictures(cell) != pictures:
        found.append(f"{pictures} pictures became {notebook.pictures(cell)}")
    return found


def _move(widget: Widget, slider: str, changes: str) -> None:
    """One key: what the slider stands for changes on the screen."""
    before, value = widget.settled(), widget.value(slider)
    assert len(before.pictures) == 1, f"{len(before.pictures)} pictures, not 1"
    for key in ("ArrowRight", "ArrowLeft"):  # the second one where the first met its end
        if widget.value(slider) == value:
            widget.press(slider, [key])
    assert widget.value(slider) != value, f"the slider stays at {value:g}"
    after = widget.settled()
    assert len(after.pictures) == 1, f"{len(after.pictures)} pictures, not 1"
    assert after.pictures != before.pictures, "the picture does not change"
    if changes == BOTH:
        assert after.numbers != before.numbers, f"the number does not change: {after.words}"


def _keep_pressing(widget: Widget, slider: str) -> None:
    """Many keys at once, back to where they began: no flicker, and the last picture is right."""
    before, value = widget.settled(), widget.value(slider)

    def back_and_forth() -> None:
        for key in ["ArrowLeft", "ArrowRight", "ArrowRight", "ArrowLeft"] * 2:
            widget.press(slider, [key])
            widget.root.page.wait_for_timeout(60)  # milliseconds: about a key held down
        while (now := widget.value(slider)) != value:  # at one end it did not move both ways
            widget.press(slider, ["ArrowLeft" if now > value else "ArrowRight"])
        after = widget.settled()
        assert after == before, f"back at {value:g}, it shows another: {after.words}"

    frames = widget.watch(back_and_forth)
    assert len(frames) >= 5, f"{len(frames)} frames seen: too few to judge"
    for part in ("height", "picture_height"):
        heights = [getattr(frame, part) for frame in frames]
        low = f"the {part} falls from {heights[0]} to {min(heights)} pixels"
        assert min(heights) > heights[0] / 2, low
    counts = {frame.pictures for frame in frames}
    assert counts == {1}, f"{max(counts)} pictures while it changes"


# --- what a person does besides moving sliders


def test_a_guess_and_an_interrupted_training_are_kept(
    lab: Lab, page: Page, screenshots: Path
) -> None:
    source = course("00_start_here.ipynb")
    training = next(cell for cell in source.cells if cell.id == "fit")
    training.source = training.source.replace("smoke=1,", "smoke=600,")  # ends only if stopped
    assert "600" in training.source
    notebook = lab.open(page, "00_start_here.ipynb", source)
    notebook.run_above("fit")
    notebook.cell("predict").get_by_label("one digit, over and over", exact=True).check()

    _, stopped = train_and_interrupt(notebook, steps=100)
    seen, stopped_again = train_and_interrupt(notebook, steps=stopped + 50)
    assert min(seen) >= stopped, "the second run begins where the first one stopped"
    assert stopped_again >= stopped + 50
    assert notebook.pictures("fit") == 1
    notebook.screenshot("fit", screenshots / "00_start_here-interrupted.png")

    notebook.run("strip")  # the cells below draw what was trained
    notebook.run("reveal")
    assert "You guessed: one digit, over and over." in notebook.words("reveal")
    assert notebook.errors(["fit", "strip", "reveal"]) == []


def train_and_interrupt(notebook: Notebook, steps: int) -> tuple[list[int], int]:
    """Run the cell that trains, and press the square button once it shows this many steps.

    Returns:
        the steps that it showed on the way, and the one that it says it stopped after.
    """
    notebook.start("fit")
    wait_for(lambda: "Stopped" not in notebook.words("fit"), CHANGE, "the old output stays")
    seen: list[int] = []

    def far_enough() -> bool:
        shown = re.findall(r"step\s([\d,]+)", notebook.words("fit"))
        seen.extend(int(step.replace(",", "")) for step in shown)
        return bool(seen) and seen[-1] >= steps

    wait_for(far_enough, RUN, f"it does not reach step {steps}")
    notebook.interrupt()
    wait_for(lambda: notebook.prompt("fit") != "[*]:", RUN, "it does not stop")
    notebook.wait_idle()
    words = notebook.words("fit")
    said = re.search(r"Stopped after step ([\d,]+)\. Nothing is lost", words)
    assert said, f"it does not say where it stopped: {words}"
    return seen, int(said[1].replace(",", ""))


# --- the tests themselves: each fault is found

PANEL = """
import io
import time

import ipywidgets
from IPython.display import Image, display
from PIL import Image as Picture


def png(n):
    buffer = io.BytesIO()
    Picture.new("RGB", (300, 200), (20 * n, 90, 160)).save(buffer, format="png")
    return buffer.getvalue()


def panel(show, name="n"):
    slider = ipywidgets.IntSlider(value=3, max=10, description=name)
    words, picture = ipywidgets.Label("n is 3"), ipywidgets.Image(value=png(3))
    area = ipywidgets.Output()
    slider.observe(lambda change: show(change["new"], words, picture, area), names="value")
    return ipywidgets.VBox([slider, words, picture, area])


def fine(n, words, picture, area):
    words.value, picture.value = f"n is {n}", png(n)
"""
BROKEN = {  # by the cell's id: what is called when the slider moves, and the fault to be found
    "stale": ("words.value = f'n is {n}'", "n: the picture does not change"),
    "mute": ("picture.value = png(n)", "n: the number does not change"),
    "moody": (
        "fine(n, words, picture, area); words.value += f', {time.monotonic()}'",
        "n: back at 4, it shows another",
    ),
    "stacked": (
        "fine(n, words, picture, area)\n    with area: display(Image(png(n)))",
        "n: 2 pictures",
    ),
    "flicker": (
        "picture.layout.display = 'none'; time.sleep(0.1); fine(n, words, picture, area)\n"
        "    picture.layout.display = ''",
        "n: the height falls",
    ),
    "raises": ("fine(n, words, picture, area)\n    with area: 1 / 0", ""),
}


def test_each_fault_is_found(lab: Lab, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "CHANGE", 3)
    cells = {"panel": PANEL, "fine": "panel(fine)", "long": "panel(fine, 'n' * 40)"}
    for name, (body, _) in BROKEN.items():
        cells[name] = f"def show(n, words, picture, area):\n    {body}\n\n\npanel(show)"
    cells |= {"lesson": "[].lesson", "error": "1 / 0", "never": "2 + 2"}
    source = new_notebook(cells=[new_code_cell(code, id=name) for name, code in cells.items()])
    source.metadata.kernelspec = course(NOTEBOOKS[0]).metadata.kernelspec
    source.cells[list(cells).index("lesson")].metadata.tags = ["raises-exception"]
    notebook = lab.open(page, "broken.ipynb", source)
    notebook.run_all()

    assert faults(notebook, "fine", {"n": BOTH}) == []
    assert faults(notebook, "long", {"n" * 40: BOTH}) == [f"cut off: '{'n' * 40}'"]
    assert "expected ['m']" in faults(notebook, "fine", {"m": BOTH})[0]
    for name, (_, fault) in BROKEN.items():
        found = " / ".join(faults(notebook, name, {"n": BOTH}))
        assert found.startswith(fault), (name, found)
    assert notebook.with_sliders() == ["fine", "long", *BROKEN]
    wrong = dict.fromkeys(error.split(":")[0] for error in notebook.errors())
    assert list(wrong) == ["cell raises", "cell error", "cell never did not run"]
