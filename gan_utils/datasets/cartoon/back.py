"""Hair behind a drawn face: short, bob, long, wavy, and tails, buns, braids and a mane."""

import numpy as np

from gan_utils.datasets.cartoon.look import Look, mix, shade
from gan_utils.datasets.cartoon.sketch import Color, Sketch, bent, ellipse, mirrored, smooth

SIDES = {  # the right side from the crown down, a smooth line; and tips below, with corners
    "short": (
        [(1.23, 0.05), (1.10, 0.45), (1.02, 0.66)],
        [(0.92, 0.58), (0.84, 0.79), (0.62, 0.7), (0.4, 0.85), (0, 0.8)],
    ),
    "bob": (
        [(1.30, 0.15), (1.30, 0.58), (1.04, 0.97)],
        [(0.86, 0.87), (0.62, 0.99), (0.3, 0.87), (0, 0.94)],
    ),
    "long": ([(1.25, 0.10), (1.24, 0.65), (1.28, 1.3), (1.3, 2.4)], []),
    "wavy": (
        [(1.25, 0), (1.4, 0.38), (1.24, 0.72), (1.54, 1.08), (1.34, 1.44), (1.6, 1.8), (1.5, 2.4)],
        [],
    ),
}


def back_hair(sketch: Sketch, look: Look) -> None:
    """The hair behind head and body; drawn first."""
    style, dice, v = look.value["hair style"], look.dice, look.volume
    if style == "spiky":
        _mane(sketch, look)
        return
    if style == "ponytail":
        _ponytail(sketch, look)
    for side in (-1, 1):
        if style == "twintails":
            _twintail(sketch, look, side)
        elif style == "buns":
            _bun(sketch, look, side)
    crown = [(0, -1.40 * v), (0.55 * v, -1.29 * v), (0.99 * v, -0.95 * v), (1.18 * v, -0.42)]
    sides, ends = SIDES.get(style, SIDES["short"])
    flare, low = dice(-0.06, 0.10), dice(-0.10, 0.10)
    sides = [(x + flare * min(max(y, 0), 1), y) for x, y in sides]
    right = smooth([*crown, *sides])
    if ends:
        right = np.concatenate([right, bent([(x, y + low) for x, y in ends], 0.1)])
    shape = np.concatenate([right, right[::-1] * (-1, 1)])
    sketch.outlined(shape, _shadowed(look), look.hair_line, depth=-0.10)
    if not ends:
        for x in (-1.08, 1.08):
            path = smooth([(x, 0.2), (x * 1.06, 0.9), (x * (1.02 + flare), 1.9)])
            sketch.stroke(path, 0.05, look.hair_line, 110, depth=-0.10)


def _shadowed(look: Look) -> Color:
    """The color of hair behind the head."""
    return mix(look.hair_dark, look.hair_line, 0.18)


def _twintail(sketch: Sketch, look: Look, side: int) -> None:
    """One of two tails that hang down from above the ears."""
    dice = look.dice
    drop, out = dice(1.5, 2.2), dice(0.0, 0.12)
    outer = [(0.98, -0.86), (1.42 + out, -0.72), (1.72 + out, -0.05), (1.74 + out, 0.75)]
    inner = [(1.36, 0.75), (1.22, 0.1), (1.12, -0.38), (0.92, -0.6)]
    tip = (1.46 + out, drop)
    shape = np.concatenate([smooth([*outer, tip]), smooth([tip, *inner])]) * (side, 1)
    sketch.outlined(shape, look.hair, look.hair_line, depth=-0.06)
    for shift in (0.0, 0.16):
        path = smooth([(1.1, -0.6), (1.46 + shift, -0.1), (1.44 + shift, 0.9)]) * (side, 1)
        sketch.stroke(path, 0.05, look.hair_dark, depth=-0.06)
    path = smooth([(1.3, -0.58), (1.54, -0.25), (1.6, 0.15)]) * (side, 1)
    sketch.stroke(path, 0.10, look.hair_light, 150, depth=-0.06)


def ties(sketch: Sketch, look: Look) -> None:
    """What holds two tails, over the hair."""
    for side in (-1, 1):
        knot = ellipse(side * 1.06, -0.72, 0.13, 0.17, 16)
        sketch.outlined(knot, look.accent, shade(look.accent, 1.8), depth=-0.02)


def _ponytail(sketch: Sketch, look: Look) -> None:
    """A tail from the back of the crown, to one side."""
    dice = look.dice
    side = dice.side()
    swing = dice(-0.08, 0.08)
    outer = [(0.2, -1.32), (0.75, -1.62), (1.35, -1.25), (1.66 + swing, -0.4), (1.62 + swing, 0.5)]
    inner = [(1.3, 0.3), (1.22, -0.35), (0.95, -0.8), (0.5, -0.9)]
    tip = (1.30 + swing, dice(1.05, 1.4))
    shape = np.concatenate([smooth([*outer, tip]), smooth([tip, *inner])]) * (side, 1)
    sketch.outlined(shape, look.hair, look.hair_line, depth=-0.14)
    for shift in (0.0, 0.18):
        path = smooth([(0.8, -1.2), (1.25 + shift, -0.75), (1.38 + shift, 0.4)]) * (side, 1)
        sketch.stroke(path, 0.05, look.hair_dark, depth=-0.14)
    tie = ellipse(0.52 * side, -1.32, 0.17, 0.17)
    sketch.outlined(tie, look.accent, shade(look.accent, 1.6), depth=-0.12)


def _bun(sketch: Sketch, look: Look, side: int) -> None:
    """One of two buns, lower down where something is worn on the crown."""
    radius = look.dice(0.36, 0.44)
    low = look.value["accessory"] in ("cat ears", "beret", "headband")
    x, y = (1.12, -0.78) if low else (0.84, -1.16)
    sketch.outlined(ellipse(side * x, y, radius, radius), look.hair, look.hair_line, depth=-0.06)
    for part in (0.62, 0.3):
        arc = ellipse(side * x, y, radius * part, radius * part)[4:20]
        sketch.stroke(arc, 0.05, look.hair_dark, depth=-0.06)
    glint = smooth([(-0.22, -0.05), (-0.1, -0.22), (0.12, -0.24)])
    glint = glint * (radius / 0.4) + np.array((side * x, y))
    sketch.stroke(glint, 0.08, look.hair_light, 170, depth=-0.06)


def _mane(sketch: Sketch, look: Look) -> None:
    """A mane of curved spikes, swept up and out."""
    dice, v = look.dice, look.volume
    lean = dice(-0.10, 0.10)
    tips = 9
    corners = []
    for at in range(tips):
        share = at / (tips - 1)  # 0 below the left ear, 1 below the right one
        angle = np.pi * (-0.20 + 1.40 * share)
        up = angle + 0.16 * np.sign(0.5 - share) + lean
        reach = 1.62 - 0.12 * (at % 2) + dice(-0.08, 0.08)
        corners.append((-np.cos(up) * reach * 0.98, -np.sin(up) * reach * 1.06 - 0.06))
        between = angle + np.pi * 0.70 / (tips - 1)
        corners.append((-np.cos(between) * 1.14 * v, -np.sin(between) * 1.30 * v))
    outline = np.array(corners[:-1])
    rising = np.arange(len(outline) - 1) % 2 == 1  # from a valley up to the next tip
    left = (outline[:-1, 0] + outline[1:, 0]) < 0
    bend = np.where(left, np.where(rising, -0.10, 0.16), np.where(rising, 0.16, -0.10))
    shape = np.concatenate(
        [bent(outline, -bend), [(0.62, 0.80), (0.3, 0.7), (-0.3, 0.7), (-0.62, 0.80)]]
    )
    sketch.outlined(shape, look.hair, look.hair_line, depth=-0.06)
    nape = mirrored([(0, 0.2), (1.08, 0.2), (0.86, 0.84), (0.6, 0.66), (0.3, 0.84), (0, 0.7)])
    sketch.fill(nape, _shadowed(look), depth=-0.06)


def braids(sketch: Sketch, look: Look) -> None:
    """Two braids over the shoulders; drawn over the body."""
    for knot in range(6):
        y, wide = 0.62 + 0.24 * knot, 0.25 - 0.008 * knot
        for side in (-1, 1):
            x = side * (1.00 + 0.05 * knot + (0.07 if knot % 2 else -0.07))
            plait = ellipse(x, y, wide, 0.20, 16)
            sketch.outlined(plait, look.hair, look.hair_line, depth=-0.04)
            crease = smooth([(x - 0.12, y + 0.05), (x, y - 0.06), (x + 0.12, y + 0.05)])
            sketch.stroke(crease, 0.05, look.hair_dark, depth=-0.04)
