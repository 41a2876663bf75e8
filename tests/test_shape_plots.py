"""The figures of shape arithmetic show the numbers they are given; the sliders move them."""

import io
from collections.abc import Callable

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given, reject
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from PIL import Image
from torch.nn.functional import conv2d

from gan_utils import shapes
from gan_utils.shapes import figures as shapes_figures

pytestmark = pytest.mark.usefixtures("no_screen")


# --- words


@given(
    size=st.integers(1, 12), k=st.integers(1, 7), s=st.integers(1, 4), p=st.integers(0, 3),
    d=st.integers(1, 3),
)  # fmt: skip
def test_the_formula_in_numbers_is_conv_out(size: int, k: int, s: int, p: int, d: int) -> None:
    try:
        expected = shapes.conv_out(size, k, s, p, d)
    except ValueError:
        with pytest.raises(ValueError, match="take a"):
            shapes_figures.formula(size, k, s, p, d)
        return
    words = shapes_figures.formula(size, k, s, p, d)
    left, middle, right = words.split(" = ")
    number, lost = right.split("   ")
    assert int(number) == expected
    assert (f"{size} − {k} +" in left) == (d == 1)
    for text in (left, middle):  # the formula as it is written, worked out
        python = text.replace("⌊", "(").replace("⌋", ")//1").replace("·", "*").replace("−", "-")
        assert eval(python) == expected
    unseen = size + 2 * p - ((expected - 1) * s + d * (k - 1) + 1)
    said = f"{unseen} of {size + 2 * p}" if unseen else "none"
    assert lost == f"({said} left over)"


@given(
    size=st.integers(3, 8), k=st.integers(1, 7), s=st.integers(1, 4), p=st.integers(0, 3),
    o=st.integers(0, 2),
)  # fmt: skip
def test_the_transposed_formula_counts_the_coats(size: int, k: int, s: int, p: int, o: int) -> None:
    try:
        expected = shapes.conv_transpose_out(size, k, s, p, o)
    except ValueError:
        with pytest.raises(ValueError):
            shapes_figures.transposed_formula(size, k, s, p, o)
        return
    words = shapes_figures.transposed_formula(size, k, s, p, o)
    assert f" = {expected}   " in words
    coats = np.unique(shapes.overlap(30, k, s, inside=True)).tolist()
    assert f"coats inside: {', '.join(map(str, coats))}, " in words
    assert (", even" in words) == (len(coats) == 1)


# --- figures


@given(
    size=st.integers(1, 8), k=st.integers(1, 4), s=st.integers(1, 3), p=st.integers(0, 2),
    d=st.integers(1, 2), where=st.integers(0, 99),
)  # fmt: skip
def test_the_sweep_covers_what_the_convolution_reads(
    size: int, k: int, s: int, p: int, d: int, where: int
) -> None:
    try:
        out = shapes.conv_out(size, k, s, p, d)
    except ValueError:
        reject()
    where %= out**2
    figure = shapes_figures.sweep(size, k, s, p, d, [where])
    above, below = figure.axes
    cells = np.asarray(above.images[0].get_array())
    padded = torch.zeros(1, 1, *cells.shape, requires_grad=True)
    made = conv2d(padded, torch.ones(1, 1, k, k), None, s, 0, d)
    read = torch.autograd.grad(made.flatten()[where], padded)[0][0, 0] != 0
    assert np.array_equal(cells == shapes_figures.COVERED, read.numpy())
    everywhere = conv2d(padded, torch.ones(1, 1, k, k), None, s, 0, d)
    reached = torch.autograd.grad(everywhere.sum(), padded)[0][0, 0] != 0
    assert np.array_equal(cells == shapes_figures.LOST, ~reached.numpy())
    assert np.asarray(below.images[0].get_array()).shape == (out, out)
    assert f"cell {where + 1} of {out**2}" in below.get_title()
    plt.close(figure)


@pytest.mark.parametrize(
    ("numbers", "lost"),
    [
        ({"kernel_size": 2, "stride": 3}, [2, 5]),  # skipped between places, none left over
        ({"kernel_size": 3, "stride": 2, "dilation": 2}, [1, 3, 5, 7]),
        ({"kernel_size": 3, "stride": 2}, [7]),
        ({"kernel_size": 3, "stride": 1, "dilation": 2}, []),
    ],
)
def test_rows_and_columns_that_no_place_touches_are_crossed_out(numbers: dict, lost: list) -> None:
    axis = shapes_figures.sweep(8, **numbers).axes[0]
    crossed = {tuple(map(int, text.get_position())) for text in axis.texts}
    assert crossed == {(x, y) for x in range(8) for y in range(8) if x in lost or y in lost}


@pytest.mark.parametrize("position", [-1, 9])
def test_a_position_that_does_not_exist(position: int) -> None:
    with pytest.raises(ValueError, match="3×3 cells are 0 … 8"):
        shapes_figures.sweep(5, 3, positions=[position])


def test_coats_are_written_into_their_pixels() -> None:
    counts = shapes.overlap(3, 3, 2)
    figure = shapes_figures.coats({"3-2-0": counts, "again": counts})
    for axis in figure.axes:
        written = [int(text.get_text()) for text in axis.texts]
        assert written == counts.flatten().tolist()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [np.asarray, torch.tensor, lambda rows: torch.tensor(rows).T])
def test_maps_of_arrays_and_tensors_without_a_warning(kind: Callable) -> None:
    one = kind([[1.0, 0.0], [0.0, 1.0]])
    picture = shapes_figures.matrix(one, "a title").axes[0]
    assert np.array_equal(picture.images[0].get_array(), np.eye(2))
    assert picture.get_title() == "a title" and len(picture.get_xticks())
    axes = shapes_figures.maps({"one": one, "two": -2 * one}).axes
    assert [axis.get_title() for axis in axes] == ["one", "two"]
    assert {axis.images[0].norm.vmax for axis in axes} == {2}
    assert shapes_figures.maps({"zero": 0 * one}).axes
    assert [text.get_text() for text in shapes_figures.coats({"a": one}).axes[0].texts][1:3] == (
        ["0.0", "0.0"]
    )
    assert len(shapes.spectra({"a": torch.arange(1, 6)}).axes[0].lines) == 5


def test_small_grids_are_ruled() -> None:
    for axis in shapes_figures.sweep(4, 2, 2).axes:  # no line hidden, 2×2 cells included
        assert len(axis.yaxis.get_minorticklocs()) == len(axis.images[0].get_array()) + 1
    for side, lines in [(2, 3), (12, 13), (13, 0)]:
        (axis,) = shapes_figures.maps({"": np.eye(side)}).axes
        assert len(axis.xaxis.get_minorticklocs()) == lines


def test_no_series_is_left_out() -> None:
    named = {name: torch.arange(1, 6) for name in "abcdefg"}
    axis = shapes.spectra(named, caption="made with").axes[0]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == [*named]
    assert axis.lines[0].get_xdata()[-1] == 0.5
    dotted = [line.get_xdata()[0] for line in axis.lines if line.get_marker() == "None"]
    assert dotted == list(axis.get_xticks()[1:]) == [0.125, 0.25, 0.375, 0.5]
    for n in (1, 2, 3, 7):
        figure = shapes_figures.stages({name: [1, 4, 8] for name in [*named][:n]})
        drawn = [axis for axis in figure.axes if axis.texts]
        assert [axis.get_title("left") for axis in drawn] == [*named][:n]
        assert [text.get_text() for text in drawn[-1].texts] == ["1", "4", "8"]
    assert figure.get_label().startswith("a: 1, 4, 8; b: 1")
    groups = {"run": {name: [1] * n for n, name in enumerate("abcdefg", start=1)}}
    dots = shapes.peaks(groups, real=[1.0, 0.5, 2.0]).axes[0]
    assert [len(line.get_ydata()) for line in dots.lines] == [1, 2, 3, 4, 5, 6, 7]
    (band,) = dots.patches
    assert (band.get_y(), band.get_height()) == (0.5, 1.5)


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_words_and_lines_are_seen_on_the_page_of_every_style(style: str) -> None:
    with plt.style.context(style):
        drawn = [
            shapes_figures.matrix(np.eye(3), "title"),
            shapes_figures.maps({"one": np.eye(3)}),
            shapes_figures.coats({"3-2-0": shapes.overlap(3, 3, 2)}),
            shapes_figures.sweep(5, 3),
            shapes_figures.stages({"up": [1, 4]}),
            shapes.spectra({"a": torch.arange(1, 6)}, caption="made with"),
            shapes.peaks({"run": {"a": [1, 2]}}, real=[1.0, 2.0]),
        ]
    for figure in drawn:
        figure.draw_without_rendering()
        axes = figure.axes
        on_page = [a.title for a in axes] + [a.xaxis.label for a in axes]
        on_page += [text for a in axes for text in a.texts if not a.images]
        on_page += [line for a in axes for line in a.lines if not a.images]
        page = np.mean(to_rgb(figure.get_facecolor()))
        for artist in on_page:
            assert abs(np.mean(to_rgb(artist.get_color())) - page) > 0.3, artist


# --- widgets


def parts(panel: ipywidgets.VBox) -> tuple[ipywidgets.HTML, ipywidgets.Image, dict]:
    words, row = panel.children
    column, picture = row.children
    return words, picture, {slider.description: slider for slider in column.children}


def test_the_sweep_follows_its_sliders() -> None:
    words, picture, sliders = parts(shapes.slide_sweep())
    assert "= 4 " in words.value
    assert Image.open(io.BytesIO(picture.value)).width > 300
    for name, slider in sliders.items():
        before = words.value, picture.value
        slider.value += 1
        assert picture.value != before[1], name
        assert (words.value != before[0]) == (name != "position")
    assert not plt.get_fignums()


def test_the_position_stays_inside() -> None:
    words, _, sliders = parts(shapes.slide_sweep())
    sliders["position"].value = 15
    sliders["stride"].value = 3
    assert (sliders["position"].value, sliders["position"].max) == (8, 8)
    sliders["stride"].value = 1
    assert sliders["position"].max == 48
    assert "impossible" not in words.value


def test_every_slider_position_gives_a_picture_or_a_sentence() -> None:
    words, picture, sliders = parts(shapes.slide_sweep())
    sliders["padding"].value = 0
    sliders["size"].value = 1
    assert "impossible: a kernel of 3" in words.value
    assert picture.layout.visibility == "hidden"
    sliders["kernel"].value = 1
    assert "= 1 " in words.value
    assert picture.layout.visibility == "visible"


def test_the_painter_follows_its_sliders() -> None:
    words, picture, sliders = parts(shapes.slide_paint())
    assert "uneven" in words.value
    before = picture.value
    sliders["kernel"].value = 4
    assert "coats inside: 4, even" in words.value
    assert picture.value != before
    sliders["output padding"].value = 2
    assert "impossible: output_padding is 2" in words.value
