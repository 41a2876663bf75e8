"""CIFAR-10 through torchvision's own loader."""

import os
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch

from gan_utils.datasets.image_set import ImageSet
from gan_utils.runtime import data_root


def cifar10(root: str | Path | None = None, download: bool = False) -> ImageSet:
    """Small color pictures of ten classes, uint8 (60000, 3, 32, 32); the 10,000 test ones held out.

    Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images.

    Args:
        root: ``cifar-10-batches-py`` or its archive (the authors' .tar.gz, or a zip), or the folder
            that holds (or will hold) one of them; default `runtime.data_root`.
        download: may torchvision fetch the archive if it is not there yet?

    Raises:
        FileNotFoundError: the files are not there or damaged, and no download wanted or possible.
    """
    from torchvision.datasets import CIFAR10

    root = Path(os.path.expanduser(root)) if root else data_root()
    if root.name == CIFAR10.base_folder:
        root = root.parent
    archive = root if root.is_file() else root / CIFAR10.filename
    unpacked = (root / CIFAR10.base_folder).is_dir()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            place = root
            if archive.is_file() and not (unpacked or download):  # which may write beside it
                place = _unpack(archive, Path(temporary), CIFAR10.base_folder)
            parts = [CIFAR10(place, train=train, download=download) for train in (True, False)]
    except Exception as error:  # whatever torchvision or an unpacker makes of damaged files
        # Without its advice for a call of its own.
        said = " ".join(str(error).partition(" You can")[0].split()) or repr(error)
        raise FileNotFoundError(
            f"CIFAR-10 is missing from {root}, or damaged ({said}). To fetch it, with a network:\n"
            '  python -c "from gan_utils import datasets; datasets.cifar10(download=True)"\n'
            f"By hand: put {CIFAR10.filename} (md5 {CIFAR10.tgz_md5}) there.\n"
            "Its pictures as single files are read by folder:PATH"
        ) from error
    images = np.concatenate([part.data for part in parts]).transpose(0, 3, 1, 2)
    return ImageSet(
        torch.from_numpy(np.ascontiguousarray(images)),
        torch.tensor([label for part in parts for label in part.targets]),
        tuple(parts[0].classes),
        torch.arange(len(images)) >= len(parts[0]),
        f"{len(images):,} pictures of CIFAR-10 (Krizhevsky 2009)",
    )


def _unpack(archive: Path, folder: Path, wanted: str) -> Path:
    """Unpack into a folder of our own; the folder above the wanted one."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            file.extractall(folder)
    else:
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")
    return next((found.parent for found in folder.rglob(wanted)), folder)
