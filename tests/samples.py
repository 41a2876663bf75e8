"""Pictures, files and commands that many tests need."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gan_utils import cli


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Bytes 0 … 255 of that shape, uint8; the same for the same seed."""
    source = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=source, dtype=torch.uint8)


def photo(seed: int, height: int = 20, width: int = 20) -> Image.Image:
    """A color picture of noise, another one for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """What a file of that picture holds."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def zipped(path: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip archive at that path, with these members."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def contents(folder: Path) -> dict[Path, bytes]:
    """What each file below the folder holds."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def status(*words: object) -> int:
    """The exit status of one command, run in this process."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(word) for word in words])
    return ended.value.code
