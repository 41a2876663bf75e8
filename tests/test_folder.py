"""A folder or zip of any pictures: each is converted as stated, or rejected with its reason."""

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import stat
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gan_utils import datasets
from gan_utils.datasets.packing import opening
from gan_utils.datasets.packing.kinds import Rejected
from gan_utils.datasets.packing.opening import MOST_PIXELS, in_colors, open_picture
from gan_utils.datasets.packing.pictures import Shape, convert
from gan_utils.datasets.packing.report import Report, class_folders
from gan_utils.datasets.packing.sources import LARGEST, Source, readable

COLOR = Shape(16)
GRAY = Shape(16, channels=1)
pytestmark = pytest.mark.usefixtures("data_root")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An empty folder to put pictures in."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    return folder


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(value: object, mode: str = "RGB", size: tuple[int, int] = (20, 20)) -> Image.Image:
    return Image.new(mode, size, value)


def noise(seed: int, size: tuple[int, int] = (20, 20)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8))


def colors(data: bytes, shape: Shape = COLOR) -> list[int]:
    """The one color of each channel of a plain picture."""
    pixels = convert(data, shape).pixels
    assert pixels.shape == (shape.channels, shape.size, shape.size)
    assert pixels.dtype == np.uint8
    assert (pixels == pixels[:, :1, :1]).all()
    return pixels[:, 0, 0].tolist()


def done(data: bytes, shape: Shape = COLOR) -> tuple[str, ...]:
    return convert(data, shape).done


# --- each kind of picture, and its rule


def test_gray_is_repeated_and_color_becomes_luma() -> None:
    gray = encoded(plain(77, "L"))
    assert colors(gray) == [77, 77, 77]
    assert done(gray) == ("gray: repeated in three channels",)
    assert colors(gray, GRAY) == [77]
    assert done(gray, GRAY) == ()
    red = encoded(plain((200, 0, 0)))
    assert colors(red, GRAY) == [round(200 * 0.299)]
    assert done(red, GRAY) == ("color: to gray",)
    assert colors(encoded(plain(1, "1"))) == [255, 255, 255]


def test_transparency_is_laid_over_white() -> None:
    half = encoded(plain((255, 0, 0, 51), "RGBA"))
    assert colors(half) == [255, 204, 204]
    assert done(half) == ("transparent: laid over white",)
    opaque = encoded(plain((9, 8, 7, 255), "RGBA"))
    assert (colors(opaque), done(opaque)) == ([9, 8, 7], ())
    assert colors(encoded(plain((0, 0), "LA"))) == [255, 255, 255]
    clear_key = encoded(plain((1, 2, 3)), transparency=(1, 2, 3))
    assert colors(clear_key) == [255, 255, 255]


def test_palette() -> None:
    image = plain(3, "P")
    image.putpalette([0, 0, 0, 1, 1, 1, 2, 2, 2, 10, 200, 30])
    assert colors(encoded(image)) == [10, 200, 30]
    assert done(encoded(image)) == ("palette: its colors",)
    assert colors(encoded(image, transparency=3)) == [255, 255, 255]
    assert done(encoded(image, "GIF"))[-1] == "palette: its colors"


def test_cmyk() -> None:
    cyan = encoded(plain((255, 0, 0, 0), "CMYK"), "TIFF")
    assert colors(cyan) == [0, 255, 255]
    assert done(cyan) == ("CMYK: to color",)
    assert max(colors(encoded(plain((0, 0, 0, 255), "CMYK"), "JPEG"))) <= 2
    assert done(cyan, GRAY) == ("CMYK: to gray",)


def deep(here: Path, *arrays: np.ndarray) -> tuple[list[list[int]], dict[str, int]]:
    """The brightest and darkest gray of each of these pictures in one set, and what was done."""
    for i, values in enumerate(arrays):
        (here / f"{i}.tif").write_bytes(encoded(Image.fromarray(values), "TIFF"))
    images = datasets.folder(here, size=20, channels=1)
    order = np.argsort(images.report.names)
    grays = [[int(images.images[i].min()), int(images.images[i].max())] for i in order]
    return grays, images.report.done


def ramp(low: float, high: float, kind: type = np.uint16) -> np.ndarray:
    return np.linspace(low, high, 400).reshape(20, 20).astype(kind)


@pytest.mark.parametrize(
    ("brightest", "white"),
    [
        ([200, 255], 255),
        ([256, 90], 1023),
        ([255, 4032], 4095),
        ([255, 4032, 4284], 16383),
        ([4095, 65535, 0], 65535),
    ],
)
def test_the_whole_set_decides_how_many_bits_its_gray_has(
    here: Path, brightest: list[int], white: int
) -> None:
    grays, done = deep(here, *(ramp(0, high) for high in brightest))
    assert grays == [[0, round(high * 255 / white)] for high in brightest]
    rule = f"gray of more than 8 bits: 0 … {white}, by the whole set, to 0 … 255"
    assert done == {rule: len(brightest)}


@pytest.mark.parametrize(
    ("kind", "spans", "ends"),
    [
        (np.float32, [(-3, 5), (0, 1), (1, 1)], "-3 … 5"),
        (np.float32, [(0, 1), (0, 0.5)], "0 … 1"),
        (np.int32, [(-100, 155), (0, 155)], "-100 … 155"),
        (np.int32, [(0, 1000), (0, 100_000)], "0 … 100000"),
    ],
)
def test_other_deep_gray_is_stretched_alike_in_the_whole_set(
    here: Path, kind: type, spans: list[tuple[float, float]], ends: str
) -> None:
    grays, done = deep(here, *(ramp(*span, kind) for span in spans))
    low, high = (float(end) for end in ends.split(" … "))
    assert grays == [[round((end - low) * 255 / (high - low)) for end in span] for span in spans]
    assert done == {f"gray of more than 8 bits: {ends}, by the whole set, to 0 … 255": len(spans)}


def test_deep_gray_beside_other_pictures(here: Path) -> None:
    """Floats, whole numbers and colors are apart, in any number and order, and names stay."""
    for i in range(40):
        (here / f"a{i:02d}.png").write_bytes(encoded(noise(i)))
    (here / "b.png").write_bytes(encoded(Image.fromarray(ramp(0, 3000))))
    grays, done = deep(here, ramp(0, 100), ramp(0, 8, np.float32))
    by_name = dict(zip(datasets.folder(here, 20, 1).report.names, range(43), strict=True))
    assert len(by_name) == 43
    rules = sorted(rule for rule in done if rule.startswith("gray of"))
    assert [rule.split(",")[0] for rule in rules] == [
        "gray of more than 8 bits: 0 … 4095",
        "gray of more than 8 bits: 0 … 8",
    ]
    assert [done[rule] for rule in rules] == [2, 1]
    assert grays[:2] == [[0, 6], [0, 255]]


def test_deep_gray_that_is_not_finite() -> None:
    for bad in (np.nan, np.inf):
        values = np.full((20, 20), bad, np.float32)
        with pytest.raises(Rejected, match="not finite: a pixel is NaN or infinite"):
            convert(encoded(Image.fromarray(values), "TIFF"), COLOR)


def test_one_deep_gray_picture_is_a_set_of_one() -> None:
    values = np.full((20, 24), 25700, np.uint16)
    values[:, 23] = 65535  # outside the square that is kept, but inside the picture
    assert (convert(encoded(Image.fromarray(values)), COLOR).pixels[:, :, :8] == 100).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    stored = Image.fromarray(np.tri(40, 40, dtype=np.uint8) * 200).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = orientation
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    meant = stored.transpose(turns[orientation]) if orientation > 1 else stored
    picture = convert(encoded(stored, exif=exif), Shape(40))
    assert np.array_equal(picture.pixels, np.asarray(meant).transpose(2, 0, 1))
    assert ("turned upright, by its EXIF note" in picture.done) == (orientation > 1)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_animation_gives_its_first_frame(kind: str) -> None:
    frames = [plain(value) for value in ((200, 40, 40), (40, 200, 40), (40, 40, 200))]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert colors(data) == [200, 40, 40]
    assert "several frames: the first one kept" in done(data)


def test_center_square_is_kept() -> None:
    values = np.zeros((40, 100, 3), np.uint8)
    values[:, 30:70] = 90
    for array in (values, values.transpose(1, 0, 2)):
        picture = convert(encoded(Image.fromarray(array)), Shape(40))
        assert (picture.pixels == 90).all()
        assert picture.done == ("not square: its center square kept",)
    values[:, 50:] = 200
    assert convert(encoded(Image.fromarray(values)), Shape(40, crop=0.5)).pixels[0, 0, 30] == 200
    assert convert(encoded(Image.fromarray(values)), Shape(40, crop=0.5)).pixels[0, 0, 10] == 90


def test_small_pictures_are_enlarged_and_tiny_ones_rejected() -> None:
    assert done(encoded(plain(5, "L", (12, 12))), GRAY) == ("smaller than 16×16: enlarged",)
    with pytest.raises(Rejected, match="too small: 7×900 pixels, below 8×8"):
        convert(encoded(plain(5, "L", (7, 900))), GRAY)


def test_shrinking_averages() -> None:
    checks = np.indices((128, 128)).sum(0) % 2 * 255
    picture = convert(encoded(Image.fromarray(checks.astype(np.uint8))), GRAY)
    assert abs(picture.pixels.astype(int) - 127).max() <= 2


def test_large_jpegs_are_decoded_at_a_fraction() -> None:
    ramp = np.add.outer(np.arange(1024), np.arange(1024)) // 10
    smooth = Image.fromarray(ramp.astype(np.uint8)).convert("RGB")
    data = encoded(smooth, "JPEG", quality=95)
    ours = convert(data, Shape(32)).pixels.astype(int)
    full = Image.open(io.BytesIO(data)).resize((32, 32), Image.Resampling.BICUBIC)
    assert abs(ours - np.asarray(full).transpose(2, 0, 1)).mean() < 2
    assert convert(data, Shape(32)).was == "RGB 1024×1024"


@settings(max_examples=40)
@given(
    width=st.integers(8, 70),
    height=st.integers(8, 70),
    size=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "YCbCr"]),
    kind=st.sampled_from(["PNG", "TIFF", "JPEG", "GIF", "BMP", "WEBP"]),
)
def test_any_mode_and_size_comes_out_square(
    width: int, height: int, size: int, channels: int, mode: str, kind: str
) -> None:
    image = plain(None, mode, (width, height))
    try:
        data = encoded(image, kind)
    except (OSError, ValueError, KeyError):  # this format does not hold this mode
        return
    picture = convert(data, Shape(size, channels))
    assert picture.pixels.shape == (channels, size, size)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"size": 0}, "size is 0; it must be 1 or more"),
        ({"channels": 2}, r"channels is 2; it must be 1 \(gray\) or 3"),
        ({"crop": 0.0}, "crop is 0.0"),
        ({"crop": 1.1}, "crop is 1.1; it must lie above 0, up to 1"),
        ({"crop": float("nan")}, "crop is nan"),
    ],
)
def test_shapes_out_of_range(shape: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Shape(**shape)


# --- what is rejected


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        length, checksum = (struct.pack(">I", n) for n in (len(data), zlib.crc32(kind + data)))
        return length + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


BAD = {
    "empty.jpg": (b"", "empty file"),
    "text.png": (b"these are no pixels", "not a picture"),
    "page.jpg": (b"<!DOCTYPE html><p>quota", "not a picture"),
    "archive.png": (b"PK\x03\x04 ...", "not a picture"),
    "cut.jpg": (encoded(noise(1, (200, 200)), "JPEG")[:3000], "truncated or damaged"),
    "cut.png": (encoded(noise(1, (200, 200)))[:3000], "truncated or damaged"),
    "header.png": (b"\x89PNG\r\n\x1a\n", "not a picture"),
    "bomb.png": (bomb(12_000, 12_000), "too many pixels"),
    "huge_bomb.png": (bomb(60_000, 60_000), "too many pixels"),
    "tiny.png": (encoded(plain(0, "L", (1, 1))), "too small"),
    "page.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("error")
def test_bad_files_are_rejected_with_their_reason(name: str) -> None:
    data, reason = BAD[name]
    with pytest.raises(Rejected) as error:
        convert(data, COLOR)
    assert error.value.reason == reason


def test_mode_without_a_way_to_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(image: Image.Image, mode: str) -> Image.Image:
        raise ValueError("conversion not supported")

    lab = encoded(plain(None, "LAB"), "TIFF")  # older versions of Pillow cannot convert it
    monkeypatch.setattr(Image.Image, "convert", refuse)
    with pytest.raises(Rejected, match="mode cannot be converted: LAB"):
        convert(lab, COLOR)


def heif(brand: bytes) -> bytes:
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00" * 12


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(9))
    return buffer.getvalue()


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.png"))
    return buffer.getvalue()


KINDS = {
    "a.jpg": (b"<!DOCTYPE html><p>quota", "a web page"),
    "b.jpg": (b"\n <html>", "a web page"),
    "a.heic": (heif(b"heic"), "HEIC.*save it as a JPEG"),
    "b.heic": (heif(b"mif1"), "HEIC.*save it as a JPEG"),
    "a.mp4": (heif(b"isom"), "a video: save its frames"),
    "a.mov": (heif(b"qt  "), "a video: save its frames"),
    "a.avi": (b"RIFF\x00\x00\x00\x00AVI LIST", "a video: save its frames"),
    "a.webm": (b"\x1aE\xdf\xa3\x00", "a video: save its frames"),
    "a.tar.gz": (gzip.compress(tar()), "an archive made by gzip: unpack it, and give the folder"),
    "a.tar": (tar(), "a tar archive: unpack it"),
    "a.tar.bz2": (bz2.compress(tar()), "an archive made by bzip2: unpack it"),
    "a.tar.xz": (lzma.compress(tar()), "an archive made by xz: unpack it"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    "a.npy": (npy(), "a NumPy array: save its pictures as PNG files"),
    "a.csv": ("name,größe\n1.png,3\n".encode(), "text, a note or a table"),
    "a.txt": (("ä" * 2000).encode(), "text, a note or a table"),
    "a.svg": (b"<?xml version='1.0'?><svg/>", "an SVG drawing"),
    "a.pdf": (b"%PDF-1.7", "a PDF: save its pages"),
    "a.dcm": (bytes(128) + b"DICM", "a DICOM scan: save its slices"),
}


@pytest.mark.parametrize("name", KINDS)
def test_kinds_are_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    data, words = KINDS[name]
    with pytest.raises(Rejected, match=f"not a picture: {words}"):
        convert(data, COLOR)
    (tmp_path / name).write_bytes(data)  # given in the place of a folder or zip
    with pytest.raises(ValueError, match=f"is neither a folder nor a whole zip: {words}"):
        datasets.folder(tmp_path / name)


def test_details_say_more() -> None:
    for name, words in [
        ("archive.png", "a zip archive: unpack it"),
        ("bomb.png", f"12000×12000 pixels, above {MOST_PIXELS:,}: save it smaller"),
        ("header.png", "none of JPEG, "),
    ]:
        with pytest.raises(Rejected, match=words):
            convert(BAD[name][0], COLOR)


@pytest.mark.parametrize("size", [(9600, 9600), (12_000, 9000)])
def test_photographs_of_today_are_not_too_large(size: tuple[int, int]) -> None:
    with pytest.raises(Rejected, match="truncated or damaged"):  # there are no pixels in it
        convert(bomb(*size), COLOR)


@pytest.mark.parametrize("kind", ["JPEG", "MPO"])
def test_larger_ones_are_decoded_at_a_fraction_if_they_are_jpegs(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MOST_PIXELS", 99_999)
    more = {"save_all": True, "append_images": [plain(0)]} if kind == "MPO" else {}
    data = encoded(plain((200, 30, 40), size=(1000, 800)), kind, **more)
    assert abs(np.array(colors(data)) - (200, 30, 40)).max() <= 2
    with pytest.raises(Rejected, match="too many pixels: 1000×800"):
        convert(data, Shape(300))  # here at a half, which is too much
    with pytest.raises(Rejected, match="too many pixels: 1000×800"):
        in_colors(open_picture(data)[0], "RGB", [])


def test_pillows_own_bound_is_as_before() -> None:
    before = Image.MAX_IMAGE_PIXELS
    for data in (encoded(plain(1)), b"bad"):
        with contextlib.suppress(Rejected):
            open_picture(data)
        assert before == Image.MAX_IMAGE_PIXELS


@given(st.binary(max_size=300))
def test_random_bytes_never_escape_as_another_error(data: bytes) -> None:
    with pytest.raises(Rejected):
        convert(data, COLOR)


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_pictures_give_pixels_or_a_reason(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "JPEG2000"]))
    whole = bytearray(encoded(noise(3, (30, 30)), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert convert(bytes(whole), COLOR).pixels.shape == (3, 16, 16)
    except Rejected as error:
        assert error.reason


def test_bad_files_beside_good_ones(here: Path) -> None:
    for name, (data, _) in BAD.items():
        (here / name).write_bytes(data)
    for i in range(3):
        (here / f"good{i}.png").write_bytes(encoded(noise(i)))
    images = datasets.folder(here, size=16)
    assert len(images) == 3
    expected = sorted((name, reason) for name, (_, reason) in BAD.items())
    assert sorted((name, reason) for name, reason, _ in images.report.rejected) == expected
    text = str(images.report)
    assert f"3 pictures, 16×16, color; {len(BAD)} files rejected" in text
    for name, (_, reason) in BAD.items():
        assert reason in text
        assert name in text
    assert json.loads(json.dumps(images.report.as_json()))["reasons"]["not a picture"] == 5


def test_nothing_but_bad_files(here: Path) -> None:
    (here / "a.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"there is no picture to train on(.|\n)*a\.jpg"):
        datasets.folder(here)
    report = datasets.inspect(here)
    assert (report.accepted, report.reasons) == (0, {"empty file": 1})


def test_empty_folder(here: Path) -> None:
    with pytest.raises(ValueError, match="there is no picture to train on"):
        datasets.folder(here)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere", "; what is there of it is .*data$"),
        ("no/where/at.zip", "; what is there of it is .*data$"),
        ("https://example.org/faces.zip", ": that is an address of the web; download it first"),
        ("s3://bucket/faces", ": that is an address of the web; download it first"),
        ("~nobody_of_this_name/faces", "; what is there of it is"),
    ],
)
def test_missing_paths(
    path: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "data")
    for there in (path, Path(path)):
        with pytest.raises(FileNotFoundError, match=f"no folder or zip of pictures at .*{words}"):
            datasets.folder(there)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.zip", b"<html>quota exceeded</html>", "a web page; give a folder, or a zip"),
        ("a.zip", b"", "an empty file; give a folder, or a zip"),
        ("a.csv", b"a.png,1\n", "text, a note or a table; give a folder, or a zip"),
        ("a.png", encoded(noise(1)), "one picture; give the folder that holds it"),
        ("a.jpg", encoded(noise(1), "JPEG"), "one picture; give the folder that holds it"),
        ("a.zip", b"PK\x03\x04 cut", "it is cut or damaged; copy or download it again"),
        ("a.bin", bytes(range(256)), "no kind of file that is known here; give a folder"),
    ],
)
def test_file_that_is_no_zip(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"neither a folder nor a whole zip: {words}"):
        datasets.folder(tmp_path / name)


# --- trees


def names_of(path: Path) -> list[str]:
    return [entry.name for entry in Source.of(path).entries]


def test_hidden_files_and_leftovers_are_ignored(here: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", ".hidden/a.png", "__MACOSX/._a.png"):
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_bytes(b"x")
    (here / "a.png").write_bytes(encoded(noise(1)))
    source = Source.of(here)
    assert [entry.name for entry in source.entries] == ["a.png"]
    assert source.ignored == 5
    assert datasets.folder(here).report.ignored == 5


def test_content_decides_not_the_name(here: Path) -> None:
    (here / "photo.txt").write_bytes(encoded(noise(1)))
    (here / "no_ending").write_bytes(encoded(noise(2), "JPEG"))
    assert len(datasets.folder(here)) == 2


ODD = [
    "ünïcödé 顔.png",
    "with space.png",
    "new\nline.png",
    "-dash.png",
    "a'b\"c.png",
    "a%20b.png",
]


def test_odd_names(here: Path) -> None:
    for i, name in enumerate(ODD):
        (here / name).write_bytes(encoded(noise(i)))
    report = datasets.folder(here).report
    assert sorted(report.names) == sorted(ODD)
    assert readable("new\nline.png") == "new\\nline.png"
    assert readable("ünïcödé 顔.png") == "ünïcödé 顔.png"


def test_names_that_are_not_utf8(here: Path) -> None:
    raw = os.fsencode(here) + b"/caf\xe9.png"
    with open(raw, "wb") as file:
        file.write(encoded(noise(1)))
    with open(os.fsencode(here) + b"/\xff.png", "wb") as file:
        file.write(b"broken")
    for _ in range(2):  # decoded, then from the pack
        report = datasets.folder(here).report
        assert [os.fsencode(name) for name in report.names] == [b"caf\xe9.png"]
        str(report).encode()  # can be printed
        assert "\\udcff.png" in str(report)
        json.dumps(report.as_json()).encode()


ALREADY = "folder that is there already"


def test_links(here: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "b.png").write_bytes(encoded(noise(1)))
    (outside / "deep" / "up").symlink_to(outside)
    (here / "again").symlink_to(outside / "deep")
    (here / "linked").symlink_to(outside)
    (here / "loop").symlink_to(here)
    (here / "broken.png").symlink_to(tmp_path / "gone.png")
    source = Source.of(here)
    assert [entry.name for entry in source.entries] == ["again/b.png"]
    assert {(name, reason) for name, reason, _ in source.rejected} == {
        ("again/up/", ALREADY),
        ("linked/deep/", ALREADY),
        ("loop/", ALREADY),
        ("broken.png", "unreadable"),
    }


def test_folders_that_link_to_one_another_are_read_once_under_their_own_names(here: Path) -> None:
    names = "abcdefg"
    for name in names:
        (here / name).mkdir()
        (here / name / "1.png").write_bytes(encoded(noise(ord(name))))
        for other in names:
            (here / name / f"0{other}").symlink_to(here / other)
    images = datasets.folder(here)
    assert sorted(images.report.names) == [f"{name}/1.png" for name in names]
    assert images.report.reasons == {ALREADY: 49}


def test_a_folder_that_is_a_link_itself(here: Path, tmp_path: Path) -> None:
    (here / "a.png").write_bytes(encoded(noise(1)))
    (tmp_path / "link").symlink_to(here)
    assert len(datasets.folder(tmp_path / "link")) == 1


@pytest.mark.skipif(os.name == "nt", reason="paths there are short")
def test_folders_within_folders_within_folders(here: Path) -> None:
    folders = [here]
    for _ in range(1500):
        folders.append(folders[-1] / "a")
        folders[-1].mkdir()
    try:
        (folders[-1] / "a.png").write_bytes(encoded(noise(1)))
        assert datasets.folder(here).report.names == ["a/" * 1500 + "a.png"]
    finally:  # what cleans up afterwards would go too deep
        (folders[-1] / "a.png").unlink()
        for folder in reversed(folders):
            folder.rmdir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_pipes_do_not_block(here: Path) -> None:
    os.mkfifo(here / "pipe.png")
    (here / "a.png").write_bytes(encoded(noise(1)))
    assert datasets.folder(here).report.rejected == [("pipe.png", "not a regular file", "")]


def test_unreadable_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "closed").mkdir()
    (here / "a.png").write_bytes(encoded(noise(1)))
    scandir = os.scandir

    def refuse(path: Path) -> object:  # root may read everything, so permissions would not do
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    images = datasets.folder(here)
    assert images.report.rejected == [("closed/", "unreadable folder", "Permission denied")]
    assert len(images) == 1


def test_unreadable_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.png"):
        (here / name).write_bytes(encoded(noise(1)))
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "b.png":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    images = datasets.folder(here)
    assert images.report.rejected == [("b.png", "unreadable", "Permission denied")]


def test_huge_files_are_not_read(here: Path) -> None:
    with (here / "huge.png").open("wb") as file:
        file.truncate(LARGEST + 1)  # without taking up the disk
    (here / "a.png").write_bytes(encoded(noise(1)))
    ((name, reason, _),) = datasets.folder(here).report.rejected
    assert (name, reason) == ("huge.png", "file too large")


# --- zips


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_zip_and_tree_give_the_same(here: Path, tmp_path: Path) -> None:
    members = {f"{kind}/{i}.png": encoded(noise(i)) for kind in "ab" for i in range(5)}
    members["a/bad.png"] = b"bad"
    members["__MACOSX/a/._0.png"] = b"leftover"
    archive = zipped(tmp_path / "a.zip", members)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(here)
    first, second = datasets.folder(archive), datasets.folder(here)
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.labels, second.labels)
    assert first.report.names == second.report.names
    assert first.report.rejected == second.report.rejected
    assert first.report.ignored == 1


@pytest.mark.parametrize(
    ("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")]
)
def test_zip_methods_that_unfold_without_a_bound_are_named(
    tmp_path: Path, method: int, name: str
) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.png": encoded(noise(1))}, method)
    report = datasets.inspect(archive)
    why = ("a.png", "compressed in a way not read here", f"{name}: unpack the zip")
    assert report.rejected == [why]
    zipped(archive, {"a.png": encoded(noise(1))}, zipfile.ZIP_STORED)
    assert len(datasets.folder(archive)) == 1


def test_zip_members_cannot_climb_out(tmp_path: Path) -> None:
    evil = ["../../evil.png", "/abs/evil.png", "C:\\evil.png", "a/../../../evil.png"]
    members = {name: encoded(noise(i)) for i, name in enumerate(evil)}
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr(link, "/etc/passwd")
    before = {path for path in tmp_path.parent.rglob("*") if "data_root" not in path.parts}
    images = datasets.folder(tmp_path / "evil.zip")
    after = {path for path in tmp_path.parent.rglob("*") if "data_root" not in path.parts}
    assert after == before
    assert len(images) == len(evil)
    assert [(name, reason) for name, reason, _ in images.report.rejected] == [
        ("link.png", "not a picture")
    ]
    assert not Path("/abs").exists()


def test_zip_names_that_are_not_utf8(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"caf~.png": encoded(noise(1))})
    archive.write_bytes(archive.read_bytes().replace(b"caf~.png", b"caf\xe9.png"))
    (name,) = datasets.folder(archive).report.names
    assert name.startswith("caf") and name.endswith(".png")


def test_damaged_member(tmp_path: Path) -> None:
    members = {"a.png": encoded(noise(1)), "b.png": encoded(noise(2))}
    archive = zipped(tmp_path / "a.zip", members, zipfile.ZIP_STORED)
    data = archive.read_bytes()
    at = data.index(members["a.png"]) + 60
    archive.write_bytes(data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :])
    images = datasets.folder(archive)
    assert images.report.rejected == [
        ("a.png", "damaged in the zip", "Bad CRC-32 for file 'a.png'")
    ]
    assert images.report.names == ["b.png"]


def test_encrypted_member(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.png": encoded(noise(1))})
    data = bytearray(archive.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(header) + flags] |= 1
    archive.write_bytes(data)
    assert datasets.inspect(archive).reasons == {"encrypted in the zip": 1}


def test_zip_bomb_is_not_unfolded(tmp_path: Path) -> None:
    liar = zipped(tmp_path / "a.zip", {"a.png": bytes(200_000_000)})
    data = bytearray(liar.read_bytes())
    for header, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # it says: 1,000 bytes
        at = data.index(header) + size
        data[at : at + 4] = struct.pack("<I", 1000)
    liar.write_bytes(data)
    tracemalloc.start()
    assert datasets.inspect(liar).reasons == {"damaged in the zip": 1}
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    entry = Source.of(liar).entries[0]
    with pytest.raises(Rejected, match="file too large"):
        Source.of(liar).read(entry._replace(size=LARGEST + 1))


def test_cut_zip(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.png": encoded(noise(1, (100, 100)))})
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(ValueError, match="neither a folder nor a whole zip"):
        datasets.folder(archive)


# --- classes, duplicates, what is held out


@pytest.mark.parametrize(
    ("names", "classes", "labels"),
    [
        (["no/1.png", "yes/1.png", "no/2.png"], ("no", "yes"), [0, 1, 0]),
        (["set/no/1.png", "set/yes/1.png"], ("no", "yes"), [0, 1]),
        (["a/b/no/1.png", "a/b/yes/x/1.png"], ("no", "yes"), [0, 1]),
        (["faces/1.png", "faces/2.png"], (), None),
        (["1.png", "2.png"], (), None),
        (["no/1.png", "2.png"], (), None),
        (["a/1.png", "a/b/2.png", "a/c/3.png"], (), None),
    ],
)
def test_class_folders(
    names: list[str], classes: tuple[str, ...], labels: list[int] | None
) -> None:
    found, titles = class_folders(names)
    assert titles == classes
    assert (None if found is None else found.tolist()) == labels


def test_labels_stay_with_their_pictures(here: Path) -> None:
    for value, name in enumerate(["cat", "dog", "eel"]):
        (here / name).mkdir()
        for i in range(20):
            gray = 60 * value + i
            (here / name / f"{i}.png").write_bytes(encoded(plain((gray, gray, gray))))
        (here / name / "bad.png").write_bytes(b"bad")
    (here / "README.txt").write_text("no picture, and no class")
    images = datasets.folder(here, size=8)
    assert images.classes == ("cat", "dog", "eel")
    assert torch.equal(images.images[:, 0, 0, 0].long() // 60, images.labels)
    assert images.labels.dtype == torch.int64
    assert images.report.classes == {"cat": 20, "dog": 20, "eel": 20}
    assert images.report.names[7].split("/")[0] == images.classes[images.labels[7]]


def test_duplicates_are_found_by_content(here: Path) -> None:
    for name, data in {
        "a.png": encoded(noise(1)),
        "copy.png": encoded(noise(1)),
        "other_format.bmp": encoded(noise(1), "BMP"),
        "b.png": encoded(noise(2)),
        "c.png": encoded(noise(3)),
        "c2.png": encoded(noise(3)),
    }.items():
        (here / name).write_bytes(data)
    report = datasets.folder(here).report
    groups = {frozenset(group) for group in report.equal}
    assert groups == {
        frozenset({"a.png", "copy.png", "other_format.bmp"}),
        frozenset({"c.png", "c2.png"}),
    }
    assert report.duplicates == 3
    assert "the same, pixel for pixel: 3 could go" in str(report)


def test_a_tenth_is_held_out_and_no_picture_is_on_both_sides(here: Path) -> None:
    for i in range(60):
        (here / f"{i}.png").write_bytes(encoded(noise(i)))
        (here / f"{i}_again.png").write_bytes(encoded(noise(i)))
    images = datasets.folder(here, size=8)
    train, held = images.train, images.held_out
    assert (len(train), len(held)) == (108, 12)
    inside = {picture.numpy().tobytes() for picture in train.images}
    assert inside.isdisjoint(picture.numpy().tobytes() for picture in held.images)
    assert images.reserved.tolist() == [False] * 108 + [True] * 12
    assert images.report.held_out == 12


def test_names_stay_with_their_pictures(here: Path) -> None:
    for i in range(40):
        (here / f"{i:02d}.png").write_bytes(encoded(plain((i, 2 * i, 3 * i))))
    images = datasets.folder(here, size=8)
    for name, picture in zip(images.report.names, images.images, strict=True):
        assert picture[:, 0, 0].tolist() == [int(name[:2]) * k for k in (1, 2, 3)]


def test_too_few_to_hold_any_out(here: Path) -> None:
    (here / "a.png").write_bytes(encoded(noise(1)))
    images = datasets.folder(here)
    assert len(images.train) == 1
    with pytest.raises(ValueError, match="nothing was held out of 1 pictures of pictures"):
        _ = images.held_out


def test_report_survives_the_pack(here: Path) -> None:
    for i in range(12):
        (here / f"{i}.png").write_bytes(encoded(noise(i % 10)))
    (here / "bad.png").write_bytes(b"bad")
    first, second = datasets.folder(here).report, datasets.folder(here).report
    assert first == second
    assert Report.from_json(json.loads(json.dumps(first.as_json()))) == first


def test_long_lists_are_cut(here: Path) -> None:
    for i in range(9):
        (here / f"bad{i}.png").write_bytes(b"bad")
        (here / f"{i}.png").write_bytes(encoded(noise(i)))
        (here / f"{i}_again.png").write_bytes(encoded(noise(i)))
    text = str(datasets.folder(here).report)
    assert "and 4 more files" in text
    assert "and 4 more groups" in text
    assert "bad4.png" in text
    assert "bad5.png" not in text


def test_nothing_is_printed_on_short_work(here: Path, capfd: pytest.CaptureFixture) -> None:
    (here / "a.png").write_bytes(encoded(noise(1)))
    datasets.folder(here)
    assert capfd.readouterr() == ("", "")


# --- real sets


def test_brain_scans(real_data: Path) -> None:
    images = datasets.folder(real_data / "brain_mri_yes_no_253.zip", size=96)
    report = images.report
    assert images.shape == (3, 96, 96)
    assert (len(images), report.rejected, len(report.kinds)) == (253, [], 190)
    assert (images.classes, images.labels.bincount().tolist()) == (("no", "yes"), [98, 155])
    assert report.duplicates == 25
    assert (len(images.train), len(images.held_out)) == (227, 26)
    inside = {picture.numpy().tobytes() for picture in images.train.images}
    assert inside.isdisjoint(picture.numpy().tobytes() for picture in images.held_out.images)
    assert 40 < images.images.float().mean() < 100  # neither black nor blown out


def test_anime_faces(real_data: Path) -> None:
    images = datasets.folder(real_data / "anime_faces_96x96_8k.zip", size=96)
    assert (len(images), images.classes) == (8000, ())
    assert (images.report.duplicates, images.report.rejected) == (2, [])
