"""Checks of notebook 06."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gan_utils.checks.verdict import Wrong, answer_unchanged, check, must_answer, must_be

Box = tuple[int, int, int, int]


@check("Right: a square around the middle, widened, and smaller where the picture ends.")
def square_box(answer: Callable[[Box, float, tuple[int, int]], Box]) -> None:
    """`answer(box, margin, size)`: (left, top, width, height) → a square (left, top, right, …)."""
    got = _edges(answer((40, 50, 20, 30), 0.5, (200, 150)))
    likely = {
        (30, 35, 70, 95): "That is no square: both sides take the longer one, 30, as their start.",
        (28, 42, 72, 88): "The margin goes on each side: half the square is 30·(0.5 + 0.5).",
        (20, 35, 60, 60): "Those are width and height; right and bottom are edges: left + side.",
        (10, 20, 70, 80): "Centered on the box's corner; its middle is left + width/2.",
        (30, 45, 70, 85): "The shorter side was taken: a chin would be cut off. Take the longer.",
        (35, 50, 65, 80): "A square, but without the margin.",
    }
    for box, misconception in likely.items():
        if _near(got, box):
            raise Wrong(misconception)
    if not _near(got, (20, 35, 80, 95)):
        raise Wrong(f"For (40, 50, 20, 30), margin 0.5, it is (20, 35, 80, 95); you have {got}.")
    got = _edges(answer((5, 40, 20, 20), 0.5, (200, 150)))
    if got[0] < 0:
        raise Wrong(f"{got} reaches out of the picture, and the crop would have a black edge.")
    likely = {
        (0, 30, 35, 70): "Cut off at the edge it is no square any more: 35×40.",
        (0, 30, 40, 70): "Pushed back inside, and the face is no longer in the middle: shrink it.",
        (5, 40, 25, 60): "All of the margin is gone; it shrinks only as far as it must.",
    }
    for box, misconception in likely.items():
        if _near(got, box):
            raise Wrong(misconception)
    if not _near(got, (0, 35, 30, 65)):
        raise Wrong(f"For (5, 40, 20, 20), margin 0.5, it is (0, 35, 30, 65); you have {got}.")
    got = _edges(answer((176, 125, 20, 20), 0.5, (200, 150)))
    if not _near(got, (172, 121, 200, 149)):
        raise Wrong(
            f"{got}; near the right and lower edges it is (172, 121, 200, 149): what is left there "
            "is size − middle."
        )


def _edges(value: Any) -> tuple[float, ...]:
    must_answer(value)
    try:
        edges = tuple(float(edge) for edge in value)
    except (TypeError, ValueError):
        raise Wrong(f"That is {value!r}; return (left, top, right, bottom).") from None
    if len(edges) != 4:
        raise Wrong(f"That has {len(edges)} numbers; return four: (left, top, right, bottom).")
    return tuple(int(edge) if edge == int(edge) else edge for edge in edges)


def _near(got: Sequence[float], box: Sequence[float]) -> bool:
    return all(abs(one - other) <= 1 for one, other in zip(got, box, strict=True))


@check("Right: differences as floats, squared, their mean, the root, and the smallest of these.")
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
    instead = "convert with .float(), which copies"
    got = answer_unchanged(answer, query, pictures, instead=instead)
    try:
        index, distance = got
        index, distance = float(index), float(distance)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong("Return two numbers: which picture, and how far it is.") from None
    if math.isclose(distance, 3) and not math.isclose(index, 3):
        raise Wrong("In the other order: first which picture, then how far.")
    likely = {
        0: "Picture 0 is off by 30 everywhere, picture 3 by 20.",
        1: "Plus and minus cancel out: square the differences before you take the mean.",
        2: "Picture 2 has the smallest mean difference; squares weigh its few large ones more.",
        4: "Bytes wrap around at 256, and 32² = 1024 became 0: convert with .float() first.",
    }
    if index != 3:
        raise Wrong(likely.get(index, f"The nearest is picture 3; you say {index:g}."))
    right = 20 / 255
    likely = {
        "That is on the scale 0 … 255; divide by 255.": 20.0,
        "The root is missing: this is the mean square.": right**2,
        "The mean square on the scale 0 … 255: divide by 255 first, and take the root.": 400.0,
        "That is the root of the sum: it grows with the picture. Take the mean.": right * 48**0.5,
        "That is the root of the sum, and on the scale 0 … 255.": 20 * 48**0.5,
    }
    said = f"Picture 3 it is, but at {right:.4f}, not {distance:.4f}."
    must_be(distance, right, likely, said)


@check("Right: equal pictures stay together, and the choice does not hang on the files' order.")
def split(answer: Callable[[Sequence[str], float], Sequence[bool]]) -> None:
    """`answer(digests, share)`: for each picture, whether it is held out."""
    different = [f"{number * 7919 % 99991:05x}" for number in range(1, 41)]
    digests = [*different, different[20], *different[:8], *different[4:12], different[20]]
    got = _mask(answer(list(digests), 0.25), len(digests))
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
    backward = _mask(answer(digests[::-1], 0.25), len(digests))
    if chosen != {d for d, out in zip(digests[::-1], backward, strict=True) if out}:
        raise Wrong(
            "The same pictures in another order, or once more, give another choice: a file that is "
            "renamed must not change sides. Sort the different digests and take the first."
        )


def _mask(value: Any, length: int) -> list[bool]:
    must_answer(value)
    try:
        values = [bool(item) for item in value]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"That is a {type(value).__name__}; return one bool a picture.") from None
    if len(values) != length:
        raise Wrong(f"That has {len(values)} values for {length} pictures: one each, equals too.")
    if not all(str(item) in ("True", "False", "tensor(True)", "tensor(False)") for item in value):
        raise Wrong("Return True or False for each picture, not the pictures themselves.")
    return values


# What each record is there to catch.
RECORDS: tuple[tuple[dict[str, object], bool, str], ...] = (
    (
        {"name": "harbor", "license": "CC0", "author": None, "person": False, "consent": None},
        True,
        "CC0 asks for no credit, so an unknown author is no obstacle",
    ),
    (
        {"name": "cat", "license": "CC BY", "author": "M. Rossi", "person": False, "consent": None},
        True,
        "CC BY with a known author may be used, with credit",
    ),
    (
        {"name": "gate", "license": "CC BY", "author": None, "person": False, "consent": None},
        False,
        "CC BY asks for credit, and there is no author to credit",
    ),
    (
        {
            "name": "bay",
            "license": "CC BY-NC",
            "author": "Lin",
            "person": False,
            "consent": None,
        },
        False,
        "NC forbids commercial use",
    ),
    (
        {
            "name": "elm",
            "license": "CC BY-ND",
            "author": "Lin",
            "person": False,
            "consent": None,
        },
        False,
        "ND forbids changed versions, and samples may be such",
    ),
    (
        {"name": "square", "license": None, "author": "B. Ek", "person": False, "consent": None},
        False,
        "no license means all rights reserved",
    ),
    (
        {"name": "smile", "license": "CC0", "author": "C. Ito", "person": True, "consent": None},
        False,
        "the license is the photographer's; the person in the picture was not asked",
    ),
    (
        {"name": "grin", "license": "CC BY", "author": "C. Ito", "person": True, "consent": False},
        False,
        "the person said no",
    ),
    (
        {"name": "wink", "license": "CC BY", "author": "C. Ito", "person": True, "consent": True},
        True,
        "license, author and consent are all there",
    ),
    (
        {
            "name": "map",
            "license": "public domain",
            "author": None,
            "person": False,
            "consent": None,
        },
        True,
        "what is in the public domain is free, and a map shows nobody whose consent it takes",
    ),
    (
        {"name": "crowd", "license": "CC0", "author": None, "person": None, "consent": None},
        False,
        "nobody looked whether a person can be recognized, and what is not known counts as no",
    ),
)


@check("Right: a free license, an author where credit is due, and consent where there is a face.")
def usable(answer: Callable[[list[Mapping[str, object]]], Sequence[str]]) -> None:
    """`answer(records)`: the names of the pictures that may be used and published."""
    got = answer([dict(record) for record, _, _ in RECORDS])
    must_answer(got)
    if isinstance(got, str):
        raise Wrong(f"That is one word, {got!r}; return a list of names.")
    names = list(got)
    if any(isinstance(name, Mapping) for name in names):
        raise Wrong('Those are whole records; return their names, record["name"].')
    known = [record["name"] for record, _, _ in RECORDS]
    for name in names:
        if name not in known:
            raise Wrong(f"{name!r} is the name of no record.")
    for record, allowed, reason in RECORDS:
        if (record["name"] in names) != allowed:
            verb = "must stay out" if not allowed else "was left out"
            raise Wrong(f"{record['name']!r} ({record['license']}) {verb}: {reason}.")
    if len(names) != len(set(names)):
        raise Wrong("Some names are there twice.")
