"""One picture file of any kind, made into size × size uint8 pixels by stated rules, or rejected.

The rules, in this order:

    animation, pages     the first frame or page
    EXIF orientation     turned upright
    gray above 8 bits    to 8 bits, all files of a set alike: see `levels`
    palette              its colors
    transparency         laid over white
    CMYK and the like    to RGB, as Pillow converts them
    gray, 3 channels     repeated in all three; color, 1 channel: its luma
    not square           the center square is kept
    any other size       bicubic, averaged over the whole footprint where it shrinks; a JPEG far too
                         large is first decoded at a half, quarter or eighth of its size
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gan_utils.datasets.packing.kinds import Rejected
from gan_utils.datasets.packing.levels import Levels
from gan_utils.datasets.packing.opening import in_colors, open_picture

SMALLEST = 8  # pixels on the shorter side; below it there is nothing to learn from


@dataclass(frozen=True)
class Shape:
    """What pictures are made into.

    Attributes:
        size: pixels on a side.
        channels: 3 for color, 1 for gray.
        crop: the side of the kept center square, as a share of the picture's shorter side.

    Raises:
        ValueError: a value out of its range.
    """

    size: int = 64
    channels: int = 3
    crop: float = 1.0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size is {self.size}; it must be 1 or more")
        if self.channels not in (1, 3):
            raise ValueError(f"channels is {self.channels}; it must be 1 (gray) or 3 (color)")
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop is {self.crop}; it must lie above 0, up to 1 (all of it)")

    @property
    def length(self) -> int:
        """Bytes of one picture's pixels."""
        return self.channels * self.size**2


@dataclass(frozen=True, slots=True)
class Picture:
    """What was made of one file.

    Attributes:
        pixels: uint8 (C, H, W); none of them once they are in a file.
        digest: 16 bytes, the same for the same pixels.
        was: mode, width and height of the file: "RGB 178×218".
        done: the rules that changed it, in words.
        levels: those it was scaled by, where it was gray of more than 8 bits.
    """

    pixels: np.ndarray
    digest: bytes
    was: str
    done: tuple[str, ...]
    levels: Levels | None = None


def convert(data: bytes, shape: Shape, levels: Mapping[bool, Levels] | None = None) -> Picture:
    """Make size × size pixels of the bytes of one picture file, by the rules above.

    Args:
        data: the file.
        shape: what to make of it.
        levels: the whole set's, by whether they are of floats; a file's own where they are missing.

    Raises:
        Rejected: the bytes are no picture, are damaged, or break a bound.
    """
    image, done = open_picture(data)
    width, height = image.size
    mode, was, used = image.mode, f"{image.mode} {width}×{height}", dict(levels or {})
    side = min(width, height) * shape.crop
    if min(width, height) < SMALLEST:
        raise Rejected("too small", f"{width}×{height} pixels, below {SMALLEST}×{SMALLEST}")
    if image.format in ("JPEG", "MPO") and side >= 4 * shape.size:
        ratio = 2 * shape.size / side  # twice the size that is wanted, so that nothing is lost
        image.draft(None, (math.ceil(width * ratio), math.ceil(height * ratio)))
    image = in_colors(image, "RGB" if shape.channels == 3 else "L", done, used)
    if width != height:
        done.append("not square: its center square kept")
    if side < shape.size:
        done.append(f"smaller than {shape.size}×{shape.size}: enlarged")
    square = np.frombuffer(_center_square(image, shape).tobytes(), np.uint8)
    square = square.reshape(shape.size, shape.size, shape.channels)
    pixels = np.ascontiguousarray(square.transpose(2, 0, 1))
    digest = hashlib.blake2b(pixels.data, digest_size=16).digest()
    deep = used[mode == "F"] if mode.startswith(("I", "F")) else None
    return Picture(pixels, digest, was, tuple(done), deep)


def _center_square(image: Image.Image, shape: Shape) -> Image.Image:
    size, side = shape.size, min(image.size) * shape.crop
    if image.size == (size, size) and shape.crop == 1:
        return image
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    return image.resize((size, size), Image.Resampling.BICUBIC, box=box)
