"""A profile that takes over another one: what it may say, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gradiend.errors import InputError
from study.profiles.reading import load_profile, profile_files
from study.run.plan import steps
from tests.study.changes import changed, own_profile


def written(path: Path, **content) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)


def test_a_profile_may_be_like_another_one(tmp_path):
    source = own_profile(
        tmp_path,
        like="mini",
        defaults={"training": {"steps": 7}},
        models=[
            "standin-gpt2",
            {"standin-llama": {"settings": {"training": {"learning_rate": 0.5}}}},
        ],
    )
    profile, mini = load_profile(source), load_profile("mini")
    assert (profile.name, profile.source) == ("own", source)
    assert profile.models == ["standin-gpt2", "standin-llama"]
    found = profile.settings("standin-llama", "gender_MF")
    base = mini.settings("standin-llama", "gender_MF")
    training = {"steps": 7, "learning_rate": 0.5}
    assert found == changed(base, profile="own", training=training)
    assert profile.features == mini.features and profile.figures != mini.figures
    command = " ".join(steps(profile)[0].command)
    assert f"-p profile {source}" in command


@pytest.mark.parametrize(
    "said",
    ["defaults:", "defaults:\n  training:", "domains:", "models:", "jobs: model"],
)
def test_what_is_left_empty_says_nothing(tmp_path, said):
    path = tmp_path / "own.yaml"
    path.write_text(f"like: mini\n{said}\n")
    profile, mini = load_profile(str(path)), load_profile("mini")
    assert profile.models == mini.models
    for model in mini.models:
        found = [changed(run, profile="mini") for run in profile.runs(model)]
        assert found == mini.runs(model)


def test_a_group_that_is_empty_where_nothing_is_taken_over_says_nothing(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "description: x\nfeatures: [gender_MF]\nresources:\n"
        "defaults:\n  training:\n  decoder: {refinement: }\n  tasks: {training: }\n"
        "domains:\n  gender:\n"
        "models:\n  a: {folder: x, display: A, settings: , domains: {gender: }}\n"
    )
    (run,) = load_profile(str(path)).runs("a")
    assert run.training.steps == 2_500 and run.decoder.refinement.candidates == 40


def test_models_are_named_with_and_without_changes(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "like: mini\nmodels:\n  - standin-llama:\n"
        "  - standin-gpt2: {display: A}\n    minilm-l6: {display: B}\n"
    )
    profile = load_profile(str(path))
    assert profile.models == ["standin-llama", "standin-gpt2", "minilm-l6"]
    assert [profile.entry(m).display for m in profile.models[1:]] == ["A", "B"]


def test_a_path_is_seen_from_the_file_that_names_it(tmp_path, monkeypatch):
    folder = tmp_path / "meine Größen"
    training = {"training": {"steps": 7}}
    written(folder / "base.yml", like="mini", defaults=training)
    own = written(tmp_path / "own.yaml", like="meine Größen/base.yml")
    monkeypatch.chdir("/")
    profile = load_profile(own)
    assert profile.settings("standin-gpt2", "gender_MF").training.steps == 7
    names = [path.name for path in profile_files(profile.path)]
    assert names == ["own.yaml", "base.yml", "mini.yaml"]


def test_a_mistake_is_told_of_the_file_that_makes_it(tmp_path):
    written(tmp_path / "base.yaml", like="mini", defaults={"stepz": 3})
    own = written(tmp_path / "own.yaml", like="base.yaml")
    with pytest.raises(InputError, match=r"key in base\.yaml, defaults: 'stepz'"):
        load_profile(own)


@pytest.mark.parametrize("others", [[], ["b.yaml"], ["b.yaml", "c.yaml"]])
def test_a_circle_is_refused(tmp_path, others):
    names = ["a.yaml", *others]
    for name, like in zip(names, [*others, "a.yaml"], strict=True):
        written(tmp_path / name, like=like)
    circle = " → ".join([*names, "a.yaml"])
    with pytest.raises(InputError, match=rf"circle \({circle}\)"):
        load_profile(str(tmp_path / "a.yaml"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"like": "minni"}, "own.yaml, like: .*'minni'; did you mean 'mini'"),
        ({"like": "base.yaml"}, "own.yaml, like: .*base.yaml: no such profile"),
        ({"like": ["mini"]}, "own.yaml, like: .'mini'. should be the name of a prof"),
        (
            {"like": "mini", "models": ["standin-gtp2"]},
            "of profile mini in own.yaml, models: 'standin-gtp2'.*'standin-gpt2'",
        ),
        (
            {"like": "mini", "models": "standin-gpt2"},
            r"own.yaml, models: 'standin-gpt2' .* a list; write \[standin-gpt2\]",
        ),
        (
            {"like": "mini", "models": [["standin-gpt2"]]},
            "of profile mini in own.yaml, models: .*'standin-gpt2'",
        ),
        (
            {"like": "mini", "models": [{"standin-gpt2": 3}]},
            "own.yaml, models.standin-gpt2: 3 should be a group of keys",
        ),
        ({"like": "mini", "models": []}, "own.yaml, models: is empty"),
        (
            {"like": "mini", "models": {"standin-gtp2": {"settings": {}}}},
            "of profile mini in own.yaml, models: 'standin-gtp2'.*'standin-gpt2'",
        ),
    ],
)
def test_mistakes_are_one_line_that_names_them(tmp_path, content, message):
    with pytest.raises(InputError, match=message) as error:
        load_profile(own_profile(tmp_path, **content))
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there():
    with pytest.raises(InputError, match=r"nowhere\.yaml: no such profile"):
        load_profile("nowhere.yaml")
