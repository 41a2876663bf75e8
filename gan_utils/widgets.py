"""Thin controls over pure functions: a prediction that is kept, a scrubber over a run.

They use only what ipywidgets 7.7 and 8 share. Beside each stands a static figure.
"""

from collections.abc import Sequence

import ipywidgets
from IPython.display import display
from torch import Tensor

from gan_utils import plots


class Prediction:
    """A guess, kept before the answer is shown.

    Attributes:
        answer: the option that was clicked, or None.
    """

    def __init__(self, question: str, options: Sequence[str]) -> None:
        if len(options) < 2:
            raise ValueError(f"{len(options)} options; a prediction needs at least 2")
        self.question, self.options = question, tuple(options)
        self.answer: str | None = None

    def keep(self, answer: str) -> None:
        """Keep a guess.

        Raises:
            ValueError: it is not one of the options.
        """
        if answer not in self.options:
            raise ValueError(f"the guess is {answer!r}; it must be one of {self.options}")
        self.answer = answer

    def reveal(self, truth: str) -> str:
        """One sentence that sets the guess beside the truth."""
        if truth not in self.options:
            raise ValueError(f"the truth {truth!r} is not one of {self.options}")
        if self.answer is None:
            return f"It is: {truth}. (No guess was kept; choose one above first.)"
        verdict = "You were right" if self.answer == truth else f"You guessed: {self.answer}"
        return f"It is: {truth}. {verdict}."


def predict(question: str, options: Sequence[str]) -> Prediction:
    """Show a question with its options to click, and keep what was clicked."""
    prediction = Prediction(question, options)
    buttons = ipywidgets.RadioButtons(
        options=prediction.options, value=None, layout=ipywidgets.Layout(width="auto")
    )
    buttons.observe(lambda change: prediction.keep(change["new"]), names="value")
    display(ipywidgets.VBox([ipywidgets.Label(question), buttons]))
    return prediction


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
