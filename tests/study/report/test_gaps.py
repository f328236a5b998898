"""What is made of associations, on a few by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gradiend.errors import InputError
from study.report.gaps import (
    association_estimates,
    class_probabilities,
    gap,
    held_out,
    moved,
    name_estimates,
    offset,
    said,
    sentence_estimates,
)

FEATURE = "gender_MF"  # she: +1, he: −1
BASE = ((0.8, 0.1), (0.2, 0.7), (0.9, 0.1), (0.1, 0.8))


def asked(she_he, asian=0.5, *, held=True) -> pd.DataFrame:
    """A query each of gender, and two of race in which Asian has the given P."""
    rows = []
    for number, (she, he) in enumerate(she_he):
        query = f"The {number} said [MASK]"
        said_ = {"he": he, "she": she, "they": 1 - she - he}
        rows += [("gender", "job", query, word, p) for word, p in said_.items()]
    for number in range(2):
        said_ = {"Asian": asian, "Black": 0.5 - asian / 2, "White": 0.5 - asian / 2}
        rows += [("race", "food", f"f{number}", word, p) for word, p in said_.items()]
    columns = ["domain", "kind", "query", "class", "learned"]
    return pd.DataFrame(rows, columns=columns).assign(held_out=held)


def test_by_hand():
    found = class_probabilities(asked(BASE), FEATURE)
    assert found.tolist() == [list(pair) for pair in BASE]
    assert gap(found) == pytest.approx((0.7 + 0.5 + 0.8 + 0.7) / 4)
    shares = [0.8 / 0.9, 0.2 / 0.9, 0.9, 0.1 / 0.9]
    assert offset(found) == pytest.approx(abs(np.mean(shares) - 0.5))
    assert said(found) == pytest.approx((0.9 + 0.9 + 1 + 0.9) / 4)
    weights = np.array([[1, 1, 1, 1], [4, 0, 0, 0]])
    assert gap(found, weights) == pytest.approx([gap(found), 0.7])
    assert offset(found, weights) == pytest.approx([offset(found), 0.8 / 0.9 - 0.5])
    assert said(found, weights) == pytest.approx([said(found), 0.9])


def test_a_model_that_says_the_same_of_everybody_is_off():
    same = asked([(0.02, 0.96)] * 4)
    found = association_estimates(same, asked(BASE), [FEATURE], seed=0, replicates=20)
    assert found["offset"].value == pytest.approx(0.5 - 0.02 / 0.98)
    assert found["offset"].margin == pytest.approx(0)


def test_half_of_the_gap_is_half_of_it_on_every_draw():
    half = [(0.5 + (s - h) / 4, 0.5 - (s - h) / 4) for s, h in BASE]
    base = asked(BASE)
    found = association_estimates(asked(half), base, [FEATURE], seed=0, replicates=50)
    assert found["bias left"].value == pytest.approx(50)
    # The same queries are drawn of both, so nothing of them is left to chance.
    assert found["bias left"].replicates == pytest.approx(np.full(50, 50.0))
    itself = association_estimates(base, base, [FEATURE], seed=0, replicates=50)
    assert itself["bias left"].replicates == pytest.approx(np.full(50, 100.0))
    assert itself["moved: race"].replicates.tolist() == [0.0] * 50


def test_queries_are_paired_by_what_they_are_and_not_by_their_place():
    half = asked([(0.5 + (s - h) / 4, 0.5 - (s - h) / 4) for s, h in BASE])
    turned, base = half.iloc[::-1].reset_index(drop=True), asked(BASE)
    found, again = (
        association_estimates(own, base, [FEATURE], seed=0, replicates=50)
        for own in (half, turned)
    )
    for name, expected in found.items():
        assert again[name].replicates == pytest.approx(expected.replicates), name
    for own in (asked(BASE[:3]), asked((*BASE, (0.5, 0.5)))):
        with pytest.raises(InputError, match=r"other queries .*; gather both"):
            association_estimates(own, base, [FEATURE], seed=0, replicates=50)


def test_the_gap_before_it_is_divided_has_an_interval_of_the_base_too():
    base = asked([(0.9, 0.1), (0.5, 0.5), (0.9, 0.1), (0.4, 0.5)])
    found = association_estimates(base, base, [FEATURE], seed=0, replicates=50)
    assert found["gap"].value == pytest.approx((0.8 + 0 + 0.8 + 0.1) / 4)
    assert found["gap"].margin > 0.1 and found["bias left"].margin == pytest.approx(0)


def test_queries_are_drawn_with_a_seed():
    uneven = asked([(0.8, 0.1), (0.4, 0.4), (0.5, 0.4), (0.4, 0.5)])
    first, again, other = (
        association_estimates(uneven, asked(BASE), [FEATURE], seed=s, replicates=30)
        for s in (0, 0, 1)
    )
    assert first["bias left"].margin > 1
    for name in first:
        assert np.array_equal(first[name].replicates, again[name].replicates)
    assert not np.array_equal(
        first["bias left"].replicates, other["bias left"].replicates
    )


def test_features_of_a_domain_are_averaged():
    base, own = asked(BASE, asian=0.8), asked(BASE, asian=0.5)
    features = ["race_AB", "race_AW", "race_BW"]
    found = association_estimates(own, base, features, seed=0, replicates=10)
    # 0.7, 0.7 and 0 before; 0.25, 0.25 and 0 after.
    assert found["bias left"].value == pytest.approx(100 * 0.25 / 0.7)
    shares = (0.5 / 0.75 - 0.5, 0.5 / 0.75 - 0.5, 0)
    assert found["offset"].value == pytest.approx(np.mean(shares))
    assert found["said"].value == pytest.approx(np.mean([0.75, 0.75, 0.5]))
    assert found["moved: gender"].value == 0 and "moved: race" not in found


def test_two_words_that_compete_alone_have_all_of_it_and_that_is_not_told():
    alone = ((0.8, 0.2), (0.3, 0.7), (0.9, 0.1), (0.2, 0.8))
    found = association_estimates(
        asked(alone), asked(alone), [FEATURE], seed=0, replicates=10
    )
    assert "said" not in found and found["bias left"].value == pytest.approx(100)


def test_other_domains_are_never_pooled():
    change = (0.3 + 0.15 + 0.15) / 3
    own, base = asked(BASE, asian=0.8), asked(BASE, asian=0.5)
    age = base[base["domain"] == "race"].assign(domain="age")
    own, base = pd.concat([own, age]), pd.concat([base, age])
    assert moved(own, base, "gender") == pytest.approx(
        {"moved: race": change, "moved: age": 0}
    )


def test_only_held_out_texts_count():
    seen = asked([(0.9, 0.1)] * 4, held=False)
    table = pd.concat([asked(BASE), seen.assign(query=seen["query"] + "!")])
    assert gap(class_probabilities(held_out(table), FEATURE)) == pytest.approx(0.675)
    same = association_estimates(table, table, [FEATURE], seed=0, replicates=5)
    assert same["said"].value == pytest.approx(0.925)


def test_a_table_that_does_not_say_is_refused():
    with pytest.raises(InputError, match=r"no column 'held_out'; run notebooks 04"):
        held_out(asked(BASE).drop(columns="held_out"))


def test_a_domain_that_is_not_asked_has_no_estimates():
    base = asked(BASE)
    base = base[base["domain"] == "gender"]
    found = association_estimates(base, base, ["race_AB"], seed=0, replicates=5)
    assert found.keys() == {"moved: gender"}


def jobs_said(shares) -> pd.DataFrame:
    """Shares of *she*, a row a job and a column a sentence, as benchmarks keep them."""
    rows = [
        (f"s{sentence}", f"job{job}", share)
        for job, row in enumerate(shares)
        for sentence, share in enumerate(row)
    ]
    return pd.DataFrame(rows, columns=["frame", "word", "share"])


def test_other_sentences_by_hand():
    base = jobs_said([[0.9, 0.7], [0.1, 0.5], [0.2, 0.9]])
    own = jobs_said([[0.7, 0.6], [0.3, 0.5], [0.35, 0.7]])
    found = sentence_estimates(own, base, seed=0, replicates=50)
    assert found["gap elsewhere"].value == pytest.approx(np.mean([0.3, 0.2, 0.35]))
    # Every distance is half of what it was, so it is on every draw.
    assert found["bias left elsewhere"].replicates == pytest.approx(np.full(50, 50.0))
    means = np.array([(0.7 + 0.3 + 0.35) / 3, 1.8 / 3])
    expected = np.abs(means - 0.5).mean()
    assert found["offset elsewhere"].value == pytest.approx(expected)
    assert found["offset elsewhere"].margin > 0.01


def test_sentences_that_lean_in_two_ways_do_not_cancel_out():
    """Each sentence is off its own middle; that of all of them together is a half."""
    leaning = jobs_said([[0.9, 0.1]] * 3)
    found = sentence_estimates(leaning, leaning, seed=0, replicates=20)
    assert found["offset elsewhere"].value == pytest.approx(0.4)


def test_jobs_are_drawn_whole_whatever_the_order_of_their_rows():
    base = jobs_said([[0.9, 0.7], [0.1, 0.5], [0.2, 0.9]])
    mixed = base.sample(frac=1, random_state=1)
    found = sentence_estimates(mixed, base, seed=0, replicates=50)
    assert found["bias left elsewhere"].replicates == pytest.approx(np.full(50, 100.0))
    assert sentence_estimates(base[:0], base[:0], seed=0) == {}


def names_said(shares) -> pd.DataFrame:
    """Shares of the right pronoun, a row a text, as benchmarks keep them."""
    texts = [f"text {number}" for number in range(len(shares))]
    return pd.DataFrame({"masked": texts, "name": "Emma", "share": shares})


def test_texts_with_names_are_drawn_alike_whatever_the_order_of_their_rows():
    base, own = names_said([0.9, 0.8, 1.0]), names_said([0.7, 0.6, 0.8])
    before, found, mixed = (
        name_estimates(rows, base, seed=0, replicates=50)["right after names"]
        for rows in (base, own, own.iloc[::-1])
    )
    assert found.value == pytest.approx(0.7)
    # Every text has lost as much, so that is what is lost on every draw.
    assert (found - before).replicates == pytest.approx(np.full(50, -0.2))
    assert (mixed.replicates == found.replicates).all()
    assert name_estimates(own[:0], base[:0], seed=0) == {}
    with pytest.raises(InputError, match=r"asked other queries .*text 2"):
        name_estimates(own[:2], base, seed=0)
