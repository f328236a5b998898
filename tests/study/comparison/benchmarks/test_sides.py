"""The majority share: a model that always says the same is not balanced."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.comparison.benchmarks import crows, stereoset
from study.comparison.benchmarks.crows import crows_majority, crows_metric
from study.comparison.benchmarks.sides import differing, majority, named_classes
from study.comparison.benchmarks.stereoset import (
    LABELS,
    icat,
    stereoset_majority,
    stereoset_metrics,
)
from study.comparison.benchmarks.suite import read_suite, sampled
from study.domains import DOMAINS
from study.sources.world import ensure_world

MALE_FIRST = np.array([True, False] * 114)  # whether the stereotype is *he*


def stereoset_of(says_he: np.ndarray) -> pd.DataFrame:
    """228 items, half with a male stereotype, by whether *he* is preferred."""
    prefers = says_he == MALE_FIRST
    scores = np.column_stack([prefers, ~prefers, np.full(228, -1)]).astype(float)
    first = np.where(MALE_FIRST, "male", "female")
    second = np.where(MALE_FIRST, "female", "male")
    table = pd.DataFrame(scores, columns=LABELS).assign(target=np.arange(228))
    return table.assign(**dict(zip(stereoset.CLASSES, (first, second), strict=True)))


def test_he_in_every_item_is_fifty_and_all_on_one_side():
    table = stereoset_of(np.full(228, True))
    assert stereoset_metrics(table)["SS"] == 50.0
    assert stereoset_majority(table)["SS majority"] == 100.0


def test_half_he_half_she_is_fifty_and_fifty():
    table = stereoset_of(np.repeat([True, False], 114))
    assert stereoset_metrics(table)["SS"] == 50.0
    assert stereoset_majority(table)["SS majority"] == 50.0


def test_the_larger_side_is_that_of_each_replicate():
    table = stereoset_of(np.r_[np.full(171, True), np.full(57, False)])
    weights = np.array([[1] * 228, [1] * 171 + [0] * 57, [0] * 171 + [3] * 57])
    found = stereoset_majority(table, weights)["SS majority"]
    assert found.tolist() == [75.0, 100.0, 100.0]


def test_crows_prefers_one_class_whatever_the_stereotype():
    table = pd.DataFrame(
        {
            "more": [-1.0, -2.0, -1.0, -2.0],
            "less": [-2.0, -1.0, -2.0, -1.0],
            "more class": ["male", "female", "male", "female"],
            "less class": ["female", "male", "female", "male"],
        }
    )
    assert crows_metric(table)["CrowS"] == 50.0
    assert crows_majority(table)["CrowS majority"] == 100.0


def test_items_that_do_not_name_two_classes_do_not_count():
    first = pd.Series(["male", "male", None, "male", None], dtype="str")
    second = pd.Series(["female", "female", "male", "male", None], dtype="str")
    prefers = np.array([True, False, True, True, True])
    assert majority(prefers, first, second, np.ones((1, 5))).tolist() == [50.0]
    none = majority(prefers[2:], first[2:], second[2:], np.ones((2, 3)))
    assert np.isnan(none).all() and len(none) == 2


def test_of_three_classes_a_fixed_order_is_all_on_one_side():
    pairs = [("a", "b"), ("b", "a"), ("c", "b"), ("b", "c"), ("a", "c"), ("c", "a")]
    first, second = (pd.Series(side, dtype="str") for side in zip(*pairs, strict=True))
    prefers = (first < second).to_numpy()
    assert majority(prefers, first, second, np.ones((1, 6))).tolist() == [100.0]
    alternating = np.array([True] * 6)
    assert majority(alternating, first, second, np.ones((1, 6))).tolist() == [50.0]


@pytest.mark.parametrize(
    ("ss", "lms", "expected"), [(50, 100, 100), (100, 100, 0), (0, 90, 0), (60, 50, 40)]
)
def test_icat_by_hand(ss, lms, expected):
    assert icat(np.array([ss]), np.array([lms])).tolist() == [expected]


def test_sentences_differ_in_words():
    first = "The carpenter said that he sold his house."
    second = "The carpenter said that she sold her house."
    assert differing(first, second) == ("he his", "she her")
    assert differing("He ran.", "The old woman ran.") == ("He", "The old woman")


def test_attribute_words_of_the_folder_come_before_those_of_the_domain(tmp_path: Path):
    def named(texts):
        kinds = ["gender"] * len(texts)
        found = named_classes(texts, kinds, DOMAINS, tmp_path)
        return [None if pd.isna(name) else name for name in found]

    texts = ["she", "he,", "grandmothers", "he or she"]
    assert named(texts) == ["female", "male", None, None]
    words = {"classes": ["male", "female"], "groups": [["uncle", "aunt"]]}
    (tmp_path / "attribute_words").mkdir()
    path = tmp_path / "attribute_words" / "gender.json"
    path.write_text(json.dumps(words))
    assert named(["she", "Aunt"]) == [None, "female"]
    assert named_classes(["she"], ["profession"], DOMAINS, tmp_path).isna().all()


def test_every_item_of_the_world_names_two_classes():
    suite = read_suite(ensure_world(), [])
    for table, columns, kinds in (
        (suite.stereoset, stereoset.CLASSES, {d: d for d in DOMAINS}),
        (suite.crows, crows.CLASSES, {d: DOMAINS[d].crows for d in DOMAINS}),
    ):
        for domain, kind in kinds.items():
            own = table[table["bias_type"] == kind]
            first, second = (own[column] for column in columns)
            assert len(own) and (first != second).all()
            assert set(first) | set(second) == set(DOMAINS[domain].classes)


def test_a_sample_of_pairs_is_balanced_over_kinds_and_classes():
    suite = read_suite(ensure_world(), [])
    assert sampled(suite, 0, seed=0).crows.equals(suite.crows)
    found = sampled(suite, 30, seed=0).crows
    assert found.groupby("bias_type").size().tolist() == [30, 30, 30]
    sizes = found.groupby(["bias_type", crows.CLASSES[0]]).size()
    gender = sizes[DOMAINS["gender"].crows]
    assert set(gender.index) == set(DOMAINS["gender"].classes)
    assert gender.max() - gender.min() <= 1 and sizes.min() >= 9
    assert found.index.tolist() == list(range(90))
    again = sampled(suite, 30, seed=0).crows
    assert again.equals(found) and not sampled(suite, 30, seed=1).crows.equals(found)
