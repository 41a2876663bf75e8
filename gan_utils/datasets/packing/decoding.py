"""Many picture files made into pixels, in parallel processes, in order, and in little memory."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from gan_utils.datasets.packing.kinds import Rejected
from gan_utils.datasets.packing.levels import Levels
from gan_utils.datasets.packing.opening import formats
from gan_utils.datasets.packing.pictures import Picture, Shape, convert
from gan_utils.datasets.packing.sources import Entry, Source
from gan_utils.datasets.pool import cores, ordered

AT_ONCE, BYTES_AT_ONCE = 128, 2**22  # at most so many files and bytes are handed over at a time
SHARES = 8  # of the work for each process, at least: so that all end at about the same time
FEW = 32  # files that are not worth starting processes for

Part = list[tuple[int, Entry]]  # some files, each with its slot


def decoded(
    source: Source, slots: Sequence[int], shape: Shape, out: Path, levels: Mapping[bool, Levels]
) -> Iterator[Picture | Rejected]:
    """Make pictures of a source's files; what becomes of each, in their order.

    The processes write the pixels to the file themselves, each file's into its own slot, so that
    nothing large passes through this one; slots of rejected files stay as they are.

    Args:
        source: the files.
        slots: the places in `source.entries` of those to decode.
        shape: what to make of them.
        out: a file that is there.
        levels: see `convert`.

    Raises:
        BrokenProcessPool: a decoding process died.
        OSError: the file cannot be written.
    """
    workers = cores() if len(slots) >= FEW else 1
    most = min(AT_ONCE, -(-len(slots) // (SHARES * workers)))
    decode = partial(_decode, source.path, shape, out, levels)
    formats()  # Pillow's readers, imported once here and not in every process
    try:
        with closing(ordered(decode, _parts(source, slots, most), workers)) as results:
            for made in results:
                yield from made
    finally:
        _opened.cache_clear()


def _decode(
    path: Path, shape: Shape, out: Path, levels: Mapping[bool, Levels], part: Part
) -> list[Picture | Rejected]:
    """Write some files' pixels, each into its slot; what became of each file."""
    source = _opened(path)
    made: list[Picture | Rejected] = []
    with out.open("r+b") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a decoder mutters of one file among thousands
        for slot, entry in part:
            try:
                picture = convert(source.read(entry), shape, levels)
            except Rejected as error:
                made.append(error.with_traceback(None))
                continue
            file.seek(slot * shape.length)
            file.write(picture.pixels.data)
            made.append(replace(picture, pixels=picture.pixels[:0]))
    return made


@lru_cache(maxsize=1)
def _opened(path: Path) -> Source:
    """A process lists a zip once, not for each part."""
    return Source(path)


def _parts(source: Source, slots: Sequence[int], most: int) -> Iterator[Part]:
    """Few files at a time, and fewer large ones: an interrupt waits for what is under way."""
    part: Part = []
    size = 0
    for slot in slots:
        part.append((slot, source.entries[slot]))
        size += source.entries[slot].size
        if len(part) == most or size >= BYTES_AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part
