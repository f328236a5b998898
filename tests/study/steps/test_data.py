"""Rows that a model cannot read are left out and counted, or an error with a number."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.domains import FEATURES, FeatureData
from study.profiles.reading import load_profile
from study.steps import data as module
from tests.conftest import tiny_lm

LONG = "and the road was long " * 40


@pytest.fixture
def data(table) -> FeatureData:
    longer = table.iloc[:3].assign(masked=lambda t: t["masked"] + LONG)
    both = pd.concat([table, longer], ignore_index=True)
    return FeatureData(
        FEATURES["race_AB"],
        both,
        ["The river runs.", LONG],
        frozenset(),
        pd.DataFrame(
            {
                "text": ["A [MASK] family.", f"A [MASK] family {LONG}"],
                "class": ["asian", "black"],
                "held_out": False,
            }
        ),
        {},
        untrained=both,
    )


def settings(source: str):
    profile = load_profile("smoke")
    run = profile.settings("standin-gpt2", "gender_MF")
    return run.model_copy(update={"data": source})


def test_public_rows_that_are_too_long_are_left_out_and_counted(data, monkeypatch):
    monkeypatch.setattr(module, "load_data", lambda _: data)
    found = module.data_for(settings("data/public.yaml"), tiny_lm("bert"))
    assert len(found.table) == len(data.table) - 3
    assert found.left_out == {
        "cloze rows": 3,
        "rows of other classes": 3,
        "neutral texts": 1,
        "slot texts": 1,
    }
    assert not found.table["masked"].str.contains("long and the").any()


def test_a_row_of_ones_own_that_is_too_long_is_an_error_with_its_number(data):
    with pytest.raises(InputError, match=r"tokens, more than the 64 .*in row 38: "):
        tiny_lm("bert").encode(data.table)
    assert len(data.table) == 39  # rows 2 to 37 are those that fit


def test_the_worlds_own_rows_are_not_asked(data, monkeypatch):
    monkeypatch.setattr(module, "load_data", lambda _: data)
    assert module.data_for(settings("world"), tiny_lm("bert")) is data
    assert dataclasses.replace(data).left_out == {}


def test_a_public_row_that_begins_with_its_slot_costs_a_causal_model_no_run(
    data, monkeypatch
):
    first = data.table.iloc[:1].assign(masked="[MASK] families met in May.")
    longer = dataclasses.replace(data, table=pd.concat([data.table, first]))
    monkeypatch.setattr(module, "load_data", lambda _: longer)
    found = module.data_for(settings("data/public.yaml"), tiny_lm("gpt2"))
    assert found.left_out["cloze rows"] == 0  # it is not too long
    assert not found.table["masked"].str.startswith("[MASK]").any()
