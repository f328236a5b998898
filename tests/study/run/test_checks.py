"""What a run lacks is told before it starts."""

from __future__ import annotations

import pytest

from gradiend.errors import InputError
from study.profiles.reading import load_profile, profile_names
from study.run.entrance import _check_tasks
from tests.study.changes import own_profile


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_has_examples_of_its_tasks(name):
    profile = load_profile(name)
    for model in profile.entries:
        for run in profile.compared(model):
            _check_tasks(run)


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
