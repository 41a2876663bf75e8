"""Draw README's picture, images/digits.png: a DCGAN on the embedded digits after so many seconds.

    make pictures       (or: python tools/pictures.py [--seconds 60])

The same noise at five moments of one run, untrained to finished, side by side.
"""

import argparse
from pathlib import Path

import numpy as np

from gan_utils import datasets, models, plots, runtime
from gan_utils.cli import COMMON, DEFAULTS
from gan_utils.training import Game, Settings, fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=Path("images/digits.png"))
    args = parser.parse_args()
    runtime.seed_everything(0)
    digits = datasets.mnist()
    settings = Settings(**DEFAULTS["dcgan"])
    width = COMMON["base_channels"]
    game = Game(*models.build("dcgan", digits.shape, settings.latent_dim, width), settings)
    fit(game, digits, seconds=args.seconds)
    steps = [step for step, _ in game.snapshots]
    moments = [
        0,
        *(steps.index(min(steps, key=lambda s: abs(s - f * game.step))) for f in FRACTIONS),
    ]
    sheets = [plots.grid(game.snapshots[i][1][:36], columns=6) for i in moments]
    gap = np.full((sheets[0].shape[0], 12), 255, np.uint8)
    row = [part for sheet in sheets for part in (sheet, gap)][:-1]
    args.out.write_bytes(plots.png(np.concatenate(row, axis=1), scale=1))
    print(f"{args.out}: steps {', '.join(str(steps[i]) for i in moments)}; {runtime.provenance()}")


FRACTIONS = (0.13, 0.2, 0.3, 1.0)  # of the run

if __name__ == "__main__":
    main()
