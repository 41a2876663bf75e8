"""CelebA's aligned faces, from wherever they can be had; labels where their file is there.

Liu, Luo, Wang and Tang 2015, Deep Learning Face Attributes in the Wild. For non-commercial research
and education only, and not to be passed on: https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html
"""

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gan_utils.datasets.celeba_files import ATTRIBUTES, FACES, PARTITION, by_hand, download_all
from gan_utils.datasets.image_set import ImageSet
from gan_utils.datasets.packing import packed
from gan_utils.datasets.pictures import Shape
from gan_utils.runtime import data_root

TEST = 2  # the third part of the authors' partition


def celeba(
    root: str | Path | None = None,
    download: bool = False,
    size: int = 64,
    crop: float = 1.0,
    workers: int | None = None,
) -> ImageSet:
    """Aligned faces of celebrities, uint8 (N, 3, size, size): 202,599 of them, or a part.

    The files may lie as torchvision puts them (``ROOT/celeba/``) or in `root` itself, the faces
    unpacked or in their zip, which is read without unpacking it; `root` may also be a zip, or a
    folder of some of the faces. Of each face, 178×218, the center square is kept (see `crop`).

    Labels are the 40 attributes, int64 (N, 40), 0 or 1, where ``list_attr_celeba.txt`` is there,
    and None where it is not. Held out is the authors' test part, where ``list_eval_partition.txt``
    is there, else a tenth.

    Args:
        root: the folder or zip; default `runtime.data_root`.
        download: may what is missing be fetched? By torchvision first, then from the mirrors; what
            becomes of each is printed.
        size: pixels on a side.
        crop: the side of the center square, as a share of the 178 pixels: 1 for all, 108/178 for
            the face alone.
        workers: decoding processes; default one for each core.

    Raises:
        FileNotFoundError: no faces there, and no download wanted or possible; the message names
            each file with its hash, for fetching by hand.
        ValueError: not one face can be read, or an argument is out of range.
    """
    root = Path(root).expanduser() if root else data_root()
    if download and not root.is_file():
        download_all(root / "celeba")
    faces = _faces(root)
    if faces is None:
        raise FileNotFoundError(
            f"there are no CelebA faces at {root}; pass download=True, with a network. "
            + by_hand(root)
        )
    tables = tuple(file for name in (ATTRIBUTES, PARTITION) if (file := _beside(faces, name)))

    def celeba_labels(
        names: Sequence[str],
    ) -> tuple[np.ndarray | None, tuple[str, ...], np.ndarray | None]:
        return _labels(names, *(_beside(faces, name) for name in (ATTRIBUTES, PARTITION)))

    images = packed(faces, Shape(size, 3, crop), celeba_labels, tables, workers)
    return replace(images, source=f"{len(images):,} aligned faces of CelebA (Liu et al. 2015)")


def table(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """One of CelebA's text files: the columns' names (if it has any), and a row for each picture.

    Raises:
        ValueError: the file is not in CelebA's layout.
    """
    lines = path.read_text("utf-8").splitlines()
    header = lines[1].split() if lines and lines[0].strip().isdigit() else []
    rows = {}
    try:
        for line in lines[2 if header else 0 :]:
            name, *values = line.split()
            rows[name] = np.array(values, np.int8)
        if not rows or {len(row) for row in rows.values()} != {len(header) or 1}:
            raise ValueError("a row is missing or cut")
    except ValueError as error:
        raise ValueError(
            f"{path} is not CelebA's ({error}); delete it, or fetch it again with download=True"
        ) from error
    return header, rows


def _labels(
    names: Sequence[str], attributes: Path | None, partition: Path | None
) -> tuple[np.ndarray | None, tuple[str, ...], np.ndarray | None]:
    """Attributes and test part of the faces named, where their tables are there and complete."""
    files = [Path(name).name for name in names]
    labels, titles, reserved = None, (), None
    if attributes:
        titles, rows = table(attributes)
        labels = np.stack([_row(rows, file, attributes) > 0 for file in files]).astype(np.int8)
    if partition:
        _, rows = table(partition)
        reserved = np.array([_row(rows, file, partition)[0] == TEST for file in files])
        if not reserved.any():  # a part of the set that has no test faces
            reserved = None
    return labels, tuple(titles), reserved


def _row(rows: dict[str, np.ndarray], file: str, path: Path) -> np.ndarray:
    if file not in rows:
        raise ValueError(
            f"{path} has no row for {file}; is it CelebA's? Move what is not away from the faces"
        )
    return rows[file]


def _faces(root: Path) -> Path | None:
    """The zip or folder of faces at or below `root`, or None."""
    if root.is_file():
        return root
    for folder in (root / "celeba", root):
        if zipfile.is_zipfile(folder / FACES):
            return folder / FACES
        unpacked = folder / FACES.removesuffix(".zip")
        if any(unpacked.glob("*.jpg")):
            return unpacked
    return root if root.is_dir() and next(root.glob("*.jpg"), None) else None


def _beside(faces: Path, name: str) -> Path | None:
    """A table of CelebA's near the faces: in their folder or above, as the authors lay it out."""
    for folder in (faces, faces.parent, faces.parent.parent):
        for place in (folder / name, folder / "Anno" / name, folder / "Eval" / name):
            if place.is_file():
                return place
    return None
