"""The pack: made once, opened at once, made anew when anything changed, never half-written."""

import errno
import io
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image
from safetensors.torch import load_file

from gan_utils import datasets
from gan_utils.datasets import ImageSet, decoding, packing
from gan_utils.datasets.pictures import Shape
from gan_utils.datasets.sources import Source
from gan_utils.game import Game, Settings
from gan_utils.models import build
from gan_utils.training import fit

ROOT = Path(__file__).resolve().parents[1]
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
    made, decoded = [], packing.decoded

    def counted(source: Source, *rest: object) -> object:
        made.append(len(source.entries))
        return decoded(source, *rest)

    monkeypatch.setattr(packing, "decoded", counted)
    return made


def packs(data_root: Path) -> list[Path]:
    return sorted((data_root / "packs").glob("*.safetensors"))


# --- made once


def test_second_time_nothing_is_decoded(here: Path, count: list[int], data_root: Path) -> None:
    first, second = datasets.folder(here, size=16), datasets.folder(here, size=16)
    assert count == [30]
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.reserved, second.reserved)
    assert [path.suffix for path in (data_root / "packs").iterdir() if path.suffix != ".lock"] == [
        ".safetensors"
    ]


def test_a_pack_is_a_safetensors_file(here: Path, data_root: Path) -> None:
    images = datasets.folder(here, size=16)
    (pack,) = packs(data_root)
    assert torch.equal(load_file(pack)["images"], images.images)


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
    monkeypatch.setattr(packing, "VERSION", packing.VERSION + 1)
    datasets.folder(here)
    assert len(count) == 2


def test_pack_of_another_annotation_is_not_taken(here: Path) -> None:
    def odd(names: list[str]) -> tuple[np.ndarray, tuple[str, ...], None]:
        return np.array([int(name[:2]) % 2 for name in names]), ("even", "odd"), None

    assert datasets.folder(here, size=16).labels is None
    labels = packing.packed(here, Shape(16), odd).labels
    assert labels.bincount().tolist() == [15, 15]


# --- whole or not there


@pytest.mark.parametrize("keep", [0, 7, 3000, 4096, 5000, -1])
def test_cut_pack_is_noticed(here: Path, count: list[int], data_root: Path, keep: int) -> None:
    expected = datasets.folder(here, size=16).images.clone()
    (pack,) = packs(data_root)
    data = pack.read_bytes()
    pack.write_bytes(data[:keep])
    assert torch.equal(datasets.folder(here, size=16).images, expected)
    assert len(count) == 2


def test_scrambled_header_is_noticed(here: Path, count: list[int], data_root: Path) -> None:
    datasets.folder(here, size=16)
    (pack,) = packs(data_root)
    pack.write_bytes(b"not a pack at all" * 1000)
    assert len(datasets.folder(here, size=16)) == 30
    assert len(count) == 2


def test_failed_write_keeps_the_old_pack(
    here: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets.folder(here, size=16)
    (pack,) = packs(data_root)
    before = pack.read_bytes()
    (here / "new.png").write_bytes(png(99))

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(packing, "_finish", full)
        with pytest.raises(OSError, match=r"could not be written.*No space.*GAN_UTILS_DATA"):
            datasets.folder(here, size=16)
    assert pack.read_bytes() == before
    assert not list((data_root / "packs").glob("*.unfinished"))
    assert len(datasets.folder(here, size=16)) == 31


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on file sizes")
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
    assert list((data_root / "packs").glob("*.unfinished")) == packs(data_root) == []


def test_unwritable_place(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GAN_UTILS_DATA", str(tmp_path / "file"))
    with pytest.raises(OSError, match="choose another folder with the environment variable"):
        datasets.folder(here)


def test_killed_while_writing(here: Path, data_root: Path) -> None:
    code = (
        "import time; from gan_utils import datasets\nfrom gan_utils.datasets import packing\n"
        "packing._finish = lambda *args: (print('writing', flush=True), time.sleep(60))\n"
        f"datasets.folder({str(here)!r}, size=16)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"writing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert packs(data_root) == []
    assert len(datasets.folder(here, size=16)) == 30  # the lock of the dead is free
    assert not list((data_root / "packs").glob("*.unfinished"))


def test_interrupt_stops_and_leaves_nothing(
    here: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(packing, "decoded", interrupted)
        with pytest.raises(KeyboardInterrupt):
            datasets.folder(here)
    assert packs(data_root) == []
    assert len(datasets.folder(here)) == 30


@pytest.mark.skipif(os.name == "nt", reason="needs a signal to a group of processes")
def test_interrupt_of_all_processes_is_told_once(here: Path, data_root: Path) -> None:
    for i in range(400):
        (here / f"more{i}.png").write_bytes(png(i))
    code = (
        "import os, signal, time\n"
        "from gan_utils import datasets\nfrom gan_utils.datasets import decoding\n"
        # a job in the background of a script is started with the signal ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "convert = decoding.convert\n"
        "decoding.convert = lambda *args: (print(os.getpid(), flush=True), time.sleep(0.1),"
        " convert(*args))[2]\n"
        f"datasets.folder({str(here)!r}, size=16, workers=2)\n"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, **pipes)
    at_work = set()
    while len(at_work) < 2:
        line = process.stdout.readline()
        assert line, "all was decoded before both processes had begun"
        at_work.add(line)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)[1].decode()
    assert process.returncode != 0
    assert said.count("KeyboardInterrupt") == 1
    assert "ForkProcess" not in said
    assert list((data_root / "packs").glob("*.unfinished")) == packs(data_root) == []


def test_large_files_are_handed_out_in_small_numbers() -> None:
    """So that an interrupt waits for a few only, and all processes have work."""
    entries = [decoding.Entry(str(i), size) for i, size in enumerate([3_000_000] * 5 + [10] * 100)]
    parts = list(decoding._parts(entries, 64))
    assert [(slot, len(part)) for slot, part in parts] == [(0, 2), (2, 2), (4, 64), (68, 37)]
    assert [entry for _, part in parts for entry in part] == entries


# --- several processes


def pack_it(path: Path, start: object, sizes: object) -> None:
    start.wait()
    made = []
    decoded = packing.decoded
    packing.decoded = lambda *args: (made.append(1), decoded(*args))[1]
    images = datasets.folder(path, size=16, workers=1)
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
    file = packing.pack_file(here.resolve(), Shape(16), "class_folders")
    file.parent.mkdir(parents=True)
    code = (
        "import sys, time; from filelock import FileLock\n"
        f"with FileLock({str(file.with_suffix('.lock'))!r}):\n"
        "    print('held', flush=True); time.sleep(3)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    assert len(datasets.folder(here, size=16)) == 30
    assert "Another process is decoding pictures_16" in capsys.readouterr().err
    holder.wait()
    FileLock(file.with_suffix(".lock")).acquire(timeout=0)  # free again


def test_workers_change_nothing(here: Path) -> None:
    for i in range(200):
        (here / f"more{i:03d}.png").write_bytes(png(i, 10) if i % 7 else b"bad")
    source, results = Source.of(here), []
    for workers in (1, 2, 3):
        out = here.parent / f"{workers}.pixels"
        out.write_bytes(b"header")
        pictures, rejected = {}, []
        for batch in decoding.decoded(source, Shape(8), out, 6, workers):
            rejected += batch.rejected
            at = 6 + batch.slot * 192
            for name, digest in zip(batch.names, batch.digests, strict=True):
                pictures[name] = (digest, out.read_bytes()[at : at + 192])
                at += 192
        results.append((list(pictures.items()), rejected))
        assert out.read_bytes().startswith(b"header")
    assert results[0] == results[1] == results[2]
    assert [len(one) for one in results[0]] == [30 + 171, 29]


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


def test_dead_worker_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("needs a forked worker, which inherits the change made here")
    for i in range(100):
        (here / f"more{i}.png").write_bytes(png(i, 10))
    monkeypatch.setattr(decoding, "convert", dies)
    with pytest.raises(RuntimeError, match=r"a process that decodes pictures died.*workers=1"):
        datasets.folder(here, workers=2)


def test_spawned_workers(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How it runs on systems that cannot fork."""
    for i in range(100):
        (here / f"more{i}.png").write_bytes(png(i, 10))
    monkeypatch.setattr(decoding.sys, "platform", "darwin")
    assert len(datasets.folder(here, size=8, workers=2)) == 130


# --- opened, not read


def resident() -> int:
    """Bytes of memory that this process holds for itself (shared file pages left out)."""
    fields = Path("/proc/self/smaps_rollup").read_text().split()
    return int(fields[fields.index("Anonymous:") + 1]) * 1024


@pytest.fixture
def mapped(here: Path, monkeypatch: pytest.MonkeyPatch) -> ImageSet:
    """4,000 pictures of 128×128, 197 MB, of which only the pack has the pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (3, 128, 128), np.uint8)

    def many(source: Source, shape: Shape, out: Path, start: int, workers: int | None) -> object:
        source.entries = source.entries[:1] * 4000
        with out.open("ab") as file:
            for i in range(4000):
                file.write(pixels ^ np.uint8(i % 256))
        digests = [i.to_bytes(16) for i in range(4000)]
        yield decoding.Batch(0, [f"{i}" for i in range(4000)], digests)

    monkeypatch.setattr(packing, "decoded", many)
    return datasets.folder(here, size=128)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's account")
def test_opening_and_training_read_only_what_they_use(here: Path, mapped: ImageSet) -> None:
    before, started = resident(), time.perf_counter()
    images = datasets.folder(here, size=128)
    assert time.perf_counter() - started < 1
    assert len(images.train) == 3600
    assert images.train.images.data_ptr() == images.images.data_ptr()
    assert images.train.images.to("cpu").data_ptr() == images.images.data_ptr()
    batch = images.train.images[torch.randperm(3600)[:64]]
    assert batch.shape == (64, 3, 128, 128)
    assert resident() - before < 20e6  # of 197 MB


def test_writing_to_the_pictures_leaves_the_pack_alone(here: Path) -> None:
    images = datasets.folder(here, size=16).images
    before = images.clone()
    images.zero_()
    assert torch.equal(datasets.folder(here, size=16).images, before)


def test_training_from_a_pack(here: Path) -> None:
    images = datasets.folder(here, size=12)
    networks = build("dcgan", images.shape, 4, base_channels=4)
    game = Game(*networks, Settings(latent_dim=4, batch_size=8), torch.device("cpu"))
    fit(game, images, steps=2, watchers=[])
    assert game.step == 2


def test_memory_of_packing_does_not_grow_with_the_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists of outcomes wait for their turn only up to a bound."""
    (tmp_path / "pictures").mkdir()
    for i in range(600):
        (tmp_path / "pictures" / f"{i}.png").write_bytes(b"bad")
    submitted, taken = [], []
    pool = decoding.ProcessPoolExecutor

    class Watched(pool):
        def submit(self, *args: object, **kwargs: object) -> object:
            submitted.append(1)
            assert len(submitted) - len(taken) <= 2 * decoding.AHEAD
            return super().submit(*args, **kwargs)

    monkeypatch.setattr(decoding, "ProcessPoolExecutor", Watched)
    source, out = Source.of(tmp_path / "pictures"), tmp_path / "pixels"
    out.touch()
    for batch in decoding.decoded(source, Shape(8), out, workers=2):
        taken.append(batch)
    assert len(taken) == len(submitted) == 2 * decoding.SHARES


def test_real_faces_open_in_under_a_second(real_data: Path) -> None:
    path = real_data / "celeba_89x109_10k.zip"
    assert len(datasets.folder(path)) == 10_000
    started = time.perf_counter()
    assert len(datasets.folder(path).train) == 9000
    assert time.perf_counter() - started < 1
