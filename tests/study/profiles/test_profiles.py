"""Profiles: what is accepted, what is refused, and which values a step sees."""

from __future__ import annotations

import pytest
import yaml

from gradiend.errors import InputError
from study.profiles import reading
from study.profiles.reading import load_profile, profile_names
from study.run.plan import steps
from tests.study.changes import own_profile


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_resolves(name):
    profile = load_profile(name)
    shown, folders = {}, set()
    for model in profile.models:
        for feature in profile.features:
            settings = profile.settings(model, feature)
            training = settings.training
            # A run is validated in its course, not at its end alone.
            assert 2 * training.evaluate_every <= training.steps
            assert (settings.model, settings.feature) == (model, feature)
            shown[model] = settings.display
            folders.add(settings.folder)
    assert len(set(shown.values())) == len(profile.models)
    assert len(folders) == len(profile.models) * len(profile.features)


def test_mini_begins_with_real_models_and_covers_all_stand_ins_and_features():
    profile = load_profile("mini")
    stand_ins = [m for m in profile.models if profile.settings(m, "gender_MF").stand_in]
    real = ["smollm2-135m-instruct", "minilm-l6"]
    assert profile.models == [*real, *stand_ins] and len(stand_ins) == 7
    for model in stand_ins:
        assert profile.features_of("all", model) == profile.features
    assert len(profile.features) == 7


def test_the_paper_profile_has_the_papers_settings():
    profile = load_profile("paper")
    bert = profile.settings("bert-base-cased", "gender_MF")
    assert (bert.training.steps, bert.seeds) == (23_653, (0, 1, 2))
    assert bert.training.learning_rate == 1e-5
    llama = profile.settings("llama-3.2-3b", "race_AB")
    assert (llama.training.steps, llama.training.learning_rate) == (2_500, 1e-4)
    assert llama.load.dtype == "bfloat16"


def test_of_two_values_the_more_particular_one_counts(tmp_path):
    source = own_profile(
        tmp_path,
        description="two models",
        features=["gender_MF", "race_AB"],
        defaults={"training": {"steps": 1, "batch_size": 10}, "seed": 1},
        domains={"race": {"training": {"steps": 2}, "seed": 2}},
        models={
            "a": MODEL,
            "b": MODEL
            | {
                "display": "B",
                "settings": {"training": {"steps": 3}},
                "domains": {"race": {"training": {"steps": 4}}},
            },
        },
    )
    profile = load_profile(source)
    found = {(run.model, run.feature): run for m in "ab" for run in profile.runs(m)}
    assert {key: run.training.steps for key, run in found.items()} == {
        ("a", "gender_MF"): 1,
        ("a", "race_AB"): 2,
        ("b", "gender_MF"): 3,
        ("b", "race_AB"): 4,
    }
    assert {run.training.batch_size for run in found.values()} == {10}
    assert [run.seed for run in found.values()] == [1, 2, 1, 2]


MODEL = {"folder": "data/standins/standin-gpt2", "display": "A"}


def of_model(**entry) -> dict:
    """A change of a profile: a model with these values besides."""
    return {"models": {"a": MODEL | entry}}


STEPS = {"training": {"stepz": 3}}
NOT_SELECTED = {"first_order": {"shares": [0.1, 0.9]}}
MISTAKES = [
    # What would be told once everything before it is computed.
    (
        {"defaults": {"anatomy": {"features": ["race_AB"]}}},
        "feature in own.yaml, models.standin-gpt2, anatomy.features: 'race_AB'",
    ),
    (
        of_model(analyses=["first_order"], settings=NOT_SELECTED),
        "models.a, first_order.shares: 0.1 and 1.0 are not both among them",
    ),
    (
        {"defaults": {"classes": {"trios": ["pronuns"]}}},
        "own.yaml, models.standin-gpt2, classes.trios: 'pronuns'.*mean 'pronouns'",
    ),
    ({"resources": {"threads": 0}}, "own.yaml, resources: threads: 0 should be at"),
    ({"resources": {"gpus": 1}}, "own.yaml, resources: 'gpus' is no resource.*gpu,"),
    # A typo, in its group or in another one, and in every place of a profile.
    ({"defaults": {"stepz": 3}}, "key in own.yaml, defaults: 'stepz'.*training.steps'"),
    ({"defaults": STEPS}, "key in own.yaml, defaults.training: 'stepz'.*mean 'steps'"),
    (
        {"domains": {"gender": STEPS}},
        "key in own.yaml, domains.gender.training: 'stepz'.*mean 'steps'",
    ),
    (
        of_model(settings=STEPS),
        "key in own.yaml, models.a.settings.training: 'stepz'.*mean 'steps'",
    ),
    (
        of_model(domains={"gender": STEPS}),
        "key in own.yaml, models.a.domains.gender.training: 'stepz'.*mean 'steps'",
    ),
    (
        {"defaults": {"methods": {"fit": {"rlace_step": 3}}}},
        "key in own.yaml, defaults.methods.fit: 'rlace_step'.*mean 'rlace_steps'",
    ),
    ({"color": 1}, "unknown key in own.yaml: 'color'"),
    ({"claim": False}, "unknown key in own.yaml: 'claim'; did you mean 'claims'"),
    ({"name": "x"}, "own.yaml: name is not its to say"),
    (of_model(fodler="x"), "key in own.yaml, models.a: 'fodler'.*mean 'folder'"),
    (
        {"models": {"a": {"prepared": {"modul": "x"}, "display": "A"}}},
        "key in own.yaml, models.a.prepared: 'modul'; did you mean 'module'",
    ),
    # The right name in the wrong place.
    ({"defaults": {"steps": 3}}, "own.yaml, defaults: 'steps'.*mean 'training.steps'"),
    (
        {"defaults": {"training": {"lms_texts": 3}}},
        "own.yaml, defaults.training: 'lms_texts'; did you mean 'decoder.lms_texts'",
    ),
    (of_model(steps=3), "own.yaml, models.a: 'steps'.*mean 'settings.training.steps'"),
    (of_model(training={}), "models.a: 'training'; did you mean 'settings.training'"),
    # A wrong value.
    (
        {"defaults": {"training": {"steps": "many"}}},
        "own.yaml, defaults.training.steps: 'many' should be a valid integer",
    ),
    ({"defaults": {"training": 3}}, "defaults.training: 3 should be a group of keys"),
    ({"defaults": 3}, "own.yaml, defaults: 3 should be a group of keys"),
    ({"defaults": {"seeds": 3}}, "own.yaml, defaults.seeds: 3 should be a list"),
    # A name where a list of them belongs, and a list without a name.
    (
        {"features": "gender_MF"},
        r"own.yaml, features: 'gender_MF' should be a list; write \[gender_MF\]",
    ),
    (of_model(compares="gender"), r"models.a.compares: .* a list; write \[gender\]"),
    (
        {"defaults": {"methods": {"names": "INLP"}}},
        r"defaults.methods.names: 'INLP' should be a list; write \[INLP\]",
    ),
    ({"features": []}, "own.yaml, features: is empty; name at least one"),
    ({"models": {}}, "own.yaml, models: is empty; name at least one"),
    ({"defaults": {"seeds": []}}, "own.yaml, defaults.seeds: is empty"),
    ({"features": ["gender_MF"] * 2}, "own.yaml, features: 'gender_MF' .* twice"),
    (
        {"defaults": {"training": {"moments": "4bit"}}},
        "own.yaml, defaults.training.moments: '4bit' should be 'full' or '8bit'",
    ),
    (of_model(resources={"gpu": "a"}), "models.a.resources.gpu: 'a' should be"),
    (
        {"defaults": {"load": {"dtype": "bflaot16"}}},
        "own.yaml, defaults.load.dtype: 'bflaot16' should.*did you mean 'bfloat16'",
    ),
    ({"jobs": "domains"}, "own.yaml, jobs: 'domains' should.*did you mean 'domain'"),
    # A model without exactly one origin, or without a name to show.
    (
        {"models": {"a": {"display": "A"}}},
        "own.yaml, models.a: needs one of folder .* hub .* prepared .*, not none",
    ),
    (of_model(hub="x/y"), "own.yaml, models.a: needs one of .*, not folder and hub"),
    ({"models": {"a": {"folder": "x"}}}, "own.yaml, models.a.display: missing"),
    ({"models": {"a": "x"}}, "own.yaml, models.a: 'x' should be a group of keys"),
    # Names of other things.
    ({"features": ["gender_FM"]}, "unknown feature in own.yaml, features:.*gender_MF"),
    (
        of_model(features=["race_AB"]),
        r"feature in own.yaml, models.a.features: 'race_AB' \(there are: gender_MF\)",
    ),
    ({"domains": {"rase": {}}}, "unknown domain in own.yaml.*did you mean 'race'"),
    (
        of_model(domains={"gendr": {}}),
        "domain in own.yaml, models.a.domains: 'gendr'; did you mean 'gender'",
    ),
    (
        {"defaults": {"methods": {"names": ["INLPP"]}}},
        "method in own.yaml, defaults.methods.names: 'INLPP'; did you mean 'INLP'",
    ),
    (
        of_model(settings={"tasks": {"names": ["sst3"]}}),
        "task in own.yaml, models.a.settings.tasks.names: 'sst3'.*mean 'sst2'",
    ),
    (
        {"defaults": {"decoder": {"slot": "pronouns"}}},
        "slot in own.yaml, defaults.decoder: 'pronouns'; did you mean 'pronoun'",
    ),
    (
        {"defaults": {"tasks": {"variants": ["GRADIEND-Q"]}}},
        "variant in own.yaml, models.standin-gpt2, tasks.variants: 'GRADIEND-Q'",
    ),
    (
        {"defaults": {"tasks": {"variants": ["GRADIEND-N"]}}},
        "models.standin-gpt2, tasks.variants: base is not among them",
    ),
    (
        {
            "features": ["gender_MF", "race_AB"],
            "defaults": {"decoder": {"slot": "pronoun"}},
        },
        r"slot in own.yaml, models.standin-gpt2 \(race\): 'pronoun' \(there are: term",
    ),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_mistakes_in_a_profile_are_one_line_that_names_them(tmp_path, change, message):
    smoke = reading.PROFILE_FOLDER / "smoke.yaml"
    content = yaml.safe_load(smoke.read_text(encoding="utf-8"))
    with pytest.raises(InputError, match=message) as error:
        load_profile(own_profile(tmp_path, **content | change))
    assert "\n" not in str(error.value)


def test_unknown_names_get_a_suggestion():
    with pytest.raises(InputError, match="did you mean 'mini'"):
        load_profile("minni")
    profile = load_profile("mini")
    with pytest.raises(InputError, match="did you mean 'standin-gpt2'"):
        steps(profile, models=["standin-gtp2"])
    with pytest.raises(InputError, match="did you mean 'gender'"):
        steps(profile, domains=["gendr"])
