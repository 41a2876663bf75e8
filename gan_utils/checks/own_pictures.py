"""Checks of notebook 06."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from gan_utils.checks.comparing import ask, four_edges, must_return
from gan_utils.checks.verdict import Wrong, gives_verdict

Box = tuple[int, int, int, int]
Size = tuple[int, int]


def _square(
    box: Box, margin: float, size: Size, side: Callable[..., float] = max, shrink: bool = True
) -> np.ndarray:
    left, top, width, height = box
    x, y, half = left + width / 2, top + height / 2, side(width, height) * (0.5 + margin)
    half = min(half, x, y, size[0] - x, size[1] - y) if shrink else half
    return np.array([x - half, y - half, x + half, y + half])


@gives_verdict(
    "Right: a square around the middle, widened, and smaller where the picture ends.",
    {
        "The margin goes on each side: half the square is 30·(0.5 + 0.5).": (
            lambda box, margin, size: _square(box, margin / 2, size)
        ),
        "Those are width and height; right and bottom are edges: left + side.": (
            lambda *given: _square(*given) - [0, 0, *_square(*given)[:2]]
        ),
        "The shorter side was taken: a chin would be cut off. Take the longer.": (
            lambda box, margin, size: _square(box, margin, size, side=min)
        ),
        "It reaches out of the picture, and the crop would have a black edge.": (
            lambda box, margin, size: _square(box, margin, size, shrink=False)
        ),
        "Cut off at the edge it is no square any more: 35×40.": (
            lambda box, margin, size: _square(box, margin, size, shrink=False).clip(0, size * 2)
        ),
    },
)
def square_box(answer: Callable[[Box, float, Size], Box]) -> None:
    """`answer(box, margin, size)`: (left, top, width, height) → a square (left, top, right, …)."""
    rows = [
        ((40, 50, 20, 30), 0.5, (200, 150), (20, 35, 80, 95)),
        ((5, 40, 20, 20), 0.5, (200, 150), (0, 35, 30, 65)),
        ((176, 125, 20, 20), 0.5, (200, 150), (172, 121, 200, 149)),
    ]
    must_return(answer, rows, square_box.mistakes, read=four_edges)


def _nearest(query: Tensor, pictures: Tensor, scale: float = 255) -> tuple[int, float]:
    squares = ((pictures.float() - query.float()) / scale).square()
    distances = squares.flatten(1).mean(1).sqrt()
    return int(distances.argmin()), float(distances.min())


def _least(differences: Tensor) -> tuple[int, float]:
    distances = differences.flatten(1).float().mean(1).abs() / 255
    return int(distances.argmin()), float(distances.min())


@gives_verdict(
    "Right: differences as floats, squared, their mean, the root, and the smallest of these.",
    {
        "In the other order: first which picture, then how far.": (
            lambda query, pictures: _nearest(query, pictures)[::-1]
        ),
        "Plus and minus cancel out: square the differences before you take the mean.": (
            lambda query, pictures: _least(pictures.float() - query.float())
        ),
        "Picture 2 has the smallest mean difference; squares weigh its few large ones more.": (
            lambda query, pictures: _least((pictures.float() - query.float()).abs())
        ),
        "Bytes wrap around at 256, and 32² = 1024 became 0: convert with .float() first.": (
            lambda query, pictures: _least((pictures - query) ** 2)
        ),
        "That is on the scale 0 … 255; divide by 255.": (
            lambda query, pictures: _nearest(query, pictures, scale=1)
        ),
        "The root is missing: this is the mean square.": (
            lambda query, pictures: np.power(_nearest(query, pictures), (1, 2))
        ),
    },
)
def nearest(answer: Callable[[Tensor, Tensor], tuple[int, float]]) -> None:
    """`answer(query, pictures)`: uint8 (C, H, W) and (N, C, H, W) → which one, and how far."""
    query = torch.full((3, 4, 4), 100, dtype=torch.uint8)
    differences = torch.tensor([30.0, 0, 0, 20, 32]).repeat(48, 1).T  # 32² is a multiple of 256
    differences[1] = torch.tensor([100.0, -100.0]).repeat(24)  # on average nothing
    differences[2, :6] = 120  # few pixels, but far
    pictures = (100 + differences).to(torch.uint8).view(5, 3, 4, 4)
    rows, instead = [(query, pictures, (3, 20 / 255))], "convert with .float(), which copies"
    must_return(answer, rows, nearest.mistakes, instead, what="For the test pictures")


@gives_verdict(
    "Right: equal pictures stay together, and the choice does not hang on the files' order."
)
def split(answer: Callable[[Sequence[str], float], Sequence[bool]]) -> None:
    """`answer(digests, share)`: for each picture, whether it is held out."""
    different = [f"{number * 7919 % 99991:05x}" for number in range(1, 41)]
    digests = [*different, different[20], *different[:8], *different[4:12], different[20]]
    chosen, left = _sides(answer, digests)
    if chosen & left:
        raise Wrong(
            f"{len(chosen & left)} pictures are on both sides, as their equals: choose among the "
            "different digests, then ask of each picture whether its digest was chosen."
        )
    if len(chosen) != 10:
        raise Wrong(
            f"{len(chosen)} different pictures are held out, which True means; a quarter of 40 "
            "different ones is 10."
        )
    if _sides(answer, digests[::-1])[0] != chosen:
        raise Wrong(
            "The same pictures in another order, or once more, give another choice: a file that is "
            "renamed must not change sides. Sort the different digests and take the first."
        )


def _sides(answer: Callable[..., Sequence[bool]], digests: list[str]) -> tuple[set, set]:
    """The digests of the pictures held out, and of the others."""
    mask = np.asarray(ask(answer, digests, 0.25))
    if mask.shape != (len(digests),) or mask.dtype != bool:
        raise Wrong(
            f"Return True or False for each of the {len(digests)} pictures, equals too; that has "
            f"shape {mask.shape} and type {mask.dtype}."
        )
    return {*np.array(digests)[mask]}, {*np.array(digests)[~mask]}


FIELDS = ("name", "license", "author", "person", "consent")
CASES = [  # a record, may it be used, and why
    ("harbor", "CC0", None, False, None, True, "CC0 asks for no credit, so for no author"),
    ("cat", "CC BY", "M. Rossi", False, None, True, "the author is known, for the credit"),
    ("gate", "CC BY", None, False, None, False, "there is no author to credit"),
    ("bay", "CC BY-NC", "Lin", False, None, False, "NC forbids commercial use"),
    ("elm", "CC BY-ND", "Lin", False, None, False, "ND forbids changes; samples may be such"),
    ("square", None, "B. Ek", False, None, False, "no license means all rights reserved"),
    ("smile", "CC0", "C. Ito", True, None, False, "the person in the picture was not asked"),
    ("grin", "CC BY", "C. Ito", True, False, False, "the person said no"),
    ("wink", "CC BY", "C. Ito", True, True, True, "license, author and consent are all there"),
    ("map", "public domain", None, False, None, True, "free, and it shows nobody to be asked"),
    ("crowd", "CC0", None, None, None, False, "nobody looked for a person; unknown means no"),
]


@gives_verdict(
    "Right: a free license, an author where credit is due, and consent where there is a face."
)
def usable(answer: Callable[[list[Mapping[str, object]]], Sequence[str]]) -> None:
    """`answer(records)`: the names of the pictures that may be used and published."""
    names = ask(answer, [dict(zip(FIELDS, case, strict=False)) for case in CASES])
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise Wrong(f'Return a list of names, record["name"]; that is a {type(names).__name__}.')
    for name, license_, *_, allowed, reason in CASES:
        if (name in names) != allowed:
            verb = "was left out" if allowed else "must stay out"
            raise Wrong(f"{name!r} ({license_}) {verb}: {reason}.")
    if len(names) != sum(allowed for *_, allowed, _ in CASES):
        raise Wrong("Name each of them once, and nothing else.")
