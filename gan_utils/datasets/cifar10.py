"""CIFAR-10 through torchvision's own loader."""

from pathlib import Path

import numpy as np
import torch

from gan_utils.datasets.image_set import ImageSet
from gan_utils.runtime import data_root


def cifar10(root: str | Path | None = None, download: bool = False) -> ImageSet:
    """Small color pictures of ten classes, uint8 (60000, 3, 32, 32); the 10,000 test ones held out.

    Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images.

    Args:
        root: the folder that holds (or will hold) ``cifar-10-batches-py`` or its archive; default
            `runtime.data_root`.
        download: may torchvision fetch the archive if it is not there yet?

    Raises:
        FileNotFoundError: the files are not there or damaged, and no download wanted or possible.
    """
    from torchvision.datasets import CIFAR10

    root = Path(root).expanduser() if root else data_root()
    try:
        parts = [CIFAR10(root, train=train, download=download) for train in (True, False)]
    except (RuntimeError, OSError) as error:  # OSError covers URLError and an unwritable folder
        raise FileNotFoundError(
            f"CIFAR-10 is missing from {root}, or damaged ({error}); pass download=True with a "
            f"network, or put {CIFAR10.filename} (md5 {CIFAR10.tgz_md5}) there by hand and unpack "
            f"it: tar xzf {CIFAR10.filename}"
        ) from error
    images = np.concatenate([part.data for part in parts]).transpose(0, 3, 1, 2)
    return ImageSet(
        torch.from_numpy(np.ascontiguousarray(images)),
        torch.tensor([label for part in parts for label in part.targets]),
        tuple(parts[0].classes),
        torch.arange(len(images)) >= len(parts[0]),
        f"{len(images):,} pictures of CIFAR-10 (Krizhevsky 2009)",
    )
