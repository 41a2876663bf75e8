"""Checks of notebook 00."""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_utils.checks.verdict import Wrong, ask, gives_verdict, must_be


@gives_verdict("Right: one row for each picture, one column for each entry of z.")
def noise(answer: Callable[[int, int], Tensor]) -> None:
    """`answer(n, latent_dim)` must draw standard normal noise, float (n, latent_dim)."""
    z = ask(answer, 2000, 100)
    if not isinstance(z, Tensor):
        raise Wrong(f"That is a {type(z).__name__}; the generator takes a torch tensor.")
    if z.shape == (100, 2000):
        raise Wrong("The two sizes are swapped: rows are pictures, columns are entries of z.")
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
    },
)
def steps_per_epoch(answer: Callable[[int, int], int]) -> None:
    """`answer(pictures, batch_size)` must be the number of full batches."""
    got = ask(answer, 9000, 64)
    if isinstance(got, float) and not got.is_integer():
        raise Wrong(f"{got:.3f} steps? A step needs a whole batch: round down with //.")
    said = f"For 9000 pictures in batches of 64 you say {got}; 140 full batches fit."
    must_be(got, 140, said, steps_per_epoch.mistakes, (9000, 64), rel_tol=0)
    for pictures, batch in [(9000, 128), (60000, 64), (64, 64), (63, 64)]:
        got = answer(pictures, batch)
        if got != pictures // batch:
            raise Wrong(
                f"For {pictures} pictures in batches of {batch} you say {got}; "
                f"{pictures // batch} full batches fit."
            )


@gives_verdict(
    "Right: ten shares that add up to one, absent classes included.",
    {
        "These are counts; divide by the number of labels to get shares.": (
            lambda labels: torch.bincount(labels, minlength=10)
        ),
        "You divided by ten, the number of classes; divide by the number of labels.": (
            lambda labels: torch.bincount(labels, minlength=10) / 10
        ),
        "These are percentages; shares add up to 1.": (
            lambda labels: 100 * torch.bincount(labels, minlength=10) / len(labels)
        ),
    },
)
def class_shares(answer: Callable[[Tensor], Tensor]) -> None:
    """`answer(labels)` must be the share of each of the ten classes, float (10,)."""
    labels = torch.tensor([0, 0, 0, 1, 1, 7, 7, 7])
    got = torch.as_tensor(ask(answer, labels), dtype=torch.float64)
    if got.shape == (3,):
        raise Wrong(
            "Three numbers: only the classes that occur were counted. A collapsed generator is "
            "found by the classes that do not: return ten, zeros included (minlength=10)."
        )
    if got.shape != (10,):
        raise Wrong(f"The shape is {tuple(got.shape)}; there are ten classes, so it must be (10,).")
    right = torch.bincount(labels, minlength=10) / 8
    said = f"For labels {labels.tolist()} the share of class 0 is 0.375, of 1 it is 0.25."
    must_be(got, right, said, class_shares.mistakes, (labels,))
