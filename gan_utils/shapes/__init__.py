"""Shape arithmetic of convolutions of both kinds (notebook 03).

Sizes (`conv_out`, `conv_transpose_out`), how often each pixel is painted (`overlap`), a network
layer by layer (`trace`), the chains from one size to another (`plan`), and one transposed
convolution computed in three ways (`by_matrix`, `by_zero_insertion`, `by_painting`)."""

from gan_utils.shapes.arithmetic import conv_out, conv_transpose_out, overlap
from gan_utils.shapes.checkerboards import (
    KINDS,
    constant_response,
    doubling,
    matched,
    peak,
    peaks,
    spectra,
    spectrum,
)
from gan_utils.shapes.controls import slide_paint, slide_sweep
from gan_utils.shapes.figures import coats, formula, maps, matrix, stages, sweep
from gan_utils.shapes.planning import plan
from gan_utils.shapes.tracing import trace
from gan_utils.shapes.views import by_matrix, by_painting, by_zero_insertion

__all__ = [
    "KINDS",
    "by_matrix",
    "by_painting",
    "by_zero_insertion",
    "coats",
    "constant_response",
    "conv_out",
    "conv_transpose_out",
    "doubling",
    "formula",
    "maps",
    "matched",
    "matrix",
    "overlap",
    "peak",
    "peaks",
    "plan",
    "slide_paint",
    "slide_sweep",
    "spectra",
    "spectrum",
    "stages",
    "sweep",
    "trace",
]
