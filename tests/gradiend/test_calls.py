"""Calls from Python that go wrong: one line that names the mistake."""

from __future__ import annotations

import numpy as np
import pytest

from gradiend import Gradiend, TrainingSettings, closed_form, encode, fit
from gradiend.errors import InputError, check_seeds, first_line
from gradiend.evaluation.scoring import top_words
from tests.conftest import tiny_lm

SETTINGS = TrainingSettings(steps=1, min_rows=1)


@pytest.mark.parametrize("architecture", ["bert", "gpt2"])
def test_a_text_without_a_slot_is_named(architecture, table):
    lm = tiny_lm(architecture)
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    rows = table.head(2).assign(masked="Anna said <mask> was tired.")
    with pytest.raises(InputError, match=r"no \[MASK\] in 'Anna said <mask>"):
        encode(lm, gradiend, rows)
    with pytest.raises(InputError, match=r"no \[MASK\] in 'Anna said"):
        top_words(lm, "Anna said")


@pytest.mark.parametrize("column", ["split", "label", "masked", "counterfactual"])
def test_a_column_that_is_needed_is_named(table, column):
    lm, rows = tiny_lm("bert"), table.drop(columns=column)
    with pytest.raises(InputError, match=f"no column {column} .*there are: "):
        fit(lm, rows, SETTINGS)
    if column in ("masked", "counterfactual"):
        gradiend = Gradiend.initialise(lm.covered, seed=0)
        with pytest.raises(InputError, match=f"the rows: no column {column} "):
            encode(lm, gradiend, rows)


@pytest.mark.parametrize("seeds", [0, (), [-1], "0", [0.5]])
def test_seeds_are_a_list_of_some(table, seeds):
    with pytest.raises(InputError, match=r"seeds are|a seed is"):
        fit(tiny_lm("bert"), table, SETTINGS, seeds=seeds)
    for good in ((0,), range(3), np.arange(2)):
        check_seeds(good)


@pytest.mark.parametrize(
    ("said", "line"), [("one\ntwo", "one"), ("\n one ", "one"), ("", "OSError")]
)
def test_of_another_librarys_error_a_line_is_told(said, line):
    assert first_line(OSError(said)) == line


def test_a_batch_has_a_row_at_least(table):
    lm = tiny_lm("bert")
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    with pytest.raises(InputError, match="batch_size is 0"):
        encode(lm, gradiend, table.head(2), batch_size=0)


def test_a_closed_form_needs_rows_of_both_classes(table):
    lm = tiny_lm("bert")
    rows = lm.encode(table.head(2))
    for given in ({1: rows}, {1: rows, -1: []}, rows):
        with pytest.raises(InputError, match=r"no rows of class [+-]1; give"):
            closed_form(lm, given)


def test_a_closed_form_of_two_classes_alike_is_refused(table):
    lm = tiny_lm("bert")
    rows = lm.encode(table.head(2))
    with pytest.raises(InputError, match="same mean, so there is nothing to tell"):
        closed_form(lm, {1: rows, -1: rows})
