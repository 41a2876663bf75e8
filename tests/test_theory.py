"""Densities and divergences against closed forms, the formulas against samples."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from gan_utils.minimax import Density, gaussian, mixture, theory, uniform
from gan_utils.minimax.densities import cells

LOG_2 = math.log(2)
places = st.floats(-3, 3)
spreads = st.floats(0.2, 3)
gaussians = st.builds(gaussian, places, spreads)
boxes = st.builds(lambda low, width: uniform(low, low + width), places, spreads)
densities = st.one_of(
    gaussians,
    boxes,
    st.builds(lambda a, b, s, t: mixture([a, b], [s, t]), places, places, spreads, spreads),
)
TRIANGLE = Density("triangle", lambda x: np.clip(1 - abs(x), 0, None), -1, 1, knots=(0.0,))
PAIRS = {
    "Gaussians": (gaussian(-1, 0.8), gaussian(1, 1.2)),
    "a mode missed": (mixture([-2, 2], [0.5, 0.5]), gaussian(2, 0.5)),
    "far apart": (gaussian(0, 1), gaussian(5, 1)),
    "boxes": (uniform(0, 1), uniform(0.3, 1.3)),
    "box and bell": (uniform(0, 1), gaussian(0.5, 0.5)),
    "triangle and box": (TRIANGLE, uniform(0, 1)),
    "equal": (gaussian(), gaussian()),
}


# --- closed forms


@pytest.mark.parametrize("shift", [0, 1e-3, 0.1, 0.37, 0.999, 1, 1.5, 40])
def test_js_and_wasserstein_of_shifted_boxes(shift: float) -> None:
    p, q = uniform(0, 1), uniform(shift, 1 + shift)
    assert theory.js(p, q) == pytest.approx(min(shift, 1) * LOG_2, abs=1e-6)
    assert theory.wasserstein(p, q) == pytest.approx(shift, abs=1e-6)


@pytest.mark.parametrize("std", [1e-3, 0.1, 1, 30])
def test_js_of_identical_and_of_disjoint_densities(std: float) -> None:
    assert theory.js(gaussian(2, std), gaussian(2, std)) == pytest.approx(0, abs=1e-6)
    assert theory.js(gaussian(0, std), gaussian(60 * std, std)) == pytest.approx(LOG_2, abs=1e-6)


def test_narrow_peaks_far_apart_are_not_stepped_over() -> None:
    p = mixture([-500, 500], [1e-3, 1e-3])
    assert theory.js(p, gaussian(500, 1e-3)) == pytest.approx(
        # half of p lies under q: m is 1/4 q elsewhere and 3/4 q there
        (0.5 * LOG_2 + 0.5 * math.log(0.5 / 0.75) + math.log(1 / 0.75)) / 2,
        abs=1e-6,
    )


@given(places, spreads, places, spreads)
def test_kl_of_gaussians(m: float, s: float, n: float, t: float) -> None:
    exact = math.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5
    assert theory.kl(gaussian(m, s), gaussian(n, t)) == pytest.approx(exact, abs=1e-6, rel=1e-6)


def test_kl_survives_where_the_density_underflows() -> None:
    assert theory.kl(gaussian(0, 1), gaussian(50, 1)) == pytest.approx(1250, rel=1e-9)


def test_kl_is_infinite_where_q_has_no_mass() -> None:
    assert theory.kl(uniform(0, 1), uniform(0.5, 1.5)) == math.inf
    assert theory.kl(gaussian(), uniform()) == math.inf
    assert theory.kl(uniform(0, 1), uniform(0, 2)) == pytest.approx(LOG_2, abs=1e-9)


def test_wasserstein_of_shifted_gaussians() -> None:
    assert theory.wasserstein(gaussian(0, 1), gaussian(3, 1)) == pytest.approx(3, abs=1e-6)
    assert theory.wasserstein(gaussian(0, 1), gaussian(0, 2)) == pytest.approx(
        math.sqrt(2 / math.pi), abs=1e-5
    )


# --- properties


@given(densities, densities)
def test_cells_cover_both_densities_without_a_break_inside(p: Density, q: Density) -> None:
    x, dx = cells(p, q)
    edges = np.append(x - dx / 2, x[-1] + dx[-1] / 2)
    assert (dx > 0).all()
    np.testing.assert_allclose(np.diff(edges), dx, atol=1e-9)
    assert (edges[0], edges[-1]) == pytest.approx((min(p.low, q.low), max(p.high, q.high)))
    for point in (p.low, p.high, q.low, q.high, *p.knots, *q.knots):
        assert abs(edges - point).min() < 1e-9
    assert ((p(x) * dx).sum(), (q(x) * dx).sum()) == pytest.approx((1, 1), abs=1e-6)


@example(mixture([0.5, 0.5], [1.0, 0.5]), mixture([0.5, 0.5], [0.5, 1.0]))  # the same, rounded
@given(densities, densities)
def test_js_lies_between_its_bounds_and_is_symmetric(p: Density, q: Density) -> None:
    js = theory.js(p, q)
    assert 0 <= js <= LOG_2
    assert theory.js(q, p) == pytest.approx(js, abs=1e-7)


@given(gaussians, gaussians)
def test_js_is_the_mean_of_two_kl_to_the_middle(p: Density, q: Density) -> None:
    middle = Density(
        "m",
        lambda x: (p(x) + q(x)) / 2,
        min(p.low, q.low),
        max(p.high, q.high),
        (*p.knots, *q.knots),
        log_pdf=lambda x: np.logaddexp(p.log(x), q.log(x)) - LOG_2,
    )
    mean = (theory.kl(p, middle) + theory.kl(q, middle)) / 2
    assert theory.js(p, q) == pytest.approx(mean, abs=1e-6)


@given(densities, densities, st.floats(-6, 6))
def test_the_best_d_found_by_search_is_the_formula(p: Density, q: Density, x: float) -> None:
    real, fake = float(p(x)), float(q(x))
    assume(real + fake > 1e-3)
    found = minimize_scalar(
        lambda d: -(real * np.log(d) + fake * np.log(1 - d)),
        bounds=(1e-12, 1 - 1e-12),
        method="bounded",
        options={"xatol": 1e-9},
    ).x
    d, not_d = theory.optimal_d(p, q, x)
    assert found == pytest.approx(float(d), abs=1e-4)
    assert float(d + not_d) == pytest.approx(1, abs=1e-12)


def test_one_minus_d_is_not_rounded_away() -> None:
    d, not_d = theory.optimal_d(gaussian(0, 1), gaussian(9, 1), 0.0)
    assert d == 1.0 and not_d == pytest.approx(math.exp(-40.5), rel=1e-9)


def test_d_is_undefined_where_nothing_lands() -> None:
    d, not_d = theory.optimal_d(uniform(0, 1), uniform(2, 3), [0.5, 1.5, 2.5])
    np.testing.assert_array_equal(d, [1, np.nan, 0])
    np.testing.assert_array_equal(not_d, [0, np.nan, 1])


@pytest.mark.parametrize("name", PAIRS)
def test_value_at_the_best_d_is_2_js_minus_log_4(name: str) -> None:
    p, q = PAIRS[name]
    value, error = theory.value(p, q, lambda x: theory.optimal_d(p, q, x), n=200_000)
    assert abs(value - (2 * theory.js(p, q) - math.log(4))) <= 4 * error + 1e-12


@pytest.mark.parametrize("name", ["Gaussians", "box and bell"])
def test_any_other_d_has_a_lower_value(name: str) -> None:
    p, q = PAIRS[name]
    best, _ = theory.value(p, q, lambda x: theory.optimal_d(p, q, x), n=100_000)
    half, error = theory.value(p, q, lambda x: np.full(x.shape, 0.5), n=100_000)
    assert half == pytest.approx(-math.log(4)) and error == pytest.approx(0, abs=1e-12)
    shy, _ = theory.value(p, q, lambda x: 0.25 + theory.optimal_d(p, q, x)[0] / 2, n=100_000)
    assert best > shy > half


# --- samples


@pytest.mark.parametrize(
    "density",
    [gaussian(1, 2), uniform(-1, 3), PAIRS["a mode missed"][0], TRIANGLE],
    ids=lambda d: d.name,
)
def test_samples_follow_their_density(density: Density) -> None:
    samples = density.sample(100_000, seed=3)
    edges = np.quantile(samples, np.linspace(0, 1, 21))
    edges[[0, -1]] = density.low, density.high
    fine = np.linspace(edges[:-1], edges[1:], 2001)
    mass = np.trapezoid(density(fine), fine, axis=0)
    np.testing.assert_allclose(mass, 0.05, atol=0.004)
    np.testing.assert_array_equal(samples, density.sample(100_000, seed=3))


def test_js_of_samples_and_its_floor() -> None:
    p, q = gaussian(1, 0.8), gaussian(-1, 0.8)
    first, again, other = (theory.histogram(d.sample(50_000, i)) for i, d in enumerate((p, p, q)))
    assert 0 < theory.js_of_shares(first, again) < 1e-3
    assert theory.js_of_shares(first, other) == pytest.approx(theory.js(p, q), abs=0.01)
    apart = theory.histogram([0.0] * 5), theory.histogram([3.0] * 5)
    assert theory.js_of_shares(*apart) == pytest.approx(LOG_2)


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=50))
def test_histogram_loses_no_sample(samples: list[float]) -> None:
    shares = theory.histogram(samples)
    assert shares.shape == (theory.BINS,) and shares.sum() == pytest.approx(1)


# --- bad input: what was given, what must hold, what to try


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Density("bell", lambda x: np.exp(-(x**2)), -8, 8), "integrates to 1.77245"),
        (lambda: Density("cut", gaussian().pdf, -1, 1), "widen low and high"),
        (lambda: Density("dip", lambda x: x, -1, 1), "0 or more"),
        (lambda: Density("hole", lambda x: np.where(x > 0, np.nan, 1.0), -1, 1), "is nan somewher"),
        (lambda: Density("endless", gaussian().pdf, -math.inf, math.inf), "must be finite"),
        (lambda: Density("turned", gaussian().pdf, 8, -8), "low below high"),
        (lambda: uniform(1, 1), "low below high"),
        (lambda: uniform(0, math.nan), "must be finite"),
        (lambda: gaussian(0, 0), "standard deviations positive"),
        (lambda: gaussian(math.nan, 1), "must be finite"),
        (lambda: mixture([], []), "at least one"),
        (lambda: mixture([0, 1], [1]), "equally many"),
        (lambda: mixture([0, 1], [1, -1]), "standard deviations positive"),
        (lambda: theory.histogram([]), "at least one"),
        (lambda: theory.histogram([0.0, math.nan]), "lower the learning rate"),
        (lambda: theory.histogram([0.0] * 50 + [9.0]), "lie outside -6 … 6"),
        (lambda: theory.histogram([0.0, math.inf]), "1 of them NaN or infinite"),
        (lambda: theory.value(gaussian(), gaussian(), lambda x: x, 100), "take the sigmoid"),
        (lambda: theory.value(gaussian(), gaussian(), lambda x: x * np.nan, 100), "probability"),
    ],
)
def test_bad_input_ends_in_a_sentence(make: object, sentence: str) -> None:
    with pytest.raises(ValueError) as raised, np.errstate(all="ignore"):
        make()
    assert sentence in str(raised.value)


def test_a_few_samples_outside_are_counted_at_the_edge() -> None:
    shares = theory.histogram([0.0] * 999 + [7.0])
    assert shares[-1] == pytest.approx(1e-3)
