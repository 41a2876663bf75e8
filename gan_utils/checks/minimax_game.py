"""Checks of notebook 01."""

import functools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gan_utils import minimax
from gan_utils.checks.comparing import ask, must_return
from gan_utils.checks.verdict import Wrong, gives_verdict
from gan_utils.minimax import SETTINGS

Pair = tuple[float, float]
WILD, CALM = 1.0, 0.4  # how far G(0) moves about in the second half of a run
LEARNED = 0.03  # nats of JS: a run that stands still far away is not a cure


def _kl(a: np.ndarray, b: np.ndarray) -> float:
    with np.errstate(all="ignore"):  # NaN where a share is 0
        return float((a * np.log(a / b)).sum())


def _js(a: np.ndarray, b: np.ndarray) -> float:
    return (_kl(a, (a + b) / 2) + _kl(b, (a + b) / 2)) / 2


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


@gives_verdict(
    "Right: the share of the real ones among all that land at x.",
    {
        "This is q/(p+q), the chance that x is generated: D says how likely x is real.": (
            lambda p, q: q / (p + q)
        ),
        "p/q is the odds, not the probability, and infinite where q is 0.": lambda p, q: p / q,
        "This is the difference: D is a probability, and p − q can be negative.": (
            lambda p, q: p - q
        ),
        "This is ½ everywhere: the answer only if p = q. Where p is larger, D should say more.": (
            lambda p, q: np.full(p.shape, 0.5)
        ),
    },
)
def optimal_d(answer: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """`answer(p, q)`, densities (N,), must be p/(p+q)."""
    p, q = np.array([0.3, 0.2, 0.05, 0.4]), np.array([0.1, 0.2, 0.45, 0.3])
    must_return(answer, [(p, q, p / (p + q))], optimal_d.mistakes)


@gives_verdict(
    "Right: symmetric, 0 for equal distributions, log 2 for disjoint ones.",
    {
        "This is KL(p‖q): infinite where q is 0, and not symmetric. Compare both with the "
        "middle, m = (p+q)/2.": _kl,
        "This is half of KL(p‖q) + KL(q‖p): symmetric, but infinite for disjoint ones. Compare "
        "each with the middle, m = (p+q)/2.": lambda p, q: (_kl(p, q) + _kl(q, p)) / 2,
        "The half is missing: JS is the mean of the two KL, not their sum.": (
            lambda p, q: 2 * _js(p, q)
        ),
        "Only one of the two terms is there: KL(p‖m) and KL(q‖m) both count.": (
            lambda p, q: _kl(p, (p + q) / 2)
        ),
        "It must be log 2 for [1, 0] and [0, 1]. 0·log 0 counts as 0: sum only over the places "
        "where the share is not 0.": _js,
    },
)
def js(answer: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """`answer(p, q)`, shares (N,) that add up to 1, must be JS(p, q) in nats."""
    p, q = np.array([0.5, 0.4, 0.1]), np.array([0.2, 0.3, 0.5])
    apart = (np.array([1.0, 0.0]), np.array([0.0, 1.0]), math.log(2))
    must_return(answer, [(p, q, _js(p, q)), apart], js.mistakes)


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
        "The second has the sign of +log D: G's loss is −log D.": (
            lambda logit: (-_sigmoid(logit), 1 - _sigmoid(logit))
        ),
    },
)
def slopes(answer: Callable[[float], Pair]) -> None:
    """`answer(logit)` must be the slopes by the logit of log(1 − D) and of −log D."""
    rows = [(logit, (-_sigmoid(logit), _sigmoid(logit) - 1)) for logit in (-3.0, 2.0)]
    must_return(answer, rows, slopes.mistakes)


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
        "x went up and y down: x lowers xy, y raises it.": (
            lambda x, y, eta: (x + eta * y, y - eta * (x + eta * y))
        ),
    },
)
def alternating_step(answer: Callable[[float, float, float], Pair]) -> None:
    """`answer(x, y, eta)`: x lowers xy first, then y raises it, seeing the new x."""
    rows = [(2.0, 1.0, 0.1, (1.9, 1.19)), (1.0, -1.0, 0.3, (1.3, -0.61)), (1, -1, 1.5, (2.5, 2.75))]
    must_return(answer, rows, alternating_step.mistakes)


@gives_verdict("Right: the same game, swinging with the first settings and calm with the second.")
def oscillation(answer: Callable[[], tuple[dict[str, float], dict[str, float]]]) -> None:
    """`answer()` gives two dictionaries of lr, beta1, d_faster: one swings, one is cured."""
    wild, cured = ask(answer)
    unknown = sorted((wild.keys() | cured.keys()) - {"lr", "beta1", "d_faster"})
    if unknown:
        raise Wrong(f"Only lr, beta1 and d_faster may be set, not {', '.join(unknown)}.")
    (swing, _), (swing_left, js_left) = _played(**wild), _played(**cured)
    if swing < WILD:
        raise Wrong(
            f"The first is too calm: G(0) moves by {swing:.2f} in the second half of the run; "
            f"it must be {WILD} or more. Give Adam a longer memory (beta1), or larger steps."
        )
    if swing_left > CALM:
        raise Wrong(
            f"The second still swings: G(0) moves by {swing_left:.2f}, at most {CALM} is calm. "
            "Momentum answers a discriminator that is no longer there: lower beta1, or "
            "let D learn faster than G (d_faster)."
        )
    if js_left > LEARNED:
        raise Wrong(
            f"The second is calm, but has not arrived: JS is {js_left:.3f} nats, and it must "
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
