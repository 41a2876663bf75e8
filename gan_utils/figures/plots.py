"""Figures from plain values: grids of pictures, a film strip, training curves, class shares.

Functions that draw return the matplotlib figure; a cell ends with ``plt.show()``.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from gan_utils.figures.base import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    captioned,
    figure_png,
    ink,
    legend,
    side_by_side,
    styled,
)

DIGITS = dict.fromkeys("0123456789", 0.1)  # the share of each class
History = Sequence[dict[str, float]]


def grid(images: Tensor, columns: int = 8) -> np.ndarray:
    """Tile uint8 images (N, C, H, W), white between them: (rows·(H+1)−1, …) or (…, …, 3).

    Raises:
        ValueError: no images, or neither 1 nor 3 channels.
    """
    n, channels, height, width = images.shape
    if n == 0 or channels not in (1, 3):
        raise ValueError(f"images are {tuple(images.shape)}; a grid takes (N ≥ 1, 1 or 3, H, W)")
    rows = -(-n // columns)
    sheet = np.full((rows * (height + 1), columns * (width + 1), channels), 255, np.uint8)
    for i, image in enumerate(images.permute(0, 2, 3, 1).numpy()):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        sheet[top : top + height, left : left + width] = image
    return sheet[:-1, :-1].squeeze(2) if channels == 1 else sheet[:-1, :-1]


def png(sheet: np.ndarray, scale: int = 2) -> bytes:
    """An array (H, W) or (H, W, 3) as a PNG, `scale` screen pixels to the pixel."""
    picture, buffer = Image.fromarray(sheet), io.BytesIO()
    size = (picture.width * scale, picture.height * scale)
    picture.resize(size, Image.Resampling.NEAREST).save(buffer, format="png")
    return buffer.getvalue()


def save_grid(images: Tensor, path: str | Path) -> None:
    """Write uint8 images (N, C, H, W) as one square grid, a PNG."""
    Path(path).write_bytes(png(grid(images, max(1, round(len(images) ** 0.5)))))


def show_images(
    images: Tensor, columns: int = 8, title: str = "", caption: str = "", scale: float = 0.6
) -> Figure:
    """One figure of uint8 images (N, C, H, W) in a grid, `scale` inches each."""
    rows = -(-len(images) // columns)
    figure, (axes,) = side_by_side(1, columns * scale, rows * scale + 0.5)
    picture(axes, grid(images, columns), title)
    figure.set_label(f"{len(images)} pictures, {columns} in a row")
    return captioned(figure, caption)


def filmstrip(
    snapshots: Sequence[tuple[int, Tensor]], frames: int = 6, pictures: int = 16, caption: str = ""
) -> Figure:
    """The same fixed noise through time: `frames` grids side by side, from first to last."""
    chosen = np.unique(np.linspace(0, len(snapshots) - 1, frames).round().astype(int))
    figure, panels = side_by_side(len(chosen), 1.6 * len(chosen), 2.1)
    columns = int(np.ceil(np.sqrt(pictures)))
    for axes, i in zip(panels, chosen, strict=True):
        step, images = snapshots[i]
        picture(axes, grid(images[:pictures], columns), f"step {step:,}")
    figure.set_label("the same noise through time")
    return captioned(figure, caption)


def curves(history: History, caption: str = "") -> Figure:
    """Two panels over steps: both losses, and the mean of D on real and on generated pictures."""
    figure, (losses, verdicts) = side_by_side(2, 10, 3.4)
    _losses(losses, history)
    _verdicts(verdicts, history)
    return captioned(figure, caption)


def quality(history: History, rows: History, caption: str = "") -> Figure:
    """Losses on the left, FID of the same run on the right, over steps (logarithmic)."""
    figure, (losses, fid) = side_by_side(2, 10, 3.4)
    _losses(losses, history)
    steps = [row["step"] for row in rows]
    fid.plot(steps, [row["fid"] for row in rows], "o-", color=GREEN, label="generated")
    fid.axhline(rows[-1]["floor"], color=GREY, linestyle=":", label="real digits")
    fid.set(title="FID (64 digit features)", xlabel="step", yscale="log")
    legend(fid, fontsize=8)
    for axes in (losses, fid):
        axes.set_xscale("log")
    return captioned(figure, caption)


def point_clouds(
    clouds: Sequence[Tensor], centers: Tensor, titles: Sequence[str], caption: str = ""
) -> Figure:
    """Points (N, 2) in one panel for each cloud, over the centers (M, 2) they should surround."""
    figure, panels = side_by_side(len(clouds), 3 * len(clouds), 3.5)
    for axes, points, title in zip(panels, clouds, titles, strict=True):
        axes.scatter(*centers.T, s=400, facecolors="none", edgecolors=ORANGE)
        axes.scatter(*points.T, s=3, color=BLUE, alpha=0.3)
        axes.set(title=title, aspect="equal", xlim=(-3, 3), ylim=(-3, 3))
    return captioned(figure, caption)


def table(rows: Sequence[dict[str, object]], columns: Sequence[str]) -> str:
    """Some columns of the rows as aligned text."""
    cells = [list(columns), *([str(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells]
    return "\n".join(line.rstrip() for line in lines)


def shares(
    named: Mapping[str, Sequence[float]],
    true: Mapping[str, float] = DIGITS,
    xlabel: str = "class",
    caption: str = "",
) -> Figure:
    """Bars of the share of each class in each named set of samples, the true shares as lines.

    Args:
        named: what was counted → one share for each class, 0 … 1.
        true: class → its true share.
    """
    figure, (axes,) = side_by_side(1, 10, 3.2)
    width = 0.8 / len(named)
    for i, (name, values, color, _) in enumerate(styled(named)):
        places = np.arange(len(true)) + (i - (len(named) - 1) / 2) * width
        axes.bar(places, np.multiply(values, 100), width, label=name, color=color)
    places, heights = np.arange(len(true)), np.multiply(list(true.values()), 100)
    axes.hlines(heights, places - 0.45, places + 0.45, color=ink(), label="true share")
    axes.set(xlabel=xlabel, ylabel="% of samples, at 0.9 confidence")
    axes.set_xticks(places, list(true))
    axes.legend(frameon=False, ncols=len(named) + 1, loc="lower center", bbox_to_anchor=(0.5, 1))
    return captioned(figure, caption)


def training_picture(images: Tensor, history: History, title: str, caption: str = "") -> bytes:
    """A PNG of a run in progress: samples of the fixed noise, the losses, D's verdicts."""
    figure = Figure(figsize=(11, 3.9), layout="constrained")  # no pyplot: nothing is left open
    samples, losses, verdicts = figure.subplots(1, 3)
    picture(samples, grid(images), title)
    if history:
        _losses(losses, history)
        _verdicts(verdicts, history)
    return figure_png(captioned(figure, caption), dpi=80)


def picture(axes: Axes, pixels: np.ndarray, title: str) -> None:
    """A picture (H, W) or (H, W, 3), values 0 … 255, without axes, under its title."""
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.axis("off")


def _losses(axes: Axes, history: History) -> None:
    steps = [row["step"] for row in history]
    axes.plot(steps, [row["d_loss"] for row in history], color=BLUE, label="discriminator")
    axes.plot(steps, [row["g_loss"] for row in history], color=ORANGE, label="generator")
    axes.axhline(2 * np.log(2), color=GREY, linestyle=":", label="2·log 2: D cannot tell")
    axes.set(xlabel="step", title="losses (nats)")
    if axes.dataLim.ymin >= 0:  # not so for each loss: log(1 − D), hinge, Wasserstein
        axes.set_ylim(bottom=0)
    legend(axes, fontsize=8)


def _verdicts(axes: Axes, history: History) -> None:
    steps = [row["step"] for row in history]
    for name, label, color, style in [
        ("d_real", "D(x), real", GREEN, "-"),
        ("d_fake", "D(G(z)) before G's step", RED, "-"),
        ("d_fake_after", "D(G(z)) after it", PURPLE, "--"),
    ]:
        axes.plot(steps, [row[name] for row in history], color=color, linestyle=style, label=label)
    axes.axhline(0.5, color=GREY, linestyle=":")
    axes.set(xlabel="step", title="what D believes (probability real)", ylim=(0, 1))
    legend(axes, fontsize=8)
