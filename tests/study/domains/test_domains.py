"""Each domain: its features, how its rows are called, and what a model is asked."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.data import SLOT
from gradiend.errors import InputError
from study.domains import (
    DOMAINS,
    FEATURES,
    Domain,
    Feature,
    FeatureData,
    domain_of,
    load_feature,
)
from study.domains.domain import SlotQuestion
from study.domains.gender import PRONOUNS, held_out_professions
from study.profiles.reading import load_profile
from study.sources.chosen import asked_associations
from study.sources.world import ensure_world
from study.sources.world.source import PlantedWorld
from tests.conftest import tiny_lm


def test_the_papers_features():
    assert {name: feature.classes for name, feature in FEATURES.items()} == {
        "gender_MF": ("female", "male"),
        "race_AB": ("asian", "black"),
        "race_AW": ("asian", "white"),
        "race_BW": ("black", "white"),
        "religion_CJ": ("christian", "jewish"),
        "religion_CM": ("christian", "muslim"),
        "religion_MJ": ("muslim", "jewish"),
    }
    assert {name: domain.classes for name, domain in DOMAINS.items()} == {
        "gender": ("female", "male"),
        "race": ("asian", "black", "white"),
        "religion": ("christian", "jewish", "muslim"),
    }


@pytest.mark.parametrize("domain", [*DOMAINS.values()], ids=lambda d: d.name)
def test_a_domain_fits_together(domain: Domain):
    for feature in domain.features:
        assert domain_of(feature.name) is domain and feature.domain == domain.name
        assert set(feature.classes) <= set(domain.classes)
        assert domain.row_names(feature).keys() == domain.variants.keys()
    p = dict.fromkeys(domain.features[0].classes, pd.Series([0.25]).to_numpy())
    assert set(domain.variants.values()) == set(domain.indices(p))


def test_an_unknown_feature_is_named():
    with pytest.raises(InputError, match="feature 'race_BA'; did you mean 'race_"):
        load_feature("race_BA", ensure_world())


@pytest.mark.parametrize(
    ("feature", "names"),
    [
        ("gender_MF", {"N": "GRADIEND-N", "F": "GRADIEND-F", "M": "GRADIEND-M"}),
        ("race_BW", {"N": "GRADIEND-BW"}),
        ("religion_MJ", {"N": "GRADIEND-MJ"}),
    ],
)
def test_rows_are_called_as_in_the_paper(feature, names):
    assert domain_of(feature).row_names(FEATURES[feature]) == names


@pytest.mark.parametrize(
    ("domain", "word", "expected"),
    [
        ("gender", "she", "female"),
        ("gender", "he", "male"),
        ("gender", "they", None),
        ("race", "Asia", "asian"),
        ("race", "Africans", "black"),
        ("race", "Jew", None),
        ("religion", "mosque", "muslim"),
        ("religion", "Torah", "jewish"),
        ("religion", "he", None),
    ],
)
def test_a_word_names_its_class(domain, word, expected):
    assert DOMAINS[domain].class_of(word) == expected


@pytest.mark.parametrize("domain", [*DOMAINS.values()], ids=lambda d: d.name)
def test_the_worlds_associations_name_every_class(domain: Domain):
    asked = PlantedWorld().associations()
    words = asked.loc[asked["domain"] == domain.name, "class"].unique()
    named = {domain.class_of(word) for word in words} - {None}
    assert named == set(domain.classes)


@pytest.fixture(scope="module", params=["gender_MF", "race_AB", "religion_CM"])
def feature(request: pytest.FixtureRequest) -> Feature:
    return FEATURES[request.param]


@pytest.fixture(scope="module")
def data(feature: Feature) -> FeatureData:
    return load_feature(feature.name, ensure_world(), neutral_texts=50)


def asked(data: FeatureData, slot: str | None = None, **changes) -> SlotQuestion:
    """The question of the domain's first slot to a masked model, unless changed."""
    domain = domain_of(data.feature.name)
    options = {"limit": 0, "seed": 0, "held_out": False, "causal": False}
    options |= {"chat": False} | changes
    return domain.question(
        data, slot or domain.slots[0], associations=associations, **options
    )


def associations() -> pd.DataFrame:
    """The world's, and which of them no candidate is selected on."""
    settings = load_profile("mini").settings("standin-bert-base", "gender_MF")
    return asked_associations(settings)


def test_what_is_loaded_is_of_the_features_classes(feature, data):
    assert set(data.table["factual_class"]) == set(feature.classes)
    for label, name in ((1, feature.positive), (-1, feature.negative)):
        assert set(data.table.loc[data.table["label"] == label, "factual_class"]) == {
            name
        }
    assert set(data.words) == set(feature.classes)
    excluded = {word.casefold() for group in data.words.values() for word in group}
    assert excluded <= data.excluded
    assert len(data.neutral) == 50


def slot_texts(data: FeatureData, *, held_out: bool) -> pd.DataFrame:
    return data.slot_texts[data.slot_texts["held_out"] == held_out]


@pytest.mark.parametrize("held_out", [False, True])
def test_a_masked_model_is_asked_the_slot_texts(data, held_out):
    question = asked(data, held_out=held_out)
    assert question.texts == slot_texts(data, held_out=held_out)["text"].tolist()
    assert question.words == data.words and question.instruction is None


def test_no_text_is_selected_on_and_reported(data):
    texts = [asked(data, held_out=held_out).texts for held_out in (False, True)]
    assert all(texts) and not set(texts[0]) & set(texts[1])


@pytest.mark.parametrize("held_out", [False, True])
def test_capped_slot_texts_are_of_all_classes(feature, data, held_out):
    if feature.domain == "gender":
        pytest.skip("its slot texts are written of nobody")
    class_of = data.slot_texts.set_index("text")["class"]
    for seed in (0, 1):
        texts = asked(data, limit=40, seed=seed, held_out=held_out).texts
        classes = class_of[texts].value_counts()
        assert classes.to_dict() == dict.fromkeys(feature.classes, 20)
    assert asked(data, limit=40, seed=0).texts != asked(data, limit=40, seed=1).texts


def test_a_causal_model_is_asked_what_it_can_read_first(feature, data):
    texts = asked(data, causal=True).texts
    assert len(tiny_lm("gpt2").usable(pd.DataFrame({"masked": texts}))) == len(texts)
    if feature.domain != "gender":
        every = slot_texts(data, held_out=False)["text"]
        assert texts == [text for text in every if not text.startswith(SLOT)]
        return
    # Rephrased, so that the name comes last.
    assert all(text.endswith(f" has the first name {SLOT}.") for text in texts)
    every = slot_texts(data, held_out=False)["text"]
    for text, before in zip(texts, every, strict=True):
        assert before.removeprefix(f"My friend, {SLOT}, ").removesuffix(".") in text


def test_in_a_chat_the_names_are_asked_for_with_an_instruction(feature, data):
    for causal in (True, False):
        instruction = asked(data, causal=causal, chat=True).instruction
        if feature.domain == "gender" and causal:
            assert instruction == "Complete the sentence with a first name."
        else:
            assert instruction is None


def test_pronouns_are_asked_after_professions_nobody_measures(feature, data):
    domain = domain_of(feature.name)
    assert domain.slots == (("name", "pronoun") if domain.has_names else ("term",))
    if "pronoun" not in domain.slots:
        return
    table = associations()
    professions = table[(table["kind"] == "profession") & (table["class"] == "she")]
    apart = set(held_out_professions(professions))
    for options in ({}, {"causal": True}, {"chat": True, "causal": True}):
        question = asked(data, "pronoun", **options)
        assert question.words == {c: {PRONOUNS[c]: 1.0} for c in feature.classes}
        assert question.single_tokens and question.instruction is None
        words = professions.set_index("query").loc[list(question.texts), "word"]
        assert len(words) == len(professions) - 20 and not set(words) & apart
    assert len(asked(data, "pronoun", limit=7).texts) == 7
