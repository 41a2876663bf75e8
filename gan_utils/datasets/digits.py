"""Handwritten digits: an embedded sample of MNIST, and all of it through torchvision."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch

from gan_utils.datasets.image_set import ImageSet
from gan_utils.runtime import data_root, embedded

DIGITS = tuple("0123456789")
ALL = 60_000


def mnist(full: bool = False, download: bool = False, root: str | Path | None = None) -> ImageSet:
    """MNIST's handwritten digits, uint8 (N, 1, 28, 28), white on black.

    The default needs no network: 10,000 digits of the training set, 1,000 of each class.
    In both forms the same 1,000 digits, 100 of each class, are held out of all training
    (`ImageSet.train`, `ImageSet.held_out`).

    Args:
        full: all 60,000 training digits, through torchvision.
        download: may torchvision fetch its four files if they are not there yet?
        root: the folder that holds (or will hold) ``MNIST/raw``; default `runtime.data_root`.

    Raises:
        FileNotFoundError: `full` without the files and without `download`, or a failed download.
        ValueError: `download` or `root` without `full`, or other files than MNIST's.
    """
    if not full and (download or root is not None):
        raise ValueError(
            "download and root are for all of MNIST: pass full=True, too; mnist() alone, the "
            "embedded 10,000 digits, needs neither"
        )
    with np.load(embedded("digits.npz")) as file:
        sample = {name: torch.from_numpy(file[name]) for name in file.files}
    if not full:
        return ImageSet(
            sample["images"].unsqueeze(1),
            sample["labels"].long(),
            DIGITS,
            sample["held_out"],
            "10,000 digits of MNIST's training set (LeCun, Cortes and Burges)",
        )
    root = Path(os.path.expanduser(root)) if root else data_root()
    images, labels = _torchvision_mnist(root, download)
    if not len(images) == len(labels) == ALL:
        raise ValueError(
            f"{root / 'MNIST' / 'raw'} holds {len(images):,} training digits and {len(labels):,} "
            f"labels; MNIST has {ALL:,}. Put its own four files there, or leave root out"
        )
    reserved = torch.zeros(len(images), dtype=torch.bool)
    reserved[sample["position"][sample["held_out"]].long()] = True
    source = "MNIST's training set (LeCun, Cortes and Burges)"
    return ImageSet(images.unsqueeze(1), labels, DIGITS, reserved, source)


def stacked_mnist(digits: ImageSet, n: int, seed: int = 0) -> ImageSet:
    """Three random digits as the red, green and blue of one picture: 1,000 modes to cover.

    Args:
        digits: gray pictures (N, 1, H, W) with labels 0 … 9.
        n: how many to make.
        seed: of the random choice.

    Returns:
        (n, 3, H, W), labels 0 … 999: red digit × 100 + green digit × 10 + blue digit.
        Metz et al. 2017 (Unrolled GANs), section 3.3.

    Raises:
        ValueError: the digits have no labels.
    """
    if digits.labels is None:
        raise ValueError(f"{digits} has no labels; stack pictures with labels 0 … 9, as mnist()")
    choice = torch.randint(len(digits), (3, n), generator=torch.Generator().manual_seed(seed))
    red, green, blue = (digits.labels[index] for index in choice)
    return ImageSet(
        torch.cat([digits.images[index] for index in choice], dim=1),
        red * 100 + green * 10 + blue,
        tuple(f"{mode:03d}" for mode in range(1000)),
        source=f"three digits stacked, from {digits.source}",
    )


def _torchvision_mnist(root: Path, download: bool) -> tuple[torch.Tensor, torch.Tensor]:
    from torchvision.datasets import MNIST
    from torchvision.datasets.utils import check_integrity

    names = [name for name, _ in MNIST.resources]
    raw = root / "MNIST" / "raw"
    whole = all(check_integrity(raw / name, md5) for name, md5 in MNIST.resources)
    if whole and not (raw / Path(names[0]).stem).is_file():
        # torchvision unpacks beside the archives; leave a folder that others share as it is.
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(raw, Path(copy) / "MNIST" / "raw")
            digits = MNIST(copy, train=True, download=True)
            return digits.data, digits.targets
    try:
        digits = MNIST(root, train=True, download=download)
    except Exception as error:  # no network, an unwritable folder, whatever damaged files lead to
        # Without its advice for a call of its own.
        said = " ".join(str(error).partition(" You can")[0].split()) or repr(error)
        raise FileNotFoundError(
            f"MNIST's four files are missing from {raw}, or damaged ({said}). To fetch them, with "
            'a network:\n  python -c "from gan_utils import datasets; datasets.mnist(full=True, '
            f'download=True)"\nBy hand: put {", ".join(names)} there.\n'
            "The embedded digits, mnist alone, need no download"
        ) from error
    return digits.data, digits.targets
