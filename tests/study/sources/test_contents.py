"""The data sets of a source's folder, counted and drawn from."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.errors import InputError
from gradiend.files import write_csv
from study.sources.contents import DATA_SETS, DataSet, some_rows

PAIRS = next(entry for entry in DATA_SETS if entry.name == "religion")
TEMPLATES = next(entry for entry in DATA_SETS if entry.name == "GENTER")


def test_a_sentence_of_two_ordered_pairs_counts_once(tmp_path):
    rows = {"text": ["A", "B"], "masked": "[MASK]", "source": "x"}
    for other in ("jewish", "muslim"):
        table = pd.DataFrame(rows).assign(source_id="christian", split="train")
        write_csv(tmp_path / "religion" / f"christian_to_{other}.csv", table)
    table = pd.DataFrame({"text": ["C"], "source_id": "jewish", "split": "test"})
    write_csv(tmp_path / "religion" / "jewish_to_muslim.csv", table)
    size = PAIRS.size(PAIRS.read(tmp_path))
    assert (size["rows"], size["train"], size["test"]) == (3, 2, 1)
    assert size["validation"] is None and size["smallest class"] == "jewish: 1"


def test_files_that_are_called_like_splits_are_splits(tmp_path):
    for split, count in (("train", 3), ("test", 1)):
        table = pd.DataFrame({"masked": ["[NAME]"] * count, "label": ["M"] * count})
        write_csv(tmp_path / "genter" / f"{split}.csv", table)
    size = TEMPLATES.size(TEMPLATES.read(tmp_path))
    assert (size["rows"], size["train"], size["test"]) == (4, 3, 1)


def test_rows_are_a_seeded_draw(tmp_path, monkeypatch):
    plain = DataSet("texts", "texts.csv", "plain texts")
    monkeypatch.setattr("study.sources.contents.DATA_SETS", (plain,))
    write_csv(tmp_path / "texts.csv", pd.DataFrame({"text": list("abcdefgh"), "n": 1}))
    (drawn,), (again,), (other,) = (
        [rows for _, rows in some_rows(tmp_path, count=3, seed=seed)]
        for seed in (0, 0, 1)
    )
    assert drawn.equals(again) and not drawn.equals(other)
    assert list(drawn) == ["text"] and len(drawn) == 3


def test_a_folder_without_the_files_is_told(tmp_path):
    with pytest.raises(InputError, match="not there yet"):
        TEMPLATES.read(tmp_path)
