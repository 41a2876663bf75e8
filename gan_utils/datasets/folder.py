"""Pictures of your own: any folder or zip."""

from pathlib import Path

from gan_utils.datasets.image_set import ImageSet
from gan_utils.datasets.packing.pack import NoPictures, packed
from gan_utils.datasets.packing.pictures import Shape
from gan_utils.datasets.packing.report import Report


def folder(path: str | Path, size: int = 64, channels: int = 3, crop: float = 1.0) -> ImageSet:
    """All pictures below a folder or in a zip, uint8 (N, channels, size, size).

    Every file that is not hidden is tried, whatever its name; `pictures` states the rules by which
    it becomes square pixels, and each file that does not is in the report with its reason. Where
    all pictures lie in two or more folders, those are the classes. A tenth of the different
    pictures is held out of training, equal ones always together. The first call decodes; later ones
    open a pack (see `packing`).

    Args:
        path: the folder or zip; it is only read.
        size: pixels on a side.
        channels: 3 for color, 1 for gray.
        crop: the side of the center square, as a share of the shorter side.

    Returns:
        The pictures; ``print(images.report)`` says what was made of the files.

    Raises:
        FileNotFoundError: there is nothing at the path.
        ValueError: not one file is a picture, the file is not a zip, or an argument out of range.
        OSError: the pack cannot be written.
    """
    return packed(path, Shape(size, channels, crop))


def inspect(path: str | Path, size: int = 64, channels: int = 3) -> Report:
    """What `folder` makes of a folder or zip, also where that is nothing.

    Raises:
        FileNotFoundError: there is nothing at the path.
        ValueError: the file is not a zip, or an argument is out of range.
    """
    try:
        report = folder(path, size, channels).report
    except NoPictures as error:
        report = error.report
    assert report is not None  # `folder` always gives one
    return report
