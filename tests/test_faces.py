"""Faces cut out of larger pictures: with a stand-in for OpenCV, and with OpenCV where it is."""

import io
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gan_utils import datasets
from gan_utils.datasets.faces import DRAWINGS, PHOTOGRAPHS, wider


class Classifier:
    """Finds every bright square of 40×40, as a cascade would find faces."""

    loaded: list[str] = []  # noqa: RUF012 (one list for all tests, emptied by the fixture)

    def load(self, path: str) -> bool:
        self.loaded.append(path)
        return "broken" not in Path(path).read_text()

    def detectMultiScale(
        self, grey: np.ndarray, scaleFactor: float, minNeighbors: int, minSize: tuple[int, int]
    ) -> np.ndarray | tuple[()]:
        if minSize[0] > 40:
            return ()
        rows, columns = np.nonzero(grey > 200)
        if not len(rows):
            return ()
        lefts = sorted({int(c) // 100 for c in columns})
        boxes = [
            (columns[columns // 100 == n].min(), rows[columns // 100 == n].min(), 40, 40)
            for n in lefts
        ]
        return np.array(boxes)


@pytest.fixture
def cv2(tmp_path: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    (tmp_path / "cascades").mkdir()
    (tmp_path / "cascades" / PHOTOGRAPHS).write_text("a cascade")
    Classifier.loaded = []
    module = SimpleNamespace(
        __version__="4.14.0",
        CascadeClassifier=Classifier,
        error=RuntimeError,
        data=SimpleNamespace(haarcascades=str(tmp_path / "cascades")),
        equalizeHist=lambda grey: grey,
    )
    monkeypatch.setitem(sys.modules, "cv2", module)
    return module


def scene(*lefts: int) -> Image.Image:
    """A dark picture, 300×200, with a bright square of 40×40 at each place."""
    values = np.full((200, 300, 3), 10, np.uint8)
    for left in lefts:
        values[80:120, left : left + 40] = 250
    return Image.fromarray(values)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    folder = tmp_path / "scenes"
    folder.mkdir()
    scene(30).save(folder / "0.png")
    scene(30, 220).save(folder / "1.jpg", quality=95)
    scene().save(folder / "2.png")
    (folder / "3.png").write_bytes(b"bad")
    return folder


def test_every_face_is_cut_out(cv2: SimpleNamespace, scenes: Path, tmp_path: Path) -> None:
    crops = datasets.crop_faces(scenes, tmp_path / "out", smallest=24, margin=0.25)
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
    assert Classifier.loaded == [str(tmp_path / "cascades" / PHOTOGRAPHS)]
    assert len(datasets.folder(tmp_path / "out")) == 3


def test_faces_from_a_zip(cv2: SimpleNamespace, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    scene(30).save(buffer, "PNG")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/0.png", buffer.getvalue())
    assert datasets.crop_faces(tmp_path / "a.zip", tmp_path / "out", smallest=24).faces == 1


def test_smallest(cv2: SimpleNamespace, scenes: Path, tmp_path: Path) -> None:
    assert datasets.crop_faces(scenes, tmp_path / "out", smallest=48).faces == 0


def test_drawings_need_their_own_cascade(
    cv2: SimpleNamespace, scenes: Path, tmp_path: Path, data_root: Path
) -> None:
    with pytest.raises(FileNotFoundError, match=r"data_root.*for drawings get lbpcascade_anime"):
        datasets.crop_faces(scenes, tmp_path / "out", kind="drawings")
    data_root.mkdir()
    (data_root / DRAWINGS).write_text("a cascade")
    assert datasets.crop_faces(scenes, tmp_path / "out", "drawings", smallest=24).faces == 3
    other = tmp_path / "other.xml"
    other.write_text("a cascade")
    datasets.crop_faces(scenes, tmp_path / "out2", "drawings", smallest=24, cascade=other)
    assert Classifier.loaded == [str(data_root / DRAWINGS), str(other)]


def test_cascade_that_cannot_be_read(cv2: SimpleNamespace, scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.xml").write_text("broken")
    with pytest.raises(ValueError, match="no cascade that OpenCV can read"):
        datasets.crop_faces(scenes, tmp_path / "out", cascade=tmp_path / "broken.xml")
    assert not (tmp_path / "out").exists()


def test_without_opencv(scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ImportError, match=r"pip install 'gan_utils\[faces\]'"):
        datasets.crop_faces(scenes, tmp_path / "out")


def test_opencv_without_cascades(cv2: SimpleNamespace, scenes: Path, tmp_path: Path) -> None:
    del cv2.CascadeClassifier
    with pytest.raises(ImportError, match=r"no cascades any more: .*opencv-python-headless<5"):
        datasets.crop_faces(scenes, tmp_path / "out")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "cats"}, "kind is 'cats'; it must be photographs or drawings"),
        ({"margin": -0.1}, "margin is -0.1"),
        ({"smallest": 3}, "smallest 3; they must be at least 0 and 8"),
    ],
)
def test_bad_arguments(
    cv2: SimpleNamespace, scenes: Path, tmp_path: Path, given: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        datasets.crop_faces(scenes, tmp_path / "out", **given)


def test_nothing_is_overwritten(cv2: SimpleNamespace, scenes: Path, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="name a new folder"):
        datasets.crop_faces(scenes, scenes)
    with pytest.raises(FileNotFoundError, match="no folder or zip of pictures"):
        datasets.crop_faces(tmp_path / "gone", tmp_path / "out")


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


def test_real_detector_on_real_faces(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cv2 = pytest.importorskip("cv2", reason="needs the extra: pip install 'gan_utils[faces]'")
    if not hasattr(cv2, "CascadeClassifier"):
        pytest.skip("this OpenCV has no cascades")
    (tmp_path / "some").mkdir()
    with zipfile.ZipFile(real_data / "celeba_89x109_10k.zip") as archive:
        for name in archive.namelist()[:100]:
            large = Image.open(io.BytesIO(archive.read(name))).resize((178, 218))
            large.save(tmp_path / "some" / Path(name).name, quality=95)
    crops = datasets.crop_faces(tmp_path / "some", tmp_path / "out")
    assert len(crops.without) <= 10
    assert 90 <= crops.faces <= 110
