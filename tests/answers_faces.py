"""Answers to the exercises of notebook 05, right ones and wrong ones."""

import torch
from checking import Answer, Mistakes, Solutions
from torch import Tensor

from gan_utils.checks import faces as checks
from gan_utils.datasets import to_uint8

Seconds = dict[str, float]
SIX = ["generator", "discriminator", "g_adam", "d_adam", "noise", "order"]


def box(width: int, height: int) -> tuple[int, int, int, int]:
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def rounded_box(width: int, height: int) -> list[int]:
    side = min(width, height)
    left, top = round((width - side + 0.1) / 2), round((height - side + 0.1) / 2)
    return [left, top, left + side, top + side]


def halved(width: int, height: int) -> list[float]:
    side, x, y = min(width, height) / 2, width / 2, height / 2
    return [x - side, y - side, x + side, y + side]


def pixels(x: Tensor) -> Tensor:
    return ((x + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def in_place(x: Tensor) -> Tensor:
    return x.add_(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def own_range(x: Tensor) -> Tensor:
    return ((x - x.min()) / (x.max() - x.min()).clamp(min=1e-9) * 255).round().to(torch.uint8)


def wraps(x: Tensor) -> Tensor:
    return (((x + 1) * 127.5).round().long() % 256).to(torch.uint8)


def epochs(n: int, batch: int, step: float, minutes: float) -> float:
    return minutes * 60 / step / (n // batch)


def speedup(seconds: Seconds, part: str, factor: float) -> float:
    total = sum(seconds.values())
    return total / (total - seconds[part] + seconds[part] / factor)


def share(seconds: Seconds, part: str) -> float:
    return seconds[part] / sum(seconds.values())


def changing(seconds: Seconds, part: str, factor: float) -> float:
    total = sum(seconds.values())
    seconds[part] /= factor
    return total / sum(seconds.values())


def without(*names: str) -> Answer:
    return lambda: [name for name in SIX if name not in names]


SOLUTIONS: Solutions = {
    checks.center_box: [box, rounded_box],
    checks.to_pixels: [pixels, to_uint8, lambda x: (x * 127.5 + 128).clamp(0, 255).byte()],
    checks.epochs: [epochs, lambda n, b, s, m: 60 * m / (s * (n // b))],
    checks.speedup: [speedup, lambda s, p, f: 1 / (1 - share(s, p) + share(s, p) / f)],
    checks.kept: [lambda: SIX, lambda: set(SIX), lambda: reversed(SIX)],
}

MISTAKES: Mistakes = {
    checks.center_box: {
        "true division": (halved, "[0.5, 0, 100.5, 100] is not whole"),
        "one side more": (lambda w, h: (*box(w, h)[:3], box(w, h)[3] + w % 2), "one column goes"),
        "two numbers": (lambda w, h: box(w, h)[:2], "return four"),
        "a number": (lambda w, h: 178, "return four"),
        "by heart": (lambda w, h: (0, 20, 178, 198), "For 640, 480"),
    },
    checks.to_pixels: {
        "cut": (lambda x: ((x + 1) * 127.5).clamp(0, 255).byte(), "Cut, not rounded"),
        "floats": (lambda x: ((x + 1) * 127.5).round().clamp(0, 255), "torch.float32"),
        "wraps": (wraps, "Clamp"),
        "its own range": (own_range, "when it stands alone"),
        "changes its input": (in_place, "changed its input"),
        "flattened": (lambda x: pixels(x).flatten(), "The shape is (144,)"),
        "inverted": (lambda x: pixels(-x), "must become"),
    },
    checks.epochs: {
        "by heart": (lambda n, b, s, m: 2400 / 140, "For 202599"),
        "something else": (lambda n, b, s, m: 3.0, "it must be 17.143"),
    },
    checks.speedup: {
        "changes the dictionary": (changing, "changed its input"),
        "by heart": (lambda s, p, f: 10 / 6, "networks, 2.0 it must be 1.1765"),
        "something else": (lambda s, p, f: 7.5, "it must be 1.6667; you have 7.5"),
    },
    checks.kept: {
        "weights alone": (lambda: SIX[:2], "among others"),
        "no G": (without("generator"), "G's weights"),
        "no D": (without("discriminator"), "D's weights"),
        "no Adam of G": (without("g_adam"), "G's Adam"),
        "no Adam of D": (without("d_adam"), "D's Adam"),
        "no noise": (without("noise"), "the source of the noise"),
        "no order": (without("order"), "the order of the pictures"),
        "gradients too": (lambda: [*SIX, "gradients"], "zero_grad"),
        "fakes too": (lambda: [*SIX, "fakes"], "its own fakes"),
        "pictures too": (lambda: [*SIX, "pictures"], "on the disk already"),
        "losses too": (lambda: [*SIX, "losses"], "does not read them"),
        "twice": (lambda: [*SIX, "noise"], "once"),
        "another word": (lambda: ["weights"], "not in the table"),
        "one word": (lambda: "generator", "a list of words"),
        "nothing": (lambda: [], "among others"),
    },
}
