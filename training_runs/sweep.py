"""What a minute buys: FID after so much training, over settings and seeds.

    make sweep ARGS="--model dcgan --lr 2e-3 4e-3 --latent-dim 16 100 --seconds 60"

Each flag that takes several values is tried in all combinations. One row per run is appended to
training_runs/sweep.csv, with what made it. With --seconds, run it on a quiet machine; with --steps
it does not matter: give the steps that a quiet minute has.
"""

import argparse
import itertools
from pathlib import Path

import torch

from gan_utils import datasets, models, runtime, training
from gan_utils.training import GAN, Settings, fit
from training_runs import runs

FIELDS = (
    *("model", "seconds", "base_channels", "batch_size", "lr", "beta1", "average", "latent_dim"),
    *("seed", "steps", "fid", "fid_floor", "fid_samples", "classes_covered", "smallest_share"),
    *("confident", "made_with"),
)
TRIED = {
    "base_channels": 32,
    "batch_size": 64,
    "lr": 5e-4,
    "beta1": 0.5,
    "average": 0.99,
    "latent_dim": 100,
}


def measure(
    model: str, total: dict[str, float], base_channels: int, settings: Settings
) -> runs.Row:
    """Train once and measure 10,000 samples."""
    runtime.seed_everything(settings.seed)
    digits = datasets.mnist()
    networks = models.build(model, digits.shape, settings.latent_dim, base_channels)
    gan = fit(GAN(*networks, settings), digits, watchers=[training.ProgressBar()], **total)
    row = {name: getattr(settings, name) for name in FIELDS if hasattr(settings, name)}
    row |= runs.judged(gan.sample(10_000, seed=1))
    return row | {
        "model": model,
        "seconds": round(gan.seconds, 1),
        "base_channels": base_channels if model == "dcgan" else "",
        "steps": gan.step,
        "classes_covered": row["covered"],
        "made_with": runtime.provenance(bfloat16=gan.bfloat16),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", default=["dcgan", "mlp"])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--steps", type=int, help="instead of seconds")
    parser.add_argument("--seeds", type=int, default=3)
    for name, usual in TRIED.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(usual), nargs="+", default=[usual])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("training_runs/sweep.csv"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    total = {"steps": args.steps} if args.steps else {"seconds": args.seconds}
    values = [getattr(args, name) for name in TRIED]
    for model, *chosen, seed in itertools.product(args.model, *values, range(args.seeds)):
        settings = dict(zip(TRIED, chosen, strict=True))
        width = settings.pop("base_channels")
        row = measure(model, total, width, Settings(**settings, seed=seed))
        runs.write(args.out, FIELDS, [*runs.read(args.out), row])
        print({name: row[name] for name in FIELDS[:-1]}, flush=True)


if __name__ == "__main__":
    main()
