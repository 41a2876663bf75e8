"""Where picture files lie: a tree of folders, or a zip, which is read without unpacking it.

The names in a zip are labels here, never paths on the disk: no archive can climb out of its place.
"""

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gan_utils.datasets.pictures import Rejected

LARGEST = 256 * 2**20  # bytes of one file
CLUTTER = {"thumbs.db", "desktop.ini", "__macosx"}
LOCAL_HEADER, ENCRYPTED = 30, 0x1  # of a zip's member: bytes, and a bit of its flags


class Entry(NamedTuple):
    """One file: its name below the source, its size, and where a zip holds it."""

    name: str
    size: int
    stamp: int = 0
    offset: int = 0
    packed: int = 0
    method: int = zipfile.ZIP_STORED
    checksum: int = 0
    encrypted: bool = False


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
    is_zip: bool
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
        path = Path(path).expanduser()
        if path.is_dir():
            source = cls(path, is_zip=False)
            source._walk(path, "", set())
        elif path.is_file():
            source = cls(path, is_zip=True)
            source._list_zip()
        else:
            raise FileNotFoundError(f"there is no folder or zip of pictures at {path}")
        source.entries.sort(key=lambda entry: entry.name)
        return source

    def read(self, entry: Entry, archive: BinaryIO | None = None) -> bytes:
        """The bytes of one file; `archive` is the opened zip, where there is one.

        Raises:
            Rejected: they cannot be read.
        """
        if entry.size > LARGEST:
            raise Rejected("file too large", f"{entry.size:,} bytes, above {LARGEST:,}")
        try:
            if archive is not None:
                return _member(archive, entry)
            return (self.path / entry.name).read_bytes()
        except OSError as error:
            raise Rejected("unreadable", error.strerror or str(error)) from error

    def _walk(self, folder: Path, prefix: str, above: set[tuple[int, int]]) -> None:
        try:
            here = os.stat(folder)
            with os.scandir(folder) as found:
                items = sorted(found, key=lambda item: item.name)
        except OSError as error:
            self.rejected.append((prefix or ".", "unreadable folder", error.strerror or str(error)))
            return
        identity = (here.st_dev, here.st_ino)
        if identity in above:  # a link that leads back up
            self.rejected.append((prefix, "link that leads back to a folder above it", ""))
            return
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
                self._walk(folder / item.name, name + "/", above | {identity})
            elif stat.S_ISREG(about.st_mode):
                self.entries.append(Entry(name, about.st_size, about.st_mtime_ns))
            else:  # a pipe would block whoever reads it
                self.rejected.append((name, "not a regular file", ""))

    def _list_zip(self) -> None:
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = archive.infolist()
        except zipfile.BadZipFile as error:
            raise ValueError(
                f"{self.path} is neither a folder nor a whole zip ({error}); give a folder, or "
                "copy or download the zip again"
            ) from error
        for member in members:
            if member.is_dir():
                continue
            if any(_clutter(part) for part in member.filename.split("/")):
                self.ignored += 1
                continue
            self.entries.append(
                Entry(
                    member.filename,
                    member.file_size,
                    0,
                    member.header_offset,
                    member.compress_size,
                    member.compress_type,
                    member.CRC,
                    bool(member.flag_bits & ENCRYPTED),
                )
            )


def fingerprint(path: Path, also: tuple[Path, ...] = ()) -> str:
    """A digest of names, sizes and times below a path (of a zip: its own), and of further files.

    Raises:
        FileNotFoundError: there is nothing at the path.
        ValueError: see `Source.of`.
    """
    lines = []
    if path.is_dir():
        source = Source.of(path)
        lines = [(entry.name, entry.size, entry.stamp) for entry in source.entries]
        lines += source.rejected
    for file in (path, *also):
        about = file.stat()
        if not file.is_dir():
            lines.append((str(file), about.st_size, about.st_mtime_ns))
    digest = hashlib.blake2b(digest_size=16)
    for line in lines:
        digest.update(repr(line).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def readable(name: str) -> str:
    """A file's name on one line, with what cannot be printed escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _clutter(name: str) -> bool:
    hidden = name.startswith(".") and name not in (".", "..")
    return hidden or name.lower() in CLUTTER


def _member(archive: BinaryIO, entry: Entry) -> bytes:
    """One member of a zip, from its place in the file.

    zipfile would first list the whole archive again in each process: for 200,000 members about a
    second and a hundred megabytes.
    """
    if entry.encrypted:
        raise Rejected("encrypted in the zip")
    archive.seek(entry.offset)
    header = archive.read(LOCAL_HEADER)
    if len(header) < LOCAL_HEADER or header[:4] != b"PK\x03\x04":
        raise Rejected("damaged in the zip", "no member where the zip's list says")
    archive.seek(sum(struct.unpack("<HH", header[26:30])), os.SEEK_CUR)  # its name, extra fields
    data = archive.read(entry.packed)
    if entry.method == zipfile.ZIP_DEFLATED:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, entry.size + 1)
        except zlib.error as error:
            raise Rejected("damaged in the zip", str(error)) from error
    elif entry.method != zipfile.ZIP_STORED:
        raise Rejected("compressed in a way not read here", f"zip method {entry.method}")
    if len(data) != entry.size or zlib.crc32(data) != entry.checksum:
        raise Rejected("damaged in the zip", "its checksum differs")
    return data
