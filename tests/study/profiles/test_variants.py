"""What is compared: the variants of a model, by its profile."""

from __future__ import annotations

import pytest

from study.comparison.methods import RECENT
from study.comparison.variants import ANY, Variant, of_domain
from study.domains import DOMAINS
from study.profiles.profile import Profile
from study.profiles.reading import load_profile
from study.profiles.variants import balanced_variant, gradiend_parts, variants
from tests.study.changes import changed, own_profile


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile("mini")


def test_the_base_model_comes_first_and_every_name_once(profile):
    for model in profile.models:
        found = variants(profile, model)
        assert found[0] == Variant(ANY) and found[0].name == "base"
        for domain in profile.domains:
            names = [variant.name for variant in of_domain(found, domain)]
            assert names[0] == "base" and len(set(names)) == len(names)
        assert len({variant.slug for variant in found}) == len(found)
        assert all(v.slug.replace("-", "").isalnum() for v in found)


def test_only_gender_has_combinations_and_a_variant_a_class(profile):
    found = variants(profile, "standin-bert-base")
    combined = [v for v in found if len(v.parts) > 1]
    assert {v.domain for v in combined} == {"gender"}
    assert {v.parts for v in combined} == set(DOMAINS["gender"].combinations)
    ours = [v.name for v in found if v.domain == "gender" and len(v.parts) == 1]
    assert {f"GRADIEND-{variant}" for variant in "NFM"} <= set(ours)
    religion = [v.name for v in found if v.domain == "religion"]
    assert {"GRADIEND-CJ", "GRADIEND-CM", "GRADIEND-MJ"} <= set(religion)
    assert {"CDA", "INLP", "SentenceDebias", "SelfDebias"} <= set(religion)
    # Declared for gender alone, and one for all.
    assert not {"LEACE", "RLACE", "GRADIEND-N", "Dropout"} & set(religion)
    assert Variant(ANY, ("Dropout",)) in found


@pytest.mark.parametrize(
    ("model", "recent"),
    [
        ("standin-bert-base", {"SteeringVector", "TaskVector"}),
        ("standin-gpt2", {"SteeringVector", "TaskVector", "DPO"}),
        ("standin-roberta-large", set()),
        ("standin-llama", set()),
    ],
)
def test_recent_methods_are_of_those_that_ask_for_them_and_of_gender(
    profile, model, recent
):
    found = variants(profile, model)
    assert {v.name for v in found if v.domain == "gender"} & RECENT == recent
    assert not {v.name for v in found if v.domain != "gender"} & RECENT


def test_a_model_has_the_variants_of_its_own_features_and_methods(profile, tmp_path):
    found = variants(profile, "minilm-l6")
    assert {variant.domain for variant in found} == {ANY, "gender"}
    settings = {"methods": {"names": ["CDA", "INLP"]}}
    model = {"folder": "a", "display": "A", "settings": settings}
    source = own_profile(tmp_path, like="mini", models={"a": model})
    found = variants(load_profile(source), "a")
    others = {part for v in found for part in v.parts if "GRADIEND" not in part}
    assert others == {"CDA", "INLP"}
    combined = [v.name for v in found if len(v.parts) > 1]
    assert combined == ["GRADIEND-N + INLP", "CDA + INLP"]


def test_a_later_part_is_applied_to_what_the_earlier_ones_make(profile):
    assert Variant("gender", ("Dropout", "INLP")).before == Variant(ANY, ("Dropout",))
    assert Variant("gender", ("CDA", "INLP")).before == Variant("gender", ("CDA",))
    assert Variant("gender", ("INLP",)).before == Variant(ANY)
    for model in profile.models:
        found = variants(profile, model)
        # In this order each can be made from those before it.
        for number, variant in enumerate(found[1:], start=1):
            assert variant.before in found[:number]


def test_further_decoders_belong_to_the_balanced_variant(profile):
    run = profile.settings("standin-bert-base", "gender_MF")
    run = changed(run, decoder={"closed_form_rows": 5})
    assert gradiend_parts(run)["GRADIEND-N (closed form)"] == ("N", "closed form")
    assert gradiend_parts(run)["GRADIEND-N (refined)"] == ("N", "refined")
    assert balanced_variant(run).name == "GRADIEND-N (refined)"
    none = {"closed_form_rows": 0, "refinement": {"candidates": 0}}
    without = changed(run, decoder=none)
    assert list(gradiend_parts(without)) == ["GRADIEND-N", "GRADIEND-F", "GRADIEND-M"]
    assert balanced_variant(without).name == "GRADIEND-N"
    run = profile.settings("standin-bert-base", "race_AB")
    assert gradiend_parts(run)["GRADIEND-AB"] == ("N", "trained")
