"""Files that are written whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` when the block ends well.

    Until then, and if the block raises, whatever was at `path` stays. The new file has the rights
    of the old one, or else those that any new file gets here. Its folder is made if it is missing.

    Example:
        >>> with whole("notes.txt") as unfinished:  # doctest: +SKIP
        ...     unfinished.write_text("all of it")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.unfinished{path.suffix}")
    try:
        unfinished.touch()
        rights = (path if path.exists() else unfinished).stat().st_mode
        yield unfinished
        unfinished.chmod(rights)  # some writers give a file to its owner alone
        sync(unfinished)
        os.replace(unfinished, path)
        sync(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Force a file or folder to the disk, where the system can."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
