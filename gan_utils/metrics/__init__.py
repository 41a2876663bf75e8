"""How good are generated pictures? FID, classes covered, nearest neighbors."""

from gan_utils.metrics.classifiers import SIZES, Classifier
from gan_utils.metrics.coverage import (
    CONFIDENCE,
    coverage,
    coverages,
    ring_coverage,
    stacked_coverage,
)
from gan_utils.metrics.frechet import fid
from gan_utils.metrics.neighbors import copies, nearest

__all__ = [
    "CONFIDENCE",
    "SIZES",
    "Classifier",
    "copies",
    "coverage",
    "coverages",
    "fid",
    "nearest",
    "ring_coverage",
    "stacked_coverage",
]
