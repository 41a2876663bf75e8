"""Answers to the exercises of notebook 06, right ones and wrong ones."""

from collections.abc import Sequence

import torch
from checking import Answer, Mistakes, Solutions
from torch import Tensor

from gan_utils.checks import own_pictures as checks
from gan_utils.datasets import wider
from gan_utils.metrics import nearest

Box = tuple[int, int, int, int]
Record = dict[str, object]
FREE = ("public domain", "CC0", "CC BY")


def square_box(*sides: int) -> Answer:
    """An answer that shrinks at these edges of the picture: 0 left, 1 top, 2 right, 3 bottom."""

    def answer(box: Box, margin: float, size: tuple[int, int]) -> list[float]:
        left, top, width, height = box
        x, y = left + width / 2, top + height / 2
        room = (x, y, size[0] - x, size[1] - y)
        half = min(max(width, height) * (0.5 + margin), *(room[side] for side in sides), 1e9)
        return [x - half, y - half, x + half, y + half]

    return answer


def nearest_one(query: Tensor, pictures: Tensor) -> tuple[int, float]:
    apart = (pictures.float() - query.float()) / 255
    distances = apart.square().flatten(1).mean(1).sqrt()
    return int(distances.argmin()), float(distances.min())


def by_course(query: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
    distance, index = nearest(query[None], pictures)
    return index[0, 0], distance[0, 0]


def in_place(query: Tensor, pictures: Tensor) -> tuple[int, float]:
    found = nearest_one(query, pictures)
    pictures -= query
    return found


def split(digests: Sequence[str], share: float) -> list[bool]:
    different = sorted(set(digests))
    chosen = different[: round(len(different) * share)]
    return [digest in chosen for digest in digests]


def first_seen(digests: Sequence[str], share: float) -> list[bool]:
    different = list(dict.fromkeys(digests))
    chosen = different[: round(len(different) * share)]
    return [digest in chosen for digest in digests]


def at_random(digests: Sequence[str], share: float) -> list[bool]:
    different = sorted(set(digests))
    chosen = torch.randperm(len(different))[: round(len(different) * share)].tolist()
    return [different.index(digest) in chosen for digest in digests]


def usable(records: list[Record]) -> list[object]:
    return [
        record["name"]
        for record in records
        if record["license"] in FREE
        and (record["license"] != "CC BY" or record["author"])
        and (record["person"] is False or record["consent"])
    ]


def filtered(*conditions: object) -> Answer:
    return lambda records: [r["name"] for r in records if all(test(r) for test in conditions)]


def free(record: Record) -> bool:
    return record["license"] in FREE


def credited(record: Record) -> bool:
    return record["license"] != "CC BY" or bool(record["author"])


def agreed(record: Record) -> bool:
    return record["person"] is False or bool(record["consent"])


SOLUTIONS: Solutions = {
    checks.square_box: [square_box(0, 1, 2, 3), wider],
    checks.nearest: [nearest_one, by_course],
    checks.split: [
        split,
        lambda digests, share: torch.tensor(split(digests, share)),
        lambda digests, share: split([d[::-1] for d in digests], share),
    ],
    checks.usable: [usable, lambda records: set(usable(records))],
}

MISTAKES: Mistakes = {
    checks.square_box: {
        "left and top only": (square_box(0, 1), "it must be [172, 121, 200, 149]"),
        "three numbers": (lambda *args: (1, 2, 3), "return four"),
    },
    checks.nearest: {
        "the picture": (lambda q, p: p[nearest_one(q, p)[0]], "it must be (2,)"),
        "index alone": (lambda q, p: nearest_one(q, p)[0], "it must be (2,)"),
        "first": (lambda q, p: (0, 30 / 255), "For the test pictures it must be [3, 0.078431]"),
        "changes its input": (in_place, "changed its input"),
    },
    checks.split: {
        "every fourth": (lambda d, share: [i % 4 == 3 for i in range(len(d))], "both sides"),
        "last quarter": (
            lambda d, share: [i >= len(d) * (1 - share) for i in range(len(d))],
            "both sides",
        ),
        "without equals": (lambda d, share: split(list(set(d)), share), "each of the 58 pictures"),
        "order seen": (first_seen, "another order"),
        "at random": (at_random, "another order"),
        "the other way": (lambda d, share: split(d, 1 - share), "which True means"),
        "of all pictures": (lambda d, share: split(d, share * len(d) / 40), "a quarter of 40"),
        "nothing": (lambda d, share: [False] * len(d), "0 different pictures"),
        "digests": (lambda d, share: list(d), "type <U5"),
    },
    checks.usable: {
        "license alone": (filtered(free), "no author to credit"),
        "any CC": (
            filtered(lambda r: "CC" in str(r["license"]), credited, agreed),
            "NC forbids",
        ),
        "no NC": (
            filtered(
                lambda r: (
                    str(r["license"]).startswith(("CC0", "CC BY", "public"))
                    and "NC" not in str(r["license"])
                ),
                credited,
                agreed,
            ),
            "ND forbids",
        ),
        "no license": (
            filtered(lambda r: r["license"] is None or free(r), credited, agreed),
            "all rights reserved",
        ),
        "no consent": (filtered(free, credited), "was not asked"),
        "not refused": (
            filtered(free, credited, lambda r: r["consent"] is not False),
            "was not asked",
        ),
        "credit for all": (filtered(free, lambda r: r["author"], agreed), "asks for no credit"),
        "consent for all": (filtered(free, credited, lambda r: r["consent"]), "was left out"),
        "nobody": (filtered(free, credited, lambda r: not r["person"]), "are all there"),
        "unknown taken for no": (
            filtered(free, credited, lambda r: not r["person"] or r["consent"]),
            "nobody looked",
        ),
        "records": (lambda records: [r for r in records if free(r)], 'record["name"]'),
        "one word": (lambda records: "harbor", "that is a str"),
        "twice": (lambda records: usable(records) * 2, "each of them once"),
    },
}
