"""The minimax game in one dimension (notebook 01): theory, a game on a line, its figures."""

from gan_utils.minimax.controls import scrub_run, slide_density
from gan_utils.minimax.densities import Density, gaussian, mixture, uniform
from gan_utils.minimax.figures import X, best_d, learned_d, lines, strip, trajectories
from gan_utils.minimax.line_game import SETTINGS, Snapshot, js_floor, late_js, learn_d, play, swing
from gan_utils.minimax.theory import HIGH, LOW, js, kl, optimal_d, value, wasserstein

__all__ = [
    "HIGH",
    "LOW",
    "SETTINGS",
    "Density",
    "Snapshot",
    "X",
    "best_d",
    "gaussian",
    "js",
    "js_floor",
    "kl",
    "late_js",
    "learn_d",
    "learned_d",
    "lines",
    "mixture",
    "optimal_d",
    "play",
    "scrub_run",
    "slide_density",
    "strip",
    "swing",
    "trajectories",
    "uniform",
    "value",
    "wasserstein",
]
