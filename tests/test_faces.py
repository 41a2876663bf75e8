"""Faces cut out of larger pictures, by a detector that finds bright squares."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from gan_utils import datasets
from gan_utils.datasets import wider
from gan_utils.datasets.face_crops import Box


def detect(picture: np.ndarray) -> list[Box]:
    assert (picture.dtype, picture.shape) == (np.uint8, (200, 300, 3))
    found = ndimage.find_objects(ndimage.label(picture[:, :, 0] > 200)[0])
    return [(x.start, y.start, x.stop - x.start, y.stop - y.start) for y, x in reversed(found)]


def scene(*lefts: int) -> Image.Image:
    """A dark picture, 300×200, with a bright square of 40×40 at each place."""
    values = np.full((200, 300, 3), 10, np.uint8)
    for left in lefts:
        values[80:120, left : left + 40] = 250
    return Image.fromarray(values)


@pytest.fixture
def scenes(tmp_path: Path, data_root: Path) -> Path:
    folder = tmp_path / "scenes"
    folder.mkdir()
    scene(30).save(folder / "0.png")
    scene(30, 220).save(folder / "1.jpg", quality=95)
    scene().save(folder / "2.png")
    (folder / "3.png").write_bytes(b"bad")
    return folder


def test_every_face_is_cut_out(scenes: Path, tmp_path: Path) -> None:
    crops = datasets.crop_faces(scenes, tmp_path / "out", detect, margin=0.25)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["000000_0.png", "000001_0.png", "000001_1.png"]
    assert (crops.pictures, crops.faces, crops.without) == (3, 3, ["2.png"])
    assert [row[:2] for row in crops.rejected] == [("3.png", "not a picture")]
    face = np.asarray(Image.open(tmp_path / "out" / "000000_0.png"))
    assert face.shape == (60, 60, 3)
    assert (face[10:50, 10:50] == 250).all()
    assert (face == 10).any(axis=2).sum() == 60 * 60 - 40 * 40
    assert "3 faces from 3 pictures" in str(crops)
    assert "no face: 2.png" in str(crops)
    assert len(datasets.folder(tmp_path / "out")) == 3


def test_faces_from_a_zip(scenes: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(scenes / "0.png", "x/0.png")
    assert datasets.crop_faces(tmp_path / "a.zip", tmp_path / "out", detect).faces == 1


def test_boxes_as_an_array(scenes: Path, tmp_path: Path) -> None:
    crops = datasets.crop_faces(scenes, tmp_path / "out", lambda _: np.array([[1, 2, 3, 4]] * 2))
    assert crops.faces == 6


@pytest.mark.parametrize("margin", [-0.1, float("nan")])
def test_bad_margins(scenes: Path, tmp_path: Path, margin: float) -> None:
    with pytest.raises(ValueError, match=f"margin is {margin}"):
        datasets.crop_faces(scenes, tmp_path / "out", detect, margin)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", ["drawings", None, [(1, 2, 3, 4)]])
def test_a_detector_is_a_function(scenes: Path, tmp_path: Path, wrong: object) -> None:
    with pytest.raises(TypeError, match="must be a function from a picture, uint8"):
        datasets.crop_faces(scenes, tmp_path / "out", wrong)


@pytest.mark.parametrize(
    "box", [7, (1, 2, 3), (1, 2, 0, 5), (1, 2, 5, -5), (300, 0, 9, 9), (0, -9, 9, 9), ("a",) * 4]
)
def test_what_is_no_box(scenes: Path, tmp_path: Path, box: object) -> None:
    with pytest.raises(ValueError, match=r"must be \(left, top, width, height\) of a part"):
        datasets.crop_faces(scenes, tmp_path / "out", lambda _: [box])


def test_nothing_is_overwritten(scenes: Path, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="name a new folder"):
        datasets.crop_faces(scenes, scenes, detect)
    with pytest.raises(FileNotFoundError, match="no folder or zip of pictures"):
        datasets.crop_faces(tmp_path / "gone", tmp_path / "out", detect)


@given(data=st.data(), margin=st.floats(0, 2))
def test_wider_stays_square_and_inside(data: st.DataObject, margin: float) -> None:
    width, height = data.draw(st.integers(10, 300)), data.draw(st.integers(10, 300))
    side = data.draw(st.integers(1, min(width, height)))
    box = (
        data.draw(st.integers(0, width - side)),
        data.draw(st.integers(0, height - side)),
        side,
        side,
    )
    left, top, right, bottom = wider(box, margin, (width, height))
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert right - left == bottom - top
    assert right - left >= side - 1
    assert abs((left + right) / 2 - (box[0] + side / 2)) <= 1
    assert abs((top + bottom) / 2 - (box[1] + side / 2)) <= 1
