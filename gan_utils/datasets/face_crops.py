"""Faces cut out of larger pictures, by any detector. Notebook 06 shows how to make one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from gan_utils.datasets.packing.kinds import Rejected
from gan_utils.datasets.packing.opening import in_colors, open_picture
from gan_utils.datasets.packing.sources import Source, readable

Box = tuple[int, int, int, int]


@dataclass
class Crops:
    """What `crop_faces` found; ``print(crops)`` reads well.

    Attributes:
        folder: where the faces are.
        pictures: how many pictures were looked at.
        faces: how many faces were written.
        without: the pictures in which no face was found.
        rejected: (name, reason, detail) of each file that is no picture.
    """

    folder: Path
    pictures: int = 0
    faces: int = 0
    without: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"{self.faces:,} faces from {self.pictures:,} pictures, in {self.folder}; "
            f"{len(self.without):,} without a face, {len(self.rejected):,} files rejected"
        ]
        lines += [f"  no face: {readable(name)}" for name in self.without[:5]]
        lines += [f"  rejected: {readable(name)} ({why})" for name, why, _ in self.rejected[:5]]
        return "\n".join(lines)


def crop_faces(
    path: str | Path,
    out: str | Path,
    detect: Callable[[np.ndarray], Iterable[Box]],
    margin: float = 0.3,
) -> Crops:
    """Cut every face out of the pictures of a folder or zip, as square PNGs for `folder` to read.

    Args:
        path: the folder or zip of larger pictures.
        out: a new folder for the faces: ``000012_1.png`` is the second face of the 13th file.
        detect: finds the faces of one picture, uint8 (H, W, 3) in RGB: a box (left, top, width,
            height) in pixels for each.
        margin: how much wider than the box to cut on each side, as a share of it.

    Raises:
        FileNotFoundError: there is nothing at the path.
        FileExistsError: `out` already holds something.
        TypeError: `detect` is no function.
        ValueError: the margin is negative, or `detect` returned something else than boxes.
    """
    if not callable(detect):
        raise TypeError(
            f"detect is {detect!r}; it must be a function from a picture, uint8 (H, W, 3), to boxes"
        )
    if not margin >= 0:
        raise ValueError(f"margin is {margin}; it must be 0 or more")
    source, out = Source.of(path), Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} already holds something; name a new folder for the faces")
    out.mkdir(parents=True, exist_ok=True)
    crops = Crops(out, rejected=list(source.rejected))
    for number, entry in enumerate(tqdm(source.entries, desc="looking for faces", delay=2)):
        try:
            image, done = open_picture(source.read(entry))
            image = in_colors(image, "RGB", done)
        except Rejected as error:
            crops.rejected.append((entry.name, error.reason, error.detail))
            continue
        crops.pictures += 1
        squares = [wider(box, margin, image.size) for box in detect(np.array(image))]
        for which, square in enumerate(sorted(squares)):
            image.crop(square).save(out / f"{number:06d}_{which}.png")
        crops.faces += len(squares)
        if not squares:
            crops.without.append(entry.name)
    return crops


def wider(box: Box, margin: float, size: tuple[int, int]) -> Box:
    """A square (left, top, right, bottom) around a box (left, top, width, height), in the picture.

    The margin shrinks where the picture ends, on all sides alike, so that the face stays central.

    Raises:
        ValueError: the box is not four numbers, or its middle is not in the picture.
    """
    try:
        left, top, width, height = (int(value) for value in box)
        middle = (left + width / 2, top + height / 2)
        fits = width > 0 < height and 0 < middle[0] < size[0] and 0 < middle[1] < size[1]
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(
            f"the box is {box} in a picture of {size[0]}×{size[1]} pixels; it must be (left, top, "
            "width, height) of a part of it"
        )
    half = max(width, height) * (0.5 + margin)
    for center, end in zip(middle, size, strict=True):
        half = min(half, center, end - center)
    left, top = (round(center - half) for center in middle)
    side = max(1, int(2 * half))
    return left, top, left + side, top + side
