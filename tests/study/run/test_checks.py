"""What a run lacks is told before it starts."""

from __future__ import annotations

import pytest

from gradiend.errors import InputError
from study.profiles.reading import load_profile, profile_names
from study.run.entrance import _check_first_order, _check_tasks
from study.sources.chosen import asked_associations, has_associations, source_of
from tests.study.changes import own_profile


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_has_examples_of_its_tasks(name):
    profile = load_profile(name)
    lacking = {
        (model, task)
        for model in profile.entries
        for run in profile.compared(model)
        for task in run.tasks.names
        if task not in source_of(run.data).tasks(zero_shot=run.tasks.zero_shot)
    }
    assert lacking == set()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"like": "hub", "defaults": {"tasks": {"names": ["rte"]}}},
            r"task rte .*'data/script_free.yaml' have no .* fine-tune on .*: none",
        ),
        (
            {"like": "smoke", "defaults": {"tasks": {"names": ["qqp"]}}},
            r"task qqp .*'world' have no .*there are: .*sst2",
        ),
        (
            {"like": "smoke", "data": "carried"},
            r"task rte .*'carried' have no examples to fine-tune on",
        ),
    ],
)
def test_a_task_without_examples_is_named(tmp_path, content, message):
    profile = load_profile(own_profile(tmp_path, **content))
    with pytest.raises(InputError, match=message):
        _check_tasks(profile.compared(profile.models[0])[0])


def test_first_order_of_a_domain_that_a_model_is_asked_nothing_of_is_refused(tmp_path):
    """Its notebook would find no row to read, after hours."""
    model = "minilm-l6"
    source = own_profile(tmp_path, like="real", features=["race_AB", "gender_MF"])
    profile = load_profile(source)
    assert "first_order" in profile.entry(model).analyses
    message = rf"^{model}: .*first_order .* race \(race_AB\).* of gender first"
    with pytest.raises(InputError, match=message):
        _check_first_order(profile, model)


@pytest.mark.parametrize("feature", ["gender_MF", "race_AB", "religion_CJ"])
def test_of_a_planted_domain_something_is_asked(tmp_path, feature):
    profile = load_profile(own_profile(tmp_path, like="smoke", features=[feature]))
    run = profile.runs(profile.models[0])[0]
    asked = asked_associations(run)
    assert has_associations(run)
    assert (asked["held_out"] & (asked["domain"] == run.domain.name)).any()
