"""One word that names the pictures to train on: a source, its path, or the path alone."""

import os
from dataclasses import replace
from pathlib import Path

import torch

from gan_utils.datasets.cartoon.faces import cartoon
from gan_utils.datasets.celeba import PLACES, celeba
from gan_utils.datasets.cifar10 import cifar10
from gan_utils.datasets.digits import mnist
from gan_utils.datasets.folder import folder
from gan_utils.datasets.image_set import ImageSet
from gan_utils.datasets.packing.pack import NoPictures
from gan_utils.datasets.packing.sources import Source

FORMS = (
    "mnist (embedded), mnist:FOLDER for all of MNIST, cartoon (drawn here), celeba (downloaded "
    "before), one of celeba:PATH, anime:PATH, folder:PATH and cifar10:PATH, or the path of a "
    "folder or zip"
)
ALONE, WITH_PATH = ("mnist", "cartoon", "celeba"), ("mnist", "celeba", "anime", "folder", "cifar10")
DRAWN = 10_000  # cartoon faces, unless fewer are asked for
# The names by which the authors of these sets hand out their files. Names of pictures tell nothing:
# 000001.jpg is in CelebA, and in every film that was cut into frames.
KNOWN = {
    "MNIST/raw": "mnist",
    "cifar-10-batches-py": "cifar10",
    "cifar-10-python.tar.gz": "cifar10",
    "img_align_celeba": "celeba",
    "img_align_celeba.zip": "celeba",
    "list_attr_celeba.txt": "celeba",
    "list_attr_celeba.csv": "celeba",
}


def load(
    name: str | Path, image_size: int = 28, at_most: int | None = None, channels: int | None = None
) -> ImageSet:
    """The pictures that ``--data NAME`` means, image_size × image_size.

    NAME is ``mnist``, ``cartoon`` or ``celeba``, or one of ``mnist``, ``celeba``, ``folder`` and
    ``cifar10`` with a colon and the path of a folder or zip, or such a path alone: MNIST, CIFAR-10
    and CelebA are known by the names of their folders and tables, all else is ``folder``, as is
    ``anime``. `ImageSet.source` says what a path was taken for.

    Args:
        name: the source; a `Path` is always a path alone.
        image_size: pixels on a side.
        at_most: use no more than so many pictures; see `part`.
        channels: 3 for color, 1 for gray; None for what the set has, and for color in a folder,
            whose pictures may be of both kinds.

    Raises:
        ValueError: no such source, not one picture at the path, or an argument out of range.
        FileNotFoundError: what the source needs is not at the path.
    """
    if at_most is not None and at_most < 1:
        raise ValueError(f"at_most is {at_most}; use 1 picture or more, or None for all")
    if channels not in (None, 1, 3):
        raise ValueError(f"channels is {channels}; it must be 1 (gray), 3 (color) or None")
    if "://" in str(name):
        raise ValueError(f"data is {str(name)!r}, an address; download it and give its path")
    source, colon, path = str(name).partition(":")
    if isinstance(name, Path) or not (source in WITH_PATH and path if colon else source in ALONE):
        images = _recognized(name, image_size, channels)
    elif source == "cartoon":
        images = cartoon(min(DRAWN, at_most or DRAWN), image_size)
    else:
        place = Path(os.path.expanduser(path)) if path else None
        images = _read(source, place, image_size, channels)
    images = part(images, at_most).resize(image_size)
    return images.in_channels(channels) if channels else images


def part(images: ImageSet, n: int | None) -> ImageSet:
    """At most n pictures with their labels, as large a share of them held out as of all.

    Where the held-out pictures come last, as in a pack, these are the ones around the border: a
    slice of the file, which copies nothing. Else they are spread evenly over the set.
    """
    if n is None or n >= len(images):
        return images
    images = replace(images, source=f"{n:,} of {images.source}")
    if images.reserved is None:
        return images.select(slice(n))
    border = int((~images.reserved).sum())
    if images.reserved[:border].any():
        return images.select(torch.arange(n) * len(images) // n)
    reserved = round(n * (len(images) - border) / len(images))
    return images.select(slice(border + reserved - n, border + reserved))


def _read(source: str, path: Path | None, size: int, channels: int | None) -> ImageSet:
    """All pictures of one source, not all of them resized yet."""
    if source == "mnist":
        return mnist(full=True, root=path) if path else mnist()
    if source == "cifar10":
        return cifar10(path)
    if source == "celeba" or path is None:  # only mnist and celeba stand without a path
        return celeba(path, size=size)
    return folder(path, size, channels or 3)


def _recognized(name: str | Path, size: int, channels: int | None) -> ImageSet:
    """What a path alone holds; where that is not all there, the pictures that are."""
    path = Path(os.path.expanduser(name))
    if not str(name) or not path.exists():
        raise ValueError(
            f"data is {str(name)!r}; it must be {FORMS}, and there is nothing at {path.absolute()}"
        )
    try:
        return _read(_known(path), path, size, channels)
    except FileNotFoundError as error:
        try:
            return folder(path, size, channels or 3)
        except NoPictures:
            raise error from None


def _known(path: Path) -> str:
    """Which set a folder or file is, by the names its authors gave; any other is a folder."""
    names = {path.name}
    if path.is_dir():
        names |= {name for name in KNOWN if any((path / at / name).exists() for at in PLACES)}
    elif path.name not in KNOWN:
        names |= {part for entry in Source.of(path).entries for part in entry.name.split("/")}
    return next((source for name, source in KNOWN.items() if name in names), "folder")
