"""Pictures in grids, side by side, and through time, as arrays, PNGs and figures."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor

from gan_utils.figures.base import RED, captioned, side_by_side


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


def row(named: Mapping[str, Tensor], box: tuple[int, int, int, int] | None = None) -> Figure:
    """Pictures uint8 (3, H, W) of any sizes side by side, all drawn equally high.

    Args:
        named: title → picture.
        box: (left, top, right, bottom), drawn as a frame on the first picture.
    """
    widths = [pixels.shape[2] / pixels.shape[1] for pixels in named.values()]
    figure, panels = side_by_side(
        len(named), 2.1 * sum(widths) + 0.4, 2.7, gridspec_kw={"width_ratios": widths}
    )
    for axes, (title, pixels) in zip(panels, named.items(), strict=True):
        picture(axes, pixels.permute(1, 2, 0).numpy(), title)
    if box:
        left, top, right, bottom = box
        frame = Rectangle((left, top), right - left - 1, bottom - top - 1, fill=False, lw=2.5)
        frame.set_edgecolor(RED)
        panels[0].add_patch(frame)
    return figure


def beside(real: Tensor, fake: Tensor, columns: int = 8, caption: str = "") -> Figure:
    """Real pictures left and generated ones right, each uint8 (N, C, H, W) in a grid."""
    rows = -(-len(real) // columns)
    figure, panels = side_by_side(2, 1.2 * columns, 0.6 * rows + 0.7)
    for axes, title, images in zip(panels, ("real", "generated"), (real, fake), strict=True):
        picture(axes, grid(images, columns), title)
    return captioned(figure, caption)


def picture(axes: Axes, pixels: np.ndarray, title: str) -> None:
    """A picture (H, W) or (H, W, 3), values 0 … 255, without axes, under its title."""
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(title, fontsize=10)
    axes.axis("off")
