"""Rows of three classes, from pairs and from sentences with a pronoun."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.analysis.trios import Trio, numbered
from study.domains.pronouns import PRONOUNS, pronoun_rows


def sentences(count: int) -> list[str]:
    return [
        text
        for i in range(count)
        for text in (
            f"On day {i} Anna slept because she was tired.",
            f"On day {i} Tom slept because he was tired.",
            f"On day {i} the twins slept because they were tired.",
            f"On day {i} Tom said that he met her.",  # two forms
            f"She slept on day {i}.",  # nothing before it
            f"On day {i} nobody slept.",
        )
    ]


def test_sentences_with_one_pronoun():
    table = pronoun_rows(sentences(60), per_class=50, seed=0)
    assert len(table) == 3 * 50 * 2
    counts = table.drop_duplicates("masked")["factual"].value_counts()
    assert counts.to_dict() == dict.fromkeys(PRONOUNS, 50)
    assert table["masked"].str.count(r"\[MASK\]").eq(1).all()
    assert not table["masked"].str.contains("met her|nobody").any()
    assert (table["factual"] != table["counterfactual"]).all()
    assert table.groupby("masked")["split"].nunique().eq(1).all()
    assert dict(zip(table["factual"], table["label"], strict=True)) == {
        word: label for label, word in enumerate(PRONOUNS, start=1)
    }


def test_too_few_sentences_are_refused():
    with pytest.raises(InputError, match=r"10 sentences with 'she'.*texts"):
        pronoun_rows(sentences(10), per_class=50, seed=0)


def test_a_pair_of_three():
    table = pronoun_rows(sentences(60), per_class=50, seed=0)
    trio = Trio("pronouns", table, {w: {w: 1.0} for w in PRONOUNS}, [], [])
    assert trio.pairs() == [("she", "he"), ("she", "they"), ("he", "they")]
    pair = trio.pair_table("he", "they")
    assert set(pair["factual_class"]) == set(pair["counterfactual_class"])
    assert pair.groupby("factual_class")["label"].first().to_dict() == {
        "he": 1,
        "they": -1,
    }
    again = numbered(
        [trio.pair_table(*pair) for pair in trio.pairs()], trio.classes
    ).sort_values(["masked", "counterfactual"], ignore_index=True)
    pd.testing.assert_frame_equal(
        again,
        table.sort_values(["masked", "counterfactual"], ignore_index=True)[
            again.columns.tolist()
        ],
    )
