"""Sliders for a kernel that sweeps and for patches that overlap.

Their static twins are `shapes.sweep` and `shapes.coats`.
"""

import ipywidgets
from matplotlib.figure import Figure

from gan_utils.figures import panel
from gan_utils.shapes import figures
from gan_utils.shapes.arithmetic import conv_out, overlap


def slide_sweep() -> ipywidgets.VBox:
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
        return figures.formula(**numbers), figures.sweep(**numbers, positions=[position])

    fit_position()
    for slider in numbers.values():
        slider.observe(fit_position, names="value")
    return panel(draw, width=420, **numbers, position=position)


def slide_paint() -> ipywidgets.VBox:
    """Coats of paint under a transposed convolution: sliders for its numbers, the formula too."""
    numbers = {
        "size": _slider("size", 5, 1, 8),
        "kernel_size": _slider("kernel", 3, 1, 7),
        "stride": _slider("stride", 2, 1, 4),
        "padding": _slider("padding", 0, 0, 3),
        "output_padding": _slider("output padding", 0, 0, 2),
    }

    def draw(size: int, **layer: int) -> tuple[str, Figure]:
        counts = overlap(size, **layer, inside=False)
        name = f"{size}×{size} cells paint {len(counts)}×{len(counts)} pixels"
        return figures.transposed_formula(size, **layer), figures.coats({name: counts})

    return panel(draw, width=420, **numbers)


def _slider(name: str, value: int, least: int, most: int) -> ipywidgets.IntSlider:
    style = {"description_width": "110px"}
    return ipywidgets.IntSlider(value=value, min=least, max=most, description=name, style=style)
