"""Checks of notebook 05."""

import math
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

from gan_utils.checks.comparing import ask, four_edges, must_be, must_return, same, told, whole
from gan_utils.checks.resuming import resumes_exactly
from gan_utils.checks.verdict import Wrong, gives_verdict

# What the table of the last exercise lists: what the next step reads, and what it does not.
NEEDED = {
    "generator": "G's weights",
    "discriminator": "D's weights",
    "g_adam": "G's Adam: its moments make the next step, and a fresh Adam has none",
    "d_adam": "D's Adam: its moments make the next step, and a fresh Adam has none",
    "noise": "the source of the noise: begun anew it draws the first z's again",
    "order": "the order of the pictures: begun anew it shows the first batches again",
}
NOT_NEEDED = {
    "gradients": "zero_grad throws the old gradients away before the next backward",
    "fakes": "every step draws its own fakes",
    "pictures": "the pictures lie on the disk already, and training does not change them",
    "losses": "a curve wants the old losses, the next step does not read them",
}


def _box(width: int, height: int) -> tuple[int, int, int, int]:
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


@gives_verdict(
    "Right: the largest square, the same cut off on both sides.",
    {
        "Left and top are swapped: rows are cut here, not columns.": (
            lambda width, height: ((height - width) // 2, 0, (height + width) // 2, width)
        ),
        "Those are width and height; right and bottom are edges: top + side.": (
            lambda width, height: (0, (height - width) // 2, width, width)
        ),
        "That begins at the top; leave out as many rows above as below.": (
            lambda width, height: (0, 0, width, width)
        ),
        "That square is as high as the picture and wider than it: side = min.": (
            lambda width, height: ((width - height) // 2, 0, (width + height) // 2, height)
        ),
        "That is right for a picture higher than wide; here columns are cut.": (
            lambda width, height: (0, (height - width) // 2, width, (height + width) // 2)
        ),
    },
)
def center_box(answer: Callable[[int, int], tuple[int, int, int, int]]) -> None:
    """`answer(width, height)` must be the center square, (left, top, right, bottom)."""
    rows = [(178, 218, _box(178, 218)), (640, 480, _box(640, 480)), (50, 50, (0, 0, 50, 50))]
    must_return(answer, rows, center_box.mistakes, read=four_edges)
    got = whole(ask(answer, 101, 100))
    if not same(got, (0, 0, 100, 100)) and not same(got, (1, 0, 101, 100)):
        raise Wrong(f"For 101×100 one column goes, left or right; you have {told(got)}.")


@gives_verdict(
    "Right: shifted, stretched, rounded, kept within 0 … 255, whole numbers.",
    {
        "A negative number is no pixel: shift by 1 before you stretch.": (
            lambda fakes: (fakes * 255).to(torch.uint8)
        ),
        "That is 0 … 1, as matplotlib takes it; pixels go up to 255.": lambda fakes: (
            (fakes + 1) / 2
        ),
        "That runs to 510: from −1 to 1 there are 2, so stretch by 127.5.": (
            lambda fakes: ((fakes + 1) * 255).round()
        ),
    },
)
def to_pixels(answer: Callable[[Tensor], Tensor]) -> None:
    """`answer(fakes)`: float (N, C, H, W) in [−1, 1], or a little beyond → uint8 0 … 255."""
    values = torch.tensor([-1.0, -0.5, 0.0, 0.3, 0.62, 1.0])
    fakes = values.repeat(2, 3, 4, 1)  # (2, 3, 4, 6)
    right = ((fakes + 1) * 127.5).round()
    got = ask(answer, fakes, instead="compute a new tensor")
    become, have = told(right[0, 0, 0]), told(got.flatten()[:6])
    said = f"{told(values)} must become {become}; you have {have}."
    must_be(got, right, said, to_pixels.mistakes, (fakes,), rel_tol=0, abs_tol=1.01)
    if got.dtype != torch.uint8:
        raise Wrong(f"The numbers fit, but they are {got.dtype}; end with .to(torch.uint8).")
    if not torch.equal(got.float(), right):
        raise Wrong("Cut, not rounded: 165.75 must become 166, so .round() before .to().")
    pale = answer(torch.full((1, 3, 2, 2), 0.25))
    if (pale.float() - 159).abs().max() > 1:
        raise Wrong(
            "0.25 becomes another pixel when it stands alone: that stretches each batch to its own "
            "darkest and brightest value, so no two batches compare."
        )
    beyond = answer(torch.tensor([-1.02, 1.02]).view(1, 1, 1, 2)).flatten().tolist()
    if beyond != [0, 255]:
        raise Wrong(
            f"−1.02 and 1.02 become {beyond}: a byte has no 258, it begins again at 0. "
            "Clamp to 0 … 255 first."
        )


@gives_verdict(
    "Right: whole steps, and as many of them in an epoch as there are whole batches.",
    {
        "The 20 are minutes: 60 seconds each.": lambda n, batch, step, m: m / step / (n // batch),
        "Nearly: 9,000 pictures are 140 whole batches, not 140.6.": (
            lambda n, batch, step, minutes: minutes * 60 / step / (n / batch)
        ),
        "A step takes a batch of 64, not one picture.": (
            lambda n, batch, step, minutes: minutes * 60 / step / n
        ),
        "Those are the steps; an epoch has 140 of them.": (
            lambda n, batch, step, minutes: minutes * 60 / step
        ),
        "The seventh of an epoch counts too: no // for the epochs themselves.": (
            lambda n, batch, step, minutes: minutes * 60 / step // (n // batch)
        ),
    },
)
def epochs(answer: Callable[[int, int, float, float], float]) -> None:
    """`answer(pictures, batch_size, step_seconds, minutes)`: how many epochs fit."""
    rows = [(9000, 64, 0.5, 20, 2400 / 140), (202_599, 128, 0.01, 20, 120_000 / 1582)]
    must_return(answer, rows, epochs.mistakes)


def _speedup(seconds: Mapping[str, float], part: str, factor: float) -> float:
    total = sum(seconds.values())
    return total / (total - seconds[part] + seconds[part] / factor)


def _share(seconds: Mapping[str, float], part: str) -> float:
    return seconds[part] / sum(seconds.values())


@gives_verdict(
    "Right: only that part shrinks, and all of the others stay.",
    {
        "The loader gets 3 times as fast, the step does not: the other 4 seconds stay.": (
            lambda seconds, part, factor: factor
        ),
        "A mean of speeds counts the gain too high: add up the seconds, then divide.": (
            lambda seconds, part, factor: 1 + _share(seconds, part) * (factor - 1)
        ),
        "Upside down: old seconds over new.": lambda *given: 1 / _speedup(*given),
        "That is the gain if the loader took no time at all; 2 of its 6 seconds stay.": (
            lambda seconds, part, factor: _speedup(seconds, part, math.inf)
        ),
        "The loader now takes 2 seconds, but 3 + 1 for the rest are missing.": (
            lambda seconds, part, factor: factor / _share(seconds, part)
        ),
    },
)
def speedup(answer: Callable[[Mapping[str, float], str, float], float]) -> None:
    """`answer(seconds, part, factor)`: how much faster a step gets by Amdahl's law."""
    seconds = {"loader": 6.0, "networks": 3.0, "Adam": 1.0}
    rows = [
        (seconds, "loader", 3.0, 10 / 6),
        (seconds, "networks", 2.0, 10 / 8.5),
        (seconds, "Adam", math.inf, 10 / 9),
    ]
    must_return(answer, rows, speedup.mistakes, instead="compute a new sum")


@gives_verdict("Right: resumed from these six, a run ends with the same weights, bit for bit.")
def kept(answer: Callable[[], Iterable[str]]) -> None:
    """`answer()`: what a checkpoint must hold. A small run is resumed from that and no more."""
    chosen = ask(answer)
    if isinstance(chosen, str):
        raise Wrong(f"That is one word, {chosen!r}; return a list of words.")
    for name in chosen:
        if name not in NEEDED | NOT_NEEDED:
            raise Wrong(f"{name!r} is not in the table; it has {', '.join(NEEDED | NOT_NEEDED)}.")
    missing = [reason for name, reason in NEEDED.items() if name not in chosen]
    if not resumes_exactly(chosen):
        among = ", among others" if len(missing) > 1 else ""
        raise Wrong(
            "I resumed a small run from that, and it ended with other weights. "
            f"What is missing{among}: {missing[0]}."
        )
    for name, reason in NOT_NEEDED.items():
        if name in chosen:
            raise Wrong(f"It resumes exactly, but {name!r} is not needed: {reason}.")
    if missing or len(chosen) != len(NEEDED):
        raise Wrong(f"{chosen}: name each of the six once.")
