"""Hair in front of a drawn face: the cap over the skull, bangs, side locks, shine."""

import numpy as np

from gan_utils.datasets.cartoon.look import Look, mix
from gan_utils.datasets.cartoon.sketch import LINE, Sketch, bent, smooth


def forward(y: np.ndarray) -> np.ndarray:
    """How far in front of the turning axis the front hair lies at height y."""
    return np.clip((y + 1.5) * 0.8, 0.08, 0.95)


def fringe(look: Look) -> np.ndarray:
    """The lower edge of the bangs, left to right: tips and notches in turn, (2 × tips − 1, 2)."""
    style, dice = look.value["bangs"], look.dice
    low = dice(-0.05, 0.05)
    flip = dice.side()
    if style == "straight":
        tips = [(x, -0.22 + 0.16 * x * x) for x in (-0.74, -0.45, -0.15, 0.15, 0.45, 0.74)]
        notches = [(x, -0.34) for x in (-0.6, -0.3, 0.0, 0.3, 0.6)]
    elif style == "choppy":
        tips = [(-0.76, 0.02), (-0.42, -0.10), (-0.06, 0.02), (0.32, -0.12), (0.74, 0.0)]
        notches = [(-0.55, -0.46), (-0.26, -0.52), (0.14, -0.52), (0.55, -0.46)]
    elif style == "swept":
        tips = [(-0.80, 0.04), (-0.22, -0.26), (0.14, -0.16), (0.48, -0.04), (0.80, 0.12)]
        notches = [(-0.52, -0.92), (-0.02, -0.44), (0.30, -0.40), (0.62, -0.30)]
    elif style == "parted":
        tips = [(-0.82, 0.16), (-0.56, -0.14), (0.56, -0.14), (0.82, 0.16)]
        notches = [(-0.66, -0.30), (dice(-0.12, 0.12), -1.0), (0.66, -0.30)]
    else:
        tips = [(-0.80, 0.06), (-0.46, -0.12), (0.02, 0.30), (0.46, -0.12), (0.80, 0.06)]
        notches = [(-0.62, -0.36), (-0.14, -0.62), (0.16, -0.56), (0.62, -0.36)]
    inner = np.empty((len(tips) + len(notches), 2))
    inner[0::2], inner[1::2] = tips, notches
    inner += np.array([(dice(-0.04, 0.04), dice(-0.05, 0.05) + low) for _ in inner])
    edge = np.array([(-1.03, 0.34), (-0.90, -0.20), *inner, (0.90, -0.20), (1.03, 0.34)])
    return edge if flip > 0 else edge[::-1] * (-1, 1)


def front_hair(sketch: Sketch, look: Look, edge: np.ndarray) -> None:
    """The cap of hair over the skull, with the bangs' lower edge that `fringe` made."""
    v = look.volume
    right = [(0, -1.42 * v), (0.55 * v, -1.31 * v), (0.98 * v, -0.98 * v), (1.17 * v, -0.42)]
    right += [(1.12 * v, 0.05)]
    crown = smooth([(-x, y) for x, y in right[:0:-1]] + right)
    lower = fringe_curve(edge)
    cap = np.concatenate([crown, lower[::-1]])
    depth = forward(cap[:, 1])
    width = np.full(len(cap), LINE)
    if look.value["hair style"] == "spiky":  # the mane goes on without a line
        width[: len(crown)] = 0
    sketch.outlined(cap, look.hair, look.hair_line, depth, width=width)
    if sketch.light:  # the far side lies in shade
        half = len(crown) // 2
        rim = crown[half:] if sketch.light < 0 else crown[half::-1]
        deep = np.linspace(0, 1, len(rim))[:, None]
        inward = rim * (1 - 0.26 * deep * (1, 0) - 0.05 * deep * (0, 1))
        band = np.concatenate([rim, inward[::-1]])
        sketch.fill(band, look.hair_dark, 150, depth=forward(band[:, 1]))
    _shine(sketch, look)
    crease = mix(look.hair_line, look.hair_dark, 0.3)
    for x, y in edge[1:-1:2]:  # lines run from the notches up to the crown
        top = max(y - 0.56, -1.2)
        path = bent(np.array([(x, y + 0.02), (x * 0.74, top)]), 0.06 * np.sign(x))
        sketch.stroke(path, 0.055, crease, depth=forward(path[:, 1]), taper="end")
    for x, y in edge[2:-2:2]:  # and a softer one into each lock
        path = bent(np.array([(x * 0.97, y - 0.10), (x * 0.74, y - 0.62)]), 0.06 * np.sign(x))
        sketch.stroke(path, 0.05, look.hair_dark, depth=forward(path[:, 1]))
    if look.dice() < 0.3 and look.value["accessory"] not in ("beret", "headphones"):
        _cowlick(sketch, look)


def _cowlick(sketch: Sketch, look: Look) -> None:
    """The stray lock that stands up from the crown."""
    side = look.dice.side()
    reach, top = look.dice(0.30, 0.50), -1.36 * look.volume
    path = smooth(
        [(-0.04, top + 0.10), (-0.02, top - 0.14), (0.5 * reach, top - 0.28), (reach, top - 0.14)]
    ) * (side, 1)
    sketch.stroke(path, 0.21, look.hair_line, depth=0.1, taper="end")
    path[0] += (0, 0.10)  # the fill begins lower down than its outline: no line across the root
    sketch.stroke(path, 0.13, look.hair, depth=0.1, taper="end")


def fringe_curve(edge: np.ndarray) -> np.ndarray:
    """The bangs' lower edge with each lock bowed outward."""
    middle = (edge[:-1, 0] + edge[1:, 0]) / 2
    down = edge[1:, 1] > edge[:-1, 1]  # the left side of a lock
    bend = np.where(middle < 0, np.where(down, 0.10, -0.02), np.where(down, 0.02, -0.10))
    return bent(edge, -bend)


def _shine(sketch: Sketch, look: Look) -> None:
    """The ring of light around the crown, drawn out into streaks."""
    dice = look.dice
    height, thick = dice(-1.00, -0.90), dice(0.10, 0.15)
    x = np.linspace(-0.84, 0.84, 29)
    arc = height + 0.46 * x * x
    streak = np.abs((np.arange(29) % 4) - 2) / 2
    swell = 1 - (x / 0.84) ** 2  # thin at both ends
    top = np.stack([x, arc - thick * swell * (0.1 + 0.5 * streak)], axis=1)
    bottom = np.stack([x * 1.03, arc + thick * swell * (0.3 + 0.9 * streak)], axis=1)
    band = np.concatenate([top, bottom[::-1]])
    band += np.array((0.16 * sketch.light, 0.04 * abs(sketch.light)))
    sketch.fill(band, look.hair_light, 165, depth=forward(band[:, 1]))


def side_locks(sketch: Sketch, look: Look) -> None:
    """A lock down each side of the face, or none."""
    kind = look.value["side locks"]
    if kind == "none":
        return
    length = {"short": 0.62, "long": 1.55}[kind] + look.dice(-0.08, 0.08)
    bow = look.dice(0.02, 0.10)
    for side in (-1, 1):
        wide = 0.17 if length < 1 else 0.20
        outer = smooth(
            [(1.10, -0.5), (1.13, 0.05), (1.08 + bow, length * 0.55), (0.92 + bow, length)]
        )
        middle = (0.90 - wide / 2 + bow / 2, length * 0.5)
        inner = smooth([(0.92 + bow, length), middle, (0.86 - wide / 2, 0.05), (0.80, -0.55)])
        lock = np.concatenate([outer, inner[1:]]) * (side, 1)
        width = np.full(len(lock), LINE)
        width[:7] = width[-6:] = 0  # it grows out of the cap without a line
        sketch.outlined(lock, look.hair, look.hair_line, forward(lock[:, 1]) * 0.42, width=width)
        path = smooth([(0.98, -0.3), (0.99, 0.1), (0.93 + bow * 0.8, length * 0.7)]) * (side, 1)
        sketch.stroke(path, 0.045, look.hair_dark, depth=0.36)
