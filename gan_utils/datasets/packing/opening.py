"""A picture file of any kind opened, and decoded to 8 bits of color or gray."""

import contextlib
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gan_utils.datasets.packing.kinds import Rejected, kind
from gan_utils.datasets.packing.levels import Levels, measured, scaled

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
# What one file may unfold to: half a gigabyte of colors. A photograph of 108 million pixels fits;
# one of 200 million does as a JPEG, which is decoded at a fraction of its size.
MOST_PIXELS = 2**27
ORIENTATION = 0x0112  # EXIF's tag


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
        with _no_bound():
            image = Image.open(io.BytesIO(data), formats=formats())
    except UnidentifiedImageError as error:
        raise Rejected("not a picture", kind(data) or f"none of {', '.join(FORMATS)}") from error
    except Exception as error:  # whatever a parser makes of a damaged header
        raise Rejected("truncated or damaged", _short(error)) from error
    several = image.format != "MPO" and getattr(image, "is_animated", False)
    return image, ["several frames: the first one kept"] if several else []


def described(path: Path) -> str:
    """What a file is that was given as a zip and is none, and what to do, in words."""
    with path.open("rb") as file:
        start = file.read(2**20)
    if start.startswith(b"PK"):
        return "it is cut or damaged; copy or download it again"
    try:
        open_picture(start)
    except Rejected:
        words = kind(start) or "no kind of file that is known here"
        return words if ":" in words else f"{words}; give a folder, or a zip, that holds pictures"
    return "one picture; give the folder that holds it and others"


def in_colors(
    image: Image.Image, wanted: str, done: list[str], levels: dict[bool, Levels] | None = None
) -> Image.Image:
    """Decode a picture to 8 bits of color ("RGB") or gray ("L"), and say in `done` what it took.

    Args:
        image: as `open_picture` gives it.
        wanted: "RGB" or "L".
        done: rules that applied are added.
        levels: by whether they are of floats; a picture's own are added where they are missing.

    Raises:
        Rejected: too many pixels, damaged bytes, or Pillow knows no way from this mode to colors.
    """
    size = f"{image.width}×{image.height} pixels"
    if image.width * image.height > MOST_PIXELS:
        raise Rejected("too many pixels", f"{size}, above {MOST_PIXELS:,}: save it smaller")
    try:
        return _in_colors(image, wanted, done, {} if levels is None else levels)
    except Rejected:
        raise
    except MemoryError as error:
        raise Rejected("too large for the memory", size) from error
    except Exception as error:  # whatever a decoder makes of damaged bytes
        raise Rejected("truncated or damaged", _short(error)) from error


def _in_colors(
    image: Image.Image, wanted: str, done: list[str], levels: dict[bool, Levels]
) -> Image.Image:
    if image.getexif().get(ORIENTATION, 1) != 1:
        done.append("turned upright, by its EXIF note")
        image = ImageOps.exif_transpose(image)
    if image.mode == wanted and "transparency" not in image.info:
        image.load()
        return image
    if image.mode.startswith(("I", "F")):
        own = measured(image)
        image = scaled(image, levels.setdefault(own.floats, own))
        done.append(str(levels[own.floats]))
    if image.mode in ("P", "PA"):
        done.append("palette: its colors")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if np.asarray(image.getchannel("A")).min() < 255:
            done.append("transparent: laid over white")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    elif image.mode in ("P", "PA"):
        image = image.convert("RGB")
    if image.mode in ("1", "L", "LA") and wanted == "RGB":
        done.append("gray: repeated in three channels")
    elif image.mode not in ("1", "L", "RGB"):
        done.append(f"{image.mode}: to {'color' if wanted == 'RGB' else 'gray'}")
    elif image.mode == "RGB" and wanted == "L":
        done.append("color: to gray")
    try:
        return image.convert(wanted)
    except ValueError as error:
        raise Rejected("mode cannot be converted", image.mode) from error


@cache
def formats() -> list[str]:
    """Those of `FORMATS` that this Pillow reads; the first call takes a tenth of a second."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


@contextlib.contextmanager
def _no_bound() -> Iterator[None]:
    """Without Pillow's bound on the size a header states: `MOST_PIXELS` bounds what is decoded."""
    bound, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = bound


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:80]
