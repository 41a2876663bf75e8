"""Figures from plain values: grids of pictures, a film strip, training curves, class shares.

Colors are Okabe and Ito's, which stay apart for color-blind readers. Functions that draw return
the matplotlib figure; a cell ends with ``plt.show()``.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from gan_utils.alternatives import describe_figures

BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
)
GREY = "#767676"
History = Sequence[dict[str, float]]
describe_figures()


def grid(images: Tensor, columns: int = 8, gap: int = 1) -> np.ndarray:
    """Tile uint8 images (N, C, H, W) into one array, (rows·(H+gap)−gap, …) or (…, …, 3).

    Raises:
        ValueError: no images, or neither 1 nor 3 channels.
    """
    n, channels, height, width = images.shape
    if n == 0 or channels not in (1, 3):
        raise ValueError(f"images are {tuple(images.shape)}; a grid takes (N ≥ 1, 1 or 3, H, W)")
    rows = -(-n // columns)
    sheet = np.full((rows * (height + gap), columns * (width + gap), channels), 255, np.uint8)
    for i, image in enumerate(images.permute(0, 2, 3, 1).numpy()):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    sheet = sheet[:-gap, :-gap] if gap else sheet
    return sheet[:, :, 0] if channels == 1 else sheet


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
    figure, axes = plt.subplots(figsize=(columns * scale, rows * scale + 0.5), layout="constrained")
    _picture(axes, grid(images, columns), title)
    figure.set_label(f"{len(images)} pictures, {columns} in a row")
    return captioned(figure, caption)


def filmstrip(
    snapshots: Sequence[tuple[int, Tensor]], frames: int = 6, pictures: int = 16, caption: str = ""
) -> Figure:
    """The same fixed noise through time: `frames` grids side by side, from first to last."""
    chosen = np.unique(np.linspace(0, len(snapshots) - 1, frames).round().astype(int))
    figure, axes = plt.subplots(
        1, len(chosen), figsize=(1.6 * len(chosen), 2.1), layout="constrained", squeeze=False
    )
    columns = int(np.ceil(np.sqrt(pictures)))
    for axis, i in zip(axes[0], chosen, strict=True):
        step, images = snapshots[i]
        _picture(axis, grid(images[:pictures], columns), f"step {step:,}")
    figure.set_label("the same noise through time")
    return captioned(figure, caption)


def curves(history: History, caption: str = "") -> Figure:
    """Two panels over steps: both losses, and the mean of D on real and on generated pictures."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    _losses(axes[0], history)
    _verdicts(axes[1], history)
    return captioned(figure, caption)


def quality(history: History, rows: History, caption: str = "") -> Figure:
    """Losses on the left, FID of the same run on the right, over steps (logarithmic)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    _losses(left, history)
    steps = [row["step"] for row in rows]
    right.plot(steps, [row["fid"] for row in rows], "o-", color=GREEN, label="generated")
    right.axhline(rows[-1]["floor"], color=GREY, linestyle=":", label="real digits")
    right.set(title="FID (64 digit features)", xlabel="step", yscale="log")
    right.legend(fontsize=8, framealpha=0.85, edgecolor="none")
    for axes in (left, right):
        axes.set_xscale("log")
    return captioned(figure, caption)


def point_clouds(
    clouds: Sequence[Tensor], centers: Tensor, titles: Sequence[str], caption: str = ""
) -> Figure:
    """Points (N, 2) in one panel for each cloud, over the centers (M, 2) they should surround."""
    figure, axes = plt.subplots(
        *(1, len(clouds)), figsize=(3 * len(clouds), 3.5), layout="constrained", squeeze=False
    )
    for axis, points, title in zip(axes[0], clouds, titles, strict=True):
        axis.scatter(*centers.T, s=400, facecolors="none", edgecolors=ORANGE)
        axis.scatter(*points.T, s=3, color=BLUE, alpha=0.3)
        axis.set(title=title, aspect="equal", xlim=(-3, 3), ylim=(-3, 3))
    return captioned(figure, caption)


def table(rows: Sequence[dict[str, object]], columns: Sequence[str]) -> str:
    """Some columns of the rows as aligned text."""
    cells = [list(columns), *([str(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in cells]
    return "\n".join(line.rstrip() for line in lines)


def shares(
    named: dict[str, Sequence[float]],
    classes: Sequence[str] = tuple("0123456789"),
    caption: str = "",
) -> Figure:
    """Bars of the share of each class, one color for each named set of samples."""
    figure, axis = plt.subplots(figsize=(10, 3.2), layout="constrained")
    share_bars(axis, named, (BLUE, ORANGE, GREEN, PURPLE))
    axis.axhline(100 / len(classes), color=GREY, linestyle=":", label="equal shares")
    axis.set(xlabel="class", ylabel="% of samples, at 0.9 confidence")
    axis.set_xticks(range(len(classes)), classes)
    axis.legend(frameon=False, ncols=len(named) + 1, loc="upper center", bbox_to_anchor=(0.5, 1.18))
    return captioned(figure, caption)


def share_bars(axes: plt.Axes, named: Mapping[str, Sequence[float]], colors: Sequence[str]) -> None:
    """Shares 0 … 1 of each class as bars in percent, those of the named sets side by side."""
    width = 0.8 / len(named)
    for i, (name, values) in enumerate(named.items()):
        place = np.arange(len(values)) + (i - (len(named) - 1) / 2) * width
        color = colors[i % len(colors)]
        axes.bar(place, np.multiply(values, 100), width, label=name, color=color)


def training_picture(images: Tensor, history: History, title: str, caption: str = "") -> bytes:
    """A PNG of a run in progress: samples of the fixed noise, the losses, D's verdicts."""
    figure = Figure(figsize=(11, 3.9), layout="constrained")  # no pyplot: nothing is left open
    samples, losses, verdicts = figure.subplots(1, 3)
    _picture(samples, grid(images), title)
    if history:
        _losses(losses, history)
        _verdicts(verdicts, history)
    captioned(figure, caption)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    return buffer.getvalue()


def _picture(axes: plt.Axes, picture: np.ndarray, title: str) -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.axis("off")


def _losses(axes: plt.Axes, history: History) -> None:
    steps = [row["step"] for row in history]
    axes.plot(steps, [row["d_loss"] for row in history], color=BLUE, label="discriminator")
    axes.plot(steps, [row["g_loss"] for row in history], color=ORANGE, label="generator")
    axes.axhline(2 * np.log(2), color=GREY, linestyle=":", label="2·log 2: D cannot tell")
    axes.set(xlabel="step", title="losses (nats)", ylim=(0, None))
    axes.legend(fontsize=8, framealpha=0.85, edgecolor="none")


def _verdicts(axes: plt.Axes, history: History) -> None:
    steps = [row["step"] for row in history]
    for name, label, color, style in [
        ("d_real", "D(x), real", GREEN, "-"),
        ("d_fake", "D(G(z)) before G's step", RED, "-"),
        ("d_fake_after", "D(G(z)) after it", PURPLE, "--"),
    ]:
        axes.plot(steps, [row[name] for row in history], color=color, linestyle=style, label=label)
    axes.axhline(0.5, color=GREY, linestyle=":")
    axes.set(xlabel="step", title="what D believes (probability real)", ylim=(0, 1))
    axes.legend(fontsize=8, framealpha=0.85, edgecolor="none")


def captioned(figure: Figure, caption: str) -> Figure:
    """The figure, with a small gray line below that says what made it."""
    if caption:
        figure.supxlabel(caption, fontsize=8, color=GREY)
    return figure
