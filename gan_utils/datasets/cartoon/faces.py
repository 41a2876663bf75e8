"""Anime-like faces drawn by our own code: data that needs no network, with known attributes."""

import warnings
import zipfile
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import replace
from functools import partial
from operator import index
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from gan_utils.datasets.cartoon import back, eyes, face, hair, scene, worn
from gan_utils.datasets.cartoon.look import ATTRIBUTES, Dice, Look, draw_attributes
from gan_utils.datasets.cartoon.sketch import Sketch
from gan_utils.datasets.image_set import ImageSet
from gan_utils.datasets.pool import ordered
from gan_utils.files import whole
from gan_utils.runtime import data_root

VERSION = 1  # of the pictures; raise it when any of them changes
SMALLEST, LARGEST = 28, 256
HELD_OUT = 10  # every tenth face
AT_ONCE = 64  # faces that one process is handed at a time
FEW = 256  # so few are drawn here and now, and not stored
DIRECTIONS = {"left": -1, "front": 0, "above": 0, "right": 1}


def cartoon(n: int = 10_000, size: int = 64, seed: int = 0) -> ImageSet:
    """n faces, uint8 (n, 3, size, size), each drawn from its own random stream.

    Face i depends on the seed and i alone: not on n, and on size only as any picture does. Every
    tenth face is held out of all training. The first call draws them in parallel and keeps them
    below `runtime.data_root`; later calls read them.

    Args:
        n: how many faces.
        size: pixels on a side.
        seed: of all that is random.

    Returns:
        Labels are int64 (n, 16): one column for each of `ATTRIBUTES`, which holds the names of its
        values; `classes` are the attributes' names. `SHARES` is how often each value comes; the
        attributes are independent of each other.

    Raises:
        ValueError: n below 1, a size outside 28 … 256, or a negative seed.
        TypeError: one of them is not a whole number.
    """
    for name, value in (("n", n), ("size", size), ("seed", seed)):
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"{name} is {value!r}; it must be a whole number")
    n, size, seed = index(n), index(size), index(seed)
    if n < 1:
        raise ValueError(f"n is {n}; draw 1 face or more")
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(f"size is {size}; faces are drawn at {SMALLEST} … {LARGEST} pixels")
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be 0 or more")
    file = data_root() / "cartoon" / f"n{n}_size{size}_seed{seed}_v{VERSION}.npz"
    if n <= FEW:
        images, labels = _draw(seed, size, range(n))
    elif stored := _stored(file, n, size):
        images, labels = stored
    else:
        images, labels = _draw_all(seed, size, n)
        _store(file, images, labels)
    reserved = torch.arange(n) % HELD_OUT == HELD_OUT - 1
    source = f"{n:,} faces drawn by gan_utils (version {VERSION}, seed {seed})"
    pixels, values = torch.from_numpy(images), torch.from_numpy(labels).long()
    return ImageSet(pixels, values, tuple(ATTRIBUTES), reserved, source)


def labeled_by(faces: ImageSet, attribute: str) -> ImageSet:
    """The same faces with one attribute alone as their label, and its values as the classes.

    Raises:
        ValueError: there is no such attribute, or these faces do not have it.
    """
    if attribute not in ATTRIBUTES or attribute not in faces.classes or faces.labels is None:
        raise ValueError(
            f"{attribute!r} is no attribute of {faces.source or 'these pictures'}; a drawn face "
            f"has {', '.join(ATTRIBUTES)}"
        )
    column = faces.labels[:, faces.classes.index(attribute)]
    return replace(faces, labels=column, classes=ATTRIBUTES[attribute])


def attributes(labels: torch.Tensor) -> dict[str, str]:
    """One face's labels (16,) in words: the value of each attribute."""
    named = zip(ATTRIBUTES.items(), labels.tolist(), strict=True)
    return {name: values[label] for (name, values), label in named}


def _sketch(look: Look) -> Sketch:
    dice, value = look.dice, look.value
    turn = DIRECTIONS[value["turn"]] * dice(0.14, 0.27) + dice(-0.05, 0.05)
    center = (0.5 + dice(-0.035, 0.035) - 0.05 * turn, dice(0.505, 0.555))
    tilt = dice(-0.17, 0.17)
    sketch = Sketch(dice(0.295, 0.335), center, turn, tilt, DIRECTIONS[value["light"]])
    scene.background(sketch, look)
    back.back_hair(sketch, look)
    scene.body(sketch, look)
    if value["hair style"] == "braids":
        back.braids(sketch, look)
    worn.behind_hair(sketch, look)
    edge = hair.fringe(look)
    face.head(sketch, look, edge)
    face.blush(sketch, look)
    face.nose(sketch, look)
    face.mouth(sketch, look)
    eyes.eyes(sketch, look)
    eyes.glasses(sketch, look)
    hair.front_hair(sketch, look, edge)
    hair.side_locks(sketch, look)
    eyes.brows(sketch, look)
    if value["hair style"] == "twintails":
        back.ties(sketch, look)
    worn.on_hair(sketch, look)
    return sketch


def _draw(seed: int, size: int, faces: range) -> tuple[np.ndarray, np.ndarray]:
    """Some faces by their numbers: pixels uint8 (n, 3, size, size) and labels uint8 (n, 16)."""
    images = np.empty((len(faces), 3, size, size), np.uint8)
    labels = np.empty((len(faces), len(ATTRIBUTES)), np.uint8)
    for row, face_number in enumerate(faces):
        dice = Dice(seed, face_number)
        value = draw_attributes(dice)
        labels[row] = [values.index(value[name]) for name, values in ATTRIBUTES.items()]
        images[row] = _sketch(Look.of(value, dice)).render(size).transpose(2, 0, 1)
    return images, labels


def _draw_all(seed: int, size: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Faces 0 … n − 1, drawn in parallel."""
    work = partial(_draw, seed, size)
    jobs = [range(n)[start : start + AT_ONCE] for start in range(0, n, AT_ONCE)]
    bar = tqdm(total=n, desc="drawing faces", unit="", delay=2)
    parts = []
    try:
        with bar, closing(ordered(work, jobs)) as drawn:
            for part in drawn:
                parts.append(part)
                bar.update(len(part[0]))
    except BrokenProcessPool:  # killed for memory, or spawned by a script without a main guard
        parts += map(work, jobs[len(parts) :])
    images, labels = map(np.concatenate, zip(*parts, strict=True))
    return images, labels


def _store(file: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Keep the faces for the next time; where that fails only time is lost."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole(file) as unfinished:
            np.savez(unfinished, images=images, labels=labels)
    except OSError as error:
        warnings.warn(
            f"the drawn faces could not be kept in {file} ({error}), so the next run draws them "
            "again; the environment variable GAN_UTILS_DATA chooses another folder",
            stacklevel=3,
        )


def _stored(file: Path, n: int, size: int) -> tuple[np.ndarray, np.ndarray] | None:
    """What was kept, or None where there is nothing whole."""
    try:
        with np.load(file) as held:  # the zip's checksums are compared on reading
            images, labels = held["images"], held["labels"]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    shapes = (images.shape, labels.shape) == ((n, 3, size, size), (n, len(ATTRIBUTES)))
    return (images, labels) if shapes and images.dtype == labels.dtype == np.uint8 else None
