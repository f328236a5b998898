"""Words that a tokenizer does not know, whoever asks for them."""

from __future__ import annotations

import pytest

from gradiend.autoencoder import Gradiend
from gradiend.class_means import closed_form
from gradiend.encoding import encode
from gradiend.errors import InputError
from gradiend.settings import TrainingSettings
from gradiend.training import fit
from tests.conftest import tiny_lm


@pytest.mark.parametrize("word", ["☃", "he ☃"])
def test_encoding_a_class_s_unknown_word_is_refused(table, word):
    lm = tiny_lm("bert")
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    rows = table.iloc[:3].copy()
    rows.loc[1, "counterfactual"] = word
    with pytest.raises(InputError, match=r"row 3: .*\[UNK\]' for the counterfactual"):
        encode(lm, gradiend, rows)
    with pytest.raises(InputError, match=r"row 3: .*does not know"):
        encode(lm, gradiend, rows.drop(columns="label"))
    assert len(encode(lm, gradiend, rows.assign(label=0))) == 3


def test_learning_from_an_unknown_word_is_refused(table):
    lm = tiny_lm("bert")
    rows = table.copy()
    last = rows.index[(rows["split"] == "train") & (rows["label"] == -1)][-1]
    rows.loc[last, "factual"] = "☃"
    settings = TrainingSettings(steps=1, min_rows=1)
    with pytest.raises(InputError, match=rf"row {last + 2}: .*\[UNK\]' for the fac"):
        fit(lm, rows, settings)
    train = rows[rows["split"] == "train"]
    encoded = {label: lm.encode(train[train["label"] == label]) for label in (1, -1)}
    with pytest.raises(InputError, match=r"row 6 of class -1: .* does not know"):
        closed_form(lm, encoded)
    rows = table.copy()
    rows.loc[rows["split"] == "validation", "counterfactual"] = "☃"
    with pytest.raises(InputError, match="use a word it knows"):
        fit(lm, rows, settings)
