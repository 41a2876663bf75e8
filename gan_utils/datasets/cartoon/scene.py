"""Around a drawn face: the background behind it, neck and clothes below."""

import numpy as np

from gan_utils.datasets.cartoon.look import Look, mix, shade, tint, vary
from gan_utils.datasets.cartoon.sketch import (
    BODY,
    PICTURE,
    Color,
    Sketch,
    ellipse,
    mirrored,
    smooth,
)
from gan_utils.datasets.cartoon.worn import bow

SQUARE = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=float)
WHITE = (250, 248, 250)


# --- behind


def background(sketch: Sketch, look: Look) -> None:
    """The whole picture in a color, mostly a light one, and a pattern."""
    kind, dice = look.value["background"], look.dice
    base = vary((168, 194, 216), dice, 0.5, 0.16, 0.09)
    if dice() < 0.15:
        base = shade(shade(base, 1.3), 1.2)
    other = tint(vary(base, dice, 0.10, 0.1, 0.03), 0.55)
    sketch.fill(SQUARE * 1.1, base, frame=PICTURE)
    if kind == "gradient":
        for step in range(20):
            top = (step + 1) / 21
            band = np.array([(0, top), (1.1, top), (1.1, top + 0.06), (0, top + 0.06)])
            sketch.fill(band, mix(base, tint(other, 0.35), top), frame=PICTURE)
    elif kind == "dots":
        for _ in range(9):
            radius = dice(0.04, 0.14)
            spot = ellipse(dice(), dice(-0.05, 0.9), radius, radius)
            sketch.fill(spot, other, 170, frame=PICTURE)
    elif kind == "stripes":
        wide, lean = dice(0.07, 0.13), dice(-0.5, 0.5)
        for x in np.arange(-0.6, 1.6, 2 * wide):
            stripe = [(x, 0), (x + wide, 0), (x + wide + lean, 1.1), (x + lean, 1.1)]
            sketch.fill(np.array(stripe), other, 225, frame=PICTURE)
    elif kind == "rays":
        x, y, count = dice(0.3, 0.7), dice(0.2, 0.6), 9
        start = dice()
        for ray in range(count):
            angle = 2 * np.pi * (ray + start + np.array([0.0, 0.5])) / count
            far = np.stack([x + 1.6 * np.cos(angle), y + 1.6 * np.sin(angle)], axis=1)
            sketch.fill(np.concatenate([[(x, y)], far]), other, 225, frame=PICTURE)


# --- neck and clothes


def body(sketch: Sketch, look: Look) -> None:
    """Neck, shoulders and clothes; they do not tilt or turn with the head."""
    kind, cloth = look.value["clothes"], look.cloth
    line = shade(shade(cloth, 1.2), 1.0)
    neck = [(0.29, 0.55), (0.27, 1.05), (0.34, 1.22), (0.75, 1.36), (0.75, 2.4)]
    sketch.outlined(mirrored([(0, 0.55), *neck, (0, 2.4)]), look.skin, look.skin_line, frame=BODY)
    under = mirrored([(0, 0.7), (0.29, 0.7), (0.275, 1.10), (0.1, 1.22)])
    sketch.fill(under, look.skin_dark, 220, frame=BODY)
    opening = {"sailor": 1.75, "shirt": 1.42, "hoodie": 1.40, "sweater": 1.10, "dress": 1.40}[kind]
    collar = np.array([(-0.40, 1.20), (0, opening), (0.40, 1.20)])
    if kind not in ("sailor", "shirt"):
        collar = smooth(collar)
    right = smooth([(0.40, 1.20), (0.85, 1.34), (1.25, 1.52), (1.45, 1.9), (1.5, 2.6)])
    shape = np.concatenate([right, right[::-1] * (-1, 1), collar])
    base = WHITE if kind in ("sailor", "shirt") else cloth
    sketch.outlined(shape, base, line, frame=BODY)
    _CLOTHES[kind](sketch, look, line)


def _sailor(sketch: Sketch, look: Look, line: Color) -> None:
    for side in (-1, 1):
        corners = [(0.36, 1.10), (0.62, 1.22), (1.05, 1.45), (0.5, 1.95), (0.02, 1.78)]
        flap = np.array(corners) * (side, 1)
        sketch.outlined(flap, look.cloth, line, frame=BODY)
        trim = np.array([(0.90, 1.47), (0.46, 1.84), (0.04, 1.70)]) * (side, 1)
        sketch.stroke(trim, 0.04, WHITE, frame=BODY, taper="none")
    bow(sketch, 0.0, 1.76, 0.42, look.accent, frame=BODY)


def _shirt(sketch: Sketch, look: Look, line: Color) -> None:
    tie = np.array([(-0.10, 1.36), (0.10, 1.36), (0.17, 2.3), (-0.17, 2.3)])
    sketch.outlined(tie, look.accent, shade(look.accent, 1.8), frame=BODY)
    for side in (-1, 1):
        vest = np.array([(0.62, 1.26), (1.6, 1.6), (1.6, 2.4), (0.2, 2.4)]) * (side, 1)
        sketch.outlined(vest, look.cloth, line, frame=BODY)
        flap = np.array([(0.30, 1.06), (0.44, 1.18), (0.46, 1.56), (0.0, 1.40)]) * (side, 1)
        sketch.outlined(flap, WHITE, (150, 146, 168), frame=BODY)


def _hoodie(sketch: Sketch, look: Look, line: Color) -> None:
    for side in (-1, 1):
        corners = [(0.34, 1.08), (0.78, 1.06), (0.98, 1.30), (0.6, 1.56), (0.05, 1.62)]
        hood = smooth([*corners, (0.28, 1.36)], closed=True)
        sketch.outlined(hood * (side, 1), tint(look.cloth, 0.15), line, frame=BODY)
        string = np.array([(0.17, 1.56), (0.19, 1.75), (0.17, 2.2)]) * (side, 1)
        sketch.stroke(string, 0.055, WHITE, frame=BODY, taper="none")


def _sweater(sketch: Sketch, look: Look, line: Color) -> None:
    corners = [(-0.33, 1.04), (0, 1.14), (0.33, 1.04), (0.38, 1.28), (0, 1.42), (-0.38, 1.28)]
    roll = smooth(corners, closed=True)
    sketch.outlined(roll, tint(look.cloth, 0.12), line, frame=BODY)
    for x in (-0.18, 0.0, 0.18):
        rib = np.array([(x, 1.16 - abs(x) * 0.2), (x * 1.05, 1.25), (x * 1.1, 1.36 - abs(x) * 0.2)])
        sketch.stroke(rib, 0.03, shade(look.cloth, 0.9), frame=BODY)


def _dress(sketch: Sketch, look: Look, line: Color) -> None:
    for side in (-1, 1):
        corners = [(0.02, 1.38), (0.34, 1.12), (0.66, 1.24), (0.62, 1.52), (0.30, 1.66)]
        flap = smooth(corners, closed=True) * (side, 1)
        sketch.outlined(flap, WHITE, (160, 152, 178), frame=BODY)
    bow(sketch, 0.0, 1.44, 0.30, look.accent, frame=BODY)


_CLOTHES = dict(sailor=_sailor, shirt=_shirt, hoodie=_hoodie, sweater=_sweater, dress=_dress)
