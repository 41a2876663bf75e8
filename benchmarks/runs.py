"""What the commands that train over seeds share: experiments in, a CSV of runs out.

An experiment is a function of the seed that yields one dictionary for each row.
"""

import argparse
import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import torch

from gan_utils import runtime

Row = dict[str, object]
Experiment = Callable[[int], Iterator[Row]]


def read(path: Path) -> list[dict[str, str]]:
    """The rows that are there already."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, fields: Sequence[str], rows: Iterable[Row], mode: str = "w") -> None:
    """Write rows anew, or append them ("a"), under a header if the file is new."""
    new = mode == "w" or not path.exists()
    with path.open(mode, newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields)
        if new:
            writer.writeheader()
        writer.writerows(rows)


def command(
    title: str,
    out: str,
    experiments: Mapping[str, tuple[Experiment, int]],
    fields: Sequence[str],
    threads: int = 2,
) -> None:
    """The command line of such a script: run all experiments, or those that are named.

    Rows of experiments that are not run again stay as they are.

    Args:
        title: one line of help.
        out: the file to write, unless --out names another.
        experiments: each with its number of seeds; their order is the file's.
        fields: the columns, "experiment", "seed" and "made_with" among them.
        threads: PyTorch's, unless --threads says otherwise.
    """
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("only", nargs="*", choices=[*experiments, []], help="default: all")
    parser.add_argument("--out", type=Path, default=Path(out))
    parser.add_argument("--threads", type=int, default=threads)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rows: list[Row] = []
    if args.only:
        rows += [row for row in read(args.out) if row["experiment"] not in args.only]
    for name in args.only or experiments:
        experiment, seeds = experiments[name]
        for seed in range(seeds):
            for result in experiment(seed):
                row = {"experiment": name, "seed": seed, **result}
                print(row, flush=True)
                rows.append(row | {"made_with": runtime.provenance()})
    order = list(experiments)
    rows.sort(key=lambda row: order.index(row["experiment"]))  # stable: runs stay as they were
    write(args.out, fields, rows)
