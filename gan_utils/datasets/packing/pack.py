"""Pictures decoded once, in parallel, into one uint8 file that later runs open at once.

A pack is two files. ``NAME.npy`` holds the pixels, uint8 (N, C, H, W), the held-out pictures last,
so that the ones to train on are a slice of it. It is mapped, not read: a batch costs its own pages,
and a set may be larger than the memory. ``NAME.json`` holds the labels and the report, and what all
was made from; it is written last, and only with it the pack counts. A pack is made anew when a file
of the source, the size, the crop or these rules change.
"""

import contextlib
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from gan_utils.datasets.image_set import ImageSet
from gan_utils.datasets.packing.decoding import decoded
from gan_utils.datasets.packing.levels import Levels
from gan_utils.datasets.packing.pictures import Picture, Shape
from gan_utils.datasets.packing.report import Report, class_folders
from gan_utils.datasets.packing.sources import Source, existing, fingerprint
from gan_utils.files import whole
from gan_utils.runtime import data_root

VERSION = 3  # of the files' layout and of the rules by which pictures are made
HELD_OUT = 0.1  # of the different pictures


class NoPictures(ValueError):
    """Not one file could be made into a picture; `report` says what is wrong with each."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"there is no picture to train on\n{report}")
        self.report = report


def packed(path: str | Path, shape: Shape) -> ImageSet:
    """All pictures of a folder or zip, from its pack, which is made first if need be.

    A tenth of them is held out by their content, so that equal ones are never on both sides.

    Raises:
        FileNotFoundError: there is nothing at the path.
        NoPictures: not one file is a picture.
        OSError: the pack cannot be written.
    """
    path = existing(path)
    made_from = {"version": VERSION, "shape": asdict(shape), "source": fingerprint(path)}
    key = hashlib.blake2b(f"{path}\n{shape}".encode("utf-8", "surrogateescape"))
    name = re.sub(r"[^\w-]+", "_", path.stem)[:60]
    file = data_root() / "packs" / f"{name}_{shape.size}_{key.hexdigest()[:12]}.npy"
    try:
        found = _open(file, made_from)
        if found is None:
            file.parent.mkdir(parents=True, exist_ok=True)
            _tidy(file.parent)
            with _alone(file):
                found = _open(file, made_from)  # another process may have made it meanwhile
                if found is None:
                    _write(file, path, shape, made_from)
                    found = _open(file, made_from)
    except OSError as error:
        raise OSError(
            f"the pack {file} could not be written: {error}. Free some space, or choose another "
            "folder with the environment variable GAN_UTILS_DATA"
        ) from error
    if found is None:
        raise OSError(f"the pack {file} changed as soon as it was made; try again")
    return found


def held_out(digests: Sequence[bytes]) -> np.ndarray:
    """A mask (N,) of the tenth of the different pictures whose digests come first."""
    different = sorted(set(digests))
    chosen = set(different[: round(len(different) * HELD_OUT)])
    return np.array([digest in chosen for digest in digests])


def _write(file: Path, path: Path, shape: Shape, made_from: dict[str, object]) -> None:
    source = Source.of(path)
    report = Report(str(path), shape, rejected=list(source.rejected), ignored=source.ignored)
    with whole(file) as unfinished:
        pixels = unfinished.with_suffix(".slots")
        try:
            made = _decode(source, pixels, report)
            if not made:
                raise NoPictures(report)
            reserved = held_out([picture.digest for picture in made.values()])
            order = np.array(list(made))[np.argsort(reserved, kind="stable")]
            _copy(pixels, order.tolist(), shape, unfinished)
        finally:
            pixels.unlink(missing_ok=True)
        report.names = [source.entries[slot].name for slot in order]
        report.held_out = int(reserved.sum())
        labels, classes = class_folders(report.names)
        if labels is not None:
            report.classes = dict(zip(classes, np.bincount(labels).tolist(), strict=True))
            labels = labels.tolist()
        file.with_suffix(".json").unlink(missing_ok=True)  # it belongs to the pixels of before
    about = {"made_from": made_from, "labels": labels, "classes": classes}
    about["report"] = report.as_json()
    with whole(file.with_suffix(".json")) as unfinished:
        unfinished.write_text(json.dumps(about))


def _decode(source: Source, pixels: Path, report: Report) -> dict[int, Picture]:
    """Decode all files into slots of a file, and keep account; the pictures by their slots."""
    with pixels.open("wb") as file:
        file.truncate(len(source.entries) * report.shape.length)
    pictures: dict[int, Picture] = {}
    levels: dict[bool, Levels] = {}

    def decode(slots: Sequence[int]) -> None:
        results = decoded(source, slots, report.shape, pixels, levels)
        progress = tqdm(results, "decoding pictures", len(slots), unit="", delay=2)
        for slot, made in zip(slots, progress, strict=True):
            pictures.pop(slot, None)
            if isinstance(made, Picture):
                pictures[slot] = made
            else:
                report.rejected.append((source.entries[slot].name, made.reason, made.detail))

    decode(range(len(source.entries)))
    deep = {slot: picture.levels for slot, picture in pictures.items() if picture.levels}
    for own in deep.values():
        levels[own.floats] = own | levels.get(own.floats, own)
    if again := [slot for slot, own in deep.items() if str(own) != str(levels[own.floats])]:
        decode(again)
    pictures = dict(sorted(pictures.items()))
    report.account([(source.entries[slot].name, made) for slot, made in pictures.items()])
    return pictures


def _copy(pixels: Path, slots: list[int], shape: Shape, out: Path) -> None:
    """Write an NPY file of the pictures in some slots, in this order."""
    size = (len(slots), shape.channels, shape.size, shape.size)
    header = {"descr": "|u1", "fortran_order": False, "shape": size}
    with pixels.open("rb") as source, out.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for slot in slots:
            source.seek(slot * shape.length)
            file.write(source.read(shape.length))


def _open(file: Path, made_from: dict[str, object]) -> ImageSet | None:
    """The pictures of a pack, mapped; None where it is missing, cut, or made of other files."""
    try:
        about = json.loads(file.with_suffix(".json").read_text())
        report, pixels = Report.from_json(about["report"]), np.load(file, mmap_mode="c")
    except (FileNotFoundError, EOFError, ValueError, KeyError, TypeError):
        return None
    if about.get("made_from") != made_from or len(pixels) != report.accepted:
        return None
    labels = None if about["labels"] is None else torch.tensor(about["labels"])
    reserved = torch.arange(len(pixels)) >= len(pixels) - report.held_out
    return ImageSet(
        torch.from_numpy(pixels),
        labels,
        tuple(about["classes"]),
        reserved if report.held_out else None,
        f"{len(pixels):,} pictures of {Path(report.path).name}",
        report,
    )


def _tidy(folder: Path) -> None:
    """Remove what killed processes left: unfinished files of packs that nobody is writing."""
    for left in folder.glob(".*.unfinished.*"):
        pack = left.name[1:].rsplit(".", 3)[0]  # .PACK.PROCESS.unfinished.npy
        with contextlib.suppress(Timeout), FileLock(folder / f"{pack}.lock").acquire(timeout=0):
            left.unlink(missing_ok=True)


def _alone(file: Path) -> contextlib.AbstractContextManager:
    """Hold a lock on a pack while it is written; the system frees it if that process dies."""
    lock = FileLock(file.with_suffix(".lock"))
    try:
        return lock.acquire(timeout=1)
    except Timeout:
        print(f"Another process is decoding {file.stem}; waiting for it.", file=sys.stderr)
        return lock.acquire()
