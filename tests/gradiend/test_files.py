"""Files and folders: whole or not at all, and named when damaged."""

from __future__ import annotations

import json

import pytest

from gradiend.errors import InputError
from gradiend.files import atomic_folder, atomic_path, read_csv, read_json, write_json


def test_files_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"a": 1})
    with pytest.raises(RuntimeError), atomic_path(path) as unfinished:
        unfinished.write_text("half")
        raise RuntimeError
    assert read_json(path) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["value.json"]


def test_damaged_and_missing_results_are_named(tmp_path):
    path = tmp_path / "value.json"
    with pytest.raises(InputError, match=r"value\.json: not there yet"):
        read_json(path)
    path.write_text(json.dumps({"a": 1})[:-2])
    with pytest.raises(InputError, match=r"value\.json: damaged"):
        read_json(path)
    table = tmp_path / "empty.csv"
    table.touch()
    with pytest.raises(InputError, match=r"empty\.csv: damaged"):
        read_csv(table)


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot be written.*GRADIEND_RESULTS"):
        write_json(tmp_path / "file" / "value.json", {})


def written(folder, text: str, **options) -> None:
    with atomic_folder(folder, **options) as unfinished:
        (unfinished / "a.txt").write_text(text)
        assert unfinished.parent == folder.parent and unfinished != folder


def test_a_folder_appears_whole(tmp_path):
    folder = tmp_path / "deep" / "a folder"
    written(folder, "first")
    assert (folder / "a.txt").read_text() == "first"
    assert folder.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_that_fails_leaves_nothing_behind(tmp_path, replace):
    folder = tmp_path / "folder"
    with pytest.raises(RuntimeError), atomic_folder(folder, replace=replace) as half:
        (half / "a.txt").write_text("half")
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    written(folder, "whole")
    with pytest.raises(RuntimeError), atomic_folder(folder, replace=replace) as half:
        raise RuntimeError
    assert (folder / "a.txt").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(("replace", "kept"), [(False, "first"), (True, "second")])
def test_a_folder_that_is_there_stays_unless_it_is_to_be_replaced(
    tmp_path, replace, kept
):
    folder = tmp_path / "folder"
    written(folder, "first")
    (folder / "b.txt").touch()
    written(folder, "second", replace=replace)
    assert (folder / "a.txt").read_text() == kept
    assert (folder / "b.txt").exists() != replace
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
