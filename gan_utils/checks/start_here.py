"""Checks of notebook 00."""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_utils.checks.comparing import ask, must_return, whole
from gan_utils.checks.verdict import Wrong, gives_verdict


@gives_verdict("Right: one row for each picture, one column for each entry of z.")
def noise(answer: Callable[[int, int], Tensor]) -> None:
    """`answer(n, latent_dim)` must draw standard normal noise, float (n, latent_dim)."""
    z = ask(answer, 2000, 100)
    if not isinstance(z, Tensor):
        raise Wrong(f"That is a {type(z).__name__}; the generator takes a torch tensor.")
    if z.shape != (2000, 100):
        raise Wrong(f"The shape is {tuple(z.shape)}; for 2000 pictures it must be (2000, 100).")
    if not z.is_floating_point():
        raise Wrong(f"The entries are {z.dtype}; noise is made of floats, as torch.randn gives.")
    if z.min() >= 0:
        raise Wrong(
            "No entry is negative: that looks like torch.rand, uniform on 0 … 1. The generator was "
            "trained on a normal distribution, torch.randn."
        )
    if abs(z.std() - 1) > 0.05 or abs(z.mean()) > 0.05:
        raise Wrong(f"Mean {z.mean():.2f} and spread {z.std():.2f}; they must be 0 and 1.")
    if torch.equal(z, answer(2000, 100)):
        raise Wrong("Two calls gave the same noise: do not seed inside the function.")


@gives_verdict(
    "Right: whole batches only, and what is left over waits for the next shuffle.",
    {
        "141 is rounded up: the last batch would hold 40 pictures. Round down.": (
            lambda pictures, batch: -(-pictures // batch)
        ),
        "0: pictures and batch size look swapped; divide pictures by batch size.": (
            lambda pictures, batch: batch // pictures
        ),
        "A step needs a whole batch: of 63 pictures and a batch size of 64 there is none.": (
            lambda pictures, batch: max(1, pictures // batch)
        ),
    },
)
def steps_per_epoch(answer: Callable[[int, int], int]) -> None:
    """`answer(pictures, batch_size)` must be the number of full batches."""
    rows = [(9000, 64, 140), (9000, 128, 70), (60_000, 64, 937), (64, 64, 1), (63, 64, 0)]
    must_return(answer, rows, steps_per_epoch.mistakes, read=whole)


@gives_verdict(
    "Right: ten shares that add up to one, absent classes included.",
    {
        "These are counts; divide by the number of labels to get shares.": (
            lambda labels: torch.bincount(labels, minlength=10)
        ),
        "You divided by ten, the number of classes; divide by the number of labels.": (
            lambda labels: torch.bincount(labels, minlength=10) / 10
        ),
        "Three numbers: only the classes that occur were counted. A collapsed generator is "
        "found by the classes that do not: return ten, zeros included (minlength=10).": (
            lambda labels: labels.unique(return_counts=True)[1] / len(labels)
        ),
    },
)
def class_shares(answer: Callable[[Tensor], Tensor]) -> None:
    """`answer(labels)` must be the share of each of the ten classes, float (10,)."""
    labels = torch.tensor([0, 0, 0, 1, 1, 7, 7, 7])
    rows = [(labels, torch.bincount(labels, minlength=10) / 8)]
    must_return(answer, rows, class_shares.mistakes, what=f"For labels {labels.tolist()}")
