"""The pack: made once, opened at once, made anew when anything changed, never half-written."""

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image

from gan_utils import datasets
from gan_utils.datasets.packing import decoding, pack
from gan_utils.datasets.packing.pictures import Picture, Shape
from gan_utils.datasets.packing.sources import Source
from gan_utils.models import build
from gan_utils.training import GAN, Settings, fit

pytestmark = pytest.mark.usefixtures("data_root")


def png(seed: int, size: int = 20) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder of 30 pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(30):
        (folder / f"{i:02d}.png").write_bytes(png(i))
    return folder


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files were decoded, an entry for each time a pack was made."""
    made, decoded = [], pack.decoded

    def counted(source: Source, *rest: object) -> object:
        made.append(len(source.entries))
        return decoded(source, *rest)

    monkeypatch.setattr(pack, "decoded", counted)
    return made


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes decode, whatever this machine has, and also few files."""
    monkeypatch.setattr(decoding, "cores", lambda: 2)
    monkeypatch.setattr(decoding, "FEW", 2)


def packs(data_root: Path) -> list[Path]:
    return sorted((data_root / "packs").glob("*.npy"))


def files(data_root: Path) -> list[str]:
    """The kinds of files that lie there, hidden ones too, but for locks."""
    found = (data_root / "packs").iterdir() if data_root.exists() else []
    return sorted(path.suffix for path in found if path.suffix != ".lock")


# --- made once


def test_second_time_nothing_is_decoded(here: Path, count: list[int], data_root: Path) -> None:
    first, second = datasets.folder(here, size=16), datasets.folder(here, size=16)
    assert count == [30]
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.reserved, second.reserved)
    assert files(data_root) == [".json", ".npy"]


def test_a_pack_is_an_npy_file(here: Path, data_root: Path) -> None:
    images = datasets.folder(here, size=16)
    (pack,) = packs(data_root)
    assert np.array_equal(np.load(pack), images.images)


def test_the_source_is_only_read(here: Path) -> None:
    before = {path: path.stat() for path in [here, *here.rglob("*")]}
    datasets.folder(here)
    assert {path: path.stat().st_mtime_ns for path in before} == {
        path: about.st_mtime_ns for path, about in before.items()
    }
    assert set(here.rglob("*")) | {here} == set(before)


def change(path: Path) -> None:
    """Another picture of the same size in bytes, a moment later."""
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


@pytest.mark.parametrize(
    "edit",
    [
        lambda folder: (folder / "new.png").write_bytes(png(99)),
        lambda folder: (folder / "00.png").unlink(),
        lambda folder: (folder / "00.png").rename(folder / "renamed.png"),
        lambda folder: (folder / "00.png").write_bytes(png(99, 24)),
        lambda folder: change(folder / "00.png"),
    ],
    ids=["added", "removed", "renamed", "other size", "other time"],
)
def test_changed_source_makes_a_new_pack(
    here: Path, count: list[int], data_root: Path, edit: object
) -> None:
    datasets.folder(here, size=16)
    edit(here)
    images = datasets.folder(here, size=16)
    assert len(count) == 2
    assert len(images) == len(list(here.iterdir()))
    assert len(packs(data_root)) == 1  # in the place of the old one


def test_changed_zip_makes_a_new_pack(tmp_path: Path, count: list[int]) -> None:
    for n in (3, 4):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for i in range(n):
                archive.writestr(f"{i}.png", png(i))
        assert len(datasets.folder(tmp_path / "a.zip")) == n
    assert count == [3, 4]


def test_changed_settings_make_a_new_pack(here: Path, count: list[int]) -> None:
    for _ in range(2):
        assert datasets.folder(here, size=16).shape == (3, 16, 16)
        assert datasets.folder(here, size=12).shape == (3, 12, 12)
        assert datasets.folder(here, size=16, channels=1).shape == (1, 16, 16)
        assert datasets.folder(here, size=16, crop=0.5).shape == (3, 16, 16)
    assert len(count) == 4


def test_changed_rules_make_a_new_pack(
    here: Path, count: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets.folder(here)
    monkeypatch.setattr(pack, "VERSION", pack.VERSION + 1)
    datasets.folder(here)
    assert len(count) == 2


# --- whole or not there


@pytest.mark.parametrize("kind", [".npy", ".json"])
@pytest.mark.parametrize("damage", [0, 7, 100, 600, -1, "text", "gone"])
def test_a_damaged_pack_is_noticed(
    here: Path, count: list[int], data_root: Path, kind: str, damage: int | str
) -> None:
    expected = datasets.folder(here, size=16).images.clone()
    (file,) = (data_root / "packs").glob(f"*{kind}")
    data = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(b"not a pack at all" * 1000 if damage == "text" else data[:damage])
    assert torch.equal(datasets.folder(here, size=16).images, expected)
    assert len(count) == 2
    assert file.read_bytes() == data


def test_a_pack_with_the_pixels_of_another_is_noticed(here: Path, data_root: Path) -> None:
    datasets.folder(here, size=16)
    (pack,) = packs(data_root)
    np.save(pack, np.zeros((29, 3, 16, 16), np.uint8))
    assert len(datasets.folder(here, size=16)) == 30


def test_failed_write_keeps_the_old_pack(
    here: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets.folder(here, size=16)
    before = {path: path.read_bytes() for path in (data_root / "packs").iterdir()}
    (here / "new.png").write_bytes(png(99))

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pack, "_copy", full)
        with pytest.raises(OSError, match=r"could not be written.*No space.*GAN_UTILS_DATA"):
            datasets.folder(here, size=16)
    assert {path: path.read_bytes() for path in (data_root / "packs").iterdir()} == before
    assert len(datasets.folder(here, size=16)) == 31


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on file sizes")
def test_full_disk(here: Path, data_root: Path) -> None:
    code = (
        "import resource, signal; from gan_utils import datasets\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        f"datasets.folder({str(here)!r}, size=64)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Free some space" in done.stderr
    assert files(data_root) == []


def test_unwritable_place(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GAN_UTILS_DATA", str(tmp_path / "file"))
    with pytest.raises(OSError, match="choose another folder with the environment variable"):
        datasets.folder(here)


SLOW = """
import sys, time
from pathlib import Path
from gan_utils import datasets
from gan_utils.datasets.packing import decoding, pack
def slow(*_):
    print("at work", flush=True)
    time.sleep(60)
if __name__ == "__main__":
    decoding.cores = lambda: 2
    decoding.FEW = 2
    setattr(*{"decoding": (decoding, "convert"), "copying": (pack, "_copy")}[sys.argv[2]], slow)
    datasets.folder(sys.argv[1], size=16)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize(
    ("doing", "with_signal"), [("decoding", signal.SIGTERM), ("copying", signal.SIGKILL)]
)
def test_what_a_killed_process_leaves_is_removed_by_the_next(
    here: Path, data_root: Path, doing: str, with_signal: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(here), doing], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"at work\n"
    process.send_signal(with_signal)
    process.communicate(timeout=30)  # ends when the decoders have ended, too
    assert set(files(data_root)) == {".slots", ".npy"}
    other = here.parent / "other"
    here.rename(other)
    assert len(datasets.folder(other, size=16)) == 30
    assert files(data_root) == [".json", ".npy"]


def test_what_another_process_is_writing_is_left_alone(here: Path, data_root: Path) -> None:
    (data_root / "packs").mkdir(parents=True)
    busy = data_root / "packs" / ".busy_16_abc.7.unfinished.npy"
    busy.touch()
    with FileLock(data_root / "packs" / "busy_16_abc.lock"):
        datasets.folder(here, size=16)
        assert busy.exists()
    datasets.folder(here, size=12)
    assert not busy.exists()


def test_interrupt_stops_and_leaves_nothing(
    here: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pack, "decoded", interrupted)
        with pytest.raises(KeyboardInterrupt):
            datasets.folder(here)
    assert files(data_root) == []
    assert len(datasets.folder(here)) == 30


def test_large_files_are_handed_out_in_small_numbers(here: Path) -> None:
    """So that an interrupt waits for a few only, and all processes have work."""
    sizes = [3_000_000] * 5 + [10] * 100
    source = Source(here, [decoding.Entry(str(i), size, 0) for i, size in enumerate(sizes)])
    parts = list(decoding._parts(source, range(105), 64))
    assert [len(part) for part in parts] == [2, 2, 64, 37]
    assert [slot for part in parts for slot, _ in part] == list(range(105))


# --- several processes


def pack_it(path: Path, start: object, sizes: object) -> None:
    start.wait()
    made = []
    decoded = pack.decoded
    pack.decoded = lambda *args: (made.append(1), decoded(*args))[1]
    images = datasets.folder(path, size=16)
    sizes.put((len(images), int(images.images.sum()), len(made)))


def test_two_processes_pack_once(here: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, sizes = context.Event(), context.Queue()
    both = [context.Process(target=pack_it, args=(here, start, sizes)) for _ in range(2)]
    for process in both:
        process.start()
    start.set()
    results = [sizes.get(timeout=60) for _ in both]
    for process in both:
        process.join()
    assert results[0][:2] == results[1][:2]
    assert sorted(made for *_, made in results) == [0, 1]


def test_waiting_for_another_process_is_told(
    here: Path, data_root: Path, capsys: pytest.CaptureFixture
) -> None:
    datasets.folder(here, size=16)
    (lock,) = (data_root / "packs").glob("*.lock")
    (here / "00.png").unlink()
    code = (
        "import time; from filelock import FileLock\n"
        f"with FileLock({str(lock)!r}):\n"
        "    print('held', flush=True); time.sleep(3)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    assert len(datasets.folder(here, size=16)) == 29
    assert "Another process is decoding pictures_16" in capsys.readouterr().err
    holder.wait()
    FileLock(lock).acquire(timeout=0)  # free again


def test_processes_change_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(200):
        (here / f"more{i:03d}.png").write_bytes(png(i, 10) if i % 7 else b"bad")
    results = []
    for workers in (1, 2, 3):
        monkeypatch.setattr(decoding, "cores", lambda workers=workers: workers)
        monkeypatch.setattr(pack, "VERSION", workers)  # so that it is made anew
        images = datasets.folder(here, size=8)
        results.append((images.report.as_json(), images.images.clone()))
    for report, images in results:
        assert report == results[0][0]
        assert torch.equal(images, results[0][1])
    assert (results[0][0]["accepted"], len(results[0][0]["rejected"])) == (30 + 171, 29)


@pytest.mark.parametrize(
    "bad", [[], [0], [29], [0, 1, 2], [5, 17, 28, 29], range(29), range(1, 30)]
)
def test_rejected_files_leave_no_gaps(here: Path, bad: list[int]) -> None:
    expected = {}
    for i in range(30):
        path = here / f"{i:02d}.png"
        if i in bad:
            path.write_bytes(b"bad")
        else:
            pixels = np.random.default_rng(i).integers(0, 256, (20, 20, 3), np.uint8)
            expected[path.name] = pixels.transpose(2, 0, 1).tobytes()
    images = datasets.folder(here, size=20)
    pictures = [picture.numpy().tobytes() for picture in images.images]
    assert dict(zip(images.report.names, pictures, strict=True)) == expected


def dies(*args: object) -> None:
    os._exit(1)


@pytest.mark.skipif(sys.platform != "linux", reason="forked workers inherit the change made here")
def test_dead_worker_is_told(here: Path, two: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "convert", dies)
    with pytest.raises(BrokenProcessPool, match="memory is short"):
        datasets.folder(here)


def test_spawned_workers(here: Path, two: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """How it runs on systems that cannot fork."""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert len(datasets.folder(here, size=8)) == 30


# --- opened, not read


def resident() -> int:
    """Bytes of memory that this process holds for itself (shared file pages left out)."""
    fields = Path("/proc/self/smaps_rollup").read_text().split()
    return int(fields[fields.index("Anonymous:") + 1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's account")
def test_opening_and_training_read_only_what_they_use(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4,000 pictures of 128×128 are 197 MB."""
    noise = np.random.default_rng(0).integers(0, 256, 3 * 128 * 128, np.uint8)

    def many(source: Source, slots: object, shape: Shape, out: Path, _: object) -> Iterator:
        with out.open("wb") as file:
            for i in range(len(slots)):
                file.write(noise ^ np.uint8(i % 256))
                yield Picture(np.empty(0, np.uint8), i.to_bytes(16), "", ())

    for i in range(4000):
        (here / f"{i}.more").touch()
    for file in here.glob("*.png"):
        file.unlink()
    monkeypatch.setattr(pack, "decoded", many)
    datasets.folder(here, size=128)
    before, started = resident(), time.perf_counter()
    images = datasets.folder(here, size=128)
    assert time.perf_counter() - started < 2
    assert len(images.train) == 3600
    assert images.train.images.data_ptr() == images.images.data_ptr()
    assert images.train.images.to("cpu").data_ptr() == images.images.data_ptr()
    batch = images.train.images[torch.randperm(3600)[:64]]
    assert batch.shape == (64, 3, 128, 128)
    assert resident() - before < 20e6


def test_writing_to_the_pictures_leaves_the_pack_alone(here: Path) -> None:
    images = datasets.folder(here, size=16).images
    before = images.clone()
    images.zero_()
    assert torch.equal(datasets.folder(here, size=16).images, before)


def test_training_from_a_pack(here: Path) -> None:
    images = datasets.folder(here, size=12)
    networks = build("dcgan", images.shape, 4, base_channels=4)
    gan = GAN(*networks, Settings(latent_dim=4, batch_size=8), torch.device("cpu"))
    fit(gan, images, steps=2, watchers=[])
    assert gan.step == 2


def test_real_faces_open_in_under_a_second(real_data: Path) -> None:
    path = real_data / "celeba_89x109_10k.zip"
    assert len(datasets.folder(path)) == 10_000
    started = time.perf_counter()
    assert len(datasets.folder(path).train) == 9000
    assert time.perf_counter() - started < 1
