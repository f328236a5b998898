"""What may be overwritten: nothing that is still needed, and never half."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradiend import files
from gradiend.autoencoder import Gradiend
from gradiend.cli import main
from gradiend.errors import InputError
from gradiend.files import atomic_folder, need_new_file
from gradiend.rewriting import need_free, save_rewritten
from tests.conftest import tiny_lm


def checkpoint(folder: Path) -> Path:
    """A folder that looks like one of ours."""
    folder.mkdir()
    (folder / "README.md").write_bytes(b"tags: [gradiend-rewritten] \xe9\n")
    return folder


def test_a_folder_that_is_in_use_is_not_overwritten(tmp_path, monkeypatch):
    folder = checkpoint(tmp_path / "out")
    (folder / "rows.csv").touch()
    need_free(folder, overwrite=True, reads=[tmp_path / "rows.csv"])
    for read in (folder, folder / "rows.csv"):
        with pytest.raises(InputError, match=r"out cannot be overwritten: .*in use"):
            need_free(folder, overwrite=True, reads=[read])
    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match=r"\. cannot be overwritten"):
        need_free(Path("."), overwrite=True)


def test_a_model_is_not_written_over_itself(tmp_path):
    lm = tiny_lm("bert")
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    lm = type(lm)(lm.model, lm.tokenizer, lm.causal, str(checkpoint(tmp_path / "out")))
    with pytest.raises(InputError, match="in use"):
        save_rewritten(lm, gradiend, 0, 0.1, tmp_path / "out", overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_appears_meanwhile_stays(tmp_path, monkeypatch, overwrite):
    def appears(*_args, **_options):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "theirs").touch()

    monkeypatch.setattr("gradiend.rewriting.write_rewritten", appears)
    lm = tiny_lm("bert")
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    with pytest.raises(InputError, match="out exists"):
        save_rewritten(lm, gradiend, 0, 0.1, tmp_path / "out", overwrite=overwrite)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "theirs"]


def test_an_interrupted_exchange_keeps_the_earlier_folder(tmp_path, monkeypatch):
    folder = checkpoint(tmp_path / "out")
    rename = files.os.rename

    def stopped(source, target):
        if Path(target) == folder and not Path(source).name.endswith("-earlier"):
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(files.os, "rename", stopped)
    with pytest.raises(KeyboardInterrupt), atomic_folder(folder, replace=True):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "README.md"]


def test_of_a_link_the_folder_it_leads_to_is_replaced(tmp_path):
    folder = checkpoint(tmp_path / "out")
    (tmp_path / "link").symlink_to(folder)
    with atomic_folder(tmp_path / "link", replace=True) as unfinished:
        (unfinished / "new").touch()
    assert (tmp_path / "link").is_symlink()
    assert [path.name for path in folder.iterdir()] == ["new"]


def test_a_file_is_overwritten_if_one_says_so_and_does_not_read_it(tmp_path):
    path, link = tmp_path / "rows.csv", tmp_path / "link.csv"
    options = {"reads": [path], "remedy": "give another"}
    need_new_file(path, overwrite=False, **options | {"reads": []})
    path.touch()
    link.symlink_to(path)
    with pytest.raises(InputError, match=r"rows\.csv exists; give another"):
        need_new_file(path, overwrite=False, **options | {"reads": []})
    need_new_file(path, overwrite=True, **options | {"reads": [tmp_path / "other"]})
    with pytest.raises(InputError, match=r"link\.csv is what is read"):
        need_new_file(link, overwrite=True, **options)
    with pytest.raises(InputError, match="is a folder; give the name of a file"):
        need_new_file(tmp_path, overwrite=True, **options)


def test_no_file_of_a_folder_that_is_read_is_overwritten(tmp_path):
    (tmp_path / "config.json").touch()
    options = {"overwrite": True, "reads": [tmp_path], "remedy": "…"}
    with pytest.raises(InputError, match=r"config\.json is what is read"):
        need_new_file(tmp_path / "config.json", **options)
    need_new_file(tmp_path / "new.csv", **options)


def test_encode_writes_over_no_file_of_the_model(tmp_path, capsys):
    (tmp_path / "config.json").touch()
    given = ["encode", str(tmp_path), "g.safetensors", "rows.csv", "--overwrite"]
    assert main([*given, "--out", str(tmp_path / "config.json")]) == 1
    assert "config.json is what is read" in capsys.readouterr().err


def test_a_features_file_is_whole_and_its_folder_is_made(tmp_path, monkeypatch):
    gradiend = Gradiend.initialise(tiny_lm("bert").covered, seed=0)
    path = tmp_path / "new" / "feature.safetensors"
    gradiend.save(path)
    before = path.read_bytes()

    def cut_off(_tensors, file, **_options):
        Path(file).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("gradiend.autoencoder.save_file", cut_off)
    with pytest.raises(KeyboardInterrupt):
        gradiend.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]
