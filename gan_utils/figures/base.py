"""What all figures share: colors, panels, legends, captions, a PNG, and a text alternative.

Colors are Okabe and Ito's, which stay apart for color-blind readers. In a notebook, importing this
module gives every figure shown from then on its text alternative.
"""

import io
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FuncFormatter

BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
RED, PURPLE, SKY, GREY = "#D55E00", "#CC79A7", "#56B4E9", "#767676"
COLORS, STYLES = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED), ("-", "--", "-.", ":")
T = TypeVar("T")


def side_by_side(n: int, width: float, height: float, **options: Any) -> tuple[Figure, np.ndarray]:
    """A figure, width × height inches, and its n panels; options are those of `plt.subplots`."""
    options |= {"figsize": (width, height), "layout": "constrained"}
    figure, axes = plt.subplots(1, n, squeeze=False, **options)
    return figure, axes[0]


def ink() -> str:
    """The color in which the style in use writes: black on white, white on black."""
    return plt.rcParams["text.color"]


def styled(named: Mapping[str, T]) -> Iterator[tuple[str, T, str, str]]:
    """Each name and value with a color and a line style; the thirteenth looks like the first."""
    for i, (name, value) in enumerate(named.items()):
        yield name, value, COLORS[i % len(COLORS)], STYLES[i % len(STYLES)]


def legend(axes: Axes, **options: object) -> None:
    """A legend without a frame that does not hide what lies under it."""
    axes.legend(**{"framealpha": 0.85, "edgecolor": "none", **options})


def captioned(figure: Figure, caption: str) -> Figure:
    """The figure, with a small gray line below that says what made it."""
    if caption:
        figure.supxlabel(caption, fontsize=8, color=GREY)
    return figure


def figure_png(figure: Figure, dpi: int = 90) -> bytes:
    """The figure as a PNG; it is closed, so that nothing is left open."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    plt.close(figure)
    return buffer.getvalue()


def alt_text(figure: Figure) -> str:
    """The figure in words: its label, titles, axes, the names in its legends, its caption.

    What the figure does not show in words can be its label: ``figure.set_label("two faces")``.
    """
    axes = figure.axes
    parts: list[list[str]] = [
        [str(figure.get_label()), figure.get_suptitle()],
        [panel.get_title() for panel in axes],
        [" over ".join(filter(None, (a.get_ylabel(), a.get_xlabel()))) for a in axes],
        [name for panel in axes for name in panel.get_legend_handles_labels()[1]],
        [name for panel in axes for axis in (panel.xaxis, panel.yaxis) for name in _names(axis)],
        [figure.get_supxlabel()],
    ]
    unique = [dict.fromkeys(" ".join(text.split()) for text in part) for part in parts]
    return ". ".join(filter(None, ("; ".join(filter(None, part)) for part in unique)))


def describe_figures() -> None:
    """From now on, figures that this notebook shows carry their `alt_text`; elsewhere, nothing.

    nbconvert's classic template and nbsphinx look for it in the output's metadata,
    {"image/png": {"alt": …}}, which matplotlib leaves empty.
    """
    ipython = sys.modules.get("IPython")  # where it is not loaded, this is no notebook
    shell = ipython and ipython.get_ipython()
    if shell:
        formatter = shell.display_formatter.mimebundle_formatter
        formatter.for_type(Figure, _metadata)


def _metadata(figure: Figure) -> tuple[dict, dict]:
    words = alt_text(figure)
    return {}, {"image/png": {"alt": words}} if words else {}


def _names(axis: Axis) -> list[str]:
    """What stands at the ticks, if it is names, not numbers."""
    named = isinstance(axis.get_major_formatter(), FixedFormatter | FuncFormatter)
    return [label.get_text() for label in axis.get_ticklabels()] if named else []


describe_figures()
