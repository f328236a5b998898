"""Where a loss rises: polynomials, of which the answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.analysis.loss import where_dearer, with_predictions


def along(loss, slope, curvature, sign=1.0, rates=201) -> pd.DataFrame:
    rate = sign * np.linspace(0, 2, rates)
    table = pd.DataFrame(
        {
            "rate": rate,
            "loss": loss(rate),
            "slope": slope(rate),
            "curvature": curvature(rate),
        }
    )
    return with_predictions(table.assign(LMS=1 / (1 + table["loss"])))


def test_of_a_parabola_second_order_and_bound_are_exact():
    table = along(lambda a: 4 - a + a**2, lambda a: 2 * a - 1, lambda a: 2 + 0 * a)
    assert table["second"].to_numpy() == pytest.approx(table["loss"].to_numpy())
    assert table["bound"].to_numpy() == pytest.approx(table["loss"].to_numpy())
    found = where_dearer(table, 0.03)
    # −a + a² = 0.12
    exact = (1 + np.sqrt(1.48)) / 2
    assert found["second"] == pytest.approx(exact)
    assert found["measured"] == pytest.approx(exact, abs=1e-3)
    assert np.isnan(found["first"])  # to first order the loss falls for ever


def test_a_negative_rate_is_followed_as_far():
    table = along(lambda a: 4 + a + a**2, lambda a: 2 * a + 1, lambda a: 2 + 0 * a, -1)
    found = where_dearer(table, 0.03)
    assert found["second"] == pytest.approx((1 + np.sqrt(1.48)) / 2)


def test_the_bound_is_above_a_loss_whose_curvature_grows():
    table = along(lambda a: 1 + a**3, lambda a: 3 * a**2, lambda a: 6 * a)
    assert (table["bound"] >= table["loss"] - 1e-12).all()
    # Second order sees nothing of it, the bound as ½·a²·6a = 3a³.
    assert table["second"].to_numpy() == pytest.approx(np.ones(201))
    found = where_dearer(table, 0.5)
    assert found["bound"] == pytest.approx((0.5 / 3) ** (1 / 3), abs=1e-2)
    assert found["measured"] == pytest.approx(0.5 ** (1 / 3), abs=1e-2)
    assert found["bound"] < found["measured"]


@pytest.mark.parametrize("sign", [1, -1])
def test_between_few_rates_the_measured_slopes_bend_the_line(sign):
    """Of a cubic three rates are enough; a chord would be there far too early."""
    table = along(
        lambda a: 1 + abs(a) ** 3,
        lambda a: 3 * a * abs(a),
        lambda a: 6 * abs(a),
        sign,
        rates=3,
    )
    found = where_dearer(table, 0.5)
    assert found["measured"] == pytest.approx(0.5 ** (1 / 3))


def test_a_loss_that_does_not_rise_so_far_has_no_place():
    table = along(lambda a: 4 - 0 * a, lambda a: 0 * a, lambda a: 0 * a)
    assert all(np.isnan(rate) for rate in where_dearer(table, 0.01).values())
