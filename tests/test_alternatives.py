"""What figures say in words, and that an exported notebook says it."""

from types import SimpleNamespace

import IPython
import matplotlib.pyplot as plt
import nbformat
import pytest
import torch
from bs4 import BeautifulSoup
from IPython.core.formatters import DisplayFormatter
from IPython.core.pylabtools import select_figure_formats
from matplotlib.figure import Figure
from nbconvert import HTMLExporter

from gan_utils import game_plots, plots, theory
from gan_utils.alternatives import alt_text, describe_figures

pytestmark = pytest.mark.usefixtures("no_screen")


def two_panels() -> Figure:
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2], label="one\nline")
    left.set(title="same", xlabel="step", ylabel="nats")
    left.legend()
    right.barh(range(2), [3, 4], label="one line")
    right.set(title="same", xlabel="step")
    right.set_yticks(range(2), ["before", "after"])
    return plots.captioned(figure, "seed 0")


def pictures() -> Figure:
    return plots.show_images(torch.zeros(5, 1, 3, 3, dtype=torch.uint8), 3, "five", "seed 0")


def nothing_said() -> Figure:
    return plt.subplots()[0]


CASES = [
    (two_panels, "same. nats over step; step. one line. before; after. seed 0"),
    (pictures, "5 pictures, 3 in a row. five. seed 0"),
    (lambda: plots.filmstrip([(0, torch.zeros(4, 1, 3, 3, dtype=torch.uint8))]), "the same noise "
     "through time. step 0"),
    (nothing_said, ""),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), CASES)
def test_a_figure_in_words(make: object, words: str) -> None:
    assert alt_text(make()) == words


def test_a_figure_can_be_given_words_of_its_own() -> None:
    figure = nothing_said()
    figure.set_label("a face and its mirror image")
    assert alt_text(figure) == "a face and its mirror image"


def test_an_exported_notebook_says_them(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(display_formatter=DisplayFormatter())
    with monkeypatch.context() as patch:
        patch.setattr(IPython, "get_ipython", lambda: shell)
        describe_figures()
    select_figure_formats(shell, {"png"})  # as matplotlib's own hook does, later
    figure = game_plots.best_d(theory.gaussian(), theory.gaussian(1))
    figure.set_label('two "bells"')
    data, metadata = shell.display_formatter.format(figure)
    output = nbformat.v4.new_output("display_data", data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("plt.show()", outputs=[output])
    exporter = HTMLExporter(template_name="classic")
    html, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    (picture,) = BeautifulSoup(html, "html.parser").select("img")
    assert picture["alt"].startswith('two "bells". JS = 0.1114 nats')
    assert picture["alt"].endswith("p, the data; q, the generator; D* = p/(p+q)")


def test_outside_a_notebook_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    describe_figures()
