"""Names under which results lie: whose would take another's place is refused."""

from __future__ import annotations

import pytest
import yaml

from gradiend.errors import InputError
from study.profiles.reading import PROFILE_FOLDER, load_profile
from tests.study.changes import own_profile

MODEL = {"folder": "data/standins/standin-gpt2"}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["me/bert"], r"models.me/bert: a model is called by letters, digits"),
        (["../bert"], "a model is called by letters"),
        (["a{b}"], "a model is called by letters"),
        (["a,b"], "a model is called by letters"),
        (["figures"], "and not notebooks or figures"),
        (["a-b", "a_b"], "models.a_b: too like 'a-b'; call it otherwise"),
    ],
)
def test_names_of_models_that_files_or_jobs_cannot_have(tmp_path, names, message):
    models = {name: MODEL | {"display": name} for name in names}
    with pytest.raises(InputError, match=message):
        load_profile(own_profile(tmp_path, like="smoke", models=models))


def test_two_models_are_not_shown_as_one(tmp_path):
    models = {name: MODEL | {"display": "BERT"} for name in ("first", "second")}
    with pytest.raises(InputError, match=r"second.display: 'BERT' is how first is"):
        load_profile(own_profile(tmp_path, like="smoke", models=models))


@pytest.mark.parametrize("name", ["real", "models", "carried"])
def test_results_of_others_are_not_overwritten(tmp_path, name):
    path = tmp_path / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"like": "smoke"}))
    with pytest.raises(InputError, match=f"would lie in results/{name}, where others"):
        load_profile(str(path))


def test_a_profile_by_its_path_is_the_profile_of_that_name():
    """Its steps are the same, so that they are not run again."""
    assert load_profile(str(PROFILE_FOLDER / "smoke.yaml")).source == "smoke"
