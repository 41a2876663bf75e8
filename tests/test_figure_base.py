"""What all figures share: colors that are seen in any style, words, PNGs."""

import io
from types import SimpleNamespace

import IPython
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from IPython.core.formatters import DisplayFormatter
from IPython.core.pylabtools import select_figure_formats
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from nbconvert import HTMLExporter
from PIL import Image

from gan_utils import figures, minimax, shapes
from gan_utils.figures import ink, styled
from gan_utils.figures.base import alt_text, describe_figures, figure_png
from gan_utils.minimax import figures as minimax_figures
from gan_utils.minimax import theory

pytestmark = pytest.mark.usefixtures("no_screen")
P, Q = minimax.gaussian(), minimax.gaussian(1)
DIGITS = torch.zeros(5, 1, 3, 3, dtype=torch.uint8)
SHOT = minimax.Snapshot(
    1, 0.1, 0.2, np.full(theory.BINS, 1 / theory.BINS), np.full(theory.BINS, 0.5), np.zeros(21), 1.0
)
ROW = {"step": 1, "d_loss": 1.0, "g_loss": 2.0, "d_real": 0.9, "d_fake": 0.1, "d_fake_after": 0.2}


# --- colors


def contrast(artist: Artist, ground: str) -> float:
    """How the artist's color stands out on the ground: 1 not at all, 21 black on white."""
    color = artist.get_color()
    color = color[0] if isinstance(artist, LineCollection) else color
    *front, alpha = to_rgba(color, artist.get_alpha())
    back = np.array(to_rgb(ground))
    colors = back, alpha * np.array(front) + (1 - alpha) * back
    dark, light = sorted(np.power(rgb, 2.2) @ [0.2126, 0.7152, 0.0722] for rgb in colors)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("style", ["default", "dark_background"])
@pytest.mark.parametrize(
    "draw",
    [
        lambda: minimax_figures.best_d(P, Q),
        lambda: minimax_figures.strip([SHOT] * 4, P, caption="seed 0"),
        lambda: minimax_figures.moment(SHOT, P),
        lambda: minimax_figures.learned_d({"D": np.full(601, 0.5)}, P, Q),
        lambda: minimax_figures.trajectories({"at once": np.ones((3, 2))}),
        lambda: minimax_figures.lines({"JS": [([1, 2], [1, 2])]}, "step", "nats", level=1.5),
        lambda: figures.curves([ROW, ROW]),
        lambda: figures.quality([ROW], [{"step": 1, "fid": 2.0, "floor": 1.0}]),
        lambda: figures.shares({"real": [0.1] * 10, "drawn": [0.1] * 10}),
        lambda: figures.show_images(DIGITS, title="five"),
        lambda: figures.split({"before": {"loader": 1.0, "networks": 2.0}}),
        lambda: figures.gains({"before": 1.0, "after": 2.0}),
        lambda: shapes.spectra({"4-2-1": torch.ones(9)}, caption="seed 0"),
    ],
)
def test_everything_is_seen_in_any_style(draw: object, style: str) -> None:
    with plt.style.context(style):
        figure = draw()
        hidden = [
            artist
            for artist in figure.findobj(lambda a: isinstance(a, Line2D | Text | LineCollection))
            if artist.get_visible() and contrast(artist, plt.rcParams["axes.facecolor"]) < 1.5
        ]
    assert hidden == []


def test_ink_is_the_color_of_the_text() -> None:
    with plt.style.context("dark_background"):
        assert to_rgb(ink()) == (1, 1, 1)
    assert to_rgb(ink()) == (0, 0, 0)


def test_twelve_looks_and_no_name_left_out() -> None:
    looks = [look for _, _, *look in styled(dict.fromkeys(range(13)))]
    assert len({tuple(look) for look in looks}) == 12 and looks[12] == looks[0]


def test_a_figure_is_a_png_and_closed() -> None:
    content = figure_png(minimax_figures.best_d(P, Q), dpi=50)
    assert Image.open(io.BytesIO(content)).size == (450, 180)
    assert plt.get_fignums() == []


# --- words


def two_panels() -> Figure:
    figure, (left, right) = plt.subplots(1, 2)
    left.plot([1, 2], label="one\nline")
    left.set(title="same", xlabel="step", ylabel="nats")
    left.legend()
    right.barh(range(2), [3, 4], label="one line")
    right.set(title="same", xlabel="step")
    right.set_yticks(range(2), ["before", "after"])
    return figures.captioned(figure, "seed 0")


def pictures() -> Figure:
    return figures.show_images(DIGITS, 3, "five", "seed 0")


def nothing_said() -> Figure:
    return plt.subplots()[0]


CASES = [
    (two_panels, "same. nats over step; step. one line. before; after. seed 0"),
    (pictures, "5 pictures, 3 in a row. five. seed 0"),
    (lambda: figures.filmstrip([(0, DIGITS)]), "the same noise through time. step 0"),
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
    figure = minimax_figures.best_d(P, Q)
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
