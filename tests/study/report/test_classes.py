"""Tables of three classes, and the plane of two neurons."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.report import plots
from study.report.tables.classes import (
    cross_matrix,
    pairs_alike,
    shared_class,
    shares_of_three,
)


def test_every_gradiend_on_every_features_rows():
    cross = pd.DataFrame(
        [("b", "b", 1.0), ("a", "b", 0.2), ("b", "a", 0.3), ("a", "a", 0.9)],
        columns=["gradiend", "rows", "separation"],
    )
    table = cross_matrix(cross, "separation")
    assert list(table.index) == list(table.columns) == ["b", "a"]
    assert table.loc["a", "b"] == 0.3, "b's encoder on the rows of a"


def test_shares_of_three_beside_what_was_planted():
    rows = [
        ("base", "q1", 0.2, 0.2, 0.1, 0.5, 0.4, 0.1),
        ("base", "q2", 0.1, 0.1, 0.2, 0.1, 0.1, 0.8),
        ("N", "q1", 0.1, 0.1, 0.2, 0.5, 0.4, 0.1),
        ("N", "q2", 0.2, 0.2, 0.0, 0.1, 0.1, 0.8),
    ]
    words = ["she", "he", "they"]
    columns = ["variant", "query", *words, *(f"planted {w}" for w in words)]
    they = pd.DataFrame(rows, columns=columns)
    table = shares_of_three(they).set_index("variant")
    assert table.loc["base", "they"] == pytest.approx((0.2 + 0.5) / 2)
    assert table.loc["base", "said"] == pytest.approx((0.5 + 0.4) / 2)
    assert table.loc["planted", "they"] == pytest.approx(0.45)
    assert list(table["r"].iloc[:2]) == pytest.approx([1, -1])
    without = shares_of_three(they[["variant", "query", *words]])
    assert list(without["variant"]) == ["base", "N"]
    assert "r" not in without


def similar() -> pd.DataFrame:
    rows = [
        ("race_AB", "race_AW", -0.5, 0.2),
        ("race_AB", "religion_CJ", 0.1, 0.01),
        ("gender_MF", "he/they", -0.3, 0.03),
    ]
    table = pd.DataFrame(rows, columns=["first", "second", "cosine", "overlap"])
    return table.assign(part="W_d", chance_sd=0.01, chance_overlap=0.001)


def test_a_symmetric_matrix_of_cosines():
    table = pairs_alike(similar(), "W_d")
    assert table.loc["religion_CJ", "race_AB"] == 0.1
    assert table.loc["race_AB", "religion_CJ"] == 0.1
    assert table.loc["race_AW", "race_AW"] == 1
    with pytest.raises(InputError, match="unknown part of a GRADIEND 'W_e'"):
        pairs_alike(similar(), "W_e")


def test_features_that_share_a_class_beside_the_others():
    table = shared_class(similar()).set_index("sharing")
    named = ["pairs", "cosine", "overlap"]
    assert table.loc["a class", named].tolist() == pytest.approx([2, 0.4, 0.115])
    assert table.loc["none", named].tolist() == pytest.approx([1, 0.1, 0.01])


def test_the_plane_of_two_neurons():
    points = pd.DataFrame(
        {"trio": ["race"] * 3, "class": ["a", "b", "c"], "h1": 0.1, "h2": -0.1}
    )
    (axis,) = plots.neuron_plane(points).axes
    assert axis.get_title() == "race"
    drawn, labels = axis.get_legend_handles_labels()
    assert labels == ["a", "b", "c"]
    # What lies under another class's markers is seen through them.
    assert {dots.get_markerfacecolor() for dots in drawn} == {"none"}
