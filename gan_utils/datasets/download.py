"""One file from the web: resumed after a cut, checked by its hash, whole or not there."""

import hashlib
import os
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError

from filelock import FileLock
from tqdm.auto import tqdm

from gan_utils.datasets.packing.kinds import kind
from gan_utils.files import sync

AGENT = "gan_utils (course notebooks)"
BLOCK = 2**18  # bytes read at a time
STALL = 30.0  # seconds without a byte that end a try
TRIES = 4  # in a row that may fail without a single new byte
WAIT = 1.0  # seconds before the second try; doubled for each one after it
FOR_NOW = {408, 425, 429, 500, 502, 503, 504}  # answers that may be better in a moment


class DownloadError(OSError):
    """A file could not be fetched; the message says which, why, and what is kept."""


class _Cut(OSError):
    """A transfer that broke off; what arrived is kept, and the next try goes on from there."""


def fetch(url: str, path: Path, md5: str, size: int) -> Path:
    """Fetch a file of a known hash; what is already there and right is not fetched again.

    While it arrives it is called ``NAME.part``; after a cut, a stall or an interruption the next
    try, or the next call, asks only for the rest. It gets its name when size and hash are right.

    Args:
        url: http or https.
        path: where to.
        md5: of the whole file, 32 hexadecimal digits.
        size: in bytes.

    Returns:
        The path.

    Raises:
        DownloadError: it cannot be had from there, or is not the file that was asked for.
        OSError: the disk is full or not writable.
    """
    if not url.startswith(("http://", "https://")):
        raise DownloadError(f"{url} is not an address of the web; it must begin with https://")
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(path.name + ".lock")):
        if is_whole(path, md5, size):
            return path
        part = path.with_name(path.name + ".part")
        _fetch(url, part, size)
        if not is_whole(part, md5, size):
            part.unlink()
            raise DownloadError(
                f"{url} sent a file with another size or hash (expected {size:,} bytes, md5 {md5});"
                " it was thrown away, as it is damaged or something else"
            )
        sync(part)
        os.replace(part, path)
    return path


def is_whole(path: Path, md5: str, size: int) -> bool:
    """Whether a file is there with the right size and hash."""
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest() == md5


def _fetch(url: str, part: Path, size: int) -> None:
    """Try until the part is complete, or too many tries brought nothing new."""
    failures = 0
    if _size(part) > size:
        part.unlink()
    with tqdm(total=size, desc=part.stem, unit="B", unit_scale=True, delay=1) as progress:
        while (have := _size(part)) < size:
            progress.update(have - progress.n)
            try:
                _transfer(url, part, have, size, progress)
            except _Cut as error:
                kept = _size(part)
                failures = 1 if kept > have else failures + 1
                if failures >= TRIES:
                    raise DownloadError(
                        f"{url} broke off {TRIES} times in a row without a new byte ({error}); "
                        f"{kept:,} of {size:,} bytes are kept, and the next call goes on from there"
                    ) from error
                time.sleep(WAIT * 2 ** (failures - 1))


def _transfer(url: str, part: Path, have: int, size: int, progress: tqdm) -> None:
    """Ask once for what is missing and append it to the part."""
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=STALL) as answer:
            if answer.status != 206:
                have = 0
            elif not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                raise DownloadError(f"{url} sent another part of the file than the wanted one")
            block, sort = answer.read1(BLOCK), answer.headers.get_content_type()
            if sort == "text/html" or (not have and kind(block) == "a web page"):
                raise DownloadError(
                    f"{url} sent a web page, not the file: its download quota is used up, or it "
                    "wants a confirmation that only a browser can give"
                )
            with part.open("r+b" if have else "wb") as file:
                file.seek(have)
                while block and have <= size:
                    file.write(block)
                    have += len(block)
                    progress.update(len(block))
                    block = answer.read1(BLOCK)
    except HTTPError as error:
        if error.code == 416:  # the part is no beginning of that file
            part.unlink(missing_ok=True)
        elif error.code not in FOR_NOW:
            raise DownloadError(f"{url} answered HTTP {error.code} {error.reason}") from error
        raise _Cut(f"HTTP {error.code} {error.reason}") from error
    except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
        raise _Cut(str(getattr(error, "reason", error)) or type(error).__name__) from error
    if have < size:
        raise _Cut(f"it ended after {have:,} of {size:,} bytes")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
