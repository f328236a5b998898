"""Tables and figures of notebook 11, of a few rows by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gradiend.errors import InputError
from study.report import plots
from study.report.tables.first_order import agreement_summary, cost_shares
from study.results.first_order import EVERY

KEYS = ("variant", "quantity", "set")


def agreement() -> pd.DataFrame:
    rows = [
        {
            "variant": "N",
            "share": share,
            "rate": share / 2,
            "quantity": "log-odds",
            "set": name,
            "R2": r2,
            "error": 0.1,
            "r": 1.0,
            "probes": 3,
            "R2 second order": 1.0,
        }
        for share, r2 in ((0.1, 0.99), (1.0, -3.0))
        for name in ("jobs", EVERY)
    ]
    return pd.DataFrame(rows)


def test_the_summary_is_of_all_sets_or_of_each():
    rows = agreement()
    holds = rows[rows["share"] == 0.1][list(KEYS)]
    holds = holds.assign(**{"up to α": 0.05, "selected α": 0.5})
    for by_set in (False, True):
        (row,) = agreement_summary(rows, holds, by_set=by_set).to_dict("records")
        assert (row["R² at α/10"], row["R² at α"]) == (0.99, -3.0)
        assert row.get("set") == ("jobs" if by_set else None)
        assert row["up to α"] == 0.05


def test_without_a_row_of_all_sets_nothing_is_told():
    rows = agreement().replace({"set": {EVERY: "every"}})
    for told in (
        plots.agreement_by_rate,
        lambda rows: plots.predicted_and_measured(changes(), rows),
        lambda rows: agreement_summary(rows, rows),
    ):
        with pytest.raises(InputError, match="unknown set of probes 'all'"):
            told(rows)


def projected() -> pd.DataFrame:
    names = ["base", "trained", "trained", "closed form"]
    return pd.DataFrame(
        {
            "decoder": names,
            "asked": [np.nan, 0.5, 0.3, 0.5],
            "h": 0.0,
            "learning_rate": 0.1,
            "offset": 0.0,
            "gap": [0.8, 0.4, 0.2, 0.4],
            "said": [0.5, 0.4, 0.3, 0.5],
            "LMS": [0.5, 0.45, 0.4, 0.5],
            "loss": [1.0, 1.1, 1.2, 1.0],
            "said elsewhere": 0.1,
            "others moved": 0.0,
        }
    )


def test_costs_are_shares_of_the_bases():
    found = cost_shares(projected())
    assert found["decoder"].tolist() == ["trained", "trained", "closed form"]
    assert found["LMS"].tolist() == pytest.approx([0.9, 0.8, 1.0])
    assert found["gap"].tolist() == pytest.approx([0.5, 0.25, 0.5])


def changes() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "variant": "N",
            "share": np.repeat([0.1, 1.0], 3),
            "set": "jobs",
            "predicted": np.tile([-1.0, 0.0, 1.0], 2),
            "measured": np.tile([-1.0, 0.0, 1.0], 2),
        }
    )


def test_a_panel_a_variant_and_share_with_its_r_squared():
    figure = plots.predicted_and_measured(changes(), agreement())
    said = [axis.texts[0].get_text() for axis in figure.axes]
    assert said == ["R² = 0.990", "R² = -3.000"]


def test_r_squared_below_zero_is_drawn_at_zero():
    (axis,) = plots.agreement_by_rate(agreement()).axes
    drawn = [line.get_ydata() for line in axis.lines if len(line.get_xdata()) == 2]
    assert min(min(values) for values in drawn) == 0


def test_a_line_a_decoder_of_what_its_gap_costs():
    figure = plots.cost_at_gap(projected(), ["loss", "LMS"])
    labels = [t.get_text() for legend in figure.legends for t in legend.get_texts()]
    assert labels == ["trained", "closed form"]
    trained = figure.axes[0].lines[1]
    assert trained.get_xdata().tolist() == pytest.approx([0.5, 0.25])
    assert trained.get_ydata().tolist() == pytest.approx([1.1, 1.2])
