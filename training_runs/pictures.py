"""Draw README's pictures: images/digits.png and images/faces.png.

    make pictures       (or: python -m training_runs.pictures [--seconds 60])

The digits: the same noise at five moments of one run of so many seconds, untrained to finished,
side by side. The faces: what the pair that the course ships draws, unchosen.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from gan_utils import datasets, figures, runtime
from gan_utils.models import pretrained
from gan_utils.recipes import new_gan, recipe
from gan_utils.training import fit, generate

FRACTIONS = (0.13, 0.2, 0.3, 1.0)  # of the run


def digits(seconds: float) -> np.ndarray:
    """36 digits at five moments, (H, W)."""
    pictures = datasets.mnist()
    gan = new_gan(recipe())
    fit(gan, pictures, seconds=seconds)
    steps = [step for step, _ in gan.snapshots]
    nearest = [min(steps, key=lambda s: abs(s - f * gan.step)) for f in FRACTIONS]
    moments = [0, *map(steps.index, nearest)]
    print(f"steps {', '.join(str(steps[i]) for i in moments)}; {runtime.provenance()}")
    sheets = [figures.grid(gan.snapshots[i][1][:36], columns=6) for i in moments]
    gap = np.full((sheets[0].shape[0], 12), 255, np.uint8)
    row = [part for sheet in sheets for part in (sheet, gap)][:-1]
    return np.concatenate(row, axis=1)


def faces() -> np.ndarray:
    """24 faces, (H, W, 3)."""
    generator, _ = pretrained.players("cartoon_64")
    noise = torch.randn(24, pretrained.about("cartoon_64")["latent_dim"])
    return figures.grid(generate(generator, noise), columns=12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of training, for the digits")
    parser.add_argument("--out", type=Path, default=Path("images"), help="the folder")
    args = parser.parse_args()
    runtime.seed_everything(0)
    for name, sheet in [("faces", faces()), ("digits", digits(args.seconds))]:
        (args.out / f"{name}.png").write_bytes(figures.png(sheet, scale=1))
        print(args.out / f"{name}.png")


if __name__ == "__main__":
    main()
