"""Rows that a model cannot answer are left out and counted, with the reason."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.answerable import answerable
from gradiend.errors import InputError
from tests.conftest import tiny_lm
from tests.gradiend.files import rows

BEFORE = "rows with nothing before the slot left out"
LONGER = "rows longer than the model reads left out"


def faulty(*, before: slice, longer: slice) -> pd.DataFrame:
    table = rows()
    table.loc[before, "masked"] = "[MASK] choirs sang."
    table.loc[longer, "masked"] = (
        "The choir " + "sang and " * 3_000 + "the [MASK] choir."
    )
    return table


def test_a_table_that_fits_is_left_as_it_is(lm):
    found = answerable(lm, rows())
    pd.testing.assert_frame_equal(found, rows())
    assert "changed" not in found.attrs


@pytest.mark.parametrize(("name", "counts"), [("bert", {}), ("gpt2", {BEFORE: 3})])
def test_rows_are_left_out_and_counted(name, counts):
    table = faulty(before=slice(0, 2), longer=slice(30, 33))
    found = answerable(tiny_lm(name), table)
    assert found.attrs["changed"] == counts | {LONGER: 4}
    assert len(found) == 40 - sum(counts.values()) - 4
    assert "changed" not in table.attrs


@pytest.mark.parametrize(
    ("name", "places", "message"),
    [
        (
            "gpt2",
            {"before": slice(20, 39), "longer": slice(0, 3)},
            r"can answer no row of class -1 \(old\); move .*nothing before",
        ),
        (
            "bert",
            {"before": slice(0, 3), "longer": slice(0, 19)},
            r"can answer no row of class \+1 \(young\); shorten .*longer .* out: 20",
        ),
    ],
)
def test_a_class_that_vanishes_says_why(name, places, message):
    with pytest.raises(InputError, match=message):
        answerable(tiny_lm(name), faulty(**places))
