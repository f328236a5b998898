"""The encoder evaluation: its rows, and statistics of rows made by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from gradiend.data import SLOT
from gradiend.errors import InputError
from gradiend.evaluation.encoder import (
    class_spread,
    encoder_statistics,
    evaluation_table,
    neutral_rows,
    pearson,
)
from tests.conftest import tiny_lm

# Words that all tiny tokenizers know whole, and some that byte-level ones cut.
TEXTS = [
    "The road was long.",
    "Anna opened the window of the house.",
    "A Muslim family met a Jewish family in the park.",
    "Tom said that the old house was long.",
]


def rows_of(*rows: tuple[str, float, int, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["kind", "h", "label", "factual_class"])


BY_HAND = rows_of(
    ("feature", 0.6, 1, "female"),
    ("feature", 0.2, 1, "female"),
    ("feature", -0.6, -1, "male"),
    ("feature", -0.2, -1, "male"),
    ("neutral", 0.4, 0, "neutral"),
    ("neutral", -0.4, 0, "neutral"),
)


def test_correlations_by_hand():
    found = encoder_statistics(BY_HAND)
    assert found["Cor_feature"] == pytest.approx(2 / math.sqrt(5))
    assert found["Cor_Enc"] == pytest.approx(1.6 / math.sqrt(4 * 1.12))


def test_the_spread_is_that_of_the_rows_at_hand():
    found = class_spread(BY_HAND, ["factual_class"]).loc["female"]
    assert found.tolist() == pytest.approx([0.4, 0.2, 2])
    alone = class_spread(BY_HAND.iloc[:1], ["factual_class"]).loc["female"]
    assert alone["std"] == 0


def test_means_by_hand():
    found = encoder_statistics(BY_HAND)
    expected = {
        "mean_abs_h[feature]": 0.4,
        "mean_abs_h[neutral]": 0.4,
        "mean_h[female]": 0.4,
        "mean_h[male]": -0.4,
        "sd_h[female]": 0.2,  # of the rows at hand, not of what they are drawn from
        "sd_h[male]": 0.2,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert not any("[neutral]" in name for name in found if "_abs_" not in name)


def test_accuracy_is_the_mean_over_labels_not_over_rows():
    many = [("neutral", 0.0, 0, "neutral")] * 97
    rows = rows_of(
        ("feature", 0.9, 1, "female"),
        ("feature", 0.1, 1, "female"),  # on the right side, but not put right
        ("feature", -0.1, -1, "male"),
        *many,
    )
    found = encoder_statistics(rows)
    assert found["Acc_Enc"] == pytest.approx((1 / 2 + 0 + 1) / 3)
    assert found["Acc_feature"] == 1.0


@pytest.mark.parametrize(
    ("h", "label", "accuracy"),
    [(0.5, 1, 1), (0.49, 1, 0), (0.49, 0, 1), (-0.5, -1, 1), (-0.5, 0, 0)],
)
def test_a_row_is_put_right_from_one_half_on(h, label, accuracy):
    rows = rows_of(("feature", h, label, "any"), ("feature", h, label, "any"))
    assert encoder_statistics(rows)["Acc_Enc"] == accuracy


def test_an_encoder_that_says_the_same_of_all_is_worth_nothing():
    found = encoder_statistics(BY_HAND.assign(h=0.9))
    assert found["Cor_feature"] == found["Cor_Enc"] == 0.0
    assert found["Acc_feature"] == 0.5  # all of one class
    assert found["Acc_Enc"] == pytest.approx(1 / 3)
    assert found["mean_abs_h[neutral]"] == pytest.approx(0.9)


def test_a_reversed_encoder_is_wrong_everywhere():
    found = encoder_statistics(BY_HAND.assign(h=-BY_HAND["label"] * 0.9))
    assert found["Cor_feature"] == pytest.approx(-1)
    assert found["Acc_feature"] == 0.0
    assert found["Acc_Enc"] == pytest.approx(1 / 3)  # the neutral rows alone


def test_pearson_is_the_textbooks():
    h, labels = np.array([0.1, 0.4, -0.3, 0.0]), np.array([1, 1, -1, -1])
    both = ((h - h.mean()) * labels).mean()
    assert pearson(h, labels) == pytest.approx(both / h.std())
    assert pearson(h, np.ones(4)) == pearson(np.ones(4), labels) == 0.0


def test_a_word_of_the_text_becomes_the_slot(lm):
    rows = neutral_rows(lm, TEXTS, excluded=(), seed=0)
    assert (rows["masked"].str.count(r"\[MASK\]") == 1).all()
    filled = [m.replace(SLOT, w) for m, w in zip(*_columns(rows), strict=True)]
    assert filled == TEXTS
    assert (rows["label"] == 0).all() and (rows["split"] == "test").all()
    assert set(rows["factual_class"]) == {"neutral"}
    for row in lm.encode(rows):
        assert len(row.factual.tokens) == 1


def test_excluded_words_are_never_masked_however_they_are_written(lm):
    texts = ["The river. The road. THE house. Long was the road."] * 60
    excluded = {"ROAD", "the", "Long", "river"}
    rows = neutral_rows(lm, texts, excluded=excluded, seed=0)
    assert set(rows["factual"]) == {"house", "was"}


def test_a_word_of_several_tokens_is_never_masked():
    lm = tiny_lm("gpt2")
    assert len(lm.token_ids(["river"])[0]) > 1
    rows = neutral_rows(lm, ["The river was long."] * 60, excluded=(), seed=0)
    assert set(rows["factual"]) == {"was", "long"}


@pytest.mark.parametrize(
    ("architecture", "said"), [("gpt2", {"road"}), ("bert", {"The", "road"})]
)
def test_what_a_text_begins_with_is_a_target_of_masked_models_alone(architecture, said):
    texts = ["The road."] * 40 + ["A house."] * 40
    rows = neutral_rows(tiny_lm(architecture), texts, excluded={"a"}, seed=0)
    assert set(rows["factual"]) == said | {"house"}


def test_the_counterfactual_is_another_rows_word(lm):
    rows = neutral_rows(lm, TEXTS * 10, excluded=(), seed=0)
    assert (rows["factual"] != rows["counterfactual"]).all()
    assert set(rows["counterfactual"]) <= set(rows["factual"])
    assert rows["counterfactual"].nunique() > 2


def test_a_seed_gives_its_rows_and_another_one_others(lm):
    first, again, other = (
        neutral_rows(lm, TEXTS * 10, excluded=(), seed=seed) for seed in (3, 3, 4)
    )
    pd.testing.assert_frame_equal(first, again)
    assert first["masked"].tolist() != other["masked"].tolist()


def test_a_text_without_a_fitting_word_is_left_out():
    texts = ["1 2 3.", "The road was long.", "The.", "The house is green."]
    rows = neutral_rows(tiny_lm("bert"), texts, excluded={"the"}, seed=0)
    assert len(rows) == 2
    assert not rows["masked"].str.startswith(SLOT).any()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["The.", "1 2."], "no neutral text has a single-token word"),
        (["The road."] * 3, "every neutral target is 'road'; give more texts"),
    ],
)
def test_texts_that_give_no_rows_are_refused(texts, message):
    with pytest.raises(InputError, match=message):
        neutral_rows(tiny_lm("bert"), texts, excluded={"the"}, seed=0)


def test_the_table_has_all_kinds_and_labels_only_the_features(lm, table):
    features = table[table["split"] == "test"]
    excluded = {"he", "she", "Anna", "Maria", "Tom", "Peter"}
    found = evaluation_table(
        lm, features, TEXTS, excluded=excluded, seed=0, untrained=features
    )
    kinds = {kind: part for kind, part in found.groupby("kind")}
    sizes = {kind: len(part) for kind, part in kinds.items()}
    assert sizes == {
        "feature": len(features),
        "neutral": len(TEXTS),
        "feature-neutral": len(features),
        "untrained": len(features),
    }
    assert kinds["feature"]["label"].tolist() == features["label"].tolist()
    others = found[found["kind"] != "feature"]
    assert (others["label"] == 0).all()
    # The feature's own texts, whole, asked for another word.
    own = kinds["feature-neutral"]
    assert set(own["factual"]).isdisjoint(excluded)
    for text, masked, word in zip(_filled(features), *_columns(own), strict=True):
        assert masked.replace(SLOT, word) == text


def test_a_text_that_two_features_rows_share_is_asked_once(table):
    features = table[table["split"] == "test"]
    twice = pd.concat([features, features])
    found = evaluation_table(tiny_lm("bert"), twice, TEXTS, excluded=(), seed=0)
    sizes = found["kind"].value_counts()
    assert sizes["feature"] == len(twice)
    assert sizes["feature-neutral"] == len(features)
    assert "untrained" not in sizes


def test_a_causal_model_is_not_asked_what_it_cannot_read_first():
    rows = pd.DataFrame(
        {
            "masked": [
                "[MASK] smiled at the house.",
                "The house of [MASK] was long.",
                "The family said that [MASK] was tired.",
            ],
            "factual": ["Anna", "Tom", "Anna"],
            "counterfactual": ["Tom", "Anna", "Tom"],
            "label": [1, -1, 1],
            "factual_class": ["female", "male", "female"],
            "counterfactual_class": ["male", "female", "male"],
            "split": "test",
        }
    )
    options = {"excluded": {"Anna", "Tom"}, "seed": 0, "untrained": rows}
    sizes = {
        name: evaluation_table(tiny_lm(name), rows, TEXTS, **options)["kind"]
        .value_counts()
        .to_dict()
        for name in ("bert", "gpt2")
    }
    assert (sizes["bert"]["feature"], sizes["bert"]["untrained"]) == (3, 3)
    assert (sizes["gpt2"]["feature"], sizes["gpt2"]["untrained"]) == (2, 2)


def test_a_space_before_the_first_word_gives_a_causal_model_nothing_to_read():
    texts = [f" {text}" for text in TEXTS]
    rows = neutral_rows(tiny_lm("gpt2"), texts, excluded=(), seed=0)
    assert len(rows) and all(row.partition(SLOT)[0].strip() for row in rows["masked"])


def _columns(rows: pd.DataFrame) -> tuple[list[str], list[str]]:
    return rows["masked"].tolist(), rows["factual"].tolist()


def _filled(rows: pd.DataFrame) -> list[str]:
    return [m.replace(SLOT, w) for m, w in zip(*_columns(rows), strict=True)]
