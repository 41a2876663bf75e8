"""Pictures decoded once, in parallel, into one uint8 file that later runs open at once.

A pack is a safetensors file: ``images`` uint8 (N, C, H, W), ``reserved`` uint8 (N,), ``labels`` if
there are any, and ``about``, JSON as bytes. It is mapped, not read: a batch costs its own pages,
and a set may be larger than the memory. The held-out pictures come last, so that the ones to train
on are a slice of the file. A pack is written beside its place and then renamed, so that it is whole
or not there; it is made anew when a file of the source, the size, the crop or these rules change.
"""

import hashlib
import json
import os
import re
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import numpy as np
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from tqdm.auto import tqdm

from gan_utils.datasets.decoding import decoded
from gan_utils.datasets.image_set import ImageSet
from gan_utils.datasets.pictures import Shape
from gan_utils.datasets.report import Report
from gan_utils.datasets.sources import Source, fingerprint
from gan_utils.runtime import data_root

VERSION = (
    1  # of the file's layout and of the rules by which pictures are made; raise it with either
)
HEADER = 4096  # bytes before the first pixel
HELD_OUT = 0.1  # of the different pictures

# From the pictures' names: labels (N,) or (N, A) or None, their names, and a mask or None.
Annotate = Callable[[list[str]], tuple[np.ndarray | None, tuple[str, ...], np.ndarray | None]]


class NoPictures(ValueError):
    """Not one file could be made into a picture; `report` says what is wrong with each."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"there is no picture to train on\n{report}")
        self.report = report


def packed(
    path: str | Path,
    shape: Shape,
    annotate: Annotate | None = None,
    also: tuple[Path, ...] = (),
    workers: int | None = None,
) -> ImageSet:
    """All pictures of a folder or zip, from its pack, which is made first if need be.

    Args:
        path: the folder or zip.
        shape: what to make the pictures into.
        annotate: gives labels, and chooses what is held out; the default has no labels and holds
            out a tenth by their content, so that equal pictures are never on both sides.
        also: further files whose change makes a new pack: those that `annotate` reads.
        workers: decoding processes; the default is one for each core this process may use.

    Raises:
        FileNotFoundError: there is nothing at the path.
        NoPictures: not one file is a picture.
        OSError: the pack cannot be written.
    """
    path = Path(path).expanduser().resolve()
    if not path.exists():
        raise FileNotFoundError(f"there is no folder or zip of pictures at {path}")
    made_from = {
        "version": VERSION,
        "shape": asdict(shape),
        "annotate": getattr(annotate, "__qualname__", ""),
        "source": fingerprint(path, also),
    }
    file = pack_file(path, shape, made_from["annotate"])
    found = _open(file, made_from)
    if found is not None:
        return found
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(file):
            found = _open(file, made_from)  # another process may have made it meanwhile
            if found is None:
                _write(file, path, shape, annotate, made_from, workers)
                found = _open(file, made_from)
    except OSError as error:
        raise OSError(
            f"the pack {file} could not be written: {error}. Free some space, or choose another "
            "folder with the environment variable GAN_UTILS_DATA"
        ) from error
    return found


def pack_file(path: Path, shape: Shape, annotate: str = "") -> Path:
    """Where the pack of a folder or zip lies: below `runtime.data_root`."""
    text = f"{path}\n{shape}\n{annotate}"
    key = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=6)
    name = re.sub(r"[^\w.-]+", "_", path.stem)[:60]
    return data_root() / "packs" / f"{name}_{shape.size}_{key.hexdigest()}.safetensors"


def _write(
    file: Path,
    path: Path,
    shape: Shape,
    annotate: Annotate | None,
    made_from: dict[str, object],
    workers: int | None,
) -> None:
    source = Source.of(path)
    report = Report(str(path), shape, ignored=source.ignored, rejected=list(source.rejected))
    unfinished = file.with_suffix(".unfinished")
    try:
        unfinished.write_bytes(bytes(HEADER))
        slots, names, digests = _decode(unfinished, source, report, workers)
        if not names:
            raise NoPictures(report)
        report.equal = _equal(names, digests)
        with unfinished.open("r+b") as out:
            empty = np.isin(np.arange(len(source.entries)), slots, invert=True)
            moved = _move_last(out, empty, shape.length)[: len(slots)]
            order = np.searchsorted(slots, moved)
            report.names = [names[i] for i in order]
            labels, classes, reserved = annotate(report.names) if annotate else (None, (), None)
            if reserved is None:
                reserved = held_out([digests[i] for i in order])
            order = _move_last(out, reserved, shape.length)
            report.names = [report.names[i] for i in order]
            report.held_out = int(reserved.sum())
            columns = {"reserved": reserved[order].astype(np.uint8)}
            if labels is not None:
                columns = {"labels": labels[order], **columns}
                counts = labels.sum(0) if labels.ndim == 2 else np.bincount(labels)
                report.classes = dict(zip(classes, counts.tolist(), strict=True))
            about = {"made_from": made_from, "classes": classes, "report": report.as_json()}
            columns["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
            _finish(out, (len(order), shape.channels, shape.size, shape.size), columns)
        os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)


def _decode(
    out: Path, source: Source, report: Report, workers: int | None
) -> tuple[list[int], list[str], list[bytes]]:
    """Decode all files into their slots and keep account; slot, name and digest of each picture."""
    slots, names, digests, kinds, done = [], [], [], Counter(), Counter()
    with tqdm(total=len(source.entries), desc="decoding pictures", unit="", delay=2) as bar:
        for batch in decoded(source, report.shape, out, HEADER, workers):
            slots += range(batch.slot, batch.slot + len(batch.names))
            names += batch.names
            digests += batch.digests
            kinds += batch.kinds
            done += batch.done
            report.rejected += batch.rejected
            bar.update(len(batch.names) + len(batch.rejected))
    report.kinds, report.done = dict(kinds), dict(done)
    return slots, names, digests


def held_out(digests: list[bytes]) -> np.ndarray:
    """A mask (N,) of the tenth of the different pictures whose digests come first."""
    different = sorted(set(digests))
    chosen = set(different[: round(len(different) * HELD_OUT)])
    return np.array([digest in chosen for digest in digests])


def _equal(names: list[str], digests: list[bytes]) -> list[list[str]]:
    groups: dict[bytes, list[str]] = {}
    for name, digest in zip(names, digests, strict=True):
        groups.setdefault(digest, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _move_last(out: BinaryIO, chosen: np.ndarray, length: int) -> np.ndarray:
    """Swap slots in the file until the chosen ones come last; which slot is where now."""
    order, cut = np.arange(len(chosen)), int((~chosen).sum())
    early, late = np.flatnonzero(chosen[:cut]), cut + np.flatnonzero(~chosen[cut:])
    for first, second in zip(early.tolist(), late.tolist(), strict=True):
        pixels = []
        for slot in (first, second):
            out.seek(HEADER + slot * length)
            pixels.append(out.read(length).ljust(length, b"\0"))  # past the end there is nothing
        for slot, picture in zip((second, first), pixels, strict=True):
            out.seek(HEADER + slot * length)
            out.write(picture)
        order[[first, second]] = second, first
    return order


def _finish(out: BinaryIO, images: tuple[int, ...], columns: dict[str, np.ndarray]) -> None:
    """Write the columns behind the pixels, then the header that makes it a safetensors file."""
    end = int(np.prod(images))
    header = {"images": {"dtype": "U8", "shape": images, "data_offsets": [0, end]}}
    padding = {"padding": np.zeros(-end % 8, np.uint8)}  # labels must start at a multiple of 8
    out.truncate(HEADER + end)  # empty slots
    out.seek(HEADER + end)
    for name, column in {**padding, **columns}.items():
        kind = {"uint8": "U8", "int8": "I8", "int64": "I64"}[column.dtype.name]
        offsets = [end, end + column.nbytes]
        header[name] = {"dtype": kind, "shape": column.shape, "data_offsets": offsets}
        out.write(np.ascontiguousarray(column))
        end += column.nbytes
    text = json.dumps(header).encode()
    out.seek(0)
    out.write(struct.pack("<Q", HEADER - 8) + text.ljust(HEADER - 8))
    out.flush()
    os.fsync(out.fileno())


def _open(file: Path, made_from: dict[str, object]) -> ImageSet | None:
    """The pictures of a pack, mapped; None where it is missing, cut, or made of other files."""
    try:
        with safe_open(file, "pt") as pack:
            about = json.loads(pack.get_tensor("about").numpy().tobytes())
            if about["made_from"] != made_from:
                return None
            names = pack.keys()
            report = Report.from_json(about["report"])
            reserved = pack.get_tensor("reserved").bool()
            return ImageSet(
                pack.get_tensor("images"),
                pack.get_tensor("labels").long() if "labels" in names else None,
                tuple(about["classes"]),
                reserved if reserved.any() else None,
                f"{report.accepted:,} pictures of {Path(report.path).name}",
                report,
            )
    except (FileNotFoundError, SafetensorError, ValueError, KeyError):
        return None


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Hold a lock on a pack while it is written; the system frees it if that process dies."""
    lock = FileLock(file.with_suffix(".lock"))
    try:
        lock.acquire(timeout=1)
    except Timeout:
        print(f"Another process is decoding {file.stem}; waiting for it.", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
