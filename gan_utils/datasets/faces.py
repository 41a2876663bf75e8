"""Faces cut out of larger pictures, by a detector that is an optional extra: OpenCV's cascades.

For photographs OpenCV's own frontal-face cascade serves (Viola and Jones 2001; of 200 CelebA faces
it found 195). It does not know drawings (6 of 200 anime faces): for those a cascade trained on them
is needed, one XML file, such as the one of nagadomi at
https://github.com/nagadomi/lbpcascade_animeface (MIT).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from gan_utils.datasets.pictures import Rejected, in_colors, open_picture
from gan_utils.datasets.sources import Source, readable
from gan_utils.runtime import data_root

PHOTOGRAPHS, DRAWINGS = "haarcascade_frontalface_alt2.xml", "lbpcascade_animeface.xml"
INSTALL = "pip install 'gan_utils[faces]', which is pip install 'opencv-python-headless<5'"
NEIGHBORS = 3  # overlapping finds that make a face: fewer find more, and more that are none

Detector = Callable[[np.ndarray], list[tuple[int, int, int, int]]]


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
    kind: str = "photographs",
    margin: float = 0.3,
    smallest: int = 48,
    cascade: str | Path | None = None,
) -> Crops:
    """Cut every face out of the pictures of a folder or zip, as square PNGs for `folder` to read.

    Args:
        path: the folder or zip of larger pictures.
        out: a new folder for the faces: ``000012_1.png`` is the second face of the 13th file.
        kind: "photographs" or "drawings".
        margin: how much wider than the detector's square to cut on each side, as a share of it.
        smallest: pixels on a side of the smallest face to look for.
        cascade: an XML file of OpenCV's kind to use instead; for drawings the default is
            ``lbpcascade_animeface.xml`` in `runtime.data_root`.

    Raises:
        ImportError: OpenCV is missing, or of a version without cascades; says what to install.
        FileNotFoundError: there is nothing at the path, or no cascade; says where to get one.
        FileExistsError: `out` already holds something.
        ValueError: an argument is out of range, or the cascade cannot be read.
    """
    if kind not in ("photographs", "drawings"):
        raise ValueError(f"kind is {kind!r}; it must be photographs or drawings")
    if margin < 0 or smallest < 8:
        raise ValueError(
            f"margin is {margin} and smallest {smallest}; they must be at least 0 and 8"
        )
    detect = _detector(kind, smallest, Path(cascade).expanduser() if cascade else None)
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
        boxes = detect(np.asarray(image.convert("L")))
        for which, box in enumerate(boxes):
            image.crop(wider(box, margin, image.size)).save(out / f"{number:06d}_{which}.png")
        crops.faces += len(boxes)
        if not len(boxes):
            crops.without.append(entry.name)
    return crops


def wider(
    box: tuple[int, int, int, int], margin: float, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """A square (left, top, right, bottom) around a box (left, top, width, height), in the picture.

    The margin shrinks where the picture ends, on all sides alike, so that the face stays central.
    """
    left, top, width, height = (int(value) for value in box)
    middle = (left + width / 2, top + height / 2)
    half = max(width, height) * (0.5 + margin)
    for center, end in zip(middle, size, strict=True):
        half = min(half, center, end - center)
    corner = [round(center - half) for center in middle]
    side = max(1, int(2 * half))
    return (*corner, corner[0] + side, corner[1] + side)


def _detector(kind: str, smallest: int, cascade: Path | None) -> Detector:
    try:
        import cv2
    except ImportError as error:
        raise ImportError(f"crop_faces needs OpenCV 4: {INSTALL}") from error
    if not hasattr(cv2, "CascadeClassifier"):
        raise ImportError(f"OpenCV {cv2.__version__} has no cascades any more: {INSTALL}")
    if cascade is None:
        where = Path(cv2.data.haarcascades) if kind == "photographs" else data_root()
        cascade = where / (PHOTOGRAPHS if kind == "photographs" else DRAWINGS)
    if not cascade.is_file():
        raise FileNotFoundError(
            f"there is no cascade at {cascade}; for drawings get {DRAWINGS} from "
            "https://github.com/nagadomi/lbpcascade_animeface and put it there, or name another "
            "by cascade=PATH"
        )
    classifier = cv2.CascadeClassifier()
    try:
        loaded = classifier.load(str(cascade))
    except cv2.error as error:
        raise ValueError(f"{cascade} is no cascade that OpenCV can read") from error
    if not loaded:
        raise ValueError(f"{cascade} is no cascade that OpenCV can read")

    def detect(grey: np.ndarray) -> list[Any]:
        even = cv2.equalizeHist(grey) if kind == "drawings" else grey
        found = classifier.detectMultiScale(
            even, scaleFactor=1.1, minNeighbors=NEIGHBORS, minSize=(smallest, smallest)
        )
        return sorted(tuple(int(value) for value in box) for box in found)

    return detect
