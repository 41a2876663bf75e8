"""Checks of notebook 06."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_utils.checks.verdict import Wrong, ask, four_edges, gives_verdict, items, must_be, same

Box = tuple[int, int, int, int]
Size = tuple[int, int]


def _square(
    box: Box, margin: float, size: Size, side: Callable[..., float] = max, shrink: bool = True
) -> np.ndarray:
    left, top, width, height = box
    x, y, half = left + width / 2, top + height / 2, side(width, height) * (0.5 + margin)
    half = min(half, x, y, size[0] - x, size[1] - y) if shrink else half
    return np.array([x - half, y - half, x + half, y + half])


def _whole(box: Box, margin: float, size: Size) -> np.ndarray:
    return _square(box, margin, size, shrink=False)


@gives_verdict(
    "Right: a square around the middle, widened, and smaller where the picture ends.",
    {
        "Cut off at the edge it is no square any more: 35×40.": (
            lambda box, margin, size: _whole(box, margin, size).clip(0, size * 2)
        ),
        "Pushed back inside, and the face is no longer in the middle: shrink it.": (
            lambda *given: _whole(*given) - np.tile(_whole(*given)[:2].clip(max=0), 2)
        ),
        "All of the margin is gone; it shrinks only as far as it must.": (
            lambda box, margin, size: _square(
                box, margin * (_whole(box, margin, size).min() >= 0), size
            )
        ),
        "That is no square: both sides take the longer one, 30, as their start.": (
            lambda box, margin, size: (
                np.add(box, [0, 0, *box[:2]])
                + margin * np.array([*box[2:], *box[2:]]) * [-1, -1, 1, 1]
            )
        ),
        "The margin goes on each side: half the square is 30·(0.5 + 0.5).": (
            lambda box, margin, size: _square(box, margin / 2, size)
        ),
        "Those are width and height; right and bottom are edges: left + side.": (
            lambda *given: _square(*given) - [0, 0, *_square(*given)[:2]]
        ),
        "Centered on the box's corner; its middle is left + width/2.": (
            lambda box, margin, size: _square(
                (box[0] - box[2] / 2, box[1] - box[3] / 2, *box[2:]), margin, size
            )
        ),
        "The shorter side was taken: a chin would be cut off. Take the longer.": (
            lambda box, margin, size: _square(box, margin, size, side=min)
        ),
        "A square, but without the margin.": lambda box, margin, size: _square(box, 0, size),
    },
)
def square_box(answer: Callable[[Box, float, tuple[int, int]], Box]) -> None:
    """`answer(box, margin, size)`: (left, top, width, height) → a square (left, top, right, …)."""
    mistakes = square_box.mistakes
    given = ((40, 50, 20, 30), 0.5, (200, 150))
    got = _edges(ask(answer, *given))
    said = f"For (40, 50, 20, 30), margin 0.5, it is (20, 35, 80, 95); you have {got}."
    must_be(got, (20, 35, 80, 95), said, mistakes, given, rel_tol=0, abs_tol=1)
    given = ((5, 40, 20, 20), 0.5, (200, 150))
    got = _edges(ask(answer, *given))
    if got[0] < 0:
        raise Wrong(f"{got} reaches out of the picture, and the crop would have a black edge.")
    said = f"For (5, 40, 20, 20), margin 0.5, it is (0, 35, 30, 65); you have {got}."
    must_be(got, (0, 35, 30, 65), said, mistakes, given, rel_tol=0, abs_tol=1)
    got = _edges(answer((176, 125, 20, 20), 0.5, (200, 150)))
    if not same(got, (172, 121, 200, 149), rel_tol=0, abs_tol=1):
        raise Wrong(
            f"{got}; near the right and lower edges it is (172, 121, 200, 149): what is left there "
            "is size − middle."
        )


def _edges(value: Any) -> tuple[float, ...]:
    edges = [float(edge) for edge in four_edges(value)]
    return tuple(int(edge) if edge == int(edge) else edge for edge in edges)


def _nearest(
    query: Tensor, pictures: Tensor, scale: float = 255, root: bool = True, total: bool = False
) -> tuple[int, float]:
    squares = ((pictures.float() - query.float()) / scale).square().flatten(1)
    distances = squares.sum(1) if total else squares.mean(1)
    distances = distances.sqrt() if root else distances
    return int(distances.argmin()), float(distances.min())


def _least(differences: Tensor) -> tuple[int, float]:
    distances = differences.flatten(1).float().mean(1).abs() / 255
    return int(distances.argmin()), float(distances.min())


@gives_verdict(
    "Right: differences as floats, squared, their mean, the root, and the smallest of these.",
    {
        "Picture 0 is off by 30 everywhere, picture 3 by 20.": (
            lambda query, pictures: _nearest(query, pictures[:1])
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
            lambda query, pictures: _nearest(query, pictures, root=False)
        ),
        "The mean square on the scale 0 … 255: divide by 255 first, and take the root.": (
            lambda query, pictures: _nearest(query, pictures, scale=1, root=False)
        ),
        "That is the root of the sum: it grows with the picture. Take the mean.": (
            lambda query, pictures: _nearest(query, pictures, total=True)
        ),
        "That is the root of the sum, and on the scale 0 … 255.": (
            lambda query, pictures: _nearest(query, pictures, scale=1, total=True)
        ),
    },
)
def nearest(answer: Callable[[Tensor, Tensor], tuple[int, float]]) -> None:
    """`answer(query, pictures)`: uint8 (C, H, W) and (N, C, H, W) → which one, and how far."""
    query = torch.full((3, 4, 4), 100, dtype=torch.uint8)
    differences = torch.zeros(5, 48)
    differences[0] = 30
    differences[1] = torch.tensor([100.0, -100.0]).repeat(24)  # on average nothing
    differences[2, :6] = 120  # few pixels, but far
    differences[3] = 20
    differences[4] = 32  # 32² is a multiple of 256
    pictures = (100 + differences).to(torch.uint8).view(5, 3, 4, 4)
    given = (query, pictures)
    got = ask(answer, *given, instead="convert with .float(), which copies")
    try:
        index, distance = got
        index, distance = float(index), float(distance)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong("Return two numbers: which picture, and how far it is.") from None
    if same(distance, 3) and not same(index, 3):
        raise Wrong("In the other order: first which picture, then how far.")
    said = f"The nearest is picture 3; you say {index:g}."
    must_be(index, 3, said, nearest.mistakes, given, part=lambda made: made[0])
    right = 20 / 255
    said = f"Picture 3 it is, but at {right:.4f}, not {distance:.4f}."
    must_be(distance, right, said, nearest.mistakes, given, part=lambda made: made[1])


@gives_verdict(
    "Right: equal pictures stay together, and the choice does not hang on the files' order."
)
def split(answer: Callable[[Sequence[str], float], Sequence[bool]]) -> None:
    """`answer(digests, share)`: for each picture, whether it is held out."""
    different = [f"{number * 7919 % 99991:05x}" for number in range(1, 41)]
    digests = [*different, different[20], *different[:8], *different[4:12], different[20]]
    got = _mask(ask(answer, digests, 0.25), len(digests))
    both = {d for d, out in zip(digests, got, strict=True) if out} & {
        d for d, out in zip(digests, got, strict=True) if not out
    }
    chosen = {d for d, out in zip(digests, got, strict=True) if out}
    if both:
        raise Wrong(
            f"{len(both)} pictures are on both sides, as their equals: choose among the different "
            "digests, then ask of each picture whether its digest was chosen."
        )
    if not chosen:
        raise Wrong("Nothing is held out.")
    if len(chosen) == 30:
        raise Wrong("Three quarters are held out: True means held out.")
    if len(chosen) != 10:
        raise Wrong(
            f"{len(chosen)} different pictures are held out; a quarter of 40 different ones is 10."
        )
    backward = _mask(ask(answer, digests[::-1], 0.25), len(digests))
    if chosen != {d for d, out in zip(digests[::-1], backward, strict=True) if out}:
        raise Wrong(
            "The same pictures in another order, or once more, give another choice: a file that is "
            "renamed must not change sides. Sort the different digests and take the first."
        )


def _mask(value: Any, length: int) -> list[bool]:
    try:
        found = items(value)
        values = [bool(item) for item in found]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"That is a {type(value).__name__}; return one bool a picture.") from None
    if len(values) != length:
        raise Wrong(f"That has {len(values)} values for {length} pictures: one each, equals too.")
    if not all(str(item) in ("True", "False", "tensor(True)", "tensor(False)") for item in found):
        raise Wrong("Return True or False for each picture, not the pictures themselves.")
    return values


RECORDS = [
    dict(zip(("name", "license", "author", "person", "consent"), record, strict=True))
    for record in (
        ("harbor", "CC0", None, False, None),
        ("cat", "CC BY", "M. Rossi", False, None),
        ("gate", "CC BY", None, False, None),
        ("bay", "CC BY-NC", "Lin", False, None),
        ("elm", "CC BY-ND", "Lin", False, None),
        ("square", None, "B. Ek", False, None),
        ("smile", "CC0", "C. Ito", True, None),
        ("grin", "CC BY", "C. Ito", True, False),
        ("wink", "CC BY", "C. Ito", True, True),
        ("map", "public domain", None, False, None),
        ("crowd", "CC0", None, None, None),
    )
]
REASONS = {  # may it be used, and why
    "harbor": (True, "CC0 asks for no credit, so an unknown author is no obstacle"),
    "cat": (True, "CC BY with a known author may be used, with credit"),
    "gate": (False, "CC BY asks for credit, and there is no author to credit"),
    "bay": (False, "NC forbids commercial use"),
    "elm": (False, "ND forbids changed versions, and samples may be such"),
    "square": (False, "no license means all rights reserved"),
    "smile": (False, "the license is the photographer's; the person in the picture was not asked"),
    "grin": (False, "the person said no"),
    "wink": (True, "license, author and consent are all there"),
    "map": (
        True,
        "what is in the public domain is free, and a map shows nobody whose consent it takes",
    ),
    "crowd": (
        False,
        "nobody looked whether a person can be recognized, and what is not known counts as no",
    ),
}


@gives_verdict(
    "Right: a free license, an author where credit is due, and consent where there is a face."
)
def usable(answer: Callable[[list[Mapping[str, object]]], Sequence[str]]) -> None:
    """`answer(records)`: the names of the pictures that may be used and published."""
    got = ask(answer, RECORDS)
    if isinstance(got, str):
        raise Wrong(f"That is one word, {got!r}; return a list of names.")
    names = items(got)
    if any(isinstance(name, Mapping) for name in names):
        raise Wrong('Those are whole records; return their names, record["name"].')
    for name in names:
        if name not in REASONS:
            raise Wrong(f"{name!r} is the name of no record.")
    for record in RECORDS:
        allowed, reason = REASONS[record["name"]]
        if (record["name"] in names) != allowed:
            verb = "must stay out" if not allowed else "was left out"
            raise Wrong(f"{record['name']!r} ({record['license']}) {verb}: {reason}.")
    if len(names) != len(set(names)):
        raise Wrong("Some names are there twice.")
