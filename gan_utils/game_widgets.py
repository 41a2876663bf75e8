"""Sliders over the minimax game: thin controls over `game_plots` (notebook 01)."""

from collections.abc import Sequence

import ipywidgets
from matplotlib.figure import Figure

from gan_utils import game_plots, theory
from gan_utils.densities import Density
from gan_utils.line_game import Snapshot
from gan_utils.widgets import panel


def slide_density(p: Density) -> ipywidgets.VBox:
    """Move the generator's bell curve N(mean, 1) under the data's; D*, JS and V(D*) follow.

    The static twin is `game_plots.best_d`.
    """
    slider = ipywidgets.FloatSlider(
        value=-3.0, min=-4.0, max=4.0, step=0.25, description="mean of q", readout_format=".2f"
    )

    def draw(mean: float) -> tuple[str, Figure]:
        q = theory.gaussian(mean, 1.0)
        return game_plots.floor_numbers(p, q), game_plots.best_d(p, q)

    return panel(draw, mean=slider)


def scrub_run(run: Sequence[Snapshot], data: Density) -> ipywidgets.VBox:
    """Go through the snapshots of a run of `line_game.play`.

    The static twin is `game_plots.strip`.
    """
    slider = ipywidgets.IntSlider(max=len(run) - 1, description="snapshot", readout=False)

    def draw(snapshot: int) -> tuple[str, Figure]:
        shot = run[snapshot]
        return f"step {shot.step:,}: JS = {shot.js:.4f} nats", game_plots.moment(shot, data)

    return panel(draw, snapshot=slider)
