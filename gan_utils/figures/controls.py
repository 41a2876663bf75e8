"""Thin controls over pure functions: a guess that is kept, sliders, a scrubber over a run.

They use only what ipywidgets 7.7 and 8 share. Beside each stands a static figure.
"""

import html
from collections.abc import Callable, Sequence

import ipywidgets
from IPython.display import display
from matplotlib.figure import Figure
from torch import Tensor

from gan_utils.figures.base import figure_png
from gan_utils.figures.samples import grid, png

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


def panel(
    draw: Callable[..., tuple[str, Figure | bytes]], width: int = 810, **sliders: ipywidgets.Widget
) -> ipywidgets.VBox:
    """Sliders, and the words and the picture that they make, replaced in place and never stacked.

    Args:
        draw: the sliders' values by name → a line of words, and a figure (it is closed) or a PNG.
            What it refuses by a ValueError is said in words, and the picture hides.
        width: of the picture on the screen, in pixels.
    """
    words = ipywidgets.HTML()
    picture = ipywidgets.Image(format="png", layout=ipywidgets.Layout(width=f"{width}px"))

    def show(change: dict | None = None) -> None:
        try:
            sentence, drawn = draw(**{name: slider.value for name, slider in sliders.items()})
        except ValueError as error:
            sentence, picture.layout.visibility = f"impossible: {error}", "hidden"
        else:
            picture.value = drawn if isinstance(drawn, bytes) else figure_png(drawn)
            picture.layout.visibility = "visible"
        words.value = f'<p style="font-size: 130%">{html.escape(sentence, quote=False)}</p>'

    for slider in sliders.values():
        slider.observe(show, names="value")
    show()
    parts = [ipywidgets.VBox([*sliders.values()]), picture]
    side_by_side = ipywidgets.Layout(flex_flow="row wrap")  # one below the other where it is narrow
    return ipywidgets.VBox([words, ipywidgets.HBox(parts, layout=side_by_side)])


def scrub(snapshots: Sequence[tuple[int, Tensor]]) -> ipywidgets.VBox:
    """A slider through the snapshots (step, uint8 images (N, C, H, W)) of a run.

    The static twin is `figures.filmstrip`.
    """
    shots = list(snapshots)  # a run that goes on may change its own
    slider = ipywidgets.IntSlider(max=len(shots) - 1, description="snapshot", readout=False)
    play = ipywidgets.Play(max=len(shots) - 1, interval=200)
    ipywidgets.link((play, "value"), (slider, "value"))

    def draw(snapshot: int) -> tuple[str, bytes]:
        step, images = shots[snapshot]
        return f"step {step:,}", png(grid(images))

    return ipywidgets.VBox([play, panel(draw, width=420, snapshot=slider)])
