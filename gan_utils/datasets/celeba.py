"""CelebA's aligned faces, from wherever they can be had.

Liu, Luo, Wang and Tang 2015, Deep Learning Face Attributes in the Wild. For non-commercial research
and education only, and not to be passed on: https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html
"""

import os
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

from gan_utils.datasets.download import DownloadError, fetch, is_whole
from gan_utils.datasets.folder import folder
from gan_utils.datasets.image_set import ImageSet
from gan_utils.runtime import data_root

# The zip of all faces; the hash is the one that torchvision.datasets.CelebA checks, too.
FACES, SIZE, MD5 = "img_align_celeba.zip", 1_443_490_838, "00d2c5bc6d35e252742224ab0c1e8fcb"
# Who keeps a copy, as published in 2026. Whatever they send is checked against size and hash, so an
# address that has died or changed hands costs a try, not a wrong picture.
MIRRORS = {
    "Internet Archive": "https://archive.org/download/celeba/Img/img_align_celeba.zip",
    "GRAAL (Laval)": "https://graal.ift.ulaval.ca/public/celeba/img_align_celeba.zip",
    "Udacity": "https://s3-us-west-1.amazonaws.com/udacity-dlnfd/datasets/celeba.zip",
}
HOME = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
PLACES = ("celeba", "CelebA", "celeba/Img", "CelebA/Img", "Img", "")


def celeba(
    root: str | Path | None = None, download: bool = False, size: int = 64, crop: float = 1.0
) -> ImageSet:
    """Aligned faces of celebrities, uint8 (N, 3, size, size): 202,599 of them, or a part.

    The faces may lie as torchvision (``ROOT/celeba/``), the authors (``ROOT/Img/``) or Kaggle
    (twice ``img_align_celeba``) put them, or in `root` itself; unpacked, or in their zip, which is
    read without unpacking it. `root` may also be a zip, or a folder of some of the faces. Of each
    face, 178×218, the center square is kept (see `crop`). A tenth is held out.

    Args:
        root: the folder or zip; default `runtime.data_root`.
        download: may the zip be fetched, if it is not there? By torchvision first, then from the
            mirrors; what becomes of each is printed.
        size: pixels on a side.
        crop: the side of the center square, as a share of the 178 pixels: 1 for all, 108/178 for
            the face alone.

    Raises:
        FileNotFoundError: no faces there, and no download wanted or possible; the message says how
            to get them.
        ValueError: not one face can be read, or an argument is out of range.
        OSError: the folder cannot be written.
    """
    root = Path(os.path.expanduser(root)) if root else data_root()
    if download and not root.is_file():
        _download(root)
    faces = _faces(root)
    if faces is None:
        missing = "" if root.exists() else ", for nothing is there"
        raise FileNotFoundError(f"there are no CelebA faces at {root}{missing}. {_how(root)}")
    images = folder(faces, size, 3, crop)
    return replace(images, source=f"{len(images):,} aligned faces of CelebA (Liu et al. 2015)")


def _faces(root: Path) -> Path | None:
    """The zip or folder of faces at or below `root`, a zip that is none if that is all, or None."""
    if root.is_file():
        return root
    places = [root / place for place in PLACES]
    for place in places:
        if zipfile.is_zipfile(place / FACES):
            return place / FACES
        unpacked = place / Path(FACES).stem
        for faces in (unpacked, unpacked / unpacked.name):
            if any(faces.glob("*.jpg")):
                return faces
    if any(root.glob("*.jpg")):
        return root
    return next((place / FACES for place in places if (place / FACES).is_file()), None)


def _how(root: Path) -> str:
    """How to get the faces, from Python, from the command line and by hand."""
    given = "" if root == data_root() else f"'{root.as_posix()}', "
    return (
        "To fetch them, with a network:\n"
        f'  python -c "from gan_utils import datasets; datasets.celeba({given}download=True)"\n'
        f"By hand: get {FACES} ({SIZE:,} bytes, md5 {MD5})\n"
        f"from {HOME} (folder Img) and put it into {(root / 'celeba').as_posix()}, unopened.\n"
        "The drawn faces, cartoon, need no download."
    )


def _download(root: Path) -> None:
    """Fetch the zip if there are no faces, link by link, and print what becomes of each.

    Raises:
        FileNotFoundError: no link gave the faces; the message says how to get them by hand.
        OSError: the folder cannot be written.
    """
    path, there = root / "celeba" / FACES, _faces(root)
    if there is not None and (there.is_dir() or is_whole(there, MD5, SIZE)):
        print(f"{FACES}: already there, {'unpacked' if there.is_dir() else 'whole'}")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise OSError(
            f"{path.parent} cannot be written: {error}. Choose another folder with the environment "
            "variable GAN_UTILS_DATA"
        ) from error
    for who, url in {"torchvision": "", **MIRRORS}.items():
        try:
            if url:
                fetch(url, path, MD5, SIZE)
            else:
                _by_torchvision(path)
        except Exception as error:  # whatever a link fails with, the next one is tried
            print(f"{FACES}: {who} failed: {error}")
        else:
            print(f"{FACES}: fetched from {who}")
            return
    raise FileNotFoundError(f"no link gave CelebA's faces (see above). {_how(root)}")


def _by_torchvision(path: Path) -> None:
    """Fetch the zip as torchvision's own loader does: from the authors' Google Drive, by gdown."""
    from torchvision.datasets import CelebA
    from torchvision.datasets.utils import download_file_from_google_drive

    try:
        import gdown  # noqa: F401
    except ImportError as error:
        raise DownloadError("it needs gdown: pip install gdown") from error
    (address,) = (address for address, _, known in CelebA.file_list if known == path.name)
    download_file_from_google_drive(address, path.parent, path.name, MD5)
