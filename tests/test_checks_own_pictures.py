"""Notebook 06's checks pass their solutions, know the usual mistakes, and never raise."""

from collections.abc import Sequence

import torch
from checking import Answer, Check, Mistakes, Solutions, assert_all_tested, assert_says, cases
from torch import Tensor

from gan_utils.checks import own_pictures as checks
from gan_utils.datasets.faces import wider
from gan_utils.datasets.packing import held_out
from gan_utils.neighbors import nearest

Box = tuple[int, int, int, int]
Record = dict[str, object]
FREE = ("public domain", "CC0", "CC BY")


def square_box(box: Box, margin: float, size: tuple[int, int]) -> list[float]:
    left, top, width, height = box
    x, y = left + width / 2, top + height / 2
    half = max(width, height) * (0.5 + margin)
    half = min(half, x, y, size[0] - x, size[1] - y)
    return [x - half, y - half, x + half, y + half]


def boxed(
    longer: object = max, margin_each: float = 1.0, corner: bool = False, inside: str = "shrink"
) -> Answer:
    def answer(box: Box, margin: float, size: tuple[int, int]) -> list[float]:
        left, top, width, height = box
        x, y = (left, top) if corner else (left + width / 2, top + height / 2)
        half = longer(width, height) * (0.5 + margin * margin_each)
        edges = [x - half, y - half, x + half, y + half]
        if inside == "clip":
            return [
                max(edge, 0) if i < 2 else min(edge, size[i - 2]) for i, edge in enumerate(edges)
            ]
        if inside == "push":
            dx, dy = max(0, -edges[0]), max(0, -edges[1])
            return [edges[0] + dx, edges[1] + dy, edges[2] + dx, edges[3] + dy]
        if inside == "left":
            half = min(half, x, y)
        if inside == "no margin" and (edges[0] < 0):
            half = max(width, height) / 2
        if inside != "beyond" and inside != "left" and inside != "no margin":
            half = min(half, x, y, size[0] - x, size[1] - y)
        return [x - half, y - half, x + half, y + half]

    return answer


def oblong(box: Box, margin: float, size: tuple[int, int]) -> list[float]:
    left, top, width, height = box
    dx, dy = width * margin, height * margin
    return [left - dx, top - dy, left + width + dx, top + height + dy]


def with_sides(box: Box, margin: float, size: tuple[int, int]) -> list[float]:
    left, top, right, bottom = square_box(box, margin, size)
    return [left, top, right - left, bottom - top]


def nearest_one(query: Tensor, pictures: Tensor) -> tuple[int, float]:
    apart = (pictures.float() - query.float()) / 255
    distances = apart.square().flatten(1).mean(1).sqrt()
    return int(distances.argmin()), float(distances.min())


def by_course(query: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
    distance, index = nearest(query[None], pictures)
    return index[0, 0], distance[0, 0]


def measured(
    power: float = 2, scale: float = 255, root: bool = True, total: bool = False
) -> Answer:
    def answer(query: Tensor, pictures: Tensor) -> tuple[int, float]:
        apart = ((pictures.float() - query.float()) / scale).abs().pow(power).flatten(1)
        value = apart.sum(1) if total else apart.mean(1)
        value = value.sqrt() if root else value
        return int(value.argmin()), float(value.min())

    return answer


def signed(query: Tensor, pictures: Tensor) -> tuple[int, float]:
    apart = (pictures.float() - query.float()).flatten(1).mean(1).abs() / 255
    return int(apart.argmin()), float(apart.min())


def bytes_wrap(query: Tensor, pictures: Tensor) -> tuple[int, float]:
    apart = ((pictures - query) ** 2).flatten(1).float().mean(1).sqrt() / 255
    return int(apart.argmin()), float(apart.min())


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
    checks.square_box: [square_box, wider, boxed()],
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
        "no square": (oblong, "no square"),
        "half the margin": (boxed(margin_each=0.5), "on each side"),
        "sides": (with_sides, "width and height"),
        "corner": (boxed(corner=True, inside="beyond"), "box's corner"),
        "shorter side": (boxed(longer=min), "shorter side"),
        "no margin": (boxed(margin_each=0.0), "without the margin"),
        "beyond": (boxed(inside="beyond"), "reaches out"),
        "cut off": (boxed(inside="clip"), "35×40"),
        "pushed": (boxed(inside="push"), "no longer in the middle"),
        "margin dropped": (boxed(inside="no margin"), "only as far as it must"),
        "left and top only": (boxed(inside="left"), "size − middle"),
        "three numbers": (lambda *args: (1, 2, 3), "return four"),
    },
    checks.nearest: {
        "signed": (signed, "cancel out"),
        "absolute": (measured(power=1, root=False), "squares weigh"),
        "bytes": (bytes_wrap, "wrap around"),
        "bytes' scale": (measured(scale=1), "divide by 255"),
        "no root": (measured(root=False), "root is missing"),
        "sum": (measured(total=True), "root of the sum"),
        "norm of bytes": (measured(total=True, scale=1), "and on the scale"),
        "swapped": (lambda q, p: nearest_one(q, p)[::-1], "first which picture"),
        "the picture": (lambda q, p: p[nearest_one(q, p)[0]], "two numbers"),
        "index alone": (lambda q, p: nearest_one(q, p)[0], "two numbers"),
        "farthest": (lambda q, p: (1, 0.39), "cancel out"),
        "changes its input": (in_place, "changed its input"),
    },
    checks.split: {
        "every fourth": (lambda d, share: [i % 4 == 3 for i in range(len(d))], "both sides"),
        "last quarter": (
            lambda d, share: [i >= len(d) * (1 - share) for i in range(len(d))],
            "both sides",
        ),
        "without equals": (lambda d, share: split(list(set(d)), share), "values for 58"),
        "order seen": (first_seen, "another order"),
        "at random": (at_random, "another order"),
        "the other way": (lambda d, share: split(d, 1 - share), "True means held out"),
        "of all pictures": (lambda d, share: split(d, share * len(d) / 40), "a quarter of 40"),
        "nothing": (lambda d, share: [False] * len(d), "Nothing is held out"),
        "digests": (lambda d, share: list(d), "not the pictures themselves"),
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
        "records": (lambda records: [r for r in records if free(r)], "whole records"),
        "one word": (lambda records: "harbor", "a list of names"),
        "twice": (lambda records: usable(records) * 2, "there twice"),
    },
}


@cases(SOLUTIONS, MISTAKES)
def test_checks(check: Check, answer: object, said: str) -> None:
    assert_says(check, answer, said)


def test_every_check_is_tested() -> None:
    assert_all_tested(checks, SOLUTIONS, MISTAKES)


def test_the_course_holds_out_as_the_exercise_asks() -> None:
    digests = ["b", "a", "c", "a", "d", "e", "f", "g", "h", "i", "j"]
    encoded = [digest.encode() for digest in digests]
    assert held_out(encoded).tolist() == split(digests, 0.1)
