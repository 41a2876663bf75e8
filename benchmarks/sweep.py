"""What a minute buys: FID after so much training, over settings and seeds.

    make sweep ARGS="--model dcgan --lr 2e-3 4e-3 --latent-dim 16 100 --seconds 60"

Each flag that takes several values is tried in all combinations. One row per run is appended to
benchmarks/sweep.csv, with what made it. With --seconds, run it on a quiet machine; with --steps it
does not matter: give the steps that a quiet minute has.
"""

import argparse
import itertools
from pathlib import Path

import runs
import torch

from gan_utils import datasets, metrics, models, runtime, watching
from gan_utils.training import Game, Settings, fit

FIELDS = (
    *("model", "seconds", "base_channels", "batch_size", "lr", "beta1", "average", "latent_dim"),
    *("seed", "steps", "fid", "fid_floor", "fid_samples", "classes_covered", "smallest_share"),
    *("confident", "made_with"),
)


def measure(
    model: str, total: dict[str, float], base_channels: int, settings: Settings
) -> dict[str, object]:
    """Train once and measure 10,000 samples."""
    runtime.seed_everything(settings.seed)
    digits = datasets.mnist()
    networks = models.build(model, digits.shape, settings.latent_dim, base_channels)
    game = fit(Game(*networks, settings), digits, watchers=[watching.ProgressBar()], **total)
    images = game.sample(10_000, seed=1)
    score, covered = metrics.fid(images, digits), metrics.coverage(images)
    row = {name: getattr(settings, name) for name in FIELDS if hasattr(settings, name)}
    return row | {
        "model": model,
        "seconds": round(game.seconds, 1),
        "base_channels": base_channels if model == "dcgan" else "",
        "steps": game.step,
        "fid": round(score.value, 3),
        "fid_floor": round(score.floor, 3),
        "fid_samples": score.samples,
        "classes_covered": covered.covered,
        "smallest_share": round(min(covered.shares), 4),
        "confident": round(covered.confident, 4),
        "made_with": runtime.provenance(bfloat16=game.bfloat16),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", default=["dcgan", "mlp"])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--steps", type=int, help="instead of seconds")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--base-channels", type=int, nargs="+", default=[32])
    parser.add_argument("--batch-size", type=int, nargs="+", default=[64])
    parser.add_argument("--lr", type=float, nargs="+", default=[5e-4])
    parser.add_argument("--beta1", type=float, nargs="+", default=[0.5])
    parser.add_argument("--average", type=float, nargs="+", default=[0.99])
    parser.add_argument("--latent-dim", type=int, nargs="+", default=[100])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/sweep.csv"))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    choices = ("batch_size", "lr", "beta1", "average", "latent_dim")
    total = {"steps": args.steps} if args.steps else {"seconds": args.seconds}
    for model, width, *values, seed in itertools.product(
        args.model,
        args.base_channels,
        *(getattr(args, name) for name in choices),
        range(args.seeds),
    ):
        settings = Settings(**dict(zip(choices, values, strict=True)), seed=seed)
        row = measure(model, total, width, settings)
        runs.write(args.out, FIELDS, [row], "a")
        print({name: row[name] for name in row if name != "made_with"}, flush=True)


if __name__ == "__main__":
    main()
