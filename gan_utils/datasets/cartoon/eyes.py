"""Eyes of a drawn face, the brows above them and the glasses before them."""

import numpy as np

from gan_utils.datasets.cartoon.look import Look, mix, shade, tint
from gan_utils.datasets.cartoon.sketch import FACE, Color, Sketch, bent, ellipse, smooth

WHITE = (255, 255, 255)
ACROSS = np.array((-1.0, -0.62, 0.0, 0.58, 1.0))  # from the inner corner of an eye to the outer
UPPER = {  # the upper lid's heights there, and how far the eye slopes down to its outer corner
    "round": ((0.10, -0.62, -1.00, -0.86, -0.10), 0.02),
    "sharp": ((0.18, -0.42, -0.80, -0.84, -0.22), -0.20),
    "droopy": ((-0.02, -0.70, -0.96, -0.72, 0.02), 0.24),
    "sleepy": ((0.16, -0.26, -0.42, -0.36, -0.02), 0.06),
}
BROWS = {  # what is added to the heights of the inner end, the middle and the outer end
    "calm": (0.0, -0.05, 0.0),
    "raised": (-0.13, -0.23, -0.10),
    "worried": (-0.17, -0.05, 0.10),
    "angry": (0.15, 0.01, -0.15),
}


def eyes(sketch: Sketch, look: Look) -> None:
    """Both eyes; one of them is closed in a wink."""
    dice, shape = look.dice, look.value["eye shape"]
    closed = 0
    if shape == "wink":
        shape, closed = "round", dice.side()
    apart, height = dice(0.44, 0.49), dice(0.10, 0.17)
    wide, tall = dice(0.28, 0.32), dice(0.32, 0.38)
    gaze = dice(-0.12, 0.12) + 0.10 * sketch.turn
    for side in (-1, 1):
        at, scale = np.array((side * apart, height)), np.array((side * wide, tall))
        if side == closed:
            _closed_eye(sketch, look, at, scale)
        else:
            _open_eye(sketch, look, at, scale, shape, gaze * side)


def _closed_eye(sketch: Sketch, look: Look, at: np.ndarray, scale: np.ndarray) -> None:
    lids = smooth([(-0.95, 0.25), (-0.5, -0.12), (0.0, -0.22), (0.55, -0.08), (1.05, 0.32)])
    sketch.stroke(lids * scale + at, 0.13, look.lash, depth=FACE)
    for x, y in ((1.0, 0.2), (0.72, 0.0)):
        lash = np.array([(x, y), (x + 0.16, y - 0.02), (x + 0.30, y - 0.12)])
        sketch.stroke(lash * scale + at, 0.07, look.lash, depth=FACE, taper="end")


def _open_eye(
    sketch: Sketch, look: Look, at: np.ndarray, scale: np.ndarray, shape: str, gaze: float
) -> None:
    """One eye, in its own units: x −1 at the inner corner, 1 at the outer; y −1 top, 1 bottom."""
    heights, slope = UPPER[shape]
    floor = (heights[0], 0.66, 0.92, 0.72, heights[-1])
    upper = smooth(np.stack([ACROSS, heights + slope * ACROSS], axis=1))
    lower = smooth(np.stack([ACROSS, floor + slope * ACROSS], axis=1))

    def put(points: np.ndarray, color: Color, alpha: int = 255) -> None:
        sketch.fill(points * scale + at, color, alpha, depth=FACE)

    def between_lids(points: np.ndarray) -> np.ndarray:
        x, y = points[:, 0], points[:, 1]
        top = np.interp(x, upper[:, 0], upper[:, 1])
        bottom = np.interp(x, lower[:, 0], lower[:, 1])
        return np.stack([np.clip(x, -1, 1), np.minimum(np.maximum(y, top), bottom)], axis=1)

    def spot(color: Color, x: float, y: float, rx: float, ry: float) -> None:
        put(between_lids(ellipse(gaze + x, y, rx, ry)), color)

    put(np.concatenate([upper, lower[::-1]]), mix((252, 250, 252), look.skin, 0.06))
    rim = mix(shade(shade(look.eye, 1.3), 1.2), (24, 18, 44), 0.35)
    spot(rim, 0, 0.02, 0.66, 0.98)
    spot(shade(look.eye, 0.9), 0, 0.06, 0.58, 0.88)
    for step in range(4):  # the iris grows lighter towards the bottom
        glow = mix(look.eye, tint(look.eye, 0.55), step / 3)
        spot(glow, 0, 0.24 + 0.10 * step, 0.54 - 0.06 * step, 0.68 - 0.12 * step)
    spot(rim, 0, 0, 0.24, 0.40)  # the pupil
    below = between_lids(upper + np.array((0, 0.34)))
    put(np.concatenate([upper, below[::-1]]), (40, 24, 60), 90)  # the shadow of the lid
    bright = np.sign(scale[0]) * (sketch.light or -1)
    spot(WHITE, 0.26 * bright, -0.34, 0.24, 0.25)
    spot(mix(WHITE, look.eye, 0.08), -0.26 * bright, 0.44, 0.13, 0.14)

    thick = np.interp(upper[:, 0], (-1, -0.4, 0.5, 1), (0.05, 0.17, 0.30, 0.20))
    over = np.stack([upper[:, 0], upper[:, 1] - thick], axis=1)
    corner = upper[-1, 1]
    put(np.concatenate([upper, [(1.26, corner - 0.30)], over[::-1]]), look.lash)
    put(np.array([(1.0, corner), (1.20, corner + 0.06), (1.0, corner - 0.14)]), look.lash)
    sketch.stroke(lower[12:] * scale + at, 0.05, look.lash, 220, depth=FACE, taper="start")
    sketch.stroke(lower[4:14] * scale + at, 0.03, look.skin_line, 180, depth=FACE)
    fold = over[5:-3] - np.array((0, 0.16))
    sketch.stroke(fold * scale + at, 0.035, look.skin_line, 190, depth=FACE)


def brows(sketch: Sketch, look: Look) -> None:
    """Brows, drawn over the bangs as anime does, so that the mood always shows."""
    height, thick = look.dice(-0.42, -0.35), look.dice(0.05, 0.07)
    color = mix(look.hair_line, look.hair, 0.25)
    heights = np.array(BROWS[look.value["brows"]]) + height
    path = smooth(np.stack([(0.22, 0.48, 0.78), heights], axis=1))
    for side in (-1, 1):
        sketch.stroke(path * (side, 1), thick, color, 215, depth=FACE)


def glasses(sketch: Sketch, look: Look) -> None:
    """Round or square glasses, or none."""
    kind = look.value["glasses"]
    if kind == "none":
        return
    color = mix(shade(look.accent, 1.6), (50, 30, 40), 0.55)
    round_frame = ellipse(0.49, 0.16, 0.40, 0.40, 32)
    corners = [(0.12, -0.10), (0.50, -0.13), (0.88, -0.12), (0.86, 0.26)]
    corners += [(0.70, 0.40), (0.30, 0.40), (0.15, 0.26)]
    frame = round_frame if kind == "round" else smooth(corners, closed=True)
    glint = smooth([(-0.26, 0.12), (-0.16, -0.02), (-0.04, -0.10)])
    for side in (-1, 1):
        rim = frame * (side, 1)
        sketch.fill(rim, (225, 240, 255), 36, depth=FACE)
        sketch.stroke(np.concatenate([rim, rim[:2]]), 0.055, color, depth=FACE, taper="none")
        sketch.stroke(glint + np.array((side * 0.49, 0)), 0.05, WHITE, 150, depth=FACE)
        arm = bent(np.array([(0.88, 0.06), (1.04, 0.04)]), 0.0) * (side, 1)
        sketch.stroke(arm, 0.05, color, depth=0.6, taper="none")
    bridge = smooth([(-0.10, 0.10), (0, 0.05), (0.10, 0.10)])
    sketch.stroke(bridge, 0.05, color, depth=1.0, taper="none")
