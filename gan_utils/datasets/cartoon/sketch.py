"""A sketch: flat colored shapes around a head in some pose, and how they become pixels.

Shapes are polygons in head units: the origin lies between the eyes, x runs to the right, y down,
and one unit is half the width of the face. Their corners are rounded to whole pixels of a canvas
at least four times as fine as the picture, and the canvas is averaged down: the edges are clean,
and a last bit of floating point, which differs between machines, changes nothing.
"""

import math
from functools import cache

import numpy as np
from PIL import Image, ImageDraw

PICTURE, BODY, HEAD = 0, 1, 2  # what a shape moves with; PICTURE is in parts of the picture
NECK = 0.95  # the head tilts around (0, NECK)
FACE = 0.86  # the depth of the face's features: how far they move when the head turns
LINE = 0.03  # the width of an outline, in head units
FINER, CANVAS = 4, 256  # subpixels along a pixel, and along the picture, at the least

Color = tuple[int, int, int]
Points = np.ndarray | list[tuple[float, float]]
Each = float | np.ndarray  # one number for all corners, or one for each


def smooth(points: Points, closed: bool = False, steps: int = 6) -> np.ndarray:
    """A Catmull-Rom spline (samples, 2) through points (n, 2), `steps` samples to a span."""
    return _weights(len(points), closed, steps) @ np.asarray(points, dtype=float)


def bent(corners: Points, bend: Each, steps: int = 6) -> np.ndarray:
    """Corners (n, 2) joined by arcs; `bend` is how far each bows out, as a part of its length."""
    corners = np.asarray(corners, dtype=float)
    start, along = corners[:-1, None], (corners[1:] - corners[:-1])[:, None]
    across = along[..., ::-1] * (-1, 1) * np.reshape(bend, (-1, 1, 1))
    t = (np.arange(steps) / steps)[None, :, None]
    arcs = start + along * t + across * (4 * t * (1 - t))
    return np.concatenate([arcs.reshape(-1, 2), corners[-1:]])


def ellipse(x: float, y: float, rx: float, ry: float, steps: int = 24) -> np.ndarray:
    """An ellipse (steps, 2) around (x, y)."""
    return _circle(steps) * (rx, ry) + (x, y)


def mirrored(right: Points) -> np.ndarray:
    """A symmetric outline from its right half, which runs from top to bottom."""
    half = np.asarray(right, dtype=float)
    left = half[::-1] * (-1, 1)
    return np.concatenate([half, left[left[:, 0] < 0]])


class Sketch:
    """Shapes in drawing order, the last on top, and the pose of the head they are drawn around.

    Attributes:
        scale: one head unit in parts of the picture.
        center: where the head is, in parts of the picture.
        turn: of the head to the picture's right: how far its foremost point moves.
        tilt: of the head to the picture's right, in radians.
        light: where it comes from: −1 left, 0 above, 1 right.
    """

    def __init__(
        self, scale: float, center: tuple[float, float], turn: float, tilt: float, light: int
    ) -> None:
        self.scale, self.center, self.turn, self.tilt, self.light = scale, center, turn, tilt, light
        self.shapes: list[tuple[np.ndarray, np.ndarray, int, tuple[int, ...]]] = []

    def fill(
        self, points: np.ndarray, color: Color, alpha: int = 255, depth: Each = 0, frame: int = HEAD
    ) -> None:
        """Add a polygon; depth, of all of it or of each corner, is how far in front it lies."""
        self.shapes.append((points, np.full(len(points), depth, float), frame, (*color, alpha)))

    def outlined(
        self,
        points: np.ndarray,
        color: Color,
        line: Color,
        depth: Each = 0,
        frame: int = HEAD,
        width: Each = LINE,
    ) -> None:
        """Add a polygon with a line around it, of one width or of one for each corner."""
        self.fill(_grown(points, width), line, depth=depth, frame=frame)
        self.fill(points, color, depth=depth, frame=frame)

    def stroke(
        self,
        path: np.ndarray,
        width: float,
        color: Color,
        alpha: int = 255,
        depth: Each = 0,
        frame: int = HEAD,
        taper: str = "both",
    ) -> None:
        """Add a line that runs thin at both ends, at its "start", at its "end", or at "none"."""
        side = _normals(path, closed=False) * (_thickness(len(path), taper) * width)
        if isinstance(depth, np.ndarray):
            depth = np.concatenate([depth, depth[::-1]])
        self.fill(np.concatenate([path + side, (path - side)[::-1]]), color, alpha, depth, frame)

    def render(self, size: int) -> np.ndarray:
        """The picture, uint8 (size, size, 3)."""
        finer = max(FINER, -(-CANVAS // size))
        image = Image.new("RGB", (size * finer, size * finer))
        paint, blend = ImageDraw.Draw(image), ImageDraw.Draw(image, "RGBA")
        corners = self._placed(size * finer)
        start = 0
        for points, _, _, color in self.shapes:
            end = start + 2 * len(points)
            if color[3] == 255:
                paint.polygon(corners[start:end], color[:3])
            else:
                blend.polygon(corners[start:end], color)
            start = end
        return self._lit(np.asarray(image.reduce(finer)))

    def _placed(self, width: int) -> list[int]:
        """All corners on a canvas that is `width` pixels wide: x and y in turn."""
        lengths = [len(points) for points, *_ in self.shapes]
        points = np.concatenate([points for points, *_ in self.shapes])
        depth = np.concatenate([depth for _, depth, *_ in self.shapes])
        frame = np.repeat([frame for _, _, frame, _ in self.shapes], lengths)
        # Turning moves what lies in front of the head's axis, least at its rim; and all that lies
        # behind the axis alike, the other way.
        x, y = points[:, 0], points[:, 1]
        rim = np.sqrt(np.maximum(1 - (x / 1.08) ** 2, 0.0))
        x = x + self.turn * depth * np.where(depth > 0, rim, 1.0)
        tilted, cos, sin = frame == HEAD, math.cos(self.tilt), math.sin(self.tilt)
        x, y = (
            np.where(tilted, x * cos - (y - NECK) * sin, x),
            np.where(tilted, x * sin + (y - NECK) * cos + NECK, y),
        )
        x, y = self.center[0] + self.scale * x, self.center[1] + self.scale * y
        placed = np.where((frame == PICTURE)[:, None], points, np.stack([x, y], axis=1))
        return np.rint(placed * width).astype(int).ravel().tolist()

    def _lit(self, pixels: np.ndarray) -> np.ndarray:
        """A little brighter where the light comes from; whole numbers, so the same anywhere."""
        size = len(pixels)
        falloff = 264 - 24 * np.arange(size) // size
        falloff = falloff[None, :: -self.light, None] if self.light else falloff[:, None, None]
        return np.minimum((pixels * falloff + 128) >> 8, 255).astype(np.uint8)


@cache
def _weights(points: int, closed: bool, steps: int) -> np.ndarray:
    """The matrix (samples, points) of a Catmull-Rom spline, which is linear in its points."""
    t = (np.arange(steps) / steps)[:, None]
    basis = np.hstack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2]
    )
    spans = points if closed else points - 1
    weights = np.zeros((spans * steps + (not closed), points))
    for span in range(spans):
        for offset in range(4):
            at = span + offset - 1
            at = at % points if closed else min(max(at, 0), points - 1)
            weights[span * steps : (span + 1) * steps, at] += basis[:, offset] / 2
    if not closed:
        weights[-1, -1] = 1
    return weights


@cache
def _circle(steps: int) -> np.ndarray:
    angle = np.arange(steps) * (2 * math.pi / steps)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


@cache
def _thickness(samples: int, taper: str) -> np.ndarray:
    """Half the width along a stroke, (samples, 1)."""
    t = np.linspace(0, 1, samples)[:, None]
    shape = {"both": 4 * t * (1 - t), "start": t, "end": 1 - t, "none": np.ones_like(t)}
    return np.sqrt(shape[taper]) / 2


def _normals(path: np.ndarray, closed: bool) -> np.ndarray:
    """The unit vector across the path at each of its points, (n, 2)."""
    along = np.empty_like(path)
    along[1:-1] = path[2:] - path[:-2]
    if closed:
        along[0], along[-1] = path[1] - path[-1], path[0] - path[-2]
    else:
        along[0], along[-1] = path[1] - path[0], path[-1] - path[-2]
    x, y = along[:, 0], along[:, 1]
    length = np.sqrt(x * x + y * y) + 1e-9
    return np.stack([-y / length, x / length], axis=1)


def _grown(outline: np.ndarray, by: Each) -> np.ndarray:
    """A closed outline (n, 2) moved outward, whichever way round it runs."""
    x, y = outline[:, 0], outline[:, 1]
    area = (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() + x[-1] * y[0] - x[0] * y[-1]
    outward = -by if area > 0 else by
    return outline + _normals(outline, closed=True) * np.reshape(outward, (-1, 1))
