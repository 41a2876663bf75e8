"""What the commands that train over seeds share: experiments in, a CSV of runs out.

An experiment is a function of the seed that yields one dictionary for each row.
"""

import argparse
import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from gan_utils import metrics, runtime
from gan_utils.files import whole

Row = dict[str, object]
Experiment = Callable[[int], Iterator[Row]]


def judged(images: Tensor) -> Row:
    """FID and coverage of generated digits, uint8 (N, 1, 28, 28)."""
    score, covered = metrics.fid(images), metrics.coverage(images)
    return {
        "fid": round(score.value, 2),
        "fid_floor": round(score.floor, 2),
        "fid_samples": score.samples,
        "covered": covered.covered,
        "smallest_share": round(min(covered.shares), 4),
        "confident": round(covered.confident, 4),
    }


def read(path: Path) -> list[dict[str, str]]:
    """The rows that are there already."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, fields: Sequence[str], rows: Iterable[Row]) -> None:
    """Write the rows, of each the fields that are wanted."""
    with whole(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def command(
    title: str,
    out: str,
    experiments: Mapping[str, tuple[Experiment, int]],
    fields: Sequence[str],
    threads: int = 2,
    column: str = "experiment",
) -> None:
    """The command line of such a script: run all experiments, or those that are named.

    Seed by seed, so that a third of the way each experiment has some. The file is written after
    each run, whose rows take the place of its old ones; all others stay as they are.

    Args:
        title: one line of help.
        out: the file to write, unless --out names another.
        experiments: each with its number of seeds; their order is the file's.
        fields: the columns; `column`, "seed" and "made_with" among them.
        threads: PyTorch's, unless --threads says otherwise.
        column: where the experiment's name stands.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("only", nargs="*", choices=[*experiments, []], help="default: all")
    parser.add_argument("--out", type=Path, default=Path(out))
    parser.add_argument("--threads", type=int, default=threads)
    parser.add_argument("--seeds", type=int, help="of each, if it has so many; default: all")
    parser.add_argument("--resume", action="store_true", help="leave out runs that the file has")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    order = list(experiments)
    counts = {name: min(args.seeds or seeds, seeds) for name, (_, seeds) in experiments.items()}
    rows = [row for row in read(args.out) if row[column] in order]
    for seed in range(max(counts.values())):
        for name in args.only or order:
            old = [row for row in rows if (row[column], row["seed"]) == (name, str(seed))]
            if seed >= counts[name] or (args.resume and old):
                continue
            rows = [row for row in rows if row not in old]
            for result in experiments[name][0](seed):
                row = {column: name, **result, "seed": str(seed)}
                print(row, flush=True)
                rows.append({"made_with": runtime.provenance(), **row})
            rows.sort(key=lambda row: (order.index(row[column]), int(row["seed"])))
            write(args.out, fields, rows)
