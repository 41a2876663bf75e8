"""Checks of notebook 01."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from gan_utils import line_game, theory
from gan_utils.checks.verdict import Wrong, check, must_answer, must_be

Pair = tuple[float, float]
WILD, CALM = 1.0, 0.4  # how far G(0) moves about in the second half of a run
LEARNED = 0.03  # nats of JS: a run that stands still far away is not a cure


@check("Right: the share of the real ones among all that land at x.")
def optimal_d(answer: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """`answer(p, q)`, densities (N,), must be p/(p+q)."""
    p, q = np.array([0.3, 0.2, 0.05, 0.4]), np.array([0.1, 0.2, 0.45, 0.0])
    got = answer(p, q)
    must_answer(got)
    got = np.asarray(got, dtype=np.float64)
    right = p / (p + q)
    likely = {
        "This is q/(p+q), the chance that x is generated: D says how likely x is real.": 1 - right,
        "This is p/q (or q/p): the odds, not the probability. At equal densities it says 1, "
        "but D should say ½.": p / np.where(q > 0, q, np.inf),
        "This is the difference: D is a probability, and p − q can be negative.": p - q,
        "This is ½ everywhere: the answer only if p = q. Where p is larger, D should say more.": (
            np.full(4, 0.5)
        ),
        "This is p/(p+q)/2: at equal densities D must say ½, not ¼.": right / 2,
    }
    if got.shape != p.shape:
        raise Wrong(f"The shape is {got.shape}; one value for each x, {p.shape}, was expected.")
    if not np.isfinite(got).all() or np.allclose(got[:3], (p / np.where(q, q, 1))[:3]):
        raise Wrong("p/q is the odds, not the probability, and infinite where q is 0.")
    for misconception, values in likely.items():
        if np.allclose(got, values):
            raise Wrong(misconception)
    if not np.allclose(got, right):
        raise Wrong(f"For p = 0.3 and q = 0.1 it must be 0.75; you have {got[0]:.4g}.")


@check("Right: symmetric, 0 for equal distributions, log 2 for disjoint ones.")
def js(answer: Callable[[np.ndarray, np.ndarray], float]) -> None:
    """`answer(p, q)`, shares (N,) that add up to 1, must be JS(p, q) in nats."""
    p, q = np.array([0.5, 0.4, 0.1]), np.array([0.2, 0.3, 0.5])
    middle = (p + q) / 2
    got = answer(p, q)
    must_answer(got)
    got = float(got)

    def kl(a: np.ndarray, b: np.ndarray) -> float:
        return float((a * np.log(a / b)).sum())

    right = (kl(p, middle) + kl(q, middle)) / 2
    likely = {
        "This is KL(p‖q): infinite where q is 0, and not symmetric. Compare both with the "
        "middle, m = (p+q)/2.": kl(p, q),
        "This is KL(q‖p). Compare both with the middle, m = (p+q)/2.": kl(q, p),
        "This is half of KL(p‖q) + KL(q‖p): symmetric, but infinite for disjoint ones. Compare "
        "each with the middle, m = (p+q)/2.": (kl(p, q) + kl(q, p)) / 2,
        "The half is missing: JS is the mean of the two KL, not their sum.": 2 * right,
        "The middle is p + q: divide by 2, or it does not add up to 1.": right - math.log(2),
        "Only one of the two terms is there: KL(p‖m) and KL(q‖m) both count.": kl(p, middle),
        "This is in bits: nats take the natural logarithm.": right / math.log(2),
        "The two KL are the wrong way round: the middle comes second, KL(p‖m).": (
            (kl(middle, p) + kl(middle, q)) / 2
        ),
    }
    said = f"For the test pair it must be {right:.4f}; you have {got:.4f}."
    must_be(got, right, likely, said, rel_tol=1e-6)
    apart = float(answer(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    if not math.isclose(apart, math.log(2), rel_tol=1e-6):
        raise Wrong(
            f"For [1, 0] and [0, 1] you have {apart}; it must be log 2. 0·log 0 counts as 0: sum "
            "only over the places where the share is not 0."
        )


@check("Right: −D vanishes when D wins, D − 1 is steepest there.")
def slopes(answer: Callable[[float], Pair]) -> None:
    """`answer(logit)` must be the slopes by the logit of log(1 − D) and of −log D."""
    got = answer(-3.0)
    must_answer(got)
    first, second = (float(value) for value in got)
    d = 1 / (1 + math.exp(3.0))
    likely = {
        "The two are swapped: first the loss of the proof, log(1 − D), then −log D.": (d - 1, -d),
        "The signs are turned: G lowers both losses, and both fall as the logit rises.": (d, 1 - d),
        "These are the slopes by D. By the logit, multiply with dD/dℓ = D(1 − D).": (
            -1 / (1 - d),
            -1 / d,
        ),
        "These are the losses, not their slopes.": (math.log(1 - d), -math.log(d)),
        "The second has the sign of +log D: G's loss is −log D.": (-d, 1 - d),
    }
    for misconception, values in likely.items():
        if np.allclose((first, second), values, atol=1e-6):
            raise Wrong(misconception)
    if not np.allclose((first, second), (-d, d - 1), atol=1e-6):
        raise Wrong(
            f"At the logit −3, where D is {d:.4f}, the slopes must be {-d:.4f} and {d - 1:.4f}; "
            f"you have {first:.4f} and {second:.4f}."
        )
    logit = torch.tensor([2.0])
    try:
        again = [float(value) for value in answer(float(logit))]
    except (TypeError, ValueError) as error:
        raise Wrong(f"It works for the logit −3, but for 2 it stops: {error}") from error
    d = 1 / (1 + math.exp(-2.0))
    if not np.allclose(again, (-d, d - 1), atol=1e-6):
        raise Wrong("Right at the logit −3 only: use the argument, D = 1/(1 + e^−ℓ).")


@check("Right: y answers the x that has just moved, and the game stays on its ellipse.")
def alternating_step(answer: Callable[[float, float, float], Pair]) -> None:
    """`answer(x, y, eta)`: x lowers xy first, then y raises it, seeing the new x."""
    got = answer(2.0, 1.0, 0.1)
    must_answer(got)
    x, y = (float(value) for value in got)
    likely = {
        "Both moved at once: y used the old x. That is the spiral; y must use the new one.": (
            1.9,
            1.2,
        ),
        "y moved first and x answered: the task lets x go first.": (1.88, 1.2),
        "Both went down: y wants xy large, so it adds.": (1.9, 0.81),
        "Both went up: x wants xy small, so it subtracts.": (2.1, 1.21),
        "x went up and y down: x lowers xy, y raises it.": (2.1, 0.79),
        "Each used its own value as the slope: the slope of xy by x is y, by y it is x.": (
            1.8,
            1.1,
        ),
    }
    for misconception, values in likely.items():
        if np.allclose((x, y), values):
            raise Wrong(misconception)
    if not np.allclose((x, y), (1.9, 1.19)):
        raise Wrong(f"From (2, 1) with η = 0.1 it must go to (1.9, 1.19), not ({x:.4g}, {y:.4g}).")
    for eta in (0.3, 1.5):
        if not np.allclose(answer(1.0, -1.0, eta), (1 + eta, -1 + eta * (1 + eta))):
            raise Wrong(f"Right for η = 0.1, wrong for η = {eta}: use the argument.")


@check("Right: the same game, swinging with the first settings and calm with the second.")
def oscillation(answer: Callable[[], tuple[dict[str, float], dict[str, float]]]) -> None:
    """`answer()` gives two dictionaries of lr, beta1, d_faster: one swings, one is cured."""
    got = answer()
    must_answer(got)
    wild, cured = got
    for which in (wild, cured):
        unknown = sorted({*which} - {"lr", "beta1", "d_faster"})
        if unknown:
            raise Wrong(f"Only lr, beta1 and d_faster may be set, not {', '.join(unknown)}.")
    swings, distances = zip(*(_played(which) for which in (wild, cured)), strict=True)
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


def _played(chosen: dict[str, float]) -> tuple[float, float]:
    """The swing and the late JS of one short run; a run that leaves the bins swings without end."""
    numbers = {name: float(value) for name, value in chosen.items()}
    d_faster = numbers.pop("d_faster", 1.0)
    settings = replace(line_game.SETTINGS, **numbers)
    try:
        run = line_game.play(theory.gaussian(1, 0.8), settings, 600, d_faster, hold=1.0)
    except ValueError as error:
        if "samples" not in str(error):
            raise
        return math.inf, math.inf
    return line_game.swing(run), line_game.late_js(run)
