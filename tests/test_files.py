"""A file is written whole or not at all, with the rights of any other file."""

import os
import stat
from pathlib import Path

import pytest

from gan_utils.files import whole


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_takes_the_place_of_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("old")
    with whole(file) as unfinished:
        unfinished.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_alone(tmp_path: Path, error: BaseException) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("old")
    with pytest.raises(type(error)), whole(file) as unfinished:
        unfinished.write_text("half")
        raise error
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file_has_the_rights_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    with whole(tmp_path / "new") as unfinished:
        unfinished.unlink()
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY, 0o600))  # as safetensors does
    assert rights(tmp_path / "new") == rights(tmp_path / "usual")


def test_an_old_file_keeps_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "private.txt"
    file.write_text("old")
    file.chmod(0o640)
    with whole(file) as unfinished:
        unfinished.write_text("new")
    assert rights(file) == 0o640


def test_the_folder_is_made_and_the_name_keeps_its_ending(tmp_path: Path) -> None:
    with whole(tmp_path / "new" / "folder" / "a.npz") as unfinished:
        assert unfinished.suffix == ".npz"  # numpy appends one where there is none
