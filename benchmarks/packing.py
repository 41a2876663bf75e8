"""How fast pictures are packed, and how much memory that takes.

    python benchmarks/packing.py faces.zip                      decoding rates, three rounds
    python benchmarks/packing.py faces.zip --pictures 200000    memory, the zip's pictures repeated

The rates are taken in turn, so that a busy machine is equally busy for all: plain Pillow on one
core (read, decode, crop, resize), the same in as many processes as there are cores, and ours.
Memory is what all processes hold for themselves at the worst moment; pages of files, which the
system can drop at any time, are not counted.
"""

import argparse
import io
import os
import statistics
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from gan_utils import datasets
from gan_utils.datasets.decoding import cores, decoded
from gan_utils.datasets.pictures import Shape
from gan_utils.datasets.sources import Source

SIZE = 64


def pillow(path: Path, part: int = 0, parts: int = 1) -> None:
    """A plain loop over every so-many-th picture of a zip."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist()[part::parts]:
            image = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
            side = min(image.size)
            left, top = (image.width - side) / 2, (image.height - side) / 2
            box = (left, top, left + side, top + side)
            image.resize((SIZE, SIZE), Image.Resampling.BICUBIC, box=box).tobytes()


def pillow_on_all_cores(path: Path) -> None:
    context = get_context("fork")
    loops = [context.Process(target=pillow, args=(path, part, cores())) for part in range(cores())]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()


def ours(path: Path) -> None:
    with tempfile.NamedTemporaryFile() as out:
        for _ in decoded(Source.of(path), Shape(SIZE), Path(out.name)):
            pass


def rates(path: Path, rounds: int) -> None:
    """Print pictures per second of the three, interleaved."""
    count = len(Source.of(path).entries)
    seconds: dict[str, list[float]] = {}
    for _ in range(rounds):
        for work in (pillow, pillow_on_all_cores, ours):
            started = time.perf_counter()
            work(path)
            seconds.setdefault(work.__name__, []).append(time.perf_counter() - started)
    for name, taken in seconds.items():
        each = ", ".join(f"{count / one:,.0f}" for one in taken)
        print(f"{name}: {count / statistics.median(taken):,.0f} pictures/s ({each})")
    for name in ("pillow", "pillow_on_all_cores"):
        scale = cores() if name == "pillow" else 1
        shares = [a / b / scale for a, b in zip(seconds[name], seconds["ours"], strict=True)]
        print(f"ours, as a share of {scale} × {name}: {statistics.median(shares):.2f}")


def memory(path: Path, pictures: int) -> None:
    """Print the most that packing so many pictures holds beyond what the process held before."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["GAN_UTILS_DATA"] = place
        large = Path(place) / "large.zip"
        with zipfile.ZipFile(path) as archive, zipfile.ZipFile(large, "w") as copy:
            every = [archive.read(name) for name in archive.namelist() if not name.endswith("/")]
            for i in range(pictures):
                copy.writestr(f"{i:07d}.jpg", every[i % len(every)])
        del every
        before, started = own_bytes(), time.perf_counter()
        images, most = watched(lambda: datasets.folder(large, SIZE))
        packing = time.perf_counter() - started
        started = time.perf_counter()
        images = datasets.folder(large, SIZE)
        print(
            f"{len(images):,} pictures packed in {packing:.0f} s, "
            f"{images.images.nbytes / 1e6:,.0f} MB; at most {(most - before) / 1e6:,.0f} MB of "
            f"memory more than before; opened again in {time.perf_counter() - started:.2f} s"
        )


def watched(work: Callable[[], object]) -> tuple[object, int]:
    """Do some work, and the most memory it and its processes held meanwhile."""
    done, most = threading.Event(), [0]

    def watch() -> None:
        while not done.wait(0.1):
            most[0] = max(most[0], own_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        result = work()
    finally:
        done.set()
        watcher.join()
    return result, most[0]


def own_bytes() -> int:
    """Anonymous memory of this process and its children; what they share is counted once."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    total = 0
    for process in (str(os.getpid()), *children):
        try:
            rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
        total += sum(int(row.split()[1]) for row in rows if row.startswith("Pss_Anon:")) * 1024
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("zip", type=Path, help="a zip of pictures")
    parser.add_argument("--pictures", type=int, help="measure the memory that so many take")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.pictures:
        memory(arguments.zip, arguments.pictures)
    else:
        rates(arguments.zip, arguments.rounds)
