"""The plan of a profile: which steps, of which files, and what makes them run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from study.profiles.reading import load_profile
from study.results.places import REPOSITORY
from study.run.model_steps import model_files
from study.run.plan import OF_REAL_MODEL, steps
from study.run.step import SMALL, Step
from tests.study.changes import own_profile


def of(profile_source: str, **chosen: Iterable[str]) -> dict[str, Step]:
    """The steps of a profile by name."""
    return {step.name: step for step in steps(load_profile(profile_source), **chosen)}


@pytest.mark.parametrize(
    ("group", "value", "notebooks"),
    [
        ("training", {"steps": 61}, {"02_train"}),
        (
            "encoder",
            {"test_rows": 41},
            {"03_encoder", "07_names_and_gender_words", "08_where_the_feature_sits"},
        ),
        (
            "decoder",
            {"lms_texts": 21},  # the others of these are what perplexity is asked of
            {
                "04_decoder_and_rewriting",
                "05_baselines",
                "06_benchmarks",
                "08_where_the_feature_sits",
            },
        ),
        ("decoder", {"lms_floor": 0.9}, {"04_decoder_and_rewriting"}),
        ("tasks", {"rows": 41}, {"09_fine_tuning"}),
    ],
)
def test_a_value_belongs_to_the_steps_that_read_it(tmp_path, group, value, notebooks):
    before = of("smoke")
    changed = of(own_profile(tmp_path, like="smoke", defaults={group: value}))
    assert before.keys() == changed.keys()
    moved = {n for n, step in changed.items() if step.values != before[n].values}
    assert moved == {n for n in before if n.split("--")[0] in notebooks}
    assert {name.split("--")[0] for name in moved} == notebooks


def test_the_real_model_is_adapted_only_where_something_is_asked_of_it():
    names = set(of("mini", domains=["race"]))
    assert not any("MiniLM" in name or "minilm" in name for name in names)
    names = set(of("mini", models=["minilm-l6"]))
    assert {"prepare minilm-l6", "02_train--minilm-l6--all"} <= names


def test_a_step_depends_on_the_modules_its_notebook_imports():
    step = of("smoke")["02_train--standin-gpt2--all"]
    names = {str(path.relative_to(REPOSITORY)) for path in step.inputs}
    read = {"training", "update", "lm/cloze", "lm/__init__", "__init__"}
    assert {f"gradiend/{name}.py" for name in read} <= names
    unread = {"steps/names", "report/page", "report/gather", "run/plan"}
    assert {f"study/{name}.py" for name in unread}.isdisjoint(names)
    assert all(path.exists() for path in step.inputs if path.suffix == ".py")


def test_every_file_of_the_world_is_an_input_of_the_steps_that_read_it():
    world = {p for p in (REPOSITORY / "data" / "world").rglob("*") if p.is_file()}
    assert any(path.parent.name == "zero_shot" for path in world)
    for name, step in of("smoke").items():
        if "--standin" in name:
            assert world <= set(step.inputs), name


def test_every_file_that_a_step_needs_is_there_or_made_by_an_earlier_one():
    for name in ("mini", "smoke", "paper", "hub", "real"):
        made: set[Path] = set()
        for step in steps(load_profile(name)):
            missing = [p for p in step.inputs if p not in made and not p.exists()]
            assert not missing, (name, step.name)
            assert made.isdisjoint(step.outputs), (name, step.name)
            made |= set(step.outputs)


def test_a_model_reads_the_source_that_it_names(tmp_path):
    other = {"standin-llama": {"data": "carried"}}
    profile = load_profile(
        own_profile(tmp_path, like="smoke", models=["standin-gpt2", other])
    )
    assert profile.sources == ["world", "carried"]
    manifest = REPOSITORY / "data" / "wheels.yaml"
    found = {step.name: step for step in steps(profile)}
    gpt2, llama = (found[f"02_train--standin-{m}--all"] for m in ("gpt2", "llama"))
    assert manifest in llama.inputs and manifest not in gpt2.inputs
    assert "'data': 'carried'" in llama.values and "'carried'" not in gpt2.values


def test_weights_of_several_files_are_all_looked_at(tmp_path):
    folder = tmp_path / "llama"
    folder.mkdir()
    parts = {
        "b": "model-2.safetensors",
        "a": "model-1.safetensors",
        "c": "model-1.safetensors",
    }
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": parts}))
    entry = {"folder": str(folder), "display": "Mine"}
    profile = load_profile(own_profile(tmp_path, like="smoke", models={"mine": entry}))
    found = model_files(profile, "mine")
    assert [path.name for path in found] == [index.name, parts["a"], parts["b"]]
    training = {step.name: step for step in steps(profile)}["02_train--mine--all"]
    assert set(found) <= set(training.inputs)


def test_survival_is_asked_where_the_profile_asks_for_it(tmp_path):
    asked = [path for step in of("smoke").values() for path in step.outputs]
    assert any("robustness" in path.parts for path in asked)
    tasks = {"tasks": {"survival": False}}
    source = own_profile(tmp_path, like="smoke", defaults=tasks)
    asked = [path for step in of(source).values() for path in step.outputs]
    assert not any("robustness" in path.parts for path in asked)


def test_a_step_takes_what_its_model_asks_for(tmp_path):
    source = own_profile(
        tmp_path,
        like="smoke",
        resources={"gpu": 1, "threads": 2},
        models=["standin-gpt2", {"standin-llama": {"resources": {"mem_mb": 9_000}}}],
    )
    found = of(source)
    gpt2, llama = (found[f"02_train--standin-{m}--all"] for m in ("gpt2", "llama"))
    assert gpt2.resources == SMALL | {"gpu": 1, "threads": 2}
    assert llama.resources == SMALL | {"gpu": 1, "threads": 2, "mem_mb": 9_000}
    assert "--threads 2" in " ".join(gpt2.command)
    assert found["report"].resources == SMALL


def test_the_real_model_of_notebooks_01_and_12_is_made_once():
    for name in ("smoke", "mini", "real"):
        found = of(name)
        makers = [s for s in found.values() if "study.models.smollm2" in s.command]
        assert len(makers) == 1, name
        for notebook in ("01_gradiend_step_by_step", "12_your_own_bias"):
            assert set(makers[0].outputs) <= set(found[notebook].inputs)
            assert found[notebook].resources["threads"] == 2


def test_the_papers_profile_leaves_the_real_model_to_others():
    found = of("paper")
    assert "00_data_and_standins" in found
    assert not set(OF_REAL_MODEL) & set(found)
    assert not any("study.models.smollm2" in step.command for step in found.values())


def test_a_profile_that_does_not_walk_leaves_notebooks_01_and_12_out(tmp_path):
    walked, quick = of("mini"), of("quick")
    assert set(OF_REAL_MODEL) <= set(walked)
    assert not set(OF_REAL_MODEL) & set(quick)
    assert {"00_data_and_standins", "prepare smollm2-135m-instruct"} <= set(quick)
    still = of(own_profile(tmp_path, like="smoke", walks=False))
    assert "prepare smollm2-135m-instruct" not in still
