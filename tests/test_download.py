"""Downloads, against a local server that cuts, stalls, lies, and sends pages for files."""

import contextlib
import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from gan_utils.datasets import download
from gan_utils.datasets.download import DownloadError

DATA = np.random.default_rng(0).bytes(300_000)
MD5 = hashlib.md5(DATA).hexdigest()
PAGE = b"<!DOCTYPE html><html><title>Google Drive - Quota exceeded</title></html>"


class Server:
    """A web server on this machine; what it answers is set by each test."""

    def __init__(self) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.ranges.append(self.headers.get("Range"))
                server.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self.ranges: list[str | None] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = whole
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/faces.zip"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STALL": 0.5, "TRIES": 3, "WAIT": 0.01}.items():
        monkeypatch.setattr(download, name, value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "faces.zip"


def fetch(server: Server, path: Path, md5: str = MD5) -> Path:
    return download.fetch(server.url, path, md5, len(DATA))


def wanted(request: BaseHTTPRequestHandler) -> int:
    """Where the asked-for range begins."""
    found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    return int(found[1]) if found else 0


def head(request: BaseHTTPRequestHandler, status: int, length: int | None, **more: str) -> None:
    request.send_response(status)
    request.send_header("Content-Type", more.pop("kind", "application/zip"))
    if length is not None:
        request.send_header("Content-Length", str(length))
    for name, value in more.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()


def whole(request: BaseHTTPRequestHandler, most: int = len(DATA), after: float = 0.0) -> None:
    """What a good server sends; at most so many bytes of it, and then silence for a while."""
    start = wanted(request)
    place = f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"
    more = {"Content_Range": place} if start else {}
    head(request, 206 if start else 200, len(DATA) - start, **more)
    request.wfile.write(DATA[start : start + most])
    request.wfile.flush()
    if after:
        time.sleep(after)


def files(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir()} - {"faces.zip.lock"}


def assert_refused(server: Server, path: Path, message: str, md5: str = MD5) -> None:
    with pytest.raises(DownloadError, match=message):
        fetch(server, path, md5)
    assert not path.exists()


# --- what works


def test_whole_file(server: Server, path: Path) -> None:
    assert fetch(server, path) == path
    assert path.read_bytes() == DATA
    assert files(path) == {"faces.zip"}


def test_what_is_there_is_not_fetched_again(server: Server, path: Path) -> None:
    for _ in range(2):
        fetch(server, path)
    assert len(server.ranges) == 1
    path.write_bytes(DATA[:-1] + b"x")  # damaged since
    fetch(server, path)
    assert len(server.ranges) == 2
    assert path.read_bytes() == DATA


def test_cuts_are_resumed(server: Server, path: Path) -> None:
    server.answer = lambda request: whole(request, most=70_000)
    fetch(server, path)  # five tries, each with something new: more than may fail in a row
    assert path.read_bytes() == DATA
    assert server.ranges == [None, *(f"bytes={n * 70_000}-" for n in range(1, 5))]


def test_stalls_are_resumed(server: Server, path: Path) -> None:
    server.answer = lambda request: whole(request, most=200_000, after=3)
    started = time.monotonic()
    fetch(server, path)
    assert path.read_bytes() == DATA
    assert server.ranges == [None, "bytes=200000-"]
    assert time.monotonic() - started < 2.9  # the silence was not waited for


def test_next_call_goes_on(server: Server, path: Path) -> None:
    server.answer = lambda request: whole(request, most=0 if wanted(request) else 100_000)
    assert_refused(server, path, "100,000 of 300,000 bytes are kept, and the next call goes on")
    assert files(path) == {"faces.zip.part"}
    server.answer, server.ranges = whole, []
    fetch(server, path)
    assert server.ranges == ["bytes=100000-"]
    assert path.read_bytes() == DATA


def test_interrupt_keeps_what_arrived(
    server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = lambda request: whole(request, most=100_000)

    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download.time, "sleep", stop)  # between two tries
        with pytest.raises(KeyboardInterrupt):
            fetch(server, path)
    assert path.with_name("faces.zip.part").stat().st_size == 100_000
    server.answer = whole
    assert fetch(server, path).read_bytes() == DATA


def test_server_without_ranges(server: Server, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("faces.zip.part").write_bytes(b"old beginning")

    def ignores_ranges(request: BaseHTTPRequestHandler) -> None:
        del request.headers["Range"]
        whole(request)

    server.answer = ignores_ranges
    assert fetch(server, path).read_bytes() == DATA
    assert server.ranges == ["bytes=13-"]


def test_server_without_ranges_that_cuts(server: Server, path: Path) -> None:
    def cuts(request: BaseHTTPRequestHandler) -> None:
        del request.headers["Range"]
        whole(request, most=50_000)

    server.answer = cuts
    assert_refused(server, path, "broke off 3 times in a row without a new byte")
    assert len(server.ranges) == 3


def test_redirect(server: Server, path: Path) -> None:
    def moved(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/faces.zip":
            head(request, 302, 0, Location="/elsewhere/faces.zip")
        else:
            whole(request, most=120_000)

    server.answer = moved
    assert fetch(server, path).read_bytes() == DATA
    assert server.ranges[:3] == [None, None, "bytes=120000-"]  # the range is asked for there, too


def test_trouble_that_passes(server: Server, path: Path) -> None:
    def busy(request: BaseHTTPRequestHandler) -> None:
        if len(server.ranges) < 3:
            head(request, 503, 0)
        else:
            whole(request)

    server.answer = busy
    assert fetch(server, path).read_bytes() == DATA


def test_no_length_given(server: Server, path: Path) -> None:
    def silent(request: BaseHTTPRequestHandler) -> None:
        head(request, 200, None)
        request.wfile.write(DATA)

    server.answer = silent
    assert fetch(server, path).read_bytes() == DATA


def test_two_at_once_fetch_once(server: Server, path: Path) -> None:
    server.answer = lambda request: whole(request, after=0.2)
    threads = [threading.Thread(target=fetch, args=(server, path)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() == DATA
    assert len(server.ranges) == 1


# --- what is refused


def test_quota_page(server: Server, path: Path) -> None:
    def page(request: BaseHTTPRequestHandler) -> None:
        head(request, 200, len(PAGE), kind="text/html; charset=utf-8")
        request.wfile.write(PAGE)

    server.answer = page
    assert_refused(server, path, "sent a web page, not the file: its download quota is used up")
    assert (files(path), len(server.ranges)) == (set(), 1)


def test_quota_page_that_calls_itself_a_zip(server: Server, path: Path) -> None:
    def disguised(request: BaseHTTPRequestHandler) -> None:
        head(request, 200, None)
        request.wfile.write(PAGE)

    server.answer = disguised
    assert_refused(server, path, "sent a web page, not the file")
    server.answer = whole
    assert fetch(server, path).read_bytes() == DATA  # nothing of the page is left


def test_quota_page_keeps_an_earlier_beginning(server: Server, path: Path) -> None:
    server.answer = lambda request: whole(request, most=0 if wanted(request) else 100_000)
    assert_refused(server, path, "are kept")

    def page(request: BaseHTTPRequestHandler) -> None:
        head(request, 200, len(PAGE), kind="text/html")
        request.wfile.write(PAGE)

    server.answer = page
    assert_refused(server, path, "sent a web page")
    assert path.with_name("faces.zip.part").read_bytes() == DATA[:100_000]


@pytest.mark.parametrize("more", [b"more", bytes(10_000_000)])
def test_more_than_the_file_has(server: Server, path: Path, more: bytes) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        head(request, 200, None)
        with contextlib.suppress(ConnectionError):
            request.wfile.write(DATA + more)

    server.answer = endless
    assert_refused(server, path, "another size or hash .expected 300,000 bytes")
    assert files(path) == set()
    assert len(server.ranges) == 1


def test_wrong_hash(server: Server, path: Path) -> None:
    assert_refused(
        server, path, "another size or hash .expected 300,000 bytes, md5 0000", md5="0" * 32
    )
    assert files(path) == set()


def test_beginning_of_another_file(server: Server, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("faces.zip.part").write_bytes(b"something else entirely")
    assert_refused(server, path, "another size or hash")
    assert fetch(server, path).read_bytes() == DATA  # the mixture was thrown away


def test_part_that_is_too_long(server: Server, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("faces.zip.part").write_bytes(DATA + b"more")
    assert fetch(server, path).read_bytes() == DATA


def test_range_that_the_server_does_not_have(server: Server, path: Path) -> None:
    path.parent.mkdir()
    path.with_name("faces.zip.part").write_bytes(DATA[:1000])

    def refuses(request: BaseHTTPRequestHandler) -> None:
        if wanted(request):
            head(request, 416, 0)
        else:
            whole(request)

    server.answer = refuses
    assert fetch(server, path).read_bytes() == DATA
    assert server.ranges == ["bytes=1000-", None]


@pytest.mark.parametrize("place", ["bytes 0-299999/300000", "nonsense", "bytes 7-9/300000"])
def test_another_range_than_asked_for(server: Server, path: Path, place: str) -> None:
    path.parent.mkdir()
    path.with_name("faces.zip.part").write_bytes(DATA[:1000])

    def confused(request: BaseHTTPRequestHandler) -> None:
        head(request, 206, 3, Content_Range=place)
        request.wfile.write(b"abc")

    server.answer = confused
    assert_refused(server, path, "sent another part of the file")
    assert path.with_name("faces.zip.part").read_bytes() == DATA[:1000]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_gone_for_good(server: Server, path: Path, status: int) -> None:
    server.answer = lambda request: head(request, status, 0)
    assert_refused(server, path, f"answered HTTP {status}")
    assert len(server.ranges) == 1


def test_nobody_listens(server: Server, path: Path) -> None:
    server.http.server_close()
    assert_refused(server, path, "broke off 3 times in a row.*refused")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "faces.zip", ""])
def test_only_the_web(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="is not an address of the web"):
        download.fetch(url, tmp_path / "a", MD5, 1)


def test_redirect_to_a_local_file(server: Server, path: Path) -> None:
    server.answer = lambda request: head(request, 302, 0, Location="file:///etc/passwd")
    assert_refused(server, path, "answered HTTP 302")


def test_name_is_given_last(server: Server, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def checked(old: Path, new: Path) -> None:
        assert Path(old).read_bytes() == DATA
        assert not Path(new).exists()
        replace(old, new)

    monkeypatch.setattr(download.os, "replace", checked)
    fetch(server, path)
    assert path.read_bytes() == DATA
