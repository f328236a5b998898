"""What first order says of a rewriting, against rewriting it."""

from __future__ import annotations

import numpy as np
import pytest

from gradiend import ClozeLM, closed_form, read_cloze_table, rewritten
from gradiend.evaluation.first_order import (
    log_odds_slopes,
)
from gradiend.evaluation.scoring import ClassProbabilities
from study.models.standins import STANDINS
from study.results.places import REPOSITORY

AGE = REPOSITORY / "data" / "examples" / "age.csv"


@pytest.fixture(scope="module", params=["standin-bert-base", "standin-gpt2"])
def learned(request):
    lm = ClozeLM.from_pretrained(STANDINS / request.param, dtype="float64")
    table = lm.usable(read_cloze_table(AGE))
    rows = {
        label: lm.encode(table[table["label"] == label].head(20)) for label in (1, -1)
    }
    return lm, table.iloc[::23], closed_form(lm, rows)


def test_the_prediction_is_the_slope_of_what_is_measured(learned):
    lm, table, gradiend = learned
    slopes = log_odds_slopes(lm, gradiend, table)
    for h in (-1.0, 0.0, 0.7):
        rate = 1e-6
        with rewritten(lm, gradiend, h, rate):
            after = log_odds_slopes(lm, gradiend, table).log_odds
        moved = (after - slopes.log_odds) / rate
        predicted = (slopes.predicted(h, rate) - slopes.log_odds) / rate
        assert moved == pytest.approx(predicted, rel=1e-3, abs=1e-2)


def test_log_odds_are_of_class_plus_one_whatever_the_label(learned):
    lm, table, gradiend = learned
    slopes = log_odds_slopes(lm, gradiend, table)
    expected = []
    for _, row in table.iterrows():
        words = {name: {row[name]: 1.0} for name in ("factual", "counterfactual")}
        p = ClassProbabilities(lm, [row["masked"]], words)()
        odds = np.log(p["factual"][0] / p["counterfactual"][0])
        expected.append(row["label"] * odds)
    single = [
        len(a) == len(b) == 1
        for a, b in zip(
            lm.token_ids(list(table["factual"])),
            lm.token_ids(list(table["counterfactual"])),
            strict=True,
        )
    ]
    # Of words of several tokens a loss is the mean over them.
    assert sum(single) > 2
    assert slopes.log_odds[single] == pytest.approx(np.array(expected)[single])
