"""Checks of notebook 01."""

import functools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gan_utils import minimax
from gan_utils.checks.verdict import Wrong, ask, gives_verdict, items, must_be
from gan_utils.minimax import SETTINGS

Pair = tuple[float, float]
WILD, CALM = 1.0, 0.4  # how far G(0) moves about in the second half of a run
LEARNED = 0.03  # nats of JS: a run that stands still far away is not a cure


def _kl(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * np.log(a / b)).sum())


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


@gives_verdict(
    "Right: the share of the real ones among all that land at x.",
    {
        "This is q/(p+q), the chance that x is generated: D says how likely x is real.": (
            lambda p, q: q / (p + q)
        ),
        "This is the difference: D is a probability, and p − q can be negative.": (
            lambda p, q: p - q
        ),
        "This is ½ everywhere: the answer only if p = q. Where p is larger, D should say more.": (
            lambda p, q: np.full(p.shape, 0.5)
        ),
        "This is p/(p+q)/2: at equal densities D must say ½, not ¼.": (
            lambda p, q: p / (p + q) / 2
        ),
    },
)
def optimal_d(answer: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """`answer(p, q)`, densities (N,), must be p/(p+q)."""
    p, q = np.array([0.3, 0.2, 0.05, 0.4]), np.array([0.1, 0.2, 0.45, 0.0])
    got = np.asarray(ask(answer, p, q), dtype=np.float64)
    if got.shape != p.shape:
        raise Wrong(f"The shape is {got.shape}; one value for each x, {p.shape}, was expected.")
    if not np.isfinite(got).all() or np.allclose(got[:3], p[:3] / q[:3]):
        raise Wrong("p/q is the odds, not the probability, and infinite where q is 0.")
    said = f"For p = 0.3 and q = 0.1 it must be 0.75; you have {got[0]:.4g}."
    must_be(got, p / (p + q), said, optimal_d.mistakes, (p, q))


@gives_verdict(
    "Right: symmetric, 0 for equal distributions, log 2 for disjoint ones.",
    {
        "This is KL(p‖q): infinite where q is 0, and not symmetric. Compare both with the "
        "middle, m = (p+q)/2.": _kl,
        "This is KL(q‖p). Compare both with the middle, m = (p+q)/2.": lambda p, q: _kl(q, p),
        "This is half of KL(p‖q) + KL(q‖p): symmetric, but infinite for disjoint ones. Compare "
        "each with the middle, m = (p+q)/2.": lambda p, q: (_kl(p, q) + _kl(q, p)) / 2,
        "The half is missing: JS is the mean of the two KL, not their sum.": (
            lambda p, q: _kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)
        ),
        "The middle is p + q: divide by 2, or it does not add up to 1.": (
            lambda p, q: (_kl(p, p + q) + _kl(q, p + q)) / 2
        ),
        "Only one of the two terms is there: KL(p‖m) and KL(q‖m) both count.": (
            lambda p, q: _kl(p, (p + q) / 2)
        ),
        "This is in bits: nats take the natural logarithm.": (
            lambda p, q: (_kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)) / 2 / math.log(2)
        ),
        "The two KL are the wrong way round: the middle comes second, KL(p‖m).": (
            lambda p, q: (_kl((p + q) / 2, p) + _kl((p + q) / 2, q)) / 2
        ),
    },
)
def js(answer: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """`answer(p, q)`, shares (N,) that add up to 1, must be JS(p, q) in nats."""
    p, q = np.array([0.5, 0.4, 0.1]), np.array([0.2, 0.3, 0.5])
    got = float(ask(answer, p, q))
    right = (_kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)) / 2
    said = f"For the test pair it must be {right:.4f}; you have {got:.4f}."
    must_be(got, right, said, js.mistakes, (p, q), rel_tol=1e-4)
    apart = float(ask(answer, np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    if not math.isclose(apart, math.log(2), rel_tol=1e-4):
        raise Wrong(
            f"For [1, 0] and [0, 1] you have {apart}; it must be log 2. 0·log 0 counts as 0: sum "
            "only over the places where the share is not 0."
        )


@gives_verdict(
    "Right: −D vanishes when D wins, D − 1 is steepest there.",
    {
        "The two are swapped: first the loss of the proof, log(1 − D), then −log D.": (
            lambda logit: (_sigmoid(logit) - 1, -_sigmoid(logit))
        ),
        "The signs are turned: G lowers both losses, and both fall as the logit rises.": (
            lambda logit: (_sigmoid(logit), 1 - _sigmoid(logit))
        ),
        "These are the slopes by D. By the logit, multiply with dD/dℓ = D(1 − D).": (
            lambda logit: (-1 / (1 - _sigmoid(logit)), -1 / _sigmoid(logit))
        ),
        "These are the losses, not their slopes.": (
            lambda logit: (math.log(1 - _sigmoid(logit)), -math.log(_sigmoid(logit)))
        ),
        "The second has the sign of +log D: G's loss is −log D.": (
            lambda logit: (-_sigmoid(logit), 1 - _sigmoid(logit))
        ),
    },
)
def slopes(answer: Callable[[float], Pair]) -> None:
    """`answer(logit)` must be the slopes by the logit of log(1 − D) and of −log D."""
    first, second = (float(value) for value in ask(answer, -3.0))
    d = _sigmoid(-3.0)
    said = (
        f"At the logit −3, where D is {d:.4f}, the slopes must be {-d:.4f} and {d - 1:.4f}; "
        f"you have {first:.4f} and {second:.4f}."
    )
    must_be((first, second), (-d, d - 1), said, slopes.mistakes, (-3.0,), rel_tol=1e-4)
    try:
        again = [float(value) for value in answer(2.0)]
    except (TypeError, ValueError) as error:
        raise Wrong(f"It works for the logit −3, but for 2 it stops: {error}") from error
    d = _sigmoid(2.0)
    said = "Right at the logit −3 only: use the argument, D = 1/(1 + e^−ℓ)."
    must_be(again, (-d, d - 1), said, {}, (), rel_tol=1e-4)


@gives_verdict(
    "Right: y answers the x that has just moved, and the game stays on its ellipse.",
    {
        "Both moved at once: y used the old x. That is the spiral; y must use the new one.": (
            lambda x, y, eta: (x - eta * y, y + eta * x)
        ),
        "y moved first and x answered: the task lets x go first.": (
            lambda x, y, eta: (x - eta * (y + eta * x), y + eta * x)
        ),
        "Both went down: y wants xy large, so it adds.": (
            lambda x, y, eta: (x - eta * y, y - eta * (x - eta * y))
        ),
        "Both went up: x wants xy small, so it subtracts.": (
            lambda x, y, eta: (x + eta * y, y + eta * (x + eta * y))
        ),
        "x went up and y down: x lowers xy, y raises it.": (
            lambda x, y, eta: (x + eta * y, y - eta * (x + eta * y))
        ),
        "Each used its own value as the slope: the slope of xy by x is y, by y it is x.": (
            lambda x, y, eta: (x - eta * x, y + eta * y)
        ),
    },
)
def alternating_step(answer: Callable[[float, float, float], Pair]) -> None:
    """`answer(x, y, eta)`: x lowers xy first, then y raises it, seeing the new x."""
    given = (2.0, 1.0, 0.1)
    x, y = (float(value) for value in ask(answer, *given))
    said = f"From (2, 1) with η = 0.1 it must go to (1.9, 1.19), not ({x:.4g}, {y:.4g})."
    must_be((x, y), (1.9, 1.19), said, alternating_step.mistakes, given, rel_tol=1e-4)
    for eta in (0.3, 1.5):
        right = (1 + eta, -1 + eta * (1 + eta))
        said = f"Right for η = 0.1, wrong for η = {eta}: use the argument."
        must_be(answer(1.0, -1.0, eta), right, said, {}, (), rel_tol=1e-4)


@gives_verdict("Right: the same game, swinging with the first settings and calm with the second.")
def oscillation(answer: Callable[[], tuple[dict[str, float], dict[str, float]]]) -> None:
    """`answer()` gives two dictionaries of lr, beta1, d_faster: one swings, one is cured."""
    wild, cured = ask(answer)
    for which in (wild, cured):
        unknown = sorted({*items(which)} - {"lr", "beta1", "d_faster"})
        if unknown:
            raise Wrong(f"Only lr, beta1 and d_faster may be set, not {', '.join(unknown)}.")
    runs = [{name: float(value) for name, value in which.items()} for which in (wild, cured)]
    swings, distances = zip(*(_played(**chosen) for chosen in runs), strict=True)
    if swings[0] < WILD and swings[1] >= WILD:
        raise Wrong("The two are swapped: the first should swing, the second be calm.")
    if swings[0] < WILD:
        raise Wrong(
            f"The first is too calm: G(0) moves by {swings[0]:.2f} in the second half of the run; "
            f"it must be {WILD} or more. Give Adam a longer memory (beta1), or larger steps."
        )
    if swings[1] > CALM:
        raise Wrong(
            f"The second still swings: G(0) moves by {swings[1]:.2f}, at most {CALM} is calm. "
            "Momentum answers a discriminator that is no longer there: lower beta1, or "
            "let D learn faster than G (d_faster)."
        )
    if distances[1] > LEARNED:
        raise Wrong(
            f"The second is calm, but has not arrived: JS is {distances[1]:.3f} nats, and it must "
            f"be at most {LEARNED}. Standing still is no cure: take larger steps."
        )


@functools.cache
def _played(lr: float = SETTINGS.lr, beta1: float = SETTINGS.beta1, d_faster: float = 1) -> Pair:
    """The swing and the late JS of one short run; a run that leaves the bins swings without end."""
    settings = replace(SETTINGS, lr=lr, beta1=beta1)
    try:
        run = minimax.play(minimax.gaussian(1, 0.8), settings, 600, d_faster, hold=1.0)
    except ValueError as error:
        if "samples" not in str(error):
            raise
        return math.inf, math.inf
    return minimax.swing(run), minimax.late_js(run)
