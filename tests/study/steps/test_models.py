"""A model of the hub is the one that was fetched, in every step."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import constants

from gradiend.files import write_json
from gradiend.lm.cloze import ClozeLM
from study.profiles.reading import load_profile
from study.results import files
from study.steps import models
from tests.replica import snapshot, write_models


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The revisions that models were loaded at."""
    found: list[str | None] = []
    monkeypatch.setattr(
        ClozeLM, "from_pretrained", lambda _, revision, **__: found.append(revision)
    )
    return found


def test_a_branch_that_has_moved_since_changes_nothing(tmp_path, monkeypatch, loaded):
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path))
    settings = load_profile("paper").settings("gpt2", "gender_MF")
    models.load_model(settings)
    mark = {"path": settings.path, "commit": "0" * 40, "sha256": {}}
    write_json(settings.model_folder / files.FETCHED, mark)
    models.load_model(settings)
    write_json(settings.model_folder / files.FETCHED, mark | {"path": "me/other"})
    models.load_model(settings)
    assert loaded == ["main", "0" * 40, "main"]


def test_a_commit_is_loaded_from_the_cache(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path / "results"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    write_models(tmp_path / "hub", ["distilbert-base-cased"])
    profile = load_profile("hub")
    settings = profile.settings("distilbert-base-cased", "gender_MF")
    folder = snapshot(tmp_path / "hub", "models", settings.path, settings.revision)
    mark = {"path": settings.path, "commit": folder.name, "sha256": {}}
    write_json(settings.model_folder / files.FETCHED, mark)
    (folder.parents[1] / "refs" / settings.revision).write_text("f" * 40)
    assert models.load_model(settings).model.num_parameters() > 0
