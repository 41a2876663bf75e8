"""A text alternative for each figure that a notebook shows, where exporters look for it.

nbconvert's classic template and nbsphinx take it from the output's metadata,
{"image/png": {"alt": …}}, which matplotlib leaves empty.
"""

import sys

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FuncFormatter


def alt_text(figure: Figure) -> str:
    """The figure in words: its label, titles, axes, the names in its legends, its caption.

    What the figure does not show in words can be its label: ``figure.set_label("two faces")``.
    """
    axes = figure.axes
    parts = [
        [figure.get_label(), figure.get_suptitle()],
        [panel.get_title() for panel in axes],
        [" over ".join(filter(None, (a.get_ylabel(), a.get_xlabel()))) for a in axes],
        [name for panel in axes for name in panel.get_legend_handles_labels()[1]],
        [name for panel in axes for axis in (panel.xaxis, panel.yaxis) for name in _names(axis)],
        [figure.get_supxlabel()],
    ]
    unique = [dict.fromkeys(" ".join(text.split()) for text in part) for part in parts]
    return ". ".join(filter(None, ("; ".join(filter(None, part)) for part in unique)))


def describe_figures() -> None:
    """From now on, figures that this notebook shows carry their `alt_text`; elsewhere, nothing."""
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
