"""The GAN on a line: its bounds, its equality with the round of notebook 01, figures, sliders."""

import csv
import functools
import inspect
import math
import signal
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_utils import losses, minimax, runtime
from gan_utils.minimax import SETTINGS, line_game, theory
from gan_utils.minimax import figures as minimax_figures
from gan_utils.training import GAN, Interrupted, train_step

GAUSSIAN = minimax.gaussian(1, 0.8)
STORED = runtime.stored_runs("minimax.csv")


@pytest.fixture(scope="module")
def run() -> list[line_game.Snapshot]:
    return line_game.play(GAUSSIAN, steps=100)


@functools.cache
def cell_of_notebook_01(start: str) -> str:
    """The source of the one cell that starts so."""
    path = Path(__file__).resolve().parents[1] / "notebooks" / "01_minimax_game.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    (source,) = [cell.source for cell in cells if cell.source.startswith(start)]
    return source


def stored(experiment: str, variant: str) -> list[dict[str, str]]:
    return [r for r in STORED if (r["experiment"], r["variant"]) == (experiment, variant)]


# --- the bounds


def test_one_gaussian_is_learned() -> None:
    shots = line_game.play(GAUSSIAN, replace(SETTINGS, seed=5), steps=1500)
    assert line_game.late_js(shots) <= 0.01
    assert shots[-1].seconds < 20
    assert line_game.js_floor(GAUSSIAN) < 0.001 < shots[0].js


def test_d_alone_approaches_d_star_on_fresh_samples_and_overfits_fixed_ones() -> None:
    p, q, x = minimax.gaussian(-1, 0.8), minimax.gaussian(1, 1.2), minimax_figures.X
    where = p(x) + q(x) > 1e-2 * (p(x) + q(x)).max()
    fresh, fixed = (
        np.abs(line_game.learn_d(p, q, samples=n)(x) - theory.optimal_d(p, q, x)[0])[where].max()
        for n in (None, 1000)
    )
    assert fresh <= 0.02 < 0.1 < fixed


def test_the_stored_runs_hold_what_notebook_01_says_of_them() -> None:
    one, two = stored("fit", "one Gaussian"), stored("fit", "two modes")
    assert len(one) == len(two) == 5
    assert sum(float(r["js"]) <= 0.01 and float(r["seconds"]) <= 20 for r in one) >= 4
    assert all(float(r["js"]) <= 0.1 for r in two)
    assert all(0 < float(r["floor"]) < 0.001 for r in one + two)
    assert all(float(r["difference"]) <= 0.02 for r in stored("learned", "fresh"))
    assert all(float(r["difference"]) >= 0.1 for r in stored("learned", "2,000 fixed"))
    assert {r["made_with"].split()[0] for r in STORED} == {"torch"}
    with (Path(runtime.embedded("minimax.csv"))).open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(STORED)


def test_log_1_minus_d_starves_in_the_stored_runs_as_in_a_fresh_one() -> None:
    first = {}
    for loss in ("minimax", "non_saturating"):
        rows = [r for r in stored("loss", f"{loss}, SGD") if r["step"] == "1"]
        first[loss] = [float(r["gradient"]) for r in rows]
    assert len(first["minimax"]) == 5
    ratios = np.divide(first["non_saturating"], first["minimax"])
    assert (ratios > 50).all()
    far = minimax.gaussian(3, 0.5)
    js = {
        loss: line_game.play(
            far, replace(SETTINGS, loss=loss), 100, hold=1, head_start=300, g_sgd=0.02
        )[-1].js
        for loss in first
    }
    assert js["non_saturating"] < 0.4 < 0.69 < js["minimax"]


# --- the game xy


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.001, 1.999))
def test_at_once_spirals_out_and_taking_turns_stays_on_an_ellipse(
    x: float, y: float, eta: float
) -> None:
    moves: dict = {"np": np}
    exec(cell_of_notebook_01("def at_once("), moves)
    radius, level = x**2 + y**2, x**2 - eta * x * y + y**2
    a, b = moves["at_once"](x, y, eta)
    assert a**2 + b**2 == pytest.approx((1 + eta**2) * radius, abs=1e-9)
    for _ in range(20):
        x, y = moves["in_turn"](x, y, eta)
        assert x**2 - eta * x * y + y**2 == pytest.approx(level, abs=1e-9)


# --- play


def one_round(generator, discriminator, g_optimizer, d_optimizer, next_real, noise, k=1) -> None:
    """As notebook 01 writes it out."""
    for _ in range(k):
        real = next_real()  # (N, 1)
        fake = generator(noise(len(real)))
        d_loss = losses.discriminator_loss(discriminator(real), discriminator(fake.detach()))
        d_optimizer.zero_grad()
        d_loss.backward()
        d_optimizer.step()

    g_loss = losses.non_saturating_loss(discriminator(fake))
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()


@pytest.mark.parametrize("k", [1, 2])
def test_play_repeats_the_round_of_notebook_01(k: int) -> None:
    steps = 100
    shots = line_game.play(GAUSSIAN, replace(SETTINGS, d_steps=k), steps, d_faster=1, hold=1)
    torch.manual_seed(0)
    generator, discriminator = line_game.line_pair()
    optimizers = [
        torch.optim.Adam(network.parameters(), 1e-3, betas=(0.0, 0.999))
        for network in (generator, discriminator)
    ]
    batches = iter(torch.from_numpy(GAUSSIAN.sample(256 * k * steps)).float().view(-1, 256, 1))
    source = torch.Generator().manual_seed(0)
    for _ in range(steps):
        one_round(
            generator, discriminator, *optimizers,
            lambda: next(batches), lambda n: torch.randn(n, 1, generator=source), k,
        )  # fmt: skip
    with torch.no_grad():
        x = generator(line_game.ARROWS).flatten().numpy()
    np.testing.assert_allclose(shots[-1].x, x, atol=1e-4)


def test_the_notebook_writes_the_same_round() -> None:
    written = cell_of_notebook_01("def one_round(")
    body = inspect.getsource(one_round).split('"""\n', 1)[1]
    assert written.split("\n", 1)[1].strip() == body.strip()


def test_play_depends_on_its_seed_alone() -> None:
    torch.manual_seed(1)
    first = line_game.play(GAUSSIAN, steps=100)
    expected = torch.rand(3)
    torch.manual_seed(1)
    second = line_game.play(GAUSSIAN, steps=100)
    assert torch.equal(torch.rand(3), expected)  # and leaves what others draw as it was
    assert [s.js for s in first] == [s.js for s in second]
    torch.manual_seed(1)
    assert torch.equal(torch.rand(3), expected)


def test_snapshots_cover_the_run(run: list[line_game.Snapshot]) -> None:
    steps = [shot.step for shot in run]
    assert steps[0] == 0 and steps[-1] == 100 and steps == sorted(set(steps))
    assert sum(step >= 90 for step in steps) >= 10
    assert math.isnan(run[0].gradient) and run[-1].gradient > 0
    assert run[0].shares.shape == run[0].d.shape == (theory.BINS,)
    assert run[0].x.shape == (21,)
    assert line_game.swing(run) > 0


def press_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press the interrupt button in the middle of this step."""

    def pressed(gan: GAN, *args: object) -> object:
        if gan.step == step - 1:
            signal.raise_signal(signal.SIGINT)
        return train_step(gan, *args)

    monkeypatch.setattr(line_game, "train_step", pressed)


@pytest.mark.parametrize("step", [1, 2, 57, 100])
def test_an_interrupted_run_is_kept_in_the_list(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    press_at(step, monkeypatch)
    before, kept = signal.getsignal(signal.SIGINT), ["from an earlier run"]
    with pytest.raises(Interrupted, match=f"after step {step} of 100. The run is in the list"):
        line_game.play(GAUSSIAN, steps=100, into=kept)
    assert signal.getsignal(signal.SIGINT) is before
    assert kept[0].step == 0 and kept[-1].step == step
    monkeypatch.undo()
    whole = {shot.step: shot.js for shot in line_game.play(GAUSSIAN, steps=100)}
    assert all(whole.get(shot.step, shot.js) == shot.js for shot in kept)


def test_one_press_stops_a_row_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    press_at(5, monkeypatch)
    begun = []
    with pytest.raises(KeyboardInterrupt, match="The run is lost: give a list"):
        for seed in range(3):
            begun.append(seed)
            line_game.play(GAUSSIAN, replace(SETTINGS, seed=seed), steps=100)
    assert begun == [0]


def test_notebook_01_keeps_an_interrupted_run(monkeypatch: pytest.MonkeyPatch) -> None:
    press_at(9, monkeypatch)
    names = {"minimax": minimax, "runtime": runtime}
    with pytest.raises(Interrupted):
        exec(cell_of_notebook_01("data = minimax.gaussian(mean=1, std=0.8)"), names)
    assert names["run"][-1].step == 9
    assert len(minimax_figures.strip(names["run"], names["data"]).axes) == 4
    plt.close("all")


@pytest.mark.parametrize("options", [{"steps": 5}, {"hold": 2.0}])
def test_impossible_runs_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at least 100, and 0 … 1"):
        line_game.play(GAUSSIAN, **options)


def test_a_run_that_diverges_ends_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="samples"):
        line_game.play(GAUSSIAN, replace(SETTINGS, lr=1.0), steps=200, hold=1)


# --- figures and sliders


def test_figures_say_their_numbers(run: list[line_game.Snapshot]) -> None:
    p, q = minimax.gaussian(0, 1), minimax.gaussian(1, 1)
    numbers = minimax_figures.floor_numbers(p, q)
    assert f"{theory.js(p, q):.4f}" in numbers
    assert f"{2 * theory.js(p, q) - math.log(4):.4f}" in numbers
    figure = minimax_figures.best_d(p, q)
    assert figure.axes[0].get_title() == numbers
    d = next(line for line in figure.axes[0].lines if line.get_label().startswith("D*"))
    np.testing.assert_allclose(d.get_ydata(), 1 / (1 + np.exp(minimax_figures.X - 0.5)))
    strip = minimax_figures.strip(run, GAUSSIAN)
    titles = [axes.get_title() for axes in strip.axes]
    assert len(titles) == 4 and titles[0].startswith("step 0") and "step 100" in titles[-1]
    plt.close("all")


@pytest.mark.parametrize("series", [1, 4, 5, 13])
def test_no_series_is_left_out(series: int) -> None:
    named = {f"series {i}": [([1, 2], [i, i + 1])] for i in range(series)}
    paths = {name: np.ones((3, 2)) for name in named}
    learned = {name: np.full(601, 0.5) for name in named}
    p, q = minimax.gaussian(0, 1), minimax.gaussian(1, 1)
    for figure, more in [
        (minimax_figures.lines(named, "x", "y"), set()),
        (minimax_figures.trajectories(paths), set()),
        (minimax_figures.learned_d(learned, p, q), {"D*"}),
    ]:
        said = {text.get_text() for text in figure.axes[-1].get_legend().get_texts()}
        assert said == {*named} | more
    plt.close("all")


def test_a_strip_shows_each_moment_once(run: list[line_game.Snapshot]) -> None:
    titles = [axes.get_title() for axes in minimax_figures.strip(run, GAUSSIAN).axes]
    assert len({*titles}) == 4
    plt.close("all")


def test_sliders_change_picture_and_number(run: list[line_game.Snapshot]) -> None:
    density = minimax.slide_density(minimax.gaussian(0, 1))
    for panel in (density, minimax.scrub_run(run, GAUSSIAN)):
        words, (column, picture) = panel.children[0], panel.children[1].children
        (slider,) = column.children
        before = words.value, picture.value
        slider.value = slider.max
        assert words.value != before[0] and picture.value != before[1]
    density.children[1].children[0].children[0].value = 0.0
    same = "JS = 0.0000 nats,   V(D*) = 2·JS − log 4 = -1.3863"
    assert same in density.children[0].value
    assert plt.get_fignums() == []
