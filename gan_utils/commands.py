"""The commands ``sample``, ``evaluate`` and ``data inspect``."""

import argparse
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from gan_utils import datasets, figures, metrics, recipes, runtime
from gan_utils.datasets import SHARES
from gan_utils.files import whole
from gan_utils.recipes import Recipe
from gan_utils.training import checkpoint, generate

Flags = argparse.Namespace

ROWS = 512  # of noise at a time; so many are the same as when all are drawn at once
MOST_IN_A_GRID, MOST_MEASURED = 10_000, 100_000


def sample(flags: Flags) -> int:
    """Draw new pictures from a trained generator."""
    path = _file("out", flags.out, ".npz", ".png")
    weights = flags.weights and _file("weights", flags.weights, ".safetensors")
    generator, recipe, _ = _generator(flags.run)
    most = MOST_IN_A_GRID if path.suffix == ".png" else sys.maxsize
    parts = _drawn(generator, recipe, flags, 1, most)
    instead = ", in place of the file that was there" if path.exists() else ""
    with whole(path) as unfinished:
        if path.suffix == ".png":
            figures.save_grid(torch.cat([*parts]), unfinished)
        else:
            _write_npz(unfinished, parts, flags.n)
    print(f"{path}: {flags.n:,} pictures{instead}")
    if weights:
        with whole(weights) as unfinished:
            tensors = {key: value.contiguous() for key, value in generator.state_dict().items()}
            save_file(tensors, unfinished)
        print(f"{weights}: the weights of the generator")
    return 0


def evaluate(flags: Flags) -> int:
    """Measure a trained generator of digits or of drawn faces and print one JSON object."""
    generator, recipe, step = _generator(flags.run)
    measured = {"mnist": _measure_digits, "cartoon": _measure_faces}
    data = recipe.data.partition(":")[0]
    if data not in measured:
        raise ValueError(
            f"{flags.run} was trained on {recipe.data}; evaluate measures digits (mnist) and drawn "
            "faces (cartoon) only, for which the course has classifiers"
        )
    images = torch.cat([*_drawn(generator, recipe, flags, 2, MOST_MEASURED)])
    source = torch.Generator().manual_seed(flags.seed)
    noise = torch.randint(0, 256, images.shape, generator=source, dtype=torch.uint8)
    _print_json({"run": flags.run, "step": step, **measured[data](images, noise)})
    return 0


def inspect(flags: Flags) -> int:
    """Say what a folder or zip of pictures would be made into, and what is wrong with which."""
    sheet = flags.sheet and _file("sheet", flags.sheet, ".png")
    report = datasets.inspect(flags.path, flags.image_size, flags.channels)
    if flags.json:
        _print_json(report.as_json())
    else:
        print(report)
    if sheet and report.accepted:
        images = datasets.folder(flags.path, flags.image_size, flags.channels).images[:64]
        with whole(sheet) as unfinished:
            figures.save_grid(images, unfinished)
    return 0 if report.accepted else 1


def _file(flag: str, name: str, *endings: str) -> Path:
    """The file that a flag names, with one of these endings."""
    path = Path(name)
    if path.suffix not in endings:
        raise ValueError(f"--{flag} is {name}; its name must end in {' or '.join(endings)}")
    if path.is_dir():
        raise ValueError(f"--{flag} {name} is a folder; name a file")
    return path


def _generator(run: str) -> tuple[nn.Module, Recipe, int]:
    """A run's best generator, its recipe, and the step it was saved after."""
    stored = checkpoint.read(run)
    recipe = recipes.stored_recipe(run, stored["settings"])
    generator, _ = recipe.networks()
    name = "averaged_generator" if recipe.average else "generator"
    checkpoint.load_weights(generator, run, name)
    return generator, recipe, stored["step"]


def _drawn(
    generator: nn.Module, recipe: Recipe, flags: Flags, least: int, most: int
) -> Iterator[Tensor]:
    """New pictures, uint8 (N, C, H, W), a part at a time: all may be larger than memory."""
    if not least <= flags.n <= most:
        raise ValueError(f"--n is {flags.n}; it must be {least:,} or more, and at most {most:,}")
    runtime.seed_everything(flags.seed)
    source = torch.Generator().manual_seed(flags.seed)
    rows = [min(ROWS, flags.n - start) for start in range(0, flags.n, ROWS)]
    return (generate(generator, torch.randn(n, recipe.latent_dim, generator=source)) for n in rows)


def _write_npz(path: Path, parts: Iterator[Tensor], n: int) -> None:
    """Write what `np.savez_compressed(path, images=…)` would, of uint8 (n, C, H, W) by parts."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("images.npy", "w", force_zip64=True) as file,
    ):
        for i, part in enumerate(parts):
            pixels = part.permute(0, 2, 3, 1).contiguous().numpy()
            if i == 0:
                about = {"descr": "|u1", "fortran_order": False, "shape": (n, *pixels.shape[1:])}
                np.lib.format.write_array_header_1_0(file, about)
            file.write(pixels.data)


def _print_json(values: dict[str, Any]) -> None:
    print(json.dumps(values, indent=2))


def _measure_digits(images: Tensor, noise: Tensor) -> dict[str, Any]:
    return {
        **metrics.fid(images).as_json(),
        **metrics.coverage(images).as_json(),
        "confidence": metrics.CONFIDENCE,
        "uniform_noise": metrics.coverage(noise).as_json(),
        "held_out_digits": metrics.coverage(datasets.mnist().held_out.images).as_json(),
    }


def _measure_faces(images: Tensor, noise: Tensor) -> dict[str, Any]:
    def colors(images: Tensor) -> dict[str, Any]:
        found = metrics.coverages(images)
        return {name.replace(" ", "_"): found[name].as_json() for name in found}

    faces, covered = datasets.cartoon(size=64), colors(images)
    return {
        **metrics.fid(images, faces).as_json(),
        **covered,
        "confidence": metrics.CONFIDENCE,
        "uniform_noise": colors(noise),
        "held_out_faces": colors(faces.held_out.images),
        "true_share": {name: SHARES[name.replace("_", " ")] for name in covered},
    }
