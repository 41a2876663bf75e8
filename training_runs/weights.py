"""Train the pairs that the course ships, and write their weights to data/.

    python -m training_runs.weights [cartoon_64] [digits_28] [--steps N]

They are trained as ``python -m gan_utils train`` trains on digits, by steps, so that the command
says what made them; the generator that is kept is the moving average.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from gan_utils import datasets
from gan_utils.files import whole
from gan_utils.models import pretrained
from gan_utils.recipes import Recipe, new_gan, recipe
from gan_utils.runtime import seed_everything
from gan_utils.training import GAN, ProgressBar, fit

# Both are the plain DCGAN that the notebooks teach: what, and for how many steps.
DIGITS = recipe()
FACES = replace(DIGITS, data="cartoon", image_size=64, channels=3, latent_dim=64)
PAIRS: dict[str, tuple[Recipe, int]] = {"cartoon_64": (FACES, 6000), "digits_28": (DIGITS, 4000)}


def train(name: str, steps: int, seed: int, folder: Path) -> GAN:
    """Train one pair and write its two files."""
    chosen = replace(PAIRS[name][0], seed=seed)
    images = datasets.load(chosen.data, chosen.image_size)
    seed_everything(seed)
    gan = fit(new_gan(chosen), images, steps=steps, watchers=[ProgressBar()])
    made = asdict(chosen) | {"source": images.source, "image_shape": images.shape}
    made |= {"steps": gan.step, "torch": torch.__version__.split("+")[0]}
    made |= {"device": gan.device.type, "bfloat16": gan.bfloat16}
    for role, network in zip(
        pretrained.ROLES, (gan.best_generator, gan.discriminator), strict=True
    ):
        file = folder / f"{name}_{role}.safetensors"
        store(network, file, made)
        print(f"{file}: {file.stat().st_size / 1e6:.2f} MB")
    print(f"{name}: {gan.step:,} steps in {gan.seconds:,.0f} s")
    return gan


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
        try:
            train(name, args.steps or PAIRS[name][1], args.seed, args.out)
        except KeyboardInterrupt:
            sys.exit(f"stopped: nothing was written for {name}")


if __name__ == "__main__":
    main()
