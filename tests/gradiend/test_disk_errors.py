"""What a disk refuses is told as such, and nothing else is."""

from __future__ import annotations

import errno

import pytest

from gradiend.errors import InputError
from gradiend.files import atomic_folder, atomic_path


@pytest.mark.parametrize("whole", [atomic_path, atomic_folder])
def test_a_full_disk_is_one_line_with_the_way_out(tmp_path, whole):
    full = OSError(errno.ENOSPC, "No space left on device")
    with (
        pytest.raises(InputError, match=r"result cannot be written \(No space.*free"),
        whole(tmp_path / "result"),
    ):
        raise full
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("whole", [atomic_path, atomic_folder])
def test_another_error_of_the_block_stays_what_it_is(tmp_path, whole):
    with pytest.raises(FileNotFoundError), whole(tmp_path / "result"):
        (tmp_path / "nowhere").read_text()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_under_a_file_is_refused_with_the_way_out(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match=r"cannot be written .*GRADIEND_RESULTS"),
        atomic_path(tmp_path / "file" / "result"),
    ):
        pass


def test_a_folder_in_a_files_place_is_one_line(tmp_path):
    (tmp_path / "result").mkdir()
    with (
        pytest.raises(InputError, match=r"cannot be written .*give the name of a file"),
        atomic_path(tmp_path / "result") as unfinished,
    ):
        unfinished.touch()
