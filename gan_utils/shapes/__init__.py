"""Shape arithmetic of convolutions of both kinds (notebook 03).

Sizes (`conv_out`, `conv_transpose_out`), how often each pixel is painted (`overlap`), a network
layer by layer (`trace`), the chains from one size to another (`plan`), and one transposed
convolution computed in three ways (`by_matrix`, `by_zero_insertion`, `by_painting`).
"""

from gan_utils.shapes.arithmetic import conv_out, conv_transpose_out, overlap
from gan_utils.shapes.planning import Chain, plan
from gan_utils.shapes.tracing import Trace, trace
from gan_utils.shapes.views import by_matrix, by_painting, by_zero_insertion

__all__ = [
    "Chain",
    "Trace",
    "by_matrix",
    "by_painting",
    "by_zero_insertion",
    "conv_out",
    "conv_transpose_out",
    "overlap",
    "plan",
    "trace",
]
