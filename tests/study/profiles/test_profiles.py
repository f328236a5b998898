"""Profiles: what is accepted, what is refused, and which values a step sees."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from gradiend.errors import InputError
from study.profiles import profile as profiles
from study.profiles.profile import load_profile, profile_names
from study.run import plan
from study.run.plan import steps


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_resolves(name):
    profile = load_profile(name)
    for model in profile.models:
        for feature in profile.features:
            settings = profile.settings(model, feature)
            assert settings.steps > 0 and settings.display


def test_mini_covers_all_stand_ins_and_features():
    profile = load_profile("mini")
    stand_ins = [m for m in profile.models if profile.settings(m, "gender_MF").stand_in]
    assert profile.models == [*stand_ins, "minilm-l6"] and len(stand_ins) == 7
    for model in stand_ins:
        assert profile.features_of("all", model) == profile.features
    assert len(profile.features) == 7


def test_the_paper_profile_has_the_papers_settings():
    profile = load_profile("paper")
    bert = profile.settings("bert-base-cased", "gender_MF")
    assert (bert.steps, bert.seeds, bert.learning_rate) == (23_653, (0, 1, 2), 1e-5)
    llama = profile.settings("llama-3.2-3b", "race_AB")
    assert (llama.steps, llama.learning_rate, llama.dtype) == (2_500, 1e-4, "bfloat16")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"defaults": {"stepz": 3}}, "key in own.yaml, defaults: 'stepz'.*steps"),
        ({"features": ["gender_FM"]}, "unknown feature.*gender_MF"),
        ({"domains": {"rase": {}}}, "unknown domain.*did you mean 'race'"),
        ({"color": 1}, "unknown key in own.yaml: 'color'"),
    ],
)
def test_mistakes_in_a_profile_are_named(tmp_path, monkeypatch, change, message):
    content = yaml.safe_load((profiles.PROFILE_FOLDER / "smoke.yaml").read_text())
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(content | change))
    monkeypatch.setattr(profiles, "PROFILE_FOLDER", tmp_path)
    with pytest.raises(InputError, match=message):
        load_profile("own")


def test_unknown_names_get_a_suggestion():
    with pytest.raises(InputError, match="did you mean 'mini'"):
        load_profile("minni")
    profile = load_profile("mini")
    with pytest.raises(InputError, match="did you mean 'standin-gpt2'"):
        steps(profile, models=["standin-gtp2"])
    with pytest.raises(InputError, match="did you mean 'gender'"):
        steps(profile, domains=["gendr"])


def test_a_value_belongs_to_the_steps_that_read_it(monkeypatch):
    profile = load_profile("smoke")
    before = {step.name: step for step in steps(profile)}
    content = dict(profile.content)
    content["defaults"] = content["defaults"] | {"lms_texts": 21}
    changed = profiles.Profile("smoke", content, "smoke")
    moved = {
        step.name for step in steps(changed) if step.values != before[step.name].values
    }
    assert moved == {
        f"04_decoder_and_rewriting--{model}--all" for model in profile.models
    }


def test_the_real_model_is_adapted_only_where_something_is_asked_of_it():
    profile = load_profile("mini")
    names = {step.name for step in steps(profile, domains=["race"])}
    assert not any("MiniLM" in name or "minilm" in name for name in names)
    names = {step.name for step in steps(profile, models=["minilm-l6"])}
    assert {"adapt MiniLM-L6", "02_train--minilm-l6--all"} <= names


def test_a_step_depends_on_the_modules_its_notebook_imports():
    plan = {step.name: step for step in steps(load_profile("smoke"))}
    names = {path.name for path in plan["02_train--standin-gpt2--all"].inputs}
    assert {"training.py", "update.py", "cloze.py"} <= names
    assert {"generalisation.py", "report.py", "collect.py"}.isdisjoint(names)


def own(tmp_path, **content) -> str:
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


def test_a_profile_may_be_like_another_one(tmp_path):
    source = own(
        tmp_path,
        like="mini",
        defaults={"steps": 7},
        models=["standin-gpt2", {"standin-llama": {"learning_rate": 0.5}}],
    )
    profile, mini = load_profile(source), load_profile("mini")
    assert (profile.name, profile.source) == ("own", source)
    assert profile.models == ["standin-gpt2", "standin-llama"]
    found = profile.settings("standin-llama", "race_AB")
    base = mini.settings("standin-llama", "race_AB")
    changed = {"profile": "own", "steps": 7, "learning_rate": 0.5}
    assert found == dataclasses.replace(base, **changed)
    assert profile.features == mini.features and profile.figures != mini.figures
    command = steps(profile)[0].command
    assert f"-p profile {source}" in command


def test_mistakes_in_a_profile_like_another_one_are_named(tmp_path):
    with pytest.raises(InputError, match="'minni'; did you mean 'mini'"):
        load_profile(own(tmp_path, like="minni"))
    with pytest.raises(InputError, match="model of profile mini 'standin-gtp2'"):
        load_profile(own(tmp_path, like="mini", models=["standin-gtp2"]))
    with pytest.raises(InputError, match=r"nowhere\.yaml: no such profile"):
        load_profile("nowhere.yaml")


def test_a_step_takes_what_its_model_asks_for(tmp_path):
    source = own(
        tmp_path,
        like="smoke",
        resources={"gpu": 1, "threads": 2},
        models=["standin-gpt2", {"standin-llama": {"resources": {"mem_mb": 9_000}}}],
    )
    found = {step.name: step for step in steps(load_profile(source))}
    gpt2, llama = (found[f"02_train--standin-{m}--all"] for m in ("gpt2", "llama"))
    assert gpt2.resources == plan.SMALL | {"gpu": 1, "threads": 2}
    assert llama.resources == plan.SMALL | {"gpu": 1, "threads": 2, "mem_mb": 9_000}
    assert "--threads 2" in gpt2.command
    assert found["report"].resources == plan.SMALL
