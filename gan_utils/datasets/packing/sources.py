"""Where picture files lie: a tree of folders, or a zip, which is read without unpacking it.

The names in a zip are labels here, never paths on the disk: no archive can climb out of its place.
"""

import hashlib
import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from gan_utils.datasets.packing.kinds import Rejected
from gan_utils.datasets.packing.opening import described

LARGEST = 256 * 2**20  # bytes of one file
CLUTTER = {"thumbs.db", "desktop.ini", "__macosx"}
ENCRYPTED = 0x1  # a bit of the flags of a zip's member
# Other methods unfold without a bound: some hundred bytes of bzip2 are a gigabyte.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
NAMES = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd"}


class Entry(NamedTuple):
    """One file: its name below the source, its size, and when it changed or its place in a zip."""

    name: str
    size: int
    mark: int


@dataclass
class Source:
    """The files of a tree or zip, in the order of their names.

    Attributes:
        path: the folder or zip.
        entries: every file that may be a picture.
        rejected: (name, reason, detail) of what could not even be listed.
        ignored: how many hidden files and system leftovers were passed over.
    """

    path: Path
    entries: list[Entry] = field(default_factory=list)
    rejected: list[tuple[str, str, str]] = field(default_factory=list)
    ignored: int = 0

    @classmethod
    def of(cls, path: str | Path) -> "Source":
        """List a folder or a zip.

        Raises:
            FileNotFoundError: there is nothing at the path.
            ValueError: a file that is no zip, or a damaged one.
        """
        source = cls(existing(path))
        if source.path.is_dir():
            source._walk()
        else:
            source._list_zip()
        source.entries.sort()
        source.rejected.sort()
        return source

    def read(self, entry: Entry) -> bytes:
        """The bytes of one file.

        Raises:
            Rejected: they cannot be read.
        """
        if entry.size > LARGEST:
            raise Rejected("file too large", f"{entry.size:,} bytes, above {LARGEST:,}")
        try:
            if self.path.is_dir():
                return (self.path / entry.name).read_bytes()
            return self._member(entry)
        except OSError as error:
            raise Rejected("unreadable", error.strerror or str(error)) from error

    def _walk(self) -> None:
        """List all folders, each once: what links lead to comes last, and not a second time."""
        seen, folders = set(), [""]
        links: list[str] = []
        while folders or links:
            prefix = folders.pop() if folders else links.pop(0)
            try:
                about = os.stat(self.path / prefix)
                with os.scandir(self.path / prefix) as found:
                    items = sorted(found, key=lambda item: item.name)
            except OSError as error:
                why = error.strerror or str(error)
                self.rejected.append((prefix or ".", "unreadable folder", why))
                continue
            if (about.st_dev, about.st_ino) in seen:
                self.rejected.append((prefix, "folder that is there already", ""))
                continue
            seen.add((about.st_dev, about.st_ino))
            for item in items:
                name = prefix + item.name
                if _clutter(item.name):
                    self.ignored += 1
                    continue
                try:
                    about = item.stat()
                except OSError as error:
                    self.rejected.append((name, "unreadable", error.strerror or str(error)))
                    continue
                if stat.S_ISDIR(about.st_mode):
                    (links if item.is_symlink() else folders).append(name + "/")
                elif stat.S_ISREG(about.st_mode):
                    self.entries.append(Entry(name, about.st_size, about.st_mtime_ns))
                else:  # a pipe would block whoever reads it
                    self.rejected.append((name, "not a regular file", ""))

    def _list_zip(self) -> None:
        try:
            members = self._archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            what = described(self.path)
            raise ValueError(f"{self.path} is neither a folder nor a whole zip: {what}") from error
        for place, member in enumerate(members):
            if member.is_dir():
                continue
            if any(_clutter(part) for part in member.filename.split("/")):
                self.ignored += 1
            else:
                self.entries.append(Entry(member.filename, member.file_size, place))

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.path)

    def _member(self, entry: Entry) -> bytes:
        member = self._archive.infolist()[entry.mark]
        if member.flag_bits & ENCRYPTED:
            raise Rejected("encrypted in the zip")
        if member.compress_type not in METHODS:
            method = NAMES.get(member.compress_type, f"method {member.compress_type}")
            raise Rejected("compressed in a way not read here", f"{method}: unpack the zip")
        try:
            with self._archive.open(member) as file:
                return file.read(entry.size + 1)  # no more, whatever it unfolds to
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise Rejected("damaged in the zip", str(error)[:80]) from error


def existing(path: str | Path) -> Path:
    """The full path of a folder or file that is there.

    Raises:
        FileNotFoundError: it is not; the message says how much of the path is.
    """
    if re.match(r"\w{2,}:/", str(path)):
        raise FileNotFoundError(
            f"there is no folder or zip of pictures at {path}: that is an address of the web; "
            "download it first, and give the path of the file"
        )
    full = Path(os.path.expanduser(path)).resolve()
    if not (full.is_dir() or full.is_file()):  # a pipe would block whoever opens it
        there = next(folder for folder in full.parents if folder.exists())
        raise FileNotFoundError(
            f"there is no folder or zip of pictures at {full}; what is there of it is {there}"
        )
    return full


def fingerprint(path: Path) -> str:
    """A digest of the names, sizes and times of all files below a folder; of a zip, of its own."""
    if path.is_dir():
        source = Source.of(path)
        lines = [*source.entries, *source.rejected]
    else:
        about = path.stat()
        lines = [(str(path), about.st_size, about.st_mtime_ns)]
    digest = hashlib.blake2b(digest_size=16)
    for line in lines:
        digest.update(repr(tuple(line)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def readable(name: str) -> str:
    """A file's name on one line, with what cannot be printed escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _clutter(name: str) -> bool:
    hidden = name.startswith(".") and name not in (".", "..")
    return hidden or name.lower() in CLUTTER
