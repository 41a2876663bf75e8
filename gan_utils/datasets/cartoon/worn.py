"""What a drawn face wears: ribbon, flower, hairpin, headband, headphones, beret or cat ears."""

import numpy as np

from gan_utils.datasets.cartoon.look import Look, mix, shade, tint
from gan_utils.datasets.cartoon.sketch import HEAD, Color, Sketch, bent, ellipse, smooth


def bow(
    sketch: Sketch,
    x: float,
    y: float,
    size: float,
    color: Color,
    depth: float = 0,
    frame: int = HEAD,
) -> None:
    """A ribbon tied in a bow around (x, y)."""
    line = shade(shade(color, 1.2), 1.0)
    sides = [np.array((-size, size)), np.array((size, size))]
    at = np.array((x, y))
    for scale in sides:
        tail = np.array([(0, 0), (0.30, 0.75), (0.52, 0.62), (0.62, 0.80), (0.72, 0.42)])
        sketch.outlined(tail * scale + at, shade(color, 0.4), line, depth, frame)
    for scale in sides:
        loop = [(0.06, 0), (0.7, -0.52), (1.0, -0.34), (0.94, 0.22), (0.66, 0.40)]
        sketch.outlined(smooth(loop, closed=True) * scale + at, color, line, depth, frame)
        crease = np.array([(0.12, 0), (0.36, -0.06), (0.58, -0.05)]) * scale + at
        sketch.stroke(crease, 0.14 * size, line, 200, depth=depth, frame=frame, taper="end")
    knot = ellipse(x, y, 0.2 * size, 0.22 * size, 14)
    sketch.outlined(knot, tint(color, 0.15), line, depth, frame)


def behind_hair(sketch: Sketch, look: Look) -> None:
    """What stands up from behind the cap of hair."""
    if look.value["accessory"] != "cat ears":
        return
    for side in (-1, 1):
        ear = bent(np.array([(0.28, -1.24), (0.86, -1.86), (1.08, -0.80)]), -0.08) * (side, 1)
        sketch.outlined(ear, look.hair, look.hair_line, depth=0.05)
        inner = bent(np.array([(0.46, -1.20), (0.82, -1.66), (0.95, -0.92)]), -0.06) * (side, 1)
        sketch.fill(inner, mix(look.skin, (244, 130, 150), 0.5), depth=0.05)


def on_hair(sketch: Sketch, look: Look) -> None:
    """What is worn over the hair."""
    kind, dice, color = look.value["accessory"], look.dice, look.accent
    side = dice.side()
    line = shade(shade(color, 1.2), 1.0)
    if kind == "ribbon":
        bow(sketch, side * dice(0.62, 0.78), dice(-1.12, -1.0), dice(0.40, 0.48), color, 0.2)
    elif kind == "flower":
        _flower(sketch, side * dice(0.74, 0.84), dice(-0.72, -0.6), dice(0.19, 0.24), color)
    elif kind == "hairpin":
        for ends in ([(0.40, -0.50), (0.80, -0.66)], [(0.44, -0.70), (0.78, -0.46)]):
            _band(sketch, np.array(ends) * (side, 1), 0.09, color, line, 0.6)
    elif kind == "headband":
        left = smooth([(-1.10, -0.40), (-0.98, -0.76), (-0.56, -1.08), (0, -1.18)], steps=5)
        arc = np.concatenate([left, left[-2::-1] * (-1, 1)])
        _band(sketch, arc, 0.20, color, line, 0.25)
        sketch.stroke(arc[4:-4] - (0, 0.04), 0.05, tint(color, 0.5), depth=0.25)
    elif kind == "headphones":
        left = smooth([(-1.22, 0.0), (-1.22, -0.45), (-1.02, -1.02), (-0.57, -1.36), (0, -1.48)])
        arc = np.concatenate([left, left[-2::-1] * (-1, 1)]) * (1, look.volume)
        _band(sketch, arc, 0.14, shade(color, 0.3), line, 0.1)
        for end in (-1, 1):
            sketch.outlined(ellipse(end * 1.18, 0.10, 0.20, 0.32), color, line, depth=0.1)
            sketch.fill(ellipse(end * 1.22, 0.06, 0.10, 0.18, 16), tint(color, 0.45), depth=0.1)
    elif kind == "beret":
        _beret(sketch, side, color, line)


def _band(
    sketch: Sketch, path: np.ndarray, width: float, color: Color, line: Color, depth: float
) -> None:
    sketch.stroke(path, width + 0.06, line, depth=depth, taper="none")
    sketch.stroke(path, width, color, depth=depth, taper="none")


def _beret(sketch: Sketch, side: int, color: Color, line: Color) -> None:
    rim = [(-1.20, -0.56), (-1.32, -0.98), (-0.7, -1.52), (0.5, -1.62)]
    rim += [(1.40, -1.16), (1.24, -0.60), (0.5, -0.88), (-0.5, -0.88)]
    sketch.outlined(smooth(rim, closed=True) * (side, 1), color, line, depth=0.15)
    fold = smooth([(-1.12, -0.74), (-0.45, -1.02), (0.5, -1.02), (1.16, -0.78)]) * (side, 1)
    sketch.stroke(fold, 0.06, shade(color, 1.0), depth=0.15)
    glint = smooth([(-0.75, -1.34), (-0.3, -1.46), (0.2, -1.50)]) * (side, 1)
    sketch.stroke(glint, 0.09, tint(color, 0.5), 170, depth=0.15)
    sketch.outlined(ellipse(0.0, -1.62, 0.09, 0.09, 14), color, line, depth=0.15)


def _flower(sketch: Sketch, x: float, y: float, size: float, color: Color) -> None:
    line = shade(color, 1.3)
    for angle in 2 * np.pi * (np.arange(5) + 0.25) / 5:
        at = (x + size * np.cos(angle), y + size * np.sin(angle))
        petal = ellipse(*at, size * 0.72, size * 0.72, 16)
        sketch.outlined(petal, tint(color, 0.25), line, depth=0.3)
    sketch.outlined(ellipse(x, y, size * 0.48, size * 0.48, 14), (252, 214, 96), line, depth=0.3)
