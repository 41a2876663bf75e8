"""The face itself: ears, its shape and shading, nose, blush and mouth."""

import numpy as np

from gan_utils.datasets.cartoon.hair import forward, fringe_curve
from gan_utils.datasets.cartoon.look import Look, mix, shade
from gan_utils.datasets.cartoon.sketch import FACE, Sketch, ellipse, mirrored, smooth

INSIDE, TONGUE, TEETH = (168, 52, 64), (240, 132, 132), (255, 250, 248)
LIPS = {  # mouths that are lines
    "smile": [[(-0.20, -0.05), (-0.08, 0.02), (0.08, 0.02), (0.20, -0.05)]],
    "flat": [[(-0.14, 0.0), (0, -0.01), (0.14, 0.0)]],
    "frown": [[(-0.16, 0.05), (-0.05, -0.02), (0.05, -0.02), (0.16, 0.05)]],
    "cat": [
        [(-0.20, -0.04), (-0.13, 0.04), (-0.05, 0.03), (0.0, -0.04)],
        [(0.0, -0.04), (0.05, 0.03), (0.13, 0.04), (0.20, -0.04)],
    ],
}


def head(sketch: Sketch, look: Look, edge: np.ndarray) -> None:
    """Ears, the face and its shading; `edge` is the bangs' lower edge, which casts a shadow."""
    ear = [(0.90, -0.02), (1.10, -0.10), (1.16, 0.12), (1.04, 0.40), (0.90, 0.44)]
    for side in (-1, 1):
        outline = smooth(ear, closed=True) * (side, 1)
        sketch.outlined(outline, look.skin, look.skin_line, depth=0.1)
        inner = smooth([(1.06, 0.0), (1.08, 0.12), (1.0, 0.27)]) * (side, 1)
        sketch.stroke(inner, 0.05, look.skin_line, 150, depth=0.1)
    jaw, chin = look.dice(0.56, 0.68), look.dice(0.99, 1.09)
    right = [(0, -1.2), (0.74, -1.0), (0.99, -0.35), (0.98, 0.08), (0.90, 0.42)]
    right += [(jaw, 0.75), (0.22, chin - 0.06), (0, chin)]
    outline = smooth(mirrored(right), closed=True)
    sketch.outlined(outline, look.skin, look.skin_line, _lowered(outline))
    if sketch.light:
        rim = outline[(outline[:, 0] * sketch.light < 0) & (outline[:, 1] > -0.9)]
        rim = rim[np.argsort(rim[:, 1], kind="stable")]
        deep = np.clip(np.linspace(0, 3, len(rim)), 0, 1)[:, None]
        band = np.concatenate([rim, (rim * (1 - deep * (0.22, 0.05)))[::-1]])
        sketch.fill(band, look.skin_dark, 150, _lowered(band))
    lower = fringe_curve(edge)[6:-6] + np.array((-0.05 * sketch.light, 0.13))
    lower[:, 0] = np.clip(lower[:, 0], -0.93, 0.93)
    shadow = np.concatenate([[(-0.9, -0.8)], lower, [(0.9, -0.8)]])
    sketch.fill(shadow, look.skin_dark, 190, forward(shadow[:, 1]))


def _lowered(outline: np.ndarray) -> np.ndarray:
    """The depth of the face's outline: the chin lies in front, the skull above the axis."""
    return np.clip(0.30 + 0.42 * outline[:, 1], 0, 0.72)


def nose(sketch: Sketch, look: Look) -> None:
    """A hint of a nose, in front of everything else."""
    y = look.dice(0.46, 0.52)
    side = -1 if sketch.turn < 0 else 1
    mark = np.array([(0.0, y - 0.06), (0.035 * side, y), (-0.01 * side, y + 0.03)])
    sketch.stroke(smooth(mark), 0.045, look.skin_line, 220, depth=1.05)


def blush(sketch: Sketch, look: Look) -> None:
    """Blush on both cheeks, soft or with lines across it, or none."""
    kind = look.value["blush"]
    if kind == "none":
        return
    color = mix(look.skin, (244, 92, 96), 0.62)
    for side in (-1, 1):
        for ring in (1.0, 0.78, 0.56, 0.34):
            spot = ellipse(side * 0.64, 0.52, 0.25 * ring, 0.13 * ring)
            sketch.fill(spot, color, 46, depth=0.8)
        if kind == "lines":
            for shift in (-0.10, 0.0, 0.10):
                x = side * 0.64 + shift
                line = np.array([(x + 0.03, 0.47), (x, 0.52), (x - 0.03, 0.57)])
                sketch.stroke(line, 0.035, shade(color, 0.8), depth=0.8, taper="none")


def mouth(sketch: Sketch, look: Look) -> None:
    """The mouth, in one of seven moods."""
    kind, dice = look.value["mouth"], look.dice
    y, wide = dice(0.70, 0.76), dice(0.9, 1.1)
    line = mix(look.skin_line, (110, 30, 40), 0.5)

    def at(points: list) -> np.ndarray:
        return smooth(np.array(points) * (wide, 1) + (0, y))

    if kind in LIPS:
        for points in LIPS[kind]:
            sketch.stroke(at(points), 0.06, line, depth=FACE)
        return
    if kind == "round":
        sketch.outlined(ellipse(0, y, 0.085 * wide, 0.10, 20), INSIDE, line, depth=FACE)
        sketch.fill(ellipse(0, y + 0.05, 0.055, 0.04, 14), TONGUE, depth=FACE)
        return
    deep = 0.24 if kind == "open" else 0.15
    top = at([(-0.22, -0.07), (0, -0.04), (0.22, -0.07)])
    half = [(0.22, -0.07), (0.15, deep - 0.07)]
    low = at([*half, (0, deep), *((-x, height) for x, height in half[::-1])])
    lips = np.concatenate([top, low])
    sketch.outlined(lips, INSIDE if kind == "open" else TEETH, line, depth=FACE)
    if kind == "grin":
        sketch.stroke(at([(-0.19, 0.02), (0, 0.05), (0.19, 0.02)]), 0.03, line, depth=FACE)
        return
    tongue = ellipse(0, y + deep, 0.13 * wide, 0.12)
    tongue[:, 1] = np.minimum(tongue[:, 1], np.interp(tongue[:, 0], low[::-1, 0], low[::-1, 1]))
    sketch.fill(tongue, TONGUE, depth=FACE)
    edge = top[2:-2]
    teeth = np.concatenate([edge, (edge * (0.9, 1) + (0, 0.045))[::-1]])
    sketch.fill(teeth, TEETH, depth=FACE)
