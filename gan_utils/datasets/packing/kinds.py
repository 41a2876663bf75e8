"""What a file is that is not read as a picture, by its first bytes, and what to do about it."""

import codecs

UNPACK = "unpack it, and give the folder"
AS_PICTURES = "save its pictures as PNG files"
AS_JPEG = "save it as a JPEG"
AS_PNG = "save it as a PNG"
FRAMES = "save its frames as pictures"
MARKS: tuple[tuple[int, bytes | tuple[bytes, ...], str], ...] = (  # where, which bytes, what it is
    (0, b"PK\x03\x04", "a zip archive: unpack it, or give its own path"),
    (0, b"\x1f\x8b", f"an archive made by gzip: {UNPACK}"),
    (0, b"BZh", f"an archive made by bzip2: {UNPACK}"),
    (0, b"\xfd7zXZ", f"an archive made by xz: {UNPACK}"),
    (0, b"\x28\xb5\x2f\xfd", f"an archive made by Zstandard: {UNPACK}"),
    (0, b"7z\xbc\xaf\x27\x1c", f"a 7z archive: {UNPACK}"),
    (0, b"Rar!", f"a RAR archive: {UNPACK}"),
    (257, b"ustar", f"a tar archive: {UNPACK}"),
    (0, b"\x93NUMPY", f"a NumPy array: {AS_PICTURES}"),
    (0, b"\x89HDF", f"an HDF5 file: {AS_PICTURES}"),
    (0, b"PAR1", f"a Parquet table: {AS_PICTURES}"),
    (0, b"%PDF", "a PDF: save its pages as PNG files"),
    (0, b"%!PS", f"a PostScript page: {AS_PNG}"),
    (0, b"8BPS", f"a Photoshop file: {AS_PNG}"),
    (0, (b"\xff\x0a", b"\x00\x00\x00\x0cJXL"), f"JPEG XL: {AS_JPEG}"),
    (128, b"DICM", "a DICOM scan: save its slices as PNG files"),
    (8, b"avi", f"AVIF, which this Pillow does not read: {AS_JPEG}"),
    (8, (b"hei", b"hev", b"mif1", b"msf1"), f"HEIC, a phone's format: {AS_JPEG}"),
    (0, b"\x1aE\xdf\xa3", f"a video: {FRAMES}"),
    (8, b"AVI ", f"a video: {FRAMES}"),
    (4, b"ftyp", f"a video: {FRAMES}"),  # after AVIF and HEIC, which begin alike
)
ENOUGH = 1024  # bytes to tell a kind by


class Rejected(ValueError):
    """A file that no picture was made of: `reason`, the same for all such files, and `detail`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


def kind(data: bytes) -> str:
    """In words, what the bytes are that a file starts with; "" where that is not known."""
    if not data:
        return "an empty file"
    for place, mark, words in MARKS:
        if data.startswith(mark, place):
            return words
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(data[:ENOUGH])
    except UnicodeDecodeError:
        return ""
    begin = text.lstrip().lower()
    if begin.startswith(("<!doctype html", "<html")):
        return "a web page"
    if "<svg" in begin:
        return f"an SVG drawing: {AS_PNG}"
    if all(sign.isprintable() or sign.isspace() for sign in text):
        return "text, a note or a table"
    return ""
