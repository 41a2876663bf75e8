"""Sliders over the minimax game: thin controls over `game_plots` (notebook 01).

They use only what ipywidgets 7.7 and 8 share. Beside each stands a static figure.
"""

from collections.abc import Callable, Sequence

import ipywidgets

from gan_utils import game_plots, theory
from gan_utils.densities import Density
from gan_utils.figure_base import figure_png
from gan_utils.line_game import Snapshot

Draw = Callable[[float], tuple[str, bytes]]


def slide_density(p: Density, std: float = 1.0, start: float = -3.0) -> ipywidgets.VBox:
    """Move the generator's bell curve under the data's; D*, JS and V(D*) follow.

    The static twin is `game_plots.best_d`.
    """
    slider = ipywidgets.FloatSlider(
        value=start, min=-4.0, max=4.0, step=0.25, description="mean of q", readout_format=".2f"
    )
    return _pictures(lambda mean: density_frame(p, std, mean), slider)


def scrub_run(run: Sequence[Snapshot], data: Density) -> ipywidgets.VBox:
    """Go through the snapshots of a run of `line_game.play`.

    The static twin is `game_plots.strip`.
    """
    slider = ipywidgets.IntSlider(min=0, max=len(run) - 1, description="snapshot", readout=False)
    return _pictures(lambda i: run_frame(run[i], data), slider)


def density_frame(p: Density, std: float, mean: float) -> tuple[str, bytes]:
    """The numbers and the PNG for one place of the slider of `slide_density`."""
    q = theory.gaussian(mean, std)
    return game_plots.floor_numbers(p, q), figure_png(game_plots.best_d(p, q))


def run_frame(shot: Snapshot, data: Density) -> tuple[str, bytes]:
    """The numbers and the PNG for one place of the slider of `scrub_run`."""
    text = f"step {shot.step:,}: JS = {shot.js:.4f} nats"
    return text, figure_png(game_plots.moment(shot, data))


def _pictures(draw: Draw, slider: ipywidgets.Widget) -> ipywidgets.VBox:
    """A slider, a line of text beside it, and below a picture that is replaced, never stacked."""
    text, first = draw(slider.value)
    picture = ipywidgets.Image(value=first, format="png", width=810)
    label = ipywidgets.Label(text)

    def show(change: dict) -> None:
        label.value, picture.value = draw(change["new"])

    slider.observe(show, names="value")
    return ipywidgets.VBox([ipywidgets.HBox([slider, label]), picture])
