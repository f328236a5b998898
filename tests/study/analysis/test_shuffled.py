"""Shuffled training rows, and what closed forms of them have left, exactly."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.class_means import closed_form
from gradiend.vectors import cosine, norm
from study.analysis.shuffled import classes_shuffled, words_shuffled
from tests.conftest import tiny_lm

WORDS = {1: ("she", "F"), -1: ("he", "M")}


def rows_of(*labels: int) -> pd.DataFrame:
    rows = [
        (f"text {n}", *WORDS[label], *WORDS[-label], label)
        for n, label in enumerate(labels)
    ]
    columns = ["masked", "factual", "factual_class"]
    columns += ["counterfactual", "counterfactual_class", "label"]
    return pd.DataFrame(rows, columns=columns, index=range(10, 10 + len(rows)))


ROWS = rows_of(*[1] * 6, *[-1] * 6)


def test_half_of_each_class_is_called_the_other_and_keeps_its_words():
    found = classes_shuffled(ROWS, seed=0)
    turned = found["label"] != ROWS["label"]
    assert turned.groupby(ROWS["label"]).sum().tolist() == [3, 3]
    assert found.drop(columns="label").equals(ROWS.drop(columns="label"))


def test_half_of_each_class_has_the_other_word_and_its_class():
    found = words_shuffled(ROWS, seed=0)
    turned = found["label"] != ROWS["label"]
    assert turned.groupby(ROWS["label"]).sum().tolist() == [3, 3]
    for _, row in found.iterrows():
        assert (row["factual"], row["factual_class"]) == WORDS[row["label"]]
        other = row["counterfactual"], row["counterfactual_class"]
        assert other == WORDS[-row["label"]]
    assert found["masked"].equals(ROWS["masked"])


@pytest.mark.parametrize("shuffled", [classes_shuffled, words_shuffled])
def test_a_seed_draws_the_same_rows_again_and_no_row_is_changed_in_place(shuffled):
    before = ROWS.copy()
    one, again, other = (shuffled(ROWS, seed=seed)["label"] for seed in (0, 0, 1))
    assert one.equals(again) and not one.equals(other)
    assert ROWS.equals(before)


@pytest.mark.parametrize("shuffled", [classes_shuffled, words_shuffled])
def test_classes_stay_as_large_as_they_were(shuffled):
    uneven = rows_of(*[1] * 7, *[-1] * 4)
    found = shuffled(uneven, seed=3)["label"]
    assert found.value_counts().to_dict() == {1: 7, -1: 4}


def means(table: pd.DataFrame) -> Gradiend:
    lm = tiny_lm("gpt2", dtype=torch.float64)
    rows = {x: lm.encode(table[table["label"] == x]) for x in (1, -1)}
    return closed_form(lm, rows, batch_size=4)


def test_either_mean_is_kept_to_the_digit_and_the_other_is_lost(table):
    usable = tiny_lm("gpt2").usable(table)
    rows = pd.concat(usable[usable["label"] == x].head(8) for x in (1, -1))
    own = means(rows)
    classes = means(classes_shuffled(rows, seed=0))
    words = means(words_shuffled(rows, seed=0))
    assert cosine(classes.decoder_bias, own.decoder_bias) == pytest.approx(1)
    assert norm(classes.decoder_bias) == pytest.approx(norm(own.decoder_bias))
    assert cosine(words.decoder_weight, own.decoder_weight) == pytest.approx(1)
    assert norm(words.decoder_weight) == pytest.approx(norm(own.decoder_weight))
    assert abs(cosine(classes.decoder_weight, own.decoder_weight)) < 0.8
    assert abs(cosine(words.decoder_bias, own.decoder_bias)) < 0.8
