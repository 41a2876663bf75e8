"""Checks of notebook 05."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from gan_utils.checks.verdict import Wrong, ask, four_edges, gives_verdict, items, must_be, same
from gan_utils.datasets import ImageSet
from gan_utils.models import mlp_discriminator, mlp_generator
from gan_utils.training import GAN, Settings, fit

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
        "All 40 rows are cut off above; it is 20 above and 20 below.": (
            lambda width, height: (0, height - width, width, height)
        ),
        "That square is as high as the picture and wider than it: side = min.": (
            lambda width, height: ((width - height) // 2, 0, (width + height) // 2, height)
        ),
        "That is the whole picture, and no square.": lambda width, height: (0, 0, width, height),
    },
)
def center_box(answer: Callable[[int, int], tuple[int, int, int, int]]) -> None:
    """`answer(width, height)` must be the center square, (left, top, right, bottom)."""
    got = _whole(ask(answer, 178, 218))
    said = f"For 178×218 it is (0, 20, 178, 198); you have {got}."
    must_be(got, (0, 20, 178, 198), said, center_box.mistakes, (178, 218), rel_tol=0)
    rights = {
        (640, 480): [(80, 0, 560, 480)],
        (50, 50): [(0, 0, 50, 50)],
        (101, 100): [(0, 0, 100, 100), (1, 0, 101, 100)],
    }
    for (width, height), allowed in rights.items():
        got = _whole(answer(width, height))
        if got not in allowed:
            raise Wrong(f"For {width}×{height} it is {allowed[0]}; you have {got}.")


def _whole(value: Any) -> tuple[int, ...]:
    box = tuple(four_edges(value))
    if any(isinstance(edge, bool) or not isinstance(edge, int) for edge in box):
        raise Wrong(f"{box}: pixels are counted in whole numbers, so divide with //.")
    return box


@gives_verdict(
    "Right: shifted, stretched, rounded, kept within 0 … 255, whole numbers.",
    {
        "−1 has become 0, and so have all values below 0: shift by 1 first.": (
            lambda fakes: (fakes.clamp(0) * 255).round().to(torch.uint8)
        ),
        "That runs to 510: from −1 to 1 there are 2, so stretch by 127.5.": (
            lambda fakes: ((fakes + 1) * 255).round()
        ),
        "Shifted by 127.5, but not stretched: 1 must become 255.": (
            lambda fakes: (fakes + 127.5).round().to(torch.uint8)
        ),
    },
)
def to_pixels(answer: Callable[[Tensor], Tensor]) -> None:
    """`answer(fakes)`: float (N, C, H, W) in [−1, 1], or a little beyond → uint8 0 … 255."""
    values = torch.tensor([-1.0, -0.5, 0.0, 0.3, 0.62, 1.0])
    fakes = values.repeat(2, 3, 4, 1)  # (2, 3, 4, 6)
    got = ask(answer, fakes, instead="compute a new tensor")
    if got.shape != fakes.shape:
        raise Wrong(f"The result has shape {tuple(got.shape)}, not {tuple(fakes.shape)}.")
    found = got[0, 0, 0].float()
    if found.min() >= 0 and found.max() <= 1:
        raise Wrong("That is 0 … 1, as matplotlib takes it; pixels go up to 255.")
    right = ((values + 1) * 127.5).round()
    said = f"{_short(values)} must become {_short(right)}; you have {_short(found)}."
    wrapped = (fakes * 255).to(torch.uint8)[0, 0, 0].float()  # on some processors: 0 on others
    if found[0] == found[1] == 0 or torch.equal(found, wrapped):
        said = "A negative number is no pixel: shift by 1 before you stretch."
    first_row = {"part": lambda made: made[0, 0, 0], "rel_tol": 0, "abs_tol": 1.01}
    must_be(found, right, said, to_pixels.mistakes, (fakes,), **first_row)
    if torch.equal(found, ((values + 1) * 127.5).floor()):
        raise Wrong("Cut, not rounded: 165.75 must become 166, so .round() before .to().")
    if got.dtype != torch.uint8:
        raise Wrong(f"The numbers fit, but they are {got.dtype}; end with .to(torch.uint8).")
    if not torch.equal(found, right):
        raise Wrong(said)
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


def _short(values: Tensor) -> str:
    return "[" + ", ".join(f"{value:g}" for value in values.tolist()) + "]"


@gives_verdict(
    "Right: whole steps, and as many of them in an epoch as there are whole batches.",
    {
        "The 20 are minutes: 60 seconds each.": (
            lambda n, batch, step, minutes: minutes / step / (n // batch)
        ),
        "An epoch has 140 steps: the 40 pictures that fill no batch are left out, so //.": (
            lambda n, batch, step, minutes: minutes * 60 / step / -(-n // batch)
        ),
        "Nearly: 9,000 pictures are 140 whole batches, not 140.6.": (
            lambda n, batch, step, minutes: minutes * 60 / step / (n / batch)
        ),
        "Divide by the seconds of a step: the slower a step, the fewer of them.": (
            lambda n, batch, step, minutes: minutes * 60 * step / (n // batch)
        ),
        "A step takes a batch of 64, not one picture.": (
            lambda n, batch, step, minutes: minutes * 60 / step / n
        ),
        "Those are the steps; an epoch has 140 of them.": (
            lambda n, batch, step, minutes: minutes * 60 / step
        ),
        "Upside down: that is the share of 20 minutes that one epoch takes.": (
            lambda n, batch, step, minutes: (n // batch) * step / (minutes * 60)
        ),
        "The seventh of an epoch counts too: no // for the epochs themselves.": (
            lambda n, batch, step, minutes: minutes * 60 / step // (n // batch)
        ),
    },
)
def epochs(answer: Callable[[int, int, float, float], float]) -> None:
    """`answer(pictures, batch_size, step_seconds, minutes)`: how many epochs fit."""
    given = (9000, 64, 0.5, 20)
    got, right = float(ask(answer, *given)), 2400 / 140
    must_be(got, right, f"It is {right:.2f} epochs; you have {got:.2f}.", epochs.mistakes, given)
    for numbers, right in {
        (202_599, 128, 0.01, 20): 120_000 / 1582,
        (228, 64, 0.25, 1): 80.0,
    }.items():
        got = float(answer(*numbers))
        if not same(got, right):
            raise Wrong(f"For {numbers} it is {right:.2f} epochs; you have {got:.2f}.")


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
        "Those are the seconds of the new step; divide the old 10 by them.": (
            lambda seconds, part, factor: sum(seconds.values()) / _speedup(seconds, part, factor)
        ),
        "Upside down: old seconds over new.": (
            lambda seconds, part, factor: 1 / _speedup(seconds, part, factor)
        ),
        "That is the gain if the loader took no time at all; 2 of its 6 seconds stay.": (
            lambda seconds, part, factor: _speedup(seconds, part, math.inf)
        ),
        "That is the share of the time that is saved; wanted is old seconds over new.": (
            lambda seconds, part, factor: 1 - 1 / _speedup(seconds, part, factor)
        ),
        "The loader now takes 2 seconds, but 3 + 1 for the rest are missing.": (
            lambda seconds, part, factor: factor / _share(seconds, part)
        ),
    },
)
def speedup(answer: Callable[[Mapping[str, float], str, float], float]) -> None:
    """`answer(seconds, part, factor)`: how much faster a step gets by Amdahl's law."""
    seconds = {"loader": 6.0, "networks": 3.0, "Adam": 1.0}
    given = (seconds, "loader", 3.0)
    got, right = float(ask(answer, *given, instead="compute a new sum")), 10 / 6
    said = f"10 seconds become 6, so it is {right:.2f}; you have {got:.2f}."
    must_be(got, right, said, speedup.mistakes, given)
    for part, factor, right in [("networks", 2.0, 10 / 8.5), ("Adam", math.inf, 10 / 9)]:
        got = float(answer(seconds, part, factor))
        if not same(got, right):
            raise Wrong(f"With {part} {factor:g} times as fast: {right:.2f}; you have {got:.2f}.")


@gives_verdict("Right: resumed from these six, a run ends with the same weights, bit for bit.")
def kept(answer: Callable[[], Iterable[str]]) -> None:
    """`answer()`: what a checkpoint must hold. A small run is resumed from that and no more."""
    chosen = ask(answer)
    if isinstance(chosen, str):
        raise Wrong(f"That is one word, {chosen!r}; return a list of words.")
    chosen = items(chosen)
    unknown = [name for name in chosen if name not in NEEDED | NOT_NEEDED]
    if unknown:
        raise Wrong(f"{unknown[0]!r} is not in the table; it has {', '.join(NEEDED | NOT_NEEDED)}.")
    differs = not _same_weights(_straight(), _resumed(chosen))
    missing = [name for name in NEEDED if name not in chosen]
    if differs:
        among = ", among others" if len(missing) > 1 else ""
        raise Wrong(
            "I resumed a small run from that, and it ended with other weights. "
            f"What is missing{among}: {NEEDED[missing[0]]}."
        )
    for name, reason in NOT_NEEDED.items():
        if name in chosen:
            raise Wrong(f"It resumes exactly, but {name!r} is not needed: {reason}.")
    if missing or len(set(chosen)) != len(chosen):
        raise Wrong(f"{chosen}: name each of the six once.")


def _gan() -> GAN:
    settings = Settings(latent_dim=4, batch_size=4, lr=1e-2, bfloat16=False)
    torch.default_generator.manual_seed(0)  # the same weights for each
    networks = mlp_generator(4, (1, 8, 8), (8, 8)), mlp_discriminator((1, 8, 8), (8,))
    return GAN(*networks, settings, torch.device("cpu"))


def _train(gan: GAN, steps: int) -> GAN:
    source = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (26, 1, 8, 8), generator=source)
    return fit(gan, ImageSet(pixels.to(torch.uint8)), steps=steps, watchers=[])


def _straight() -> GAN:
    return _train(_gan(), 8)


def _resumed(chosen: list[str]) -> GAN:
    """A run of 8 steps that stops after 4 and goes on with nothing but what was chosen."""
    stopped, fresh = _train(_gan(), 4), _gan()
    for name, network in fresh.networks().items():
        if name in chosen:
            network.load_state_dict(stopped.networks()[name].state_dict())
    state, old = fresh.state_dict(), stopped.state_dict()
    keys = {"g_adam": ["g_optimizer"], "d_adam": ["d_optimizer"], "order": ["order", "position"]}
    for name in chosen:
        state |= {key: old[key] for key in keys.get(name, [name]) if key in state}
    fresh.load_state_dict(state | {"step": 4})
    return _train(fresh, 8)


def _same_weights(first: GAN, second: GAN) -> bool:
    pairs = zip(first.networks().values(), second.networks().values(), strict=True)
    return all(
        torch.equal(value, other)
        for one, two in pairs
        for value, other in zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    )
