"""Sliders over the pure functions of `shape_plots`: a kernel that sweeps, patches that overlap.

They use only what ipywidgets 7.7 and 8 share. One picture and one line of numbers are updated in
place; their static twins are `shape_plots.sweep` and `shape_plots.painted`.
"""

import io
from collections.abc import Callable

import ipywidgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from gan_utils import shape_plots
from gan_utils.shapes import conv_out


def sweep() -> ipywidgets.VBox:
    """A kernel over a grid: sliders for its numbers and for its position; the formula beside it."""
    numbers = {
        "size": _slider("size", 7, 1, 12),
        "kernel_size": _slider("kernel", 3, 1, 7),
        "stride": _slider("stride", 2, 1, 4),
        "padding": _slider("padding", 1, 0, 3),
        "dilation": _slider("dilation", 1, 1, 3),
    }
    position = _slider("position", 0, 0, 15)

    def fit_position(change: dict | None = None) -> None:
        """No more positions than the output has cells."""
        try:
            cells = conv_out(**{name: slider.value for name, slider in numbers.items()}) ** 2
        except ValueError:  # the panel says so
            cells = 1
        position.value = min(position.value, cells - 1)
        position.max = cells - 1

    def draw(position: int, **numbers: int) -> tuple[str, Figure]:
        return shape_plots.formula(**numbers), shape_plots.sweep(**numbers, positions=[position])

    fit_position()
    for slider in numbers.values():
        slider.observe(fit_position, names="value")
    return _panel(draw, {**numbers, "position": position})


def paint() -> ipywidgets.VBox:
    """Coats of paint under a transposed convolution: sliders for its numbers, the formula too."""
    numbers = {
        "size": _slider("size", 5, 1, 8),
        "kernel_size": _slider("kernel", 3, 1, 7),
        "stride": _slider("stride", 2, 1, 4),
        "padding": _slider("padding", 0, 0, 3),
        "output_padding": _slider("output padding", 0, 0, 2),
    }

    def draw(**numbers: int) -> tuple[str, Figure]:
        return shape_plots.transposed_formula(**numbers), shape_plots.painted(**numbers)

    return _panel(draw, numbers)


def _panel(
    draw: Callable[..., tuple[str, Figure]], sliders: dict[str, ipywidgets.IntSlider]
) -> ipywidgets.VBox:
    """Sliders on the left, the words and the picture they make on the right.

    What cannot be drawn is said in words, and the picture hides.
    """
    words = ipywidgets.HTML()
    picture = ipywidgets.Image(format="png", layout=ipywidgets.Layout(width="420px"))

    def show(change: dict | None = None) -> None:
        try:
            sentence, figure = draw(**{name: slider.value for name, slider in sliders.items()})
        except ValueError as error:
            sentence, picture.layout.visibility = f"impossible: {error}", "hidden"
        else:
            picture.value, picture.layout.visibility = _png(figure), "visible"
        words.value = f'<p style="font-size: 130%">{sentence}</p>'

    for slider in sliders.values():
        slider.observe(show, names="value")
    show()
    return ipywidgets.VBox(
        [words, ipywidgets.HBox([ipywidgets.VBox([*sliders.values()]), picture])]
    )


def _slider(name: str, value: int, least: int, most: int) -> ipywidgets.IntSlider:
    return ipywidgets.IntSlider(
        value=value,
        min=least,
        max=most,
        description=name,
        style={"description_width": "110px"},
    )


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    plt.close(figure)
    return buffer.getvalue()
