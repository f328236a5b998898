"""Gathered tables of models that were run in different places."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.profiles.profile import Profile
from study.profiles.reading import load_profile
from study.report.origin import read_origin
from study.report.source import gathering, read_source

FIRST, SECOND = "standin-gpt2", "standin-llama"
PROFILE = """\
like: smoke
features: [gender_MF]
figures: figures
models: [{models}]
"""


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path / "results"))
    return written(tmp_path / "own.yaml", FIRST, SECOND)


def written(path: Path, *models: str) -> Profile:
    path.write_text(PROFILE.format(models=", ".join(models)))
    return load_profile(str(path))


def rows(profile: Profile, model: str, value: float) -> pd.DataFrame:
    return pd.DataFrame({"model": [profile.entry(model).display] * 2, "value": value})


def gathered(profile: Profile, gather: bool | str, **values: float) -> pd.DataFrame:
    """Write a table of the models that are named, and read what there is then."""
    target = gathering(profile, gather)
    parts = [rows(profile, model, values[model]) for model in target.models]
    target.write("table", parts)
    return read_source(target.end(), "table")


def test_rows_of_models_that_are_not_here_stay(profile):
    gathered(profile, True, **{FIRST: 1.0, SECOND: 2.0})
    found = gathered(profile, FIRST, **{FIRST: 3.0})
    assert found["value"].tolist() == [3.0, 3.0, 2.0, 2.0]
    found = gathered(profile, SECOND, **{SECOND: 4.0})
    names = [profile.entry(model).display for model in (FIRST, SECOND)]
    assert found["value"].tolist() == [3.0, 3.0, 4.0, 4.0]
    assert found["model"].unique().tolist() == names
    assert set(read_origin(profile.figures / "source").models) == set(names)


def test_a_model_of_which_nothing_was_gathered_is_refused(profile, tmp_path):
    gathered(written(tmp_path / "own.yaml", FIRST), True, **{FIRST: 1.0})
    both = written(tmp_path / "own.yaml", FIRST, SECOND)
    with pytest.raises(InputError, match=rf"no rows of {SECOND}; run it as well"):
        gathering(both, FIRST)
    assert gathering(both, SECOND).models == [SECOND]


def test_rows_of_other_settings_are_refused(profile, tmp_path):
    gathered(profile, True, **{FIRST: 1.0, SECOND: 2.0})
    path = tmp_path / "own.yaml"
    path.write_text(f"{path.read_text()}defaults: {{training: {{steps: 7}}}}\n")
    with pytest.raises(InputError, match=rf"rows of other settings of {SECOND}"):
        gathering(load_profile(str(path)), FIRST)


def test_without_results_nothing_is_kept_or_needed(profile):
    assert gathering(profile, True).kept == {}
    with pytest.raises(InputError, match="model to gather"):
        gathering(profile, "no-model")


def test_a_table_that_no_model_here_has_is_left_as_it_is(profile):
    gathered(profile, True, **{FIRST: 1.0, SECOND: 2.0})
    target = gathering(profile, FIRST)
    target.write("table", [])
    assert len(read_source(target.folder, "table")) == 4
