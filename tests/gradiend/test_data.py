"""A cloze table of one's own: what is accepted, and what each mistake is told."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.data import (
    SPLITS,
    complete_table,
    deal_splits,
    read_cloze_table,
)
from gradiend.errors import InputError
from tests.conftest import tiny_lm
from tests.gradiend.files import rows, written


def test_a_good_table_gets_splits_that_share_no_text(tmp_path):
    table = read_cloze_table(written(tmp_path, rows()), seed=1)
    assert set(table["split"]) == set(SPLITS)
    texts = [set(part["masked"]) for _, part in table.groupby("split")]
    assert sum(map(len, texts)) == len(set().union(*texts))
    again = read_cloze_table(written(tmp_path, rows()), seed=1)
    pd.testing.assert_frame_equal(table, again)


def test_jsonl_is_read_too(tmp_path):
    path = tmp_path / "own.jsonl"
    rows().to_json(path, orient="records", lines=True)
    assert len(read_cloze_table(path)) == 40


def test_equal_keys_land_in_the_same_split():
    keys = [f"text {number % 10}" for number in range(100)]
    dealt = pd.Series(deal_splits(keys, seed=0)).groupby(keys).nunique()
    assert (dealt == 1).all()


def broken(**changes) -> pd.DataFrame:
    table = rows()
    for column, value in changes.items():
        table[column] = table[column].astype(object)
        table.loc[3, column] = value
    return table


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (broken(masked="No slot here."), r"line 5: no \[MASK\]"),
        (broken(masked="[MASK] and <mask> sang."), r"line 5: two different slots"),
        (broken(factual=""), "line 5: column factual is empty"),
        (broken(factual="old"), "line 5: factual and counterfactual are both 'old'"),
        (broken(label="male"), "line 5: label 'male' is not"),
        (rows().drop(columns="factual_class"), "no column factual_class"),
        (rows().iloc[:0], "0 rows"),
        (rows().iloc[:24], r"class -1 \(old\) has \d training rows"),
        (rows().assign(split="dev"), "line 2: split 'dev'"),
    ],
)
def test_mistakes_are_named_with_their_row_and_remedy(tmp_path, table, message):
    path = written(tmp_path, table)
    with pytest.raises(InputError, match=message) as caught:
        read_cloze_table(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes(rows().to_csv(index=False).encode() + "é".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_cloze_table(path)


def test_an_empty_and_a_missing_file(tmp_path):
    path = tmp_path / "own.csv"
    with pytest.raises(InputError, match="no such file"):
        read_cloze_table(path)
    path.touch()
    with pytest.raises(InputError, match="the file is empty"):
        read_cloze_table(path)


def test_words_the_tokenizer_cuts_to_pieces_are_named():
    table = rows()
    table = table.replace({"young": "she", "old": "he"})
    table.loc[7, "factual"] = "supercalifragilistic"
    with pytest.raises(InputError, match=r"row 9: .*'supercalifragilistic' into \d+"):
        tiny_lm("bert").check_targets(table)


def test_rows_that_nothing_is_learned_from_may_be_few(tmp_path):
    few = rows(2).assign(split="test")
    path = written(tmp_path, few)
    with pytest.raises(InputError, match=r"fewer than 10 \(min_rows\); add rows"):
        read_cloze_table(path)
    assert len(read_cloze_table(path, min_rows=0)) == 4


def test_a_seed_is_a_count(tmp_path):
    with pytest.raises(InputError, match="seed is -1"):
        read_cloze_table(written(tmp_path, rows()), seed=-1)


def test_a_text_that_is_learned_from_is_not_held_out(tmp_path):
    table = read_cloze_table(written(tmp_path, rows()))
    torn = table.copy()
    other = torn.index[torn["split"] == "test"][0]
    learned = torn.index[torn["split"] == "train"][0]
    torn.loc[other, "masked"] = torn.loc[learned, "masked"]
    message = "its text is in the split .* in line .* or leave the column out"
    with pytest.raises(InputError, match=message):
        read_cloze_table(written(tmp_path, torn))
    neutral = dict.fromkeys(("factual_class", "counterfactual_class"), "none")
    torn = torn.assign(**neutral).assign(label=0)
    assert len(read_cloze_table(written(tmp_path, torn), min_rows=0)) == 40


def test_a_table_that_was_read_stays_as_it_is(tmp_path):
    table = read_cloze_table(written(tmp_path, rows().drop(columns="label")))
    found = complete_table(table)
    pd.testing.assert_frame_equal(found, table)
    assert found.attrs == table.attrs


def test_a_table_of_no_file_is_completed_like_one():
    table = rows().drop(columns=["label", "counterfactual", "counterfactual_class"])
    table["masked"] = table["masked"].str.replace("[MASK]", "<mask>")
    found = complete_table(table.assign(notes=[["a list"]] * 40))
    assert found["masked"].str.contains("[MASK]", regex=False).all()
    assert set(found["split"]) == set(SPLITS) and set(found["label"]) == {1, -1}
    assert found["counterfactual"].map({"old": 1, "young": -1}).equals(found["label"])
