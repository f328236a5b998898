"""Encodings of a third class and of trained classes beside it are told apart."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.report import plots
from study.report.claims import Models
from study.report.claims.encoders import third_class_claims
from study.report.tables.encodings import (
    BESIDE,
    THIRD,
    ceilings,
    kinds_apart,
    third_class,
    third_class_by_model,
)

GENDER = "gender_MF"


def encodings(third: float = 0.0) -> pd.DataFrame:
    """Of an h without a fault; that of the third class is ``third``."""
    rows = [
        ("feature", 1, "asian", 1.0),
        ("feature", -1, "black", -1.0),
        # Of a sample, one kind is larger than another.
        *[("neutral", 0, "neutral", 0.0)] * 6,
        ("feature-neutral", 0, "neutral", 0.0),
        ("untrained", 0, "asian", 1.0),
        ("untrained", 0, "black", -1.0),
        ("untrained", 0, "white", third),
        ("untrained", 0, "white", -third),
    ]
    table = pd.DataFrame(rows, columns=["kind", "label", "factual_class", "h"])
    return table.assign(model="A", feature="race_AB")


def test_a_row_is_of_a_trained_class_by_its_own_encoders_classes():
    other = encodings().replace({"factual_class": {"black": "white", "white": "black"}})
    rows = pd.concat([encodings(), other.assign(feature="race_AW")], ignore_index=True)
    found = kinds_apart(rows)
    kinds = found.groupby(["feature", "kind"])["factual_class"].agg(set)
    assert kinds["race_AB", THIRD] == {"white"}
    assert kinds["race_AB", BESIDE] == {"asian", "black"}
    assert kinds["race_AW", THIRD] == {"black"}
    assert kinds["race_AW", BESIDE] == {"asian", "white"}
    assert "untrained" not in set(found["kind"])
    kept = rows["kind"] != "untrained"
    assert found["kind"][kept].equals(rows["kind"][kept])


def test_an_encoder_that_is_asked_of_no_third_class_can_reach_one():
    rows = [("A", "race_AB", 0.7), ("A", GENDER, 0.8), ("B", GENDER, 0.6)]
    table = pd.DataFrame(rows, columns=["model", "feature", "value"])
    matrix = table.pivot(index="model", columns="feature", values="value")
    found = ceilings(encodings(), matrix)
    assert found.loc["A", "race_AB"] == pytest.approx(math.sqrt(2 / 3))
    assert found[GENDER].tolist() == [1, 1] and pd.isna(found.loc["B", "race_AB"])
    alone = encodings().query("kind != 'untrained'")
    assert ceilings(alone, matrix)["race_AB"].tolist()[0] == 1


def test_without_a_fault_all_rows_reach_what_the_trained_classes_leave():
    """Feature rows' Σh² is n, that of half as many rows labelled 0 is n/2."""
    (found,) = third_class(encodings()).to_dict("records")
    assert found["ceiling"] == pytest.approx(math.sqrt(2 / 3))
    assert found["all rows"] == found["ceiling"]
    assert found["third only"] == pytest.approx(1)
    assert (found[f"|h| {THIRD}"], found[f"|h| {BESIDE}"]) == (0, 1)
    # And is the third class at an end, it is as if none of the pairs were known.
    (found,) = third_class(encodings(1.0)).to_dict("records")
    assert found["ceiling"] == pytest.approx(math.sqrt(2 / 3))
    assert found["all rows"] == pytest.approx(math.sqrt(1 / 2))
    assert found["third only"] == pytest.approx(math.sqrt(2 / 3))


def test_means_are_over_the_features_that_have_a_third_class():
    gender = encodings()[lambda rows: rows["kind"] != "untrained"]
    assert third_class(gender.assign(feature=GENDER)).empty
    assert third_class_by_model(gender.assign(feature=GENDER)).empty
    rows = pd.concat(
        [
            gender.assign(feature=GENDER),
            encodings(0.5),
            encodings(0.25).assign(feature="race_AW"),
        ]
    )
    (found,) = third_class_by_model(rows).to_dict("records")
    assert (found["model"], found["features"]) == ("A", 2)
    assert found[f"|h| {THIRD}"] == 0.375


def test_a_constant_h_has_no_correlation():
    (found,) = third_class(encodings().assign(h=0.5)).to_dict("records")
    assert found["all rows"] == found["third only"] == 0


def test_claims_tell_the_third_class_from_trained_ones():
    rows = pd.concat([encodings(0.5), encodings().assign(model="B", feature=GENDER)])
    rows = rows[(rows["model"] == "A") | (rows["kind"] != "untrained")]
    models = Models(("A",), ("B",))
    claims = {claim.id: claim for claim in third_class_claims(rows, models)}
    assert claims["h_third"].quantity.shown == "0.50"
    assert claims["h_beside_third"].quantity.shown == "1.00"
    assert claims["pearson_pairs_ceiling"].quantity.shown == "0.82"
    assert (
        claims["pearson_third"].quantity.number
        > claims["pearson_pairs"].quantity.number
    )
    assert not any(name.endswith(":b") for name in claims)
    assert not list(third_class_claims(rows[rows["model"] == "B"], models))


def test_a_figure_has_a_place_for_each_of_them():
    figure = plots.encodings(encodings(0.5).assign(panel="race"))
    (axis,) = figure.axes
    places = [label.get_text().split("\n") for label in axis.get_xticklabels()]
    assert places[:2] == [["asian", "(+1)"], ["black", "(-1)"]]
    assert places[-2:] == [["third", "class"], ["beside", "third"]]


@pytest.mark.parametrize("kind", ["feature", "neutral", "feature-neutral", "untrained"])
def test_a_kind_that_has_no_place_in_a_figure_is_refused(kind):
    rows = encodings().assign(panel="race").replace({"kind": {kind: "others"}})
    with pytest.raises(InputError, match="unknown kind of rows 'others'"):
        plots.encodings(rows)
