"""The parts of a state, against the log-odds that the model gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gradiend.errors import InputError
from study.analysis.probes import LOG_ODDS, cloze_quantity
from study.analysis.state import Head, state_parts

TEXTS = ("Anna said that [MASK] was tired.", "Tom smiled and then [MASK] opened it.")


def test_log_odds_are_length_times_distance_times_part(lm64):
    rows = pd.DataFrame({"masked": TEXTS, "factual": "she", "counterfactual": "he"})
    head = Head.of(lm64, ("she", "he"))
    parts = state_parts(lm64, rows, head, batch_size=2)
    quantity = cloze_quantity(lm64, rows.assign(label=1))
    odds = quantity.values()[quantity.kinds.index(LOG_ODDS)]
    # The heads of random models have biases of zero.
    found = parts["length"] * head.distance * parts["apart"]
    assert found.to_numpy() == pytest.approx(odds, rel=1e-3, abs=1e-4)
    assert (parts["apart"] ** 2 + parts["both"] ** 2 <= 1 + 1e-6).all()


def test_the_two_directions_are_orthogonal_units(lm64):
    head = Head.of(lm64, ("she", "he"))
    assert float(head.apart @ head.both) == pytest.approx(0, abs=1e-5)
    assert np.isclose(float(head.both.norm()), 1)


def test_a_word_of_several_tokens_is_refused(lm64):
    with pytest.raises(InputError, match="not one token each"):
        Head.of(lm64, ("she", "grandfatherly unusual"))
