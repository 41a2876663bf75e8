"""Many picture files made into pixels, in parallel processes, in order, and in little memory."""

import gc
import os
import signal
import sys
import warnings
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from gan_utils.datasets.pictures import Rejected, Shape, convert, formats
from gan_utils.datasets.sources import Entry, Source

AT_ONCE, BYTES_AT_ONCE = 128, 2**22  # at most so many files and bytes are handed over at a time
SHARES = 8  # of the work for each process, at least: so that all end at about the same time
FEW = 32  # files that are not worth starting processes for
AHEAD = 4  # such batches under way for each process


@dataclass(frozen=True)
class Batch:
    """What became of some files.

    Attributes:
        slot: where the pixels of the first picture are: so many pictures behind the start. Those
            of the others follow.
        names, digests: of each picture.
        kinds: how many files there were of each mode and size.
        done: how many pictures each rule changed.
        rejected: name, reason and detail of each other file.
    """

    slot: int
    names: list[str] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    rejected: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Work:
    """What every decoding process must know: `out` is the file for the pixels, from `start` on."""

    source: Path
    is_zip: bool
    shape: Shape
    out: Path
    start: int


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def decoded(
    source: Source, shape: Shape, out: Path, start: int = 0, workers: int | None = None
) -> Iterator[Batch]:
    """Make pictures of a source's files; what becomes of them, in their order, a batch at a time.

    The processes write the pixels to the file themselves, each file's into its own slot, so that
    nothing large passes through this one; slots of rejected files stay empty. Only a few batches
    are under way at once.

    Args:
        source: the files.
        shape: what to make of them.
        out: a file that is there; its bytes before `start` are left alone.
        start: where the first slot is.
        workers: processes; default one for each core.

    Raises:
        RuntimeError: a decoding process died.
        OSError: the file cannot be written.
    """
    workers = workers or cores()
    parts = list(
        _parts(source.entries, min(AT_ONCE, -(-len(source.entries) // (SHARES * workers))))
    )
    if len(source.entries) < FEW:
        workers = 1
    work = Work(source.path, source.is_zip, shape, out, start)
    if workers <= 1:
        yield from (_convert_all(work, *part) for part in parts)
        return
    # A forked process starts at once and shares what is loaded; where there is no fork it imports.
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    formats()  # Pillow's readers, imported once here and not in every process
    under_way = deque()
    with ProcessPoolExecutor(workers, context, _begin) as pool:
        try:
            for part in parts:
                under_way.append(pool.submit(_convert_all, work, *part))
                if len(under_way) >= AHEAD * workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool as error:
            raise RuntimeError(
                "a process that decodes pictures died: short of memory, or started by a script "
                'without `if __name__ == "__main__":`; workers=1 decodes in this process'
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """The first thing that a decoding process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for it
    gc.freeze()  # what it was born with need not be searched for garbage, again and again


def _parts(entries: list[Entry], most: int = AT_ONCE) -> Iterator[tuple[int, list[Entry]]]:
    """The slot of the first, and some entries that are decoded together."""
    slot, part, size = 0, [], 0
    for entry in entries:
        part.append(entry)
        size += entry.size
        if len(part) == most or size >= BYTES_AT_ONCE:
            yield slot, part
            slot, part, size = slot + len(part), [], 0
    if part:
        yield slot, part


def _convert_all(work: Work, slot: int, entries: list[Entry]) -> Batch:
    source = Source(work.source, work.is_zip)
    archive = work.source.open("rb") if work.is_zip else None
    batch, pixels = Batch(slot), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a decoder mutters of one file among thousands
        for entry in entries:
            try:
                picture = convert(source.read(entry, archive), work.shape)
            except Rejected as error:
                batch.rejected.append((entry.name, error.reason, error.detail))
                continue
            pixels.append(picture.pixels)
            batch.names.append(entry.name)
            batch.digests.append(picture.digest)
            batch.kinds[picture.was] += 1
            batch.done.update(picture.done)
    if archive:
        archive.close()
    with work.out.open("r+b") as out:
        out.seek(work.start + slot * work.shape.length)
        out.write(b"".join(pixels))
    return batch
