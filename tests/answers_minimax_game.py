"""Answers to the exercises of notebook 01, right ones and wrong ones."""

import math

import numpy as np
from checking import Mistakes, Solutions

from gan_utils.checks import minimax_game

WILD = {"lr": 1e-3, "beta1": 0.9, "d_faster": 1}
CURED = {"lr": 1e-3, "beta1": 0.0, "d_faster": 3}


def kl(a: np.ndarray, b: np.ndarray) -> float:
    here = a > 0
    with np.errstate(divide="ignore"):
        return float((a[here] * np.log(a[here] / b[here])).sum())


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


SOLUTIONS: Solutions = {
    minimax_game.optimal_d: [lambda p, q: p / (p + q), lambda p, q: 1 - q / (p + q)],
    minimax_game.js: [
        lambda p, q: (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2,
        lambda p, q: np.float32((kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2),
    ],
    minimax_game.slopes: [
        lambda x: (-sigmoid(x), sigmoid(x) - 1),
        lambda x: np.array([-sigmoid(x), -sigmoid(-x)]),
    ],
    minimax_game.alternating_step: [
        lambda x, y, eta: (x - eta * y, y + eta * (x - eta * y)),
        lambda x, y, eta: np.array([x - eta * y, (1 - eta**2) * y + eta * x]),
    ],
    minimax_game.oscillation: [
        lambda: (WILD, CURED),
        lambda: ({"lr": 0.5, "beta1": 0.9}, CURED),  # it leaves the bins
    ],
}

MISTAKES: Mistakes = {
    minimax_game.optimal_d: {
        "a verdict": (lambda p, q: (p > q).astype(float), "it must be [0.75, 0.5, 0.1, "),
        "one number": (lambda p, q: p.sum() / (p + q).sum(), "The shape is (); it must be (4,)"),
    },
    minimax_game.js: {
        "total variation": (lambda p, q: abs(p - q).sum() / 2, "must be"),
    },
    minimax_game.slopes: {
        "by heart": (lambda x: (-sigmoid(-3), sigmoid(-3) - 1), "For 2.0 it must be"),
        "slope of D": (
            lambda x: (sigmoid(x) * (1 - sigmoid(x)),) * 2,
            "it must be [-0.047426, -0.95257]",
        ),
        "one number": (lambda x: -sigmoid(x), "The shape is ()"),
    },
    minimax_game.alternating_step: {
        "by heart": (lambda x, y, eta: (x - 0.1 * y, y + 0.1 * (x - 0.1 * y)), "-1.0, 0.3 it must"),
        "only x": (lambda x, y, eta: (x - eta * y, y), "it must be [1.9, 1.19]"),
    },
    minimax_game.oscillation: {
        "swapped": (lambda: (CURED, WILD), "too calm"),
        "both calm": (lambda: (CURED, CURED), "too calm"),
        "both wild": (lambda: (WILD, WILD), "still swings"),
        "standing still": (lambda: (WILD, {"lr": 1e-9, "beta1": 0.0}), "Standing still is no cure"),
        "other settings": (lambda: (WILD, {"batch_size": 64}), "not batch_size"),
        "beta out of range": (lambda: (WILD, {"beta1": 1.0}), "beta1 is 1.0"),
    },
}
