"""The figures of notebook 05 show the pictures and the numbers they are given."""

import numpy as np
import pytest
import torch

from gan_utils import figures

pytestmark = pytest.mark.usefixtures("no_screen")


def pictures(*size: int) -> torch.Tensor:
    return torch.randint(0, 256, size, generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def test_row_shows_every_picture_as_it_is_and_frames_the_first() -> None:
    named = {"portrait": pictures(3, 218, 178), "square": pictures(3, 64, 64)}
    figure = figures.row(named, box=(0, 20, 178, 198))
    figure.canvas.draw()
    assert [axis.get_title() for axis in figure.axes] == list(named)
    for axis, picture in zip(figure.axes, named.values(), strict=True):
        assert np.array_equal(axis.images[0].get_array(), picture.permute(1, 2, 0))
    (frame,) = figure.axes[0].patches
    assert frame.get_bbox().bounds == (0, 20, 177, 177)
    assert not figure.axes[1].patches


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("counts", [(24, 24), (5, 24), (24, 1)])
def test_beside_puts_real_left_and_generated_right(channels: int, counts: tuple[int, int]) -> None:
    real, fake = (pictures(n, channels, 8, 8) for n in counts)
    left, right = figures.beside(real, fake).axes
    assert (left.get_title(), right.get_title()) == ("real", "generated")
    for axis, images in ((left, real), (right, fake)):
        first = axis.images[0].get_array()[:8, :8].reshape(8, 8, -1)
        assert np.array_equal(first, images[0].permute(1, 2, 0))


@pytest.mark.parametrize("parts", [1, 6, 9])
def test_split_leaves_no_part_out(parts: int) -> None:
    (axes,) = figures.split({"one": {f"part {i}": 0.01 for i in range(parts)}}).axes
    assert [bars.get_label() for bars in axes.containers] == [f"part {i}" for i in range(parts)]
    assert axes.containers[-1][0].get_x() == pytest.approx(10 * (parts - 1))


def test_split_stacks_the_parts_in_milliseconds() -> None:
    before = {"loader": 0.03, "networks": 0.05, "Adam": 0.02}
    figure = figures.split({"before": before, "after": {"networks": 0.04, "loader": 0.01}})
    (axis,) = figure.axes
    ends = {bars.get_label(): [bar.get_x() + bar.get_width() for bar in bars]
            for bars in axis.containers}  # fmt: skip
    assert ends["loader"] == pytest.approx([30, 10])
    assert ends["networks"] == pytest.approx([80, 50])
    assert ends["Adam"] == pytest.approx([100, 50])
    assert [label.get_text() for label in axis.get_yticklabels()] == ["before", "after"]


def test_gains_show_their_numbers() -> None:
    (axis,) = figures.gains({"textbook": 1.0, "mended": 2.184}).axes
    assert [bar.get_width() for bar in axis.containers[0]] == [1.0, 2.184]
    assert [text.get_text() for text in axis.texts] == ["1.00", "2.18"]
    assert axis.get_xlabel() == "times as fast as textbook"
