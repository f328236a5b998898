"""What probes are, and what they give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gradiend.evaluation.scoring import ClassProbabilities, LanguageModelling
from study.analysis.probes import (
    ELSEWHERE,
    LOG_ODDS,
    LOG_SAID,
    LOSS,
    OTHER,
    association_rows,
    class_quantity,
    cloze_quantity,
    text_quantity,
    tokens_asked,
)
from study.domains import DOMAINS
from study.sources.world import associations
from tests.conftest import tiny_lm

TEXTS = ["Anna said that she was tired.", "The river runs behind the old mill."] * 3


def test_values_are_those_of_the_scorer(lm):
    texts = ["Anna said that [MASK] was tired.", "Tom smiled and then [MASK] ran."]
    p = ClassProbabilities(lm, texts, {"f": {"she": 1.0}, "m": {"he": 1.0}})
    said = p()
    rows = pd.DataFrame(
        {
            "masked": texts,
            "factual": ["she", "he"],
            "counterfactual": ["he", "she"],
            "label": [1, -1],
        }
    )
    for quantity in (cloze_quantity(lm, rows), class_quantity(p)):
        found = dict(zip(quantity.kinds, quantity.values(), strict=True))
        odds = np.log(said["f"] / said["m"])
        assert found[LOG_ODDS] == pytest.approx(odds, rel=1e-3, abs=1e-4)
        both = np.log(said["f"] + said["m"])
        assert found[LOG_SAID] == pytest.approx(both, rel=1e-3)


def test_the_loss_of_texts_is_the_scores():
    lm = tiny_lm("gpt2")
    modelling = LanguageModelling(lm, TEXTS, seed=0, batch_size=4)
    quantity = text_quantity(modelling, ["she", "he"])
    found = dict(zip(quantity.kinds, quantity.values(), strict=True))
    loss = np.average(found[LOSS], weights=tokens_asked(modelling))
    assert 1 / (1 + loss) == pytest.approx(modelling(), rel=1e-5)
    assert (found[ELSEWHERE] > 0).all() and (found[ELSEWHERE] < 1).all()


def test_associations_become_rows_of_two_words():
    domain = DOMAINS["gender"]
    (feature,) = domain.features
    table = associations()
    table["held_out"] = table["domain"].ne("gender") | table["word"].eq("carpenter")
    rows = association_rows(table, feature, domain)
    own = rows[~rows["set"].str.startswith(OTHER)]
    assert own[["factual", "counterfactual", "label"]].to_numpy().tolist() == [
        ["she", "he", 1]
    ]
    race = rows[rows["set"] == f"{OTHER}race"]
    queries = table[table["domain"] == "race"]["query"].nunique()
    assert len(race) == 2 * queries  # three classes: the first against two others
