"""What a file is that is not read as a picture, by its first bytes, and what to do about it."""

import codecs

UNPACK = "unpack it, and give the folder"
AS_PICTURES = "save its pictures as PNG files"
STARTS = (
    (b"PK\x03\x04", "a zip archive: unpack it, or give its own path"),
    (b"\x1f\x8b", f"an archive made by gzip: {UNPACK}"),
    (b"BZh", f"an archive made by bzip2: {UNPACK}"),
    (b"\xfd7zXZ", f"an archive made by xz: {UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"an archive made by Zstandard: {UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive: {UNPACK}"),
    (b"Rar!", f"a RAR archive: {UNPACK}"),
    (b"\x93NUMPY", f"a NumPy array: {AS_PICTURES}"),
    (b"\x89HDF", f"an HDF5 file: {AS_PICTURES}"),
    (b"PAR1", f"a Parquet table: {AS_PICTURES}"),
    (b"%PDF", "a PDF: save its pages as PNG files"),
    (b"%!PS", "a PostScript page: save it as a PNG"),
    (b"8BPS", "a Photoshop file: save it as a PNG"),
    (b"\xff\x0a", "JPEG XL: save it as a JPEG"),
    (b"\x00\x00\x00\x0cJXL", "JPEG XL: save it as a JPEG"),
    (b"\x1aE\xdf\xa3", "a video: save its frames as pictures"),
)
LATER = (  # where, and which bytes there
    (257, b"ustar", f"a tar archive: {UNPACK}"),
    (128, b"DICM", "a DICOM scan: save its slices as PNG files"),
    (8, b"AVI ", "a video: save its frames as pictures"),
    (8, b"avi", "AVIF, which this Pillow does not read: save it as a JPEG"),
    (8, b"hei", "HEIC, a phone's format: save it as a JPEG"),
    (8, b"hev", "HEIC, a phone's format: save it as a JPEG"),
    (8, b"mif1", "HEIC, a phone's format: save it as a JPEG"),
    (8, b"msf1", "HEIC, a phone's format: save it as a JPEG"),
    (4, b"ftyp", "a video: save its frames as pictures"),
)
ENOUGH = 1024  # bytes to tell a kind by


def kind(data: bytes) -> str:
    """In words, what the bytes are that a file starts with; "" where that is not known."""
    if not data:
        return "an empty file"
    for start, words in STARTS:
        if data.startswith(start):
            return words
    for place, mark, words in LATER:
        if data[place : place + len(mark)] == mark:
            return words
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(data[:ENOUGH])
    except UnicodeDecodeError:
        return ""
    begin = text.lstrip().lower()
    if begin.startswith(("<!doctype html", "<html")):
        return "a web page"
    if "<svg" in begin:
        return "an SVG drawing: save it as a PNG"
    if all(sign.isprintable() or sign.isspace() for sign in text):
        return "text, a note or a table"
    return ""
