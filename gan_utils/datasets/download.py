"""One file from the web: resumed after a cut, checked by its hash, whole or not there."""

import hashlib
import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

from filelock import FileLock
from tqdm.auto import tqdm

AGENT = "gan_utils (course notebooks)"
BLOCK = 2**18  # bytes read at a time
FOR_NOW = {408, 425, 429, 500, 502, 503, 504}  # answers that may be better in a moment


class DownloadError(OSError):
    """A file could not be fetched; the message says which, why, and what is kept."""


class _Cut(OSError):
    """A transfer that broke off; what arrived is kept, and the next try goes on from there."""


def fetch(
    url: str,
    path: str | Path,
    md5: str,
    size: int,
    timeout: float = 30.0,
    tries: int = 4,
    wait: float = 1.0,
) -> Path:
    """Fetch a file of a known hash; what is already there and right is not fetched again.

    While it arrives it is called ``NAME.part``; after a cut, a stall or an interruption the next
    try, or the next call, asks only for the rest. It gets its name when size and hash are right.

    Args:
        url: http or https.
        path: where to.
        md5: of the whole file, 32 hexadecimal digits.
        size: in bytes.
        timeout: seconds without a byte that count as a stall.
        tries: how often in a row may fail without a single new byte.
        wait: seconds before the second try; doubled for each one after it.

    Returns:
        The path.

    Raises:
        DownloadError: it cannot be had from there, or is not the file that was asked for.
        OSError: the disk is full or not writable.
    """
    path = Path(path)
    if not url.startswith(("http://", "https://")):
        raise DownloadError(f"{url} is not an address of the web; it must begin with https://")
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(path.name + ".lock")):
        if is_whole(path, md5, size):
            return path
        part = path.with_name(path.name + ".part")
        needed = size - (part.stat().st_size if part.exists() else 0)
        if needed > (free := shutil.disk_usage(path.parent).free):
            raise DownloadError(
                f"{path.name} needs {needed:,} bytes more, and {path.parent} has {free:,} free"
            )
        _fetch(url, part, size, timeout, tries, wait)
        found = md5_of(part)
        if found != md5:
            part.unlink()
            raise DownloadError(
                f"{url} sent a file with another hash (md5 {found}, expected {md5}); it was thrown "
                "away, as it is damaged or something else"
            )
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    return path


def is_whole(path: Path, md5: str, size: int) -> bool:
    """Whether a file is there with the right size and hash."""
    return path.is_file() and path.stat().st_size == size and md5_of(path) == md5


def md5_of(path: Path) -> str:
    """The MD5 of a file, read a block at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def _fetch(url: str, part: Path, size: int, timeout: float, tries: int, wait: float) -> None:
    """Try until the part is complete, or too many tries brought nothing new."""
    failures = 0
    bar = {"total": size, "desc": part.stem, "unit": "B", "unit_scale": True, "delay": 1}
    with tqdm(**bar) as progress:
        while True:
            have = part.stat().st_size if part.exists() else 0
            progress.update(have - progress.n)
            if have == size:
                return
            if have > size:
                part.unlink()
                continue
            try:
                _transfer(url, part, have, size, timeout, progress)
                failures = 0
            except _Cut as error:
                failures = 1 if part.exists() and part.stat().st_size > have else failures + 1
                if failures >= tries:
                    kept = part.stat().st_size if part.exists() else 0
                    raise DownloadError(
                        f"{url} broke off {tries} times in a row without a new byte ({error}); "
                        f"{kept:,} of {size:,} bytes are kept, and the next call goes on from there"
                    ) from error
                time.sleep(wait * 2 ** (failures - 1))


def _transfer(url: str, part: Path, have: int, size: int, timeout: float, progress: tqdm) -> None:
    """Ask once for what is missing and append it to the part."""
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            have = _agreed(url, answer, have, size)
            with part.open("r+b" if have else "wb") as file:
                file.seek(have)
                while block := answer.read1(min(BLOCK, size + 1 - have)):
                    if not have and _is_page(block):
                        raise DownloadError(_a_page(url))
                    file.write(block)
                    have += len(block)
                    progress.update(len(block))
            if have > size:
                part.unlink()
                raise DownloadError(f"{url} sent more than the {size:,} bytes expected")
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part is no beginning of that file
            part.unlink(missing_ok=True)
            raise _Cut("the server had no rest to send; starting anew") from error
        if error.code in FOR_NOW:
            raise _Cut(f"HTTP {error.code} {error.reason}") from error
        raise DownloadError(f"{url} answered HTTP {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _Cut(str(error.reason)) from error
    except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise _Cut(str(error) or type(error).__name__) from error
    if have < size:
        raise _Cut(f"it ended after {have:,} of {size:,} bytes")


def _agreed(url: str, answer: http.client.HTTPResponse, have: int, size: int) -> int:
    """Where the answer's bytes belong: behind what is there, or at the start of the file."""
    if answer.headers.get_content_type() == "text/html":
        raise DownloadError(_a_page(url))
    if answer.status == 206:
        place = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if not place or int(place[1]) != have:
            raise DownloadError(f"{url} sent another part of the file than the one asked for")
        total = size if place[2] == "*" else int(place[2])
    else:
        have = 0
        total = int(answer.headers.get("Content-Length", size))
    if total != size:
        raise DownloadError(f"{url} is {total:,} bytes long, not {size:,}: it is another file")
    return have


def _is_page(block: bytes) -> bool:
    return block[:256].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _a_page(url: str) -> str:
    return (
        f"{url} sent a web page, not the file: its download quota is used up, or it wants a "
        "confirmation that only a browser can give"
    )
