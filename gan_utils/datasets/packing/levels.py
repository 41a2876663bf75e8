"""Gray of more than 8 bits made into 8, all files of a set alike.

Whole numbers that lie in 0 … 65535 throughout the set keep their black, and the fewest bits that
hold the set's brightest pixel (8, 10, 12, 14 or 16) become 255. Other whole numbers, and floats,
are stretched from the set's darkest pixel to its brightest. One file alone is a set of one.
"""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan_utils.datasets.packing.kinds import Rejected

DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras, scanners and microscopes give


class Levels(NamedTuple):
    """The darkest and brightest value in gray pictures; `floats` are apart from whole numbers."""

    floats: bool
    low: float
    high: float

    def __or__(self, other: "Levels") -> "Levels":
        """The levels of both."""
        return Levels(self.floats, min(self.low, other.low), max(self.high, other.high))

    @property
    def black_and_white(self) -> tuple[float, float]:
        """The values that become 0 and 255."""
        if not self.floats and self.low >= 0:
            for bits in DEPTHS:
                if self.high < 2**bits:
                    return 0.0, 2.0**bits - 1
        return self.low, self.high

    def __str__(self) -> str:
        black, white = self.black_and_white
        return f"gray of more than 8 bits: {black:g} … {white:.7g}, by the whole set, to 0 … 255"


def measured(image: Image.Image) -> Levels:
    """The levels of one picture of mode I, I;16 or F.

    Raises:
        Rejected: a pixel is NaN or infinite.
    """
    values = np.asarray(image)
    low, high = float(values.min()), float(values.max())
    if not math.isfinite(high - low):
        raise Rejected("not finite", "a pixel is NaN or infinite")
    return Levels(image.mode == "F", low, high)


def scaled(image: Image.Image, levels: Levels) -> Image.Image:
    """The picture in 8 bits, mode L."""
    black, white = levels.black_and_white
    values = (np.asarray(image).astype(np.float64) - black) * (255 / (white - black or 1))
    return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))
