"""What gender's data are made of: templates, names, professions, other words."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from gradiend.data import SLOT, SPLITS, check_cloze_table
from gradiend.errors import InputError
from gradiend.evaluation.scoring import ClassProbabilities
from study.domains.gender import (
    crossed,
    fill_template,
    gender_table,
    held_out_professions,
    name_last,
    profession_texts,
    read_names,
    read_templates,
)
from study.domains.gender_probes import (
    GENDER_PAIRS,
    gender_word_table,
    pronouns_by_frame,
)
from study.sources.world import ensure_world
from tests.conftest import tiny_lm

FEMALE, MALE = ("Anna", "Maria", "Eve"), ("Tom", "Peter")
NAMES = pd.DataFrame(
    {
        "name": [*FEMALE, *MALE],
        "gender": ["female"] * len(FEMALE) + ["male"] * len(MALE),
        "split": "train",
    }
)
TEMPLATES = [f"[NAME] met {n} because [PRONOUN] and [PRONOUN] knew." for n in range(14)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "My friend, [MASK], loves to bake.",
            "The person, who loves to bake, has the first name [MASK].",
        ),
        (
            "My friend, [MASK], loves to bake",  # no full stop
            "The person, who loves to bake, has the first name [MASK].",
        ),
        (
            "My friend, [MASK], bakes, sings and said: I am J. R. today.",
            "The person, who bakes, sings and said: I am J. R. today, has the first "
            "name [MASK].",
        ),
    ],
)
def test_a_name_is_put_last_where_a_causal_model_can_say_it(text, expected):
    assert name_last(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[MASK] loves to bake.",
        "My friend, Anna, loves to bake.",
        "My friend, [NAME], loves to bake.",
        "Yes. My friend, [MASK], loves to bake.",
        "My friend, [MASK], ",
    ],
)
def test_what_cannot_be_rephrased_is_refused_by_its_text(text):
    with pytest.raises(InputError, match=re.escape(repr(text))):
        name_last(text)


def test_every_name_text_of_the_world_can_be_rephrased():
    texts = pd.read_csv(ensure_world() / "gentypes.csv")["text"]
    rephrased = [name_last(text.replace("[NAME]", SLOT)) for text in texts]
    assert len(set(rephrased)) == texts.nunique() > 10
    assert all(text.count(SLOT) == 1 for text in rephrased)


def test_a_template_is_filled_wherever_it_asks():
    filled = fill_template("[NAME] said [NAME] knew what [PRONOUN] said.", "Anna")
    assert filled == "Anna said Anna knew what [MASK] said."


def test_each_template_is_crossed_with_a_name_of_either_gender():
    rows = crossed(TEMPLATES, NAMES, seed=0)
    assert len(rows) == 2 * len(TEMPLATES)
    for gender, names, label, word, other in (
        ("female", FEMALE, 1, "she", "he"),
        ("male", MALE, -1, "he", "she"),
    ):
        own = rows[rows["factual_class"] == gender]
        expected = list(map(fill_template, TEMPLATES, own["name"]))
        assert own["masked"].tolist() == expected
        assert set(own["name"]) == set(names)
        assert set(own["label"]) == {label} and set(own["factual"]) == {word}
        assert set(own["counterfactual"]) == {other}
        assert not set(own["counterfactual_class"]) & {gender}
    check_cloze_table(rows)


@pytest.mark.parametrize("count", [1, 2, 5, 14])
def test_names_are_dealt_about_equally_often(count):
    """No name a second time before each has been there once."""
    for seed in range(5):
        rows = crossed(TEMPLATES[:count], NAMES, seed=seed)
        for gender, names in (("female", FEMALE), ("male", MALE)):
            dealt = rows.loc[rows["factual_class"] == gender, "name"].tolist()
            times = [dealt.count(name) for name in names]
            assert sum(times) == count
            assert max(times) - min(times) <= 1, (seed, gender)
            for start in range(0, count, len(names)):
                turn = dealt[start : start + len(names)]
                assert len(set(turn)) == len(turn)


def test_the_seed_deals_the_names():
    first, again, other = (
        crossed(TEMPLATES, NAMES, seed=seed)["name"].tolist() for seed in (0, 0, 1)
    )
    assert first == again != other
    female = first[: len(TEMPLATES)]
    turns = [tuple(female[start : start + 3]) for start in range(0, 12, 3)]
    assert len(set(turns)) > 1, "every pass has an order of its own"


def test_names_and_templates_stay_in_their_splits():
    folder = ensure_world()
    names = read_names(folder)
    rows = gender_table(folder, names, seed=0)
    split_of = names.set_index("name")["split"]
    assert (rows["split"] == rows["name"].map(split_of)).all()
    for split in SPLITS:
        own, templates = rows[rows["split"] == split], read_templates(folder, split)
        assert len(own) == 2 * len(templates)
        assert own["factual_class"].value_counts().nunique() == 1
        names_of = own.groupby("factual_class")["name"]
        assert (
            names_of.apply(lambda dealt: dealt.value_counts().agg(_range)) <= 1
        ).all()


def _range(counts: pd.Series) -> int:
    return counts.max() - counts.min()


@pytest.fixture
def professions() -> pd.DataFrame:
    """Fifty professions p0 … p49, planted ever more female, in another order."""
    numbers = pd.Series(range(50)).sample(frac=1, random_state=0)
    rows = [
        {
            "kind": "profession",
            "word": f"p{number}",
            "class": word,
            "probability": number / 50 if word == "she" else 1 - number / 50,
            "query": f"The p{number} said that [MASK] was tired.",
        }
        for number in numbers
        for word in ("she", "he")
    ]
    other = rows[0] | {"kind": "noun", "word": "mill", "query": "The mill [MASK]."}
    return pd.DataFrame([*rows, other])


def test_held_out_are_the_most_male_and_the_most_female(professions):
    she = professions[professions["class"] == "she"]
    expected = [f"p{n}" for n in (*range(10), *range(40, 50))]
    assert held_out_professions(she[she["kind"] == "profession"]) == expected


def test_professions_are_asked_once_and_on_one_side(professions):
    apart = professions["word"].isin(f"p{n}" for n in (*range(10), *range(40, 50)))
    asked = professions.assign(held_out=apart)
    kept, seen = (profession_texts(asked, held_out=h) for h in (True, False))
    numbers = [
        {int(re.search(r"p(\d+)", text)[1]) for text in texts} for texts in (kept, seen)
    ]
    assert (len(kept), len(seen)) == (20, 30)
    assert numbers == [{*range(10), *range(40, 50)}, {*range(10, 40)}]


def test_other_gender_words_are_asked_of_every_name_in_its_gender():
    found = gender_word_table(NAMES)
    assert len(found) == len(NAMES) * len(GENDER_PAIRS)
    anna = found[found["masked"] == "Anna is a [MASK]."]
    assert anna["factual"].tolist() == ["woman", "girl", "mother", "daughter"]
    assert anna["counterfactual"].tolist() == ["man", "boy", "father", "son"]
    tom = found[found["masked"] == "Tom is a [MASK]."]
    assert tom["factual"].tolist() == ["man", "boy", "father", "son"]
    assert set(tom["label"]) == {-1} and set(anna["label"]) == {1}
    assert set(tom["pair"]) == {
        "woman/man",
        "girl/boy",
        "mother/father",
        "daughter/son",
    }
    check_cloze_table(found)


def test_every_job_is_asked_in_every_sentence():
    lm = tiny_lm("gpt2")
    found = pronouns_by_frame(lm, ["nurse", "smith"])
    frames = found["frame"].unique()
    assert found["word"].tolist() == ["nurse", "smith"] * len(frames)
    row = found.iloc[-1]
    text = row["frame"].replace("{word}", "smith")
    words = {word: {word: 1.0} for word in ("she", "he")}
    alone = ClassProbabilities(lm, [text], words)()
    assert row["said"] == pytest.approx(float(alone["she"][0] + alone["he"][0]))
    assert row["share"] == pytest.approx(float(alone["she"][0]) / row["said"])
