"""Pictures, what watches a run, and figures_controls."""

import io
from pathlib import Path
from types import SimpleNamespace

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from conftest import SIZE, small_gan, small_pictures
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from gan_utils import datasets, figures, metrics
from gan_utils.figures import controls as figures_controls
from gan_utils.models import build
from gan_utils.training import GAN, Settings, Total, fit, watchers

pytestmark = pytest.mark.usefixtures("no_screen")


@pytest.fixture(scope="module")
def gan() -> GAN:
    """A game with a short history."""
    return fit(small_gan(), small_pictures(), steps=45, watchers=[])


def pictures(n: int, channels: int = 1) -> Tensor:
    source = torch.Generator().manual_seed(0)
    return torch.randint(0, 255, (n, channels, 3, 4), generator=source).to(torch.uint8)


# --- plots


@given(
    n=st.integers(1, 11),
    channels=st.sampled_from([1, 3]),
    columns=st.integers(1, 6),
)
def test_grid_puts_each_picture_in_its_place(n: int, channels: int, columns: int) -> None:
    images = pictures(n, channels)
    sheet = figures.grid(images, columns)
    rows = -(-n // columns)
    assert sheet.dtype == np.uint8
    assert sheet.shape[:2] == (rows * 4 - 1, columns * 5 - 1)
    assert sheet.shape[2:] == ((3,) if channels == 3 else ())
    left = np.full(sheet.shape, True)
    for i, image in enumerate(images):
        top, side = i // columns * 4, i % columns * 5
        there = slice(top, top + 3), slice(side, side + 4)
        expected = image[0] if channels == 1 else image.permute(1, 2, 0)
        assert np.array_equal(sheet[there], expected.numpy())
        left[there] = False
    assert (sheet[left] == 255).all()


@pytest.mark.parametrize(("n", "channels"), [(0, 1), (0, 3), (2, 2), (2, 4)])
def test_grid_refuses_what_it_cannot_show(n: int, channels: int) -> None:
    with pytest.raises(ValueError, match="a grid takes"):
        figures.grid(torch.zeros(n, channels, 3, 4, dtype=torch.uint8))


@pytest.mark.parametrize("channels", [1, 3])
def test_png_holds_the_pixels(channels: int, tmp_path: Path) -> None:
    sheet = figures.grid(pictures(4, channels), columns=2)
    picture = np.asarray(Image.open(io.BytesIO(figures.png(sheet, scale=3))))
    assert np.array_equal(picture[::3, ::3], sheet)
    figures.save_grid(pictures(4, channels), tmp_path / "grid.png")
    saved = np.asarray(Image.open(tmp_path / "grid.png"))
    assert np.array_equal(saved[::2, ::2], sheet)


def caption_of(figure: Figure) -> str:
    return figure.get_supxlabel()


@pytest.mark.parametrize("channels", [1, 3])
def test_show_images(channels: int) -> None:
    images = pictures(5, channels)
    figure = figures.show_images(images, columns=3, title="five", caption="seed 0")
    (axes,) = figure.axes
    assert axes.get_title() == "five"
    assert caption_of(figure) == "seed 0"
    assert np.array_equal(axes.images[0].get_array(), figures.grid(images, 3))
    assert axes.images[0].norm.vmin == 0


@pytest.mark.parametrize(("snapshots", "frames"), [(1, 1), (3, 3), (9, 6)])
def test_filmstrip_runs_from_first_to_last(snapshots: int, frames: int) -> None:
    through_time = [(100 * i, pictures(20) + i) for i in range(snapshots)]
    figure = figures.filmstrip(through_time, pictures=4, caption="seed 0")
    titles = [axes.get_title() for axes in figure.axes]
    assert len(titles) == frames
    assert titles[0] == "step 0"
    assert titles[-1] == f"step {100 * (snapshots - 1)}"
    last = figures.grid(through_time[-1][1][:4], columns=2)
    assert np.array_equal(figure.axes[-1].images[0].get_array(), last)
    assert caption_of(figure) == "seed 0"


def test_curves_show_the_history(gan: GAN) -> None:
    figure = figures.curves(gan.history, caption="seed 0")
    losses, verdicts = figure.axes
    assert losses.get_xlabel() == verdicts.get_xlabel() == "step"
    assert losses.get_title() == "losses (nats)"
    assert verdicts.get_ylim() == (0, 1)
    steps = [row["step"] for row in gan.history]
    for axes, names in [
        (losses, ["d_loss", "g_loss"]),
        (verdicts, ["d_real", "d_fake", "d_fake_after"]),
    ]:
        for line, name in zip(axes.lines[: len(names)], names, strict=True):
            assert list(line.get_xdata()) == steps
            assert list(line.get_ydata()) == [row[name] for row in gan.history]
    assert losses.lines[-1].get_ydata()[0] == pytest.approx(2 * np.log(2))
    labels = [text.get_text() for text in verdicts.get_legend().get_texts()]
    assert labels == ["D(x), real", "D(G(z)) before G's step", "D(G(z)) after it"]


def test_quality_sets_fid_beside_the_losses(gan: GAN) -> None:
    rows = [{"step": 10, "fid": 90.0, "floor": 2.0}, {"step": 40, "fid": 30.0, "floor": 2.0}]
    losses, fid = figures.quality(gan.history, rows).axes
    assert losses.get_xscale() == fid.get_xscale() == fid.get_yscale() == "log"
    assert list(fid.lines[0].get_ydata()) == [90, 30]
    assert fid.lines[1].get_ydata()[0] == 2
    assert fid.get_xlabel() == "step"


@pytest.mark.parametrize("lowest", [-1.5, 0.25])
@pytest.mark.parametrize("loss", ["d_loss", "g_loss"])
def test_losses_below_zero_are_in_sight(gan: GAN, loss: str, lowest: float) -> None:
    history = [dict(row) for row in gan.history]
    history[-1][loss] = lowest
    scores = [{"step": 1, "fid": 1, "floor": 1}]
    for figure in (figures.curves(history), figures.quality(history, scores)):
        bottom, top = figure.axes[0].get_ylim()
        assert bottom == 0 if lowest > 0 else bottom < lowest
        assert top > max(row["d_loss"] for row in history)


@pytest.mark.parametrize("sets", [1, 2, 7])
def test_shares_are_bars_for_each_class_and_set(sets: int) -> None:
    named = {f"set {i}": [0.25, 0.1 * i] for i in range(sets)}
    (axes,) = figures.shares(named, {"red": 0.7, "blue": 0.3}, "hair color").axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["red", "blue"]
    assert axes.get_xlabel() == "hair color" and axes.get_ylabel().startswith("% of samples")
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    assert heights == [pytest.approx(np.multiply(values, 100)) for values in named.values()]
    lefts = [bars[0].get_x() for bars in axes.containers]
    assert lefts == sorted(lefts) and lefts[0] == pytest.approx(-0.4)
    (true,) = axes.collections
    assert [line[0, 1] for line in true.get_segments()] == pytest.approx([70, 30])
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert sorted(said) == sorted([*named, "true share"])


def test_without_other_classes_shares_are_those_of_digits() -> None:
    (axes,) = figures.shares({"real": [0.1] * 10}).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == list("0123456789")
    assert {line[0, 1] for line in axes.collections[0].get_segments()} == {10}


def test_point_clouds() -> None:
    clouds = [torch.zeros(5, 2), torch.ones(7, 2)]
    figure = figures.point_clouds(clouds, datasets.ring_centers(), ["one", "two"])
    assert [axes.get_title() for axes in figure.axes] == ["one", "two"]
    assert [len(axes.collections[1].get_offsets()) for axes in figure.axes] == [5, 7]


def test_table_is_aligned() -> None:
    rows = [{"run": "a", "fid": 1.5, "seed": 0}, {"run": "longer", "fid": 10, "seed": 1}]
    lines = figures.table(rows, ["run", "fid"]).splitlines()
    assert lines == ["run     fid", "a       1.5", "longer  10"]


@pytest.mark.parametrize("steps", [0, 45])
def test_training_picture_is_a_png_and_leaves_nothing_open(gan: GAN, steps: int) -> None:
    before = plt.get_fignums()
    history = [row for row in gan.history if row["step"] <= steps]
    content = figures.training_picture(gan.sample(16), history, title="t", caption="c")
    picture = Image.open(io.BytesIO(content))
    assert picture.format == "PNG"
    assert picture.width > 2 * picture.height
    assert plt.get_fignums() == before


# --- watchers


def test_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(watchers.time, "monotonic", lambda: now)
    pace, answers = watchers.Pace(2.0), []
    for now in (100.0, 101.0, 102.0, 103.9, 104.1):  # noqa: B007 (read by the clock)
        answers.append(pace())
    assert answers == [True, False, True, False, True]


@pytest.mark.parametrize("total", [{"steps": 30}, {"seconds": 0.1}, {"steps": 0}])
def test_progress_bar_ends_full_and_closed(total: dict, capsys: pytest.CaptureFixture) -> None:
    watcher = watchers.ProgressBar()
    fit(small_gan(), small_pictures(), **total, watchers=[watcher])
    assert watcher.bar is None
    last = capsys.readouterr().err.rpartition("\r")[2]
    if total != {"steps": 0}:  # nothing to do: no percentage
        assert "100%" in last
    assert (" s , step" if "seconds" in total else " steps , step") in last
    assert "images/s" in last


def test_live_picture_is_shown_once_and_then_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, updated = [], []
    handle = SimpleNamespace(update=updated.append)

    def display(picture: object, display_id: bool) -> SimpleNamespace:
        assert display_id is True
        shown.append(picture)
        return handle

    monkeypatch.setattr(watchers, "display", display)
    fit(small_gan(), small_pictures(), steps=20, watchers=[watchers.LivePicture(every=0)])
    assert (len(shown), len(updated)) == (1, 3)
    assert all(picture.data.startswith(b"\x89PNG") for picture in [*shown, *updated])
    shown.clear(), updated.clear()
    fit(small_gan(), small_pictures(), steps=20, watchers=[watchers.LivePicture(every=1e9)])
    assert (len(shown), len(updated)) == (1, 1)  # the first and the last


def test_outside_a_notebook_only_the_bar_is_live(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not watchers.in_notebook()
    assert [type(watcher) for watcher in watchers.live()] == [watchers.ProgressBar]
    monkeypatch.setattr(watchers, "in_notebook", lambda: True)
    kinds = [watchers.ProgressBar, watchers.LivePicture]
    assert [type(watcher) for watcher in watchers.live()] == kinds


def test_tensorboard_can_be_read_back(tmp_path: Path) -> None:
    gan, watcher = small_gan(), watchers.TensorBoard(tmp_path)
    for steps in (20, 35):
        fit(gan, small_pictures(), steps=steps, watchers=[watcher])
    log = EventAccumulator(str(tmp_path), size_guidance={"images": 0, "scalars": 0}).Reload()
    tags = ["d_fake", "d_fake_after", "d_loss", "d_real", "g_loss"]
    assert sorted(tag.rpartition("/")[2] for tag in log.Tags()["scalars"]) == tags
    points = log.Scalars("verdict/d_real")
    assert [point.step for point in points] == [row["step"] for row in gan.history]
    assert [p.value for p in points] == pytest.approx([row["d_real"] for row in gan.history])
    images = log.Images("fixed noise")
    assert [image.step for image in images] == [step for step, _ in gan.snapshots]
    sheet = np.asarray(Image.open(io.BytesIO(images[-1].encoded_image_string)).convert("L"))
    assert np.array_equal(sheet, figures.grid(gan.snapshots[-1][1]))


def test_a_resumed_run_logs_each_point_once(tmp_path: Path) -> None:
    gan = small_gan()
    for steps in (20, 35):  # each with a watcher of its own, as two commands have
        fit(gan, small_pictures(), steps=steps, watchers=[watchers.TensorBoard(tmp_path)])
    log = EventAccumulator(str(tmp_path), size_guidance={"images": 0, "scalars": 0}).Reload()
    steps = [point.step for point in log.Scalars("loss/d_loss")]
    assert steps == [row["step"] for row in gan.history]
    assert [image.step for image in log.Images("fixed noise")] == [s for s, _ in gan.snapshots]


def test_a_resumed_run_fills_a_new_folder(tmp_path: Path) -> None:
    gan = fit(small_gan(), small_pictures(), steps=20, watchers=[])
    fit(gan, small_pictures(), steps=30, watchers=[watchers.TensorBoard(tmp_path)])
    log = EventAccumulator(str(tmp_path)).Reload()
    assert [point.step for point in log.Scalars("loss/d_loss")] == [1, 10, 20, 30]


def test_a_bar_is_shown_unless_told_otherwise(capsys: pytest.CaptureFixture) -> None:
    fit(small_gan(), small_pictures(), steps=10)
    assert "images/s" in capsys.readouterr().err


def test_extra_watchers_stand_beside_the_bar(capsys: pytest.CaptureFixture) -> None:
    seen = []
    fit(small_gan(), small_pictures(), steps=10, extra=lambda gan, done: seen.append(gan.step))
    fit(small_gan(), small_pictures(), steps=1, extra=[lambda gan, done: seen.append(done)])
    assert seen == [1, 10, 10, False, True]
    assert "images/s" in capsys.readouterr().err


def test_checkpoints_keep_their_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    monkeypatch.setattr(watchers, "save", lambda gan, folder, about: saved.append(gan.step))
    for every, steps in [(0, [1, 10, 20, 20]), (1e9, [20])]:
        saved.clear()
        watcher = watchers.Checkpoints(tmp_path, {}, every)
        fit(small_gan(), small_pictures(), steps=20, watchers=[watcher])
        assert saved == steps


def test_quality_is_measured_ever_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "fid", lambda images: SimpleNamespace(value=5.0, floor=1.0))
    cover = metrics.Coverage(20, (0.5, 0.2))
    monkeypatch.setattr(metrics, "coverage", lambda images: cover)
    monkeypatch.setattr(watchers.Quality, "GROWTH", 2)
    quality = watchers.Quality(n=20)
    fit(small_gan(), small_pictures(), steps=95, watchers=[quality])
    assert [row["step"] for row in quality.rows] == [10, 20, 40, 80, 95]
    row = {"step": 10, "fid": 5.0, "floor": 1.0, "covered": 2, "smallest": 0.2}
    assert quality.rows[0] == row


def test_quality_of_an_untrained_generator_is_bad() -> None:
    networks = build("dcgan", (1, 28, 28), 4, base_channels=2)
    gan = GAN(*networks, Settings(latent_dim=4), device=torch.device("cpu"))
    gan.goal, quality = Total(steps=0), watchers.Quality(n=100)
    quality(gan, True)
    assert quality.rows == []  # nothing was trained yet
    gan.step = 10
    quality(gan, False)
    (row,) = quality.rows
    assert row["fid"] > 10 * row["floor"] > 0
    assert row["smallest"] == 0


# --- widgets


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list:
    """What `predict` displays; no question was asked before."""
    boxes: list = []
    monkeypatch.setattr(figures_controls, "display", boxes.append)
    monkeypatch.setattr(figures_controls, "_asked", {})
    return boxes


def test_a_guess_is_kept_and_set_beside_the_truth(shown: list) -> None:
    figures_controls.predict("many", "How many?", ["one", "ten"])
    question, buttons = shown[0].children
    assert question.value == "How many?"
    assert figures_controls.reveal("many", "ten") == (
        "It is: ten. (No guess was kept; choose one above first.)"
    )
    buttons.value = "one"
    assert figures_controls.reveal("many", "ten") == "It is: ten. You guessed: one."
    buttons.value = "ten"
    assert figures_controls.reveal("many", "ten") == "It is: ten. You were right."
    with pytest.raises(ValueError, match=r"1 options; .* at least 2"):
        figures_controls.predict("one", "How many?", ["one"])


def test_a_guess_belongs_to_its_question(shown: list) -> None:
    """Revealed late, never asked, asked again, and with a truth that is none of its options."""
    for key in ("first", "second"):
        figures_controls.predict(key, "It …", ["grows", "stays"])
    for box, guess in zip(shown, ["stays", "grows"], strict=True):
        box.children[1].value = guess
    assert figures_controls.reveal("first", "stays") == "It is: stays. You were right."
    assert figures_controls.reveal("second", "stays") == "It is: stays. You guessed: grows."
    assert "not asked yet; run its cell" in figures_controls.reveal("third", "stays")
    assert "no option of the question 'first'; run" in figures_controls.reveal("first", "½")
    figures_controls.predict("first", "It …", ["grows", "stays"])
    assert "No guess was kept" in figures_controls.reveal("first", "stays")


def test_a_panel_says_what_it_cannot_draw_and_closes_what_it_draws() -> None:
    def draw(**numbers: int) -> tuple[str, Figure]:
        if numbers["b"] > numbers["a"]:
            raise ValueError("b < a is needed")
        return f"{numbers}", plt.figure(figsize=(numbers["a"], 1))

    sliders = {name: ipywidgets.IntSlider(value=2, max=3) for name in "ab"}
    words, row = figures_controls.panel(draw, **sliders).children
    column, picture = row.children
    assert [*column.children] == [*sliders.values()]
    for a, b, said, shown in [
        (2, 3, "impossible: b &lt; a", "hidden"),
        (3, 3, "'a': 3", "visible"),
    ]:
        sliders["a"].value, sliders["b"].value = a, b
        assert said in words.value
        assert picture.layout.visibility == shown
    assert Image.open(io.BytesIO(picture.value)).width == 3 * 90
    assert not plt.get_fignums()


def test_scrubbing_moves_picture_and_label() -> None:
    snapshots = [(step, pictures(4) + step) for step in (0, 10, 2000)]
    box = figures_controls.scrub(snapshots)
    play, (words, row) = box.children[0], box.children[1].children
    (slider,), picture = row.children[0].children, row.children[1]
    assert "step 0<" in words.value
    assert picture.value == figures.png(figures.grid(snapshots[0][1]))
    slider.value = 2
    assert "step 2,000<" in words.value
    assert picture.value == figures.png(figures.grid(snapshots[2][1]))
    play.value = 1
    assert slider.value == 1 and "step 10<" in words.value


def test_scrubbing_a_real_run(gan: GAN) -> None:
    play, _ = figures_controls.scrub(gan.snapshots).children
    assert play.max == len(gan.snapshots) - 1
    assert gan.snapshots[0][1].shape == (64, 1, SIZE, SIZE)
