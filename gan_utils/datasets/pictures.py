"""One picture file of any kind, made into size × size uint8 pixels by stated rules, or rejected.

The rules, in this order:

    animation, pages     the first frame or page
    EXIF orientation     turned upright
    16-bit grey          0 … 65535 to 0 … 255; where nothing exceeds 4095, 12 bits: 0 … 4095
    32-bit grey          stretched from its darkest to its brightest value
    palette              its colors
    transparency         laid over white
    CMYK and the like    to RGB, as Pillow converts them
    grey, 3 channels     repeated in all three; color, 1 channel: its luma
    not square           the center square is kept
    any other size       bicubic, averaged over the whole footprint where it shrinks; a JPEG far too
                         large is first decoded at a half, quarter or eighth of its size
"""

import hashlib
import io
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
SMALLEST = 8  # pixels on the shorter side; below it there is nothing to learn from
MOST_PIXELS = 89_478_485  # Pillow's own bound on what one file may unfold to
ORIENTATION = 0x0112  # EXIF's tag
SIXTEEN_BITS, TWELVE_BITS = 65535, 4095


class Rejected(ValueError):
    """A file that no picture was made of: `reason`, the same for all such files, and `detail`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Shape:
    """What pictures are made into.

    Attributes:
        size: pixels on a side.
        channels: 3 for color, 1 for grey.
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
            raise ValueError(f"channels is {self.channels}; it must be 1 (grey) or 3 (color)")
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop is {self.crop}; it must lie above 0, up to 1 (all of it)")

    @property
    def length(self) -> int:
        """Bytes of one picture's pixels."""
        return self.channels * self.size**2


@dataclass(frozen=True)
class Picture:
    """What was made of one file.

    Attributes:
        pixels: uint8 (C, H, W).
        digest: 16 bytes, the same for the same pixels.
        was: mode, width and height of the file: "RGB 178×218".
        done: the rules that changed it, in words.
    """

    pixels: np.ndarray
    digest: bytes
    was: str
    done: tuple[str, ...]


def convert(data: bytes, shape: Shape) -> Picture:
    """Make size × size pixels of the bytes of one picture file, by the rules above.

    Raises:
        Rejected: the bytes are no picture, are damaged, or break a bound.
    """
    image, done = open_picture(data)
    width, height = image.size
    was = f"{image.mode} {width}×{height}"
    side = min(width, height) * shape.crop
    if min(width, height) < SMALLEST:
        raise Rejected("too small", f"{width}×{height} pixels, below {SMALLEST}×{SMALLEST}")
    if image.format == "JPEG" and side >= 4 * shape.size:
        ratio = 2 * shape.size / side  # twice the size that is wanted, so that nothing is lost
        image.draft(None, (math.ceil(width * ratio), math.ceil(height * ratio)))
    image = in_colors(image, "RGB" if shape.channels == 3 else "L", done)
    if width != height:
        done.append("not square: its center square kept")
    if side < shape.size:
        done.append(f"smaller than {shape.size}×{shape.size}: enlarged")
    square = np.frombuffer(_center_square(image, shape).tobytes(), np.uint8)
    square = square.reshape(shape.size, shape.size, shape.channels)
    pixels = np.ascontiguousarray(square.transpose(2, 0, 1))
    digest = hashlib.blake2b(pixels, digest_size=16).digest()
    return Picture(pixels, digest, was, tuple(done))


def open_picture(data: bytes) -> tuple[Image.Image, list[str]]:
    """Recognize a picture by its content, whatever its name; the pixels are not decoded yet.

    Returns:
        The picture, and a list with the first rule that applied, if any.

    Raises:
        Rejected: the bytes are no picture, or unfold to too many pixels.
    """
    if not data:
        raise Rejected("empty file", "0 bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=formats())
    except UnidentifiedImageError as error:
        raise Rejected("not a picture", _looks_like(data)) from error
    except Image.DecompressionBombError as error:
        raise Rejected("decompression bomb", f"over {2 * MOST_PIXELS:,} pixels") from error
    except Exception as error:  # whatever a parser makes of a damaged header
        raise Rejected("truncated or damaged", _short(error)) from error
    if image.width * image.height > MOST_PIXELS:
        detail = f"{image.width}×{image.height} pixels, above {MOST_PIXELS:,}"
        raise Rejected("decompression bomb", detail)
    several = image.format != "MPO" and getattr(image, "is_animated", False)
    return image, ["several frames: the first one kept"] if several else []


def _upright(image: Image.Image, done: list[str]) -> Image.Image:
    if image.getexif().get(ORIENTATION, 1) == 1:
        return image
    done.append("turned upright, by its EXIF note")
    return ImageOps.exif_transpose(image)


def in_colors(image: Image.Image, wanted: str, done: list[str]) -> Image.Image:
    """Decode a picture to 8 bits of color ("RGB") or grey ("L"), and say in `done` what it took.

    Raises:
        Rejected: the bytes are damaged, or Pillow knows no way from this mode to colors.
    """
    try:
        return _in_colors(image, wanted, done)
    except Rejected:
        raise
    except MemoryError as error:
        detail = f"{image.width}×{image.height} pixels"
        raise Rejected("too large for the memory", detail) from error
    except Exception as error:  # whatever a decoder makes of damaged bytes
        raise Rejected("truncated or damaged", _short(error)) from error


def _in_colors(image: Image.Image, wanted: str, done: list[str]) -> Image.Image:
    image = _upright(image, done)
    if image.mode == wanted and "transparency" not in image.info:
        image.load()
        return image
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image, done)
    if image.mode in ("P", "PA"):
        done.append("palette: its colors")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getextrema()[3][0] < 255:
            done.append("transparent: laid over white")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    elif image.mode in ("P", "PA"):
        image = image.convert("RGB")
    if image.mode in ("1", "L", "LA") and wanted == "RGB":
        done.append("grey: repeated in three channels")
    elif image.mode not in ("1", "L", "RGB"):
        done.append(f"{image.mode}: to {'color' if wanted == 'RGB' else 'grey'}")
    elif image.mode == "RGB" and wanted == "L":
        done.append("color: to grey")
    try:
        return image.convert(wanted)
    except ValueError as error:
        raise Rejected("mode cannot be converted", image.mode) from error


def _eight_bits(image: Image.Image, done: list[str]) -> Image.Image:
    """Grey of 16 or 32 bits, scaled to 0 … 255."""
    values = np.asarray(image).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if not math.isfinite(high - low):
        raise Rejected("not finite", "a pixel is NaN or infinite")
    if image.mode != "F" and low >= 0 and high <= SIXTEEN_BITS:
        twelve = high <= TWELVE_BITS
        low, high = 0.0, float(TWELVE_BITS if twelve else SIXTEEN_BITS)
        done.append("12-bit grey: to 8 bits" if twelve else "16-bit grey: to 8 bits")
    else:
        done.append("32-bit grey: darkest to brightest stretched to 8 bits")
    scaled = (values - low) * (255 / (high - low or 1))
    return Image.fromarray(scaled.round().astype(np.uint8))


def _center_square(image: Image.Image, shape: Shape) -> Image.Image:
    size, side = shape.size, min(image.size) * shape.crop
    if image.size == (size, size) and shape.crop == 1:
        return image
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    return image.resize((size, size), Image.Resampling.BICUBIC, box=box)


@cache
def formats() -> Sequence[str]:
    """Those of `FORMATS` that this Pillow reads. The first call imports their readers, a tenth of

    a second; a process that forks others makes it before, and theirs is done.
    """
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _looks_like(data: bytes) -> str:
    start = data[:256].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if start.startswith(b"pk\x03\x04"):
        return "a zip archive: unpack it, or give its own path"
    return f"none of {', '.join(FORMATS)}"


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:80]
