"""One word that names the pictures to train on: a source, its path, or the path alone."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

import torch

from gan_utils.datasets.cartoon import cartoon
from gan_utils.datasets.celeba import FACES, celeba
from gan_utils.datasets.cifar10 import cifar10
from gan_utils.datasets.digits import mnist
from gan_utils.datasets.folder import anime, anime_layout, folder
from gan_utils.datasets.image_set import ImageSet
from gan_utils.datasets.sources import Source

FORMS = (
    "mnist (embedded), mnist:FOLDER for all of MNIST, cartoon (drawn here), celeba (downloaded "
    "before), one of celeba:PATH, anime:PATH, folder:PATH and cifar10:PATH, or the path of a "
    "folder or zip"
)
DRAWN = 10_000  # cartoon faces, unless fewer are asked for
PACKED = {"celeba": celeba, "anime": anime, "folder": folder}
CELEBA_DIGITS = 6  # 000001.jpg; sets of anime faces are numbered without leading zeros


def load(name: str, image_size: int = 28, at_most: int | None = None) -> ImageSet:
    """The pictures that ``--data NAME`` means, image_size × image_size.

    NAME is ``mnist``, ``cartoon`` or ``celeba``, or one of ``mnist``, ``celeba``, ``anime``,
    ``folder`` and ``cifar10`` with a colon and the path of a folder or zip, or such a path alone:
    the layouts of these sets are known by their folders and file names, any other is ``folder``.

    Args:
        name: the source.
        image_size: pixels on a side.
        at_most: use no more than so many pictures; see `part`.

    Raises:
        ValueError: no such source, not one picture at the path, or at_most below 1.
        FileNotFoundError: what the source needs is not at the path.
    """
    if at_most is not None and at_most < 1:
        raise ValueError(f"at_most is {at_most}; use 1 picture or more, or None for all")
    source, _, path = name.partition(":")
    if name == "cartoon":
        return cartoon(min(DRAWN, at_most or DRAWN), image_size)
    if name == "celeba":
        return part(celeba(size=image_size), at_most)
    if name != "mnist" and (source not in ("mnist", "cifar10", *PACKED) or not path):
        if not name or not Path(name).expanduser().exists():
            raise ValueError(f"data is {name!r}; it must be {FORMS}")
        source, path = _layout(Path(name).expanduser()), name
    if source in PACKED:
        return part(PACKED[source](path, size=image_size), at_most)
    if source == "cifar10":
        images = cifar10(path)
    else:
        images = mnist(full=True, root=path) if path else mnist()
    return part(images, at_most).resize(image_size)


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
    kept = slice(border + reserved - n, border + reserved)
    chosen = images.select(kept)
    if images.report is None:
        return chosen
    report = replace(images.report, names=images.report.names[kept], held_out=reserved)
    return replace(chosen, report=report)


def _layout(path: Path) -> str:
    """Which source reads a folder or zip."""
    if (path / "MNIST" / "raw").is_dir():
        return "mnist"
    if (path / "cifar-10-batches-py").is_dir():
        return "cifar10"
    if path.is_dir() and any(
        (path / folder / FACES).is_file()
        or any((path / folder / FACES.removesuffix(".zip")).glob("*.jpg"))
        for folder in ("", "celeba")
    ):
        return "celeba"
    names = [entry.name for entry in Source.of(path).entries]
    files = [PurePosixPath(name) for name in names]
    numbers = [file.stem for file in files if file.stem.isdigit()]
    if numbers and all(len(number) == CELEBA_DIGITS for number in numbers):
        folders = {str(file.parent) for file in files}
        words = " ".join([path.stem, *folders]).lower()
        flat = folders == {"."} and "anime" not in words
        if flat or ("celeba" in words and (path.is_file() or folders == {"."})):
            return "celeba"
    return "anime" if names and anime_layout(names) else "folder"
