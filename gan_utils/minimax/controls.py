"""Sliders over the figures of the minimax game (notebook 01)."""

from collections.abc import Sequence

import ipywidgets
from matplotlib.figure import Figure

from gan_utils.figures import panel
from gan_utils.minimax import figures
from gan_utils.minimax.densities import Density, gaussian
from gan_utils.minimax.line_game import Snapshot


def slide_density(p: Density) -> ipywidgets.VBox:
    """Move the generator's bell curve N(mean, 1) under the data's; D*, JS and V(D*) follow.

    The static twin is `minimax.best_d`.
    """
    slider = ipywidgets.FloatSlider(
        value=-3.0, min=-4.0, max=4.0, step=0.25, description="mean of q", readout_format=".2f"
    )

    def draw(mean: float) -> tuple[str, Figure]:
        q = gaussian(mean, 1.0)
        return figures.floor_numbers(p, q), figures.best_d(p, q)

    return panel(draw, mean=slider)


def scrub_run(run: Sequence[Snapshot], data: Density) -> ipywidgets.VBox:
    """Go through the snapshots of a run of `minimax.play`.

    The static twin is `minimax.strip`.
    """
    slider = ipywidgets.IntSlider(max=len(run) - 1, description="snapshot", readout=False)

    def draw(snapshot: int) -> tuple[str, Figure]:
        shot = run[snapshot]
        return f"step {shot.step:,}: JS = {shot.js:.4f} nats", figures.moment(shot, data)

    return panel(draw, snapshot=slider)
