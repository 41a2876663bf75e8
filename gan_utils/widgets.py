"""Thin controls over pure functions: a guess that is kept, a scrubber over a run.

They use only what ipywidgets 7.7 and 8 share. Beside each stands a static figure.
"""

from collections.abc import Sequence

import ipywidgets
from IPython.display import display
from torch import Tensor

from gan_utils import plots

# The options of each question, by its key, as they stand on the screen.
_asked: dict[str, ipywidgets.RadioButtons] = {}


def predict(key: str, question: str, options: Sequence[str]) -> None:
    """Show a question with its options to click; what is clicked is kept for `reveal`.

    Args:
        key: names the question; one of its own for each question of a notebook.

    Raises:
        ValueError: fewer than two options.
    """
    if len(options) < 2:
        raise ValueError(f"{len(options)} options; a prediction needs at least 2")
    _asked[key] = ipywidgets.RadioButtons(
        options=options, value=None, layout=ipywidgets.Layout(width="auto")
    )
    display(ipywidgets.VBox([ipywidgets.Label(question), _asked[key]]))


def reveal(key: str, truth: str) -> str:
    """One sentence that sets the truth beside what was guessed at the question with this key."""
    asked = _asked.get(key)
    if asked is None:
        verdict = "(The question was not asked yet; run its cell above first.)"
    elif truth not in asked.options:
        verdict = f"(This was no option of the question {key!r}; run its cell above again.)"
    elif asked.value is None:
        verdict = "(No guess was kept; choose one above first.)"
    else:
        verdict = "You were right." if asked.value == truth else f"You guessed: {asked.value}."
    return f"It is: {truth}. {verdict}"


def scrub(snapshots: Sequence[tuple[int, Tensor]]) -> ipywidgets.VBox:
    """A slider through the snapshots (step, uint8 images (N, C, H, W)) of a run.

    The static twin is `plots.filmstrip`.
    """
    frames = [(f"step {step:,}", plots.png(plots.grid(images))) for step, images in snapshots]
    picture = ipywidgets.Image(value=frames[0][1], format="png", width=420)
    label = ipywidgets.Label(frames[0][0])
    slider = ipywidgets.IntSlider(min=0, max=len(frames) - 1, description="snapshot", readout=False)
    play = ipywidgets.Play(min=0, max=len(frames) - 1, interval=200)
    ipywidgets.link((play, "value"), (slider, "value"))

    def show(change: dict) -> None:
        label.value, picture.value = frames[change["new"]]

    slider.observe(show, names="value")
    return ipywidgets.VBox([ipywidgets.HBox([play, slider, label]), picture])
