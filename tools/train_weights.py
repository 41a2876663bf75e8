"""Train the pairs that the course ships, and write their weights to data/.

    python tools/train_weights.py [cartoon_64] [digits_28] [--steps N]

They are trained as ``python -m gan_utils train`` trains on digits, by steps, so that the command
says what made them; the generator that is kept is the moving average.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from gan_utils import datasets, pretrained
from gan_utils.cli import defaults, new_game
from gan_utils.files import whole
from gan_utils.runtime import seed_everything
from gan_utils.training import Game, fit
from gan_utils.watching import ProgressBar

# Both are the plain DCGAN that the notebooks teach, with batch norm in D and without a penalty.
PLAIN = defaults("dcgan", 28)
PAIRS: dict[str, dict[str, Any]] = {
    "cartoon_64": {**PLAIN, "data": "cartoon", "image_size": 64, "latent_dim": 64, "steps": 6000},
    "digits_28": {**PLAIN, "data": "mnist", "steps": 4000},
}


def train(name: str, steps: int, seed: int, folder: Path) -> Game:
    """Train one pair and write its two files, unless it was interrupted."""
    pair = PAIRS[name]
    images = datasets.load(pair["data"], pair["image_size"])
    made = pair | {"source": images.source, "image_shape": images.shape, "seed": seed}
    seed_everything(seed)
    game = fit(new_game(made), images, steps=steps, watchers=[ProgressBar()])
    if game.interrupted:
        return game
    made |= {"steps": game.step, "torch": torch.__version__.split("+")[0]}
    made |= {"device": game.device.type, "bfloat16": game.bfloat16}
    for role, network in zip(
        pretrained.ROLES, (game.best_generator, game.discriminator), strict=True
    ):
        file = folder / f"{name}_{role}.safetensors"
        store(network, file, made)
        print(f"{file}: {file.stat().st_size / 1e6:.2f} MB")
    print(f"{name}: {game.step:,} steps in {game.seconds:,.0f} s")
    return game


def store(network: torch.nn.Module, file: Path, made: dict[str, Any]) -> None:
    """Write a network's weights as `pretrained.players` reads them, whole or not at all."""
    weights = {
        key: (value.half() if value.ndim > 1 else value).contiguous().cpu()
        for key, value in network.state_dict().items()
    }
    wide = [key for key, value in weights.items() if not torch.isfinite(value).all()]
    if wide:
        raise ValueError(f"{', '.join(wide)}: not finite, or too large for float16; not stored")
    with whole(file) as unfinished:
        save_file(weights, unfinished, {"about": json.dumps(made)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(PAIRS), help=" or ".join(PAIRS))
    parser.add_argument("--steps", type=int, help="instead of the pair's own number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("data"), help="the folder for the weights")
    args = parser.parse_args()
    unknown = [name for name in args.names if name not in PAIRS]
    if unknown:
        parser.error(f"no pair is called {', '.join(unknown)}; there are {', '.join(PAIRS)}")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.names:
        if train(name, args.steps or PAIRS[name]["steps"], args.seed, args.out).interrupted:
            sys.exit(f"stopped: nothing was written for {name}")


if __name__ == "__main__":
    main()
