"""The ablation table of notebook 04: make data/ablation.csv.

    make ablation        (about 45 minutes of one quiet core; ARGS="SGD RMSprop" makes only these)

Every variant of `gan_utils.variants`, three seeds each, all after the same number of real pictures:
with a larger batch, or with k > 1, G takes fewer steps. And the MLP beside the DCGAN at the same
seconds. A row is written as soon as it is made, and the command goes on where it was stopped; to
repeat a row, take it out of the file first. Seconds are the processor's, for training alone.
"""

import argparse
import time
from pathlib import Path

import runs
import torch

from gan_utils import datasets, metrics, models, runtime, variants
from gan_utils.training import Game, Settings, TrainingDiverged, fit, train_step

FIELDS = (
    *("variant", "seed", "images", "steps", "batch_size", "d_steps", "lr", "base_channels"),
    *("seconds", "fid", "fid_floor", "fid_samples", "covered", "smallest_share", "confident"),
    *("d_real", "d_fake", "made_with"),
)
IMAGES, SAMPLES, BASE_CHANNELS, SEEDS, SECONDS = 76_800, 5000, 16, 3, 40
EQUAL_SECONDS = ("DCGAN, equal seconds", "MLP, equal seconds")


def by_images(name: str, seed: int, images: int) -> Game:
    """A variant, trained on so many real pictures. A run that diverged is judged as it was."""
    game = variants.game(name, seed, BASE_CHANNELS)
    try:
        fit(game, datasets.mnist(), steps=images // real_each_step(game), watchers=[])
    except TrainingDiverged as error:
        print(f"{name}, seed {seed}: {error}")
    return game


def by_seconds(name: str, seed: int) -> Game:
    """The DCGAN or the MLP, each at its own learning rate, for so many seconds of processor."""
    runtime.seed_everything(seed)
    model, lr = ("dcgan", variants.RATE) if name.startswith("DCGAN") else ("mlp", 5e-4)
    networks = models.build(model, (1, 28, 28), base_channels=BASE_CHANNELS)
    game = Game(*networks, Settings(lr=lr, average=0.995, seed=seed))
    pictures, clock = datasets.mnist().train.images, time.process_time()
    while time.process_time() - clock < SECONDS:
        train_step(game, lambda: game.next_batch(pictures))
        game.step += 1
    return game


def real_each_step(game: Game) -> int:
    """How many real pictures one step of G takes."""
    return game.settings.batch_size * game.settings.d_steps


def measure(name: str, seed: int, images: int, samples: int, floor: float) -> dict[str, object]:
    """Train once and judge the samples."""
    clock = time.process_time()
    game = by_seconds(name, seed) if name in EQUAL_SECONDS else by_images(name, seed, images)
    seconds = time.process_time() - clock
    drawn = game.sample(samples, seed=1)
    covered = metrics.coverage(drawn)
    last = game.history[-1] if game.history else {}
    row = {field: getattr(game.settings, field) for field in FIELDS if hasattr(Settings, field)}
    return row | {
        "variant": name,
        "images": game.step * real_each_step(game),
        "steps": game.step,
        "base_channels": "" if name.startswith("MLP") else BASE_CHANNELS,
        "seconds": round(seconds, 1),
        "fid": round(metrics.fid(drawn).value, 2),
        "fid_floor": round(floor, 2),
        "fid_samples": samples,
        "covered": covered.covered,
        "smallest_share": round(min(covered.shares), 4),
        "confident": round(covered.confident, 4),
        **{verdict: round(last[verdict], 3) for verdict in ("d_real", "d_fake") if last},
        "made_with": runtime.provenance(bfloat16=game.bfloat16),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", help="variants; default: all")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--images", type=int, default=IMAGES, help="real pictures in each run")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="drawn by each generator")
    parser.add_argument("--out", type=Path, default=Path("data/ablation.csv"))
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    names = [*variants.VARIANTS, *EQUAL_SECONDS]
    unknown = sorted({*args.only} - {*names})
    if unknown:
        parser.error(f"no variant {', '.join(unknown)}; there are {', '.join(names)}")
    # As many real digits as samples: the distance that sampling alone leaves.
    floor = metrics.fid(datasets.mnist().train.images[: args.samples]).floor
    for seed in range(args.seeds):  # outermost: a third of the way, every variant has one run
        for name in args.only or names:
            if (name, str(seed)) in [(row["variant"], row["seed"]) for row in runs.read(args.out)]:
                continue
            row = measure(name, seed, args.images, args.samples, floor)
            runs.write(args.out, FIELDS, [row], "a")
            print({key: row[key] for key in row if key != "made_with"}, flush=True)
    rows = runs.read(args.out)
    rows.sort(key=lambda row: (names.index(row["variant"]), int(row["seed"])))
    runs.write(args.out, FIELDS, rows)


if __name__ == "__main__":
    main()
