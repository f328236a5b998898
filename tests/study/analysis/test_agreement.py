"""Agreement of predicted and measured changes, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.analysis.agreement import (
    agreement,
    holds_up_to,
    r_squared,
    relative_error,
)

MEASURED = np.array([0.0, 1.0, 2.0, 3.0])


def test_r_squared_is_about_the_identity_not_a_fitted_line():
    assert r_squared(MEASURED, MEASURED) == 1
    # Perfectly correlated, and twice too large: 1 − 14/5.
    assert r_squared(2 * MEASURED, MEASURED) == pytest.approx(1 - 14 / 5)
    assert r_squared(np.full(4, 1.5), MEASURED) == 0
    assert np.isnan(r_squared(MEASURED, np.ones(4)))


def test_relative_error_is_of_all_changes():
    assert relative_error(2 * MEASURED, MEASURED) == pytest.approx(1)
    assert relative_error(0.5 * MEASURED, MEASURED) == pytest.approx(0.5)
    assert np.isnan(relative_error(MEASURED, np.zeros(4)))


def test_groups_have_numbers_of_their_own():
    changes = pd.DataFrame(
        {
            "set": ["a"] * 4 + ["b"] * 4,
            "predicted": [*MEASURED, *(2 * MEASURED)],
            "measured": [*MEASURED, *MEASURED],
        }
    )
    found = agreement(changes, ["set"]).set_index("set")
    assert found.loc["a", "R2"] == 1 and found.loc["b", "R2"] < 0
    assert found["r"].tolist() == pytest.approx([1, 1])
    assert found["probes"].tolist() == [4, 4]


def test_a_prediction_holds_up_to_the_first_rate_at_which_it_does_not():
    rates = np.array([-0.1, -0.2, -0.4, -0.8])
    found = pd.DataFrame({"R2": [0.99, 0.95, 0.5, 0.95], "error": 0.1})
    assert holds_up_to(rates, found) == 0.2
    assert holds_up_to(rates, found.assign(error=[0.6, 0.1, 0.1, 0.1])) == 0
