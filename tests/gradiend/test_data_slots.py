"""Slots and spaces of a user's file: how they are written, and what is counted."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.data import SLOT, read_cloze_table
from gradiend.errors import InputError
from study.results.places import REPOSITORY
from tests.gradiend.files import rows, written


def spelt(slot: str) -> pd.DataFrame:
    return rows().assign(masked=lambda t: t["masked"].str.replace("[MASK]", slot))


@pytest.mark.parametrize(
    "slot",
    ["[mask]", "<MASK>", "<|mask|>", "{{mask}}", "__MASK__", "[BLANK]", "___", "{}"],
)
def test_one_spelling_of_the_slot_is_understood(tmp_path, slot):
    found = read_cloze_table(written(tmp_path, spelt(slot)))
    assert found["masked"].tolist() == rows()["masked"].tolist()
    assert found.attrs["changed"] == {f"texts with the slot as {slot}": 40}


def test_a_slot_of_any_spelling_may_be_named(tmp_path):
    found = read_cloze_table(written(tmp_path, spelt("MASK")), slot="MASK")
    assert found["masked"].tolist() == rows()["masked"].tolist()


def test_a_slot_that_is_a_word_is_none_within_another(tmp_path):
    path = written(tmp_path, rows().assign(masked="Xavier said X's HEX was X2, X."))
    found = read_cloze_table(path, slot="X", min_rows=0)["masked"]
    assert set(found) == {"Xavier said [MASK]'s HEX was X2, [MASK]."}
    path = written(tmp_path, rows().assign(masked="Xavier was here."))
    with pytest.raises(InputError, match="no X in 'Xavier was"):
        read_cloze_table(path, slot="X")


@pytest.mark.parametrize("slot", [SLOT, "<mask>"])
@pytest.mark.parametrize("other", ["[sic]", "[A_B]", "[1]", "<br>", "{x}", "____"])
def test_other_brackets_are_text(tmp_path, slot, other):
    table = spelt(slot)
    table.loc[3, "masked"] += f" It is so {other}."
    masked = read_cloze_table(written(tmp_path, table))["masked"]
    assert masked[3] == rows()["masked"][3] + f" It is so {other}."


def test_what_every_text_has_may_be_text(tmp_path):
    table = rows().assign(masked=lambda t: t["masked"] + " [sic]")
    assert read_cloze_table(written(tmp_path, table))["masked"][0].endswith("[sic]")


def ending(text: str, slot: str = SLOT) -> pd.DataFrame:
    return spelt(slot).assign(masked=lambda t: t["masked"] + text)


def one(text: str, slot: str = SLOT) -> pd.DataFrame:
    table = spelt(slot)
    table.loc[3, "masked"] = text
    return table


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (spelt("word"), {}, r"line 2: no \[MASK\] in"),
        (spelt("[BLANK]"), {"slot": "BLANK"}, r"slots \(BLANK, \[BLANK\]\)"),
        (one("The <mask>."), {}, r"line 5: no \[MASK\] in .*; write \[MASK\] where"),
        (one("The [MASK].", "<mask>"), {}, "line 5: no <mask> in .*; write <mask>"),
        (one("A [MASK], a <mask>."), {}, r"line 5: two different slots .* as \[MASK\]"),
        (one("A [MASK] or [Mask]."), {}, "line 5: two different slots"),
        (ending(" [NAME]"), {}, r"every text also has \[NAME\]; put real words"),
        (ending(" [B]", "[A]"), {}, r"every text has \[A\] and \[B\]; .*slot='\[A\]'"),
        (rows(), {"slot": "[X]"}, r"line 2: no \[X\] in"),
        (spelt("MASK [MASK]"), {"slot": "MASK"}, "line 2: two different slots"),
    ],
)
def test_slots_that_cannot_be_told_are_refused(tmp_path, table, options, message):
    path = written(tmp_path, table)
    with pytest.raises(InputError, match=message) as caught:
        read_cloze_table(path, **options)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_spaces_and_repeated_rows_are_counted(tmp_path):
    table = rows()
    table.loc[2, "factual"] = " young\u00a0"
    table.loc[4, "label"] = 1
    table = pd.concat([table, table.iloc[[2, 7]]])
    found = read_cloze_table(written(tmp_path, table))
    assert len(found) == 40 and set(found["factual"]) == {"young", "old"}
    counts = {"cells with spaces around them": 2, "repeated rows left out": 2}
    assert found.attrs["changed"] == counts


def test_a_short_name_of_a_split_is_counted(tmp_path):
    splits = ["train"] * 10 + ["val"] * 5 + ["test"] * 5
    table = rows().assign(split=splits * 2)
    found = read_cloze_table(written(tmp_path, table))
    assert found["split"].value_counts()["validation"] == 10
    assert found.attrs["changed"] == {"splits val read as validation": 10}


def test_a_text_of_two_rows_that_differ_is_not_repeated(tmp_path):
    table = pd.concat([rows(), rows().assign(note="again")]).fillna("")
    assert len(read_cloze_table(written(tmp_path, table))) == 80


def test_a_class_that_vanishes_says_why(tmp_path):
    table = rows()
    table.loc[20:, "masked"] = "The same [MASK] text."
    message = (
        r"class -1 \(old\) has [01] training rows, fewer than 10 \(min_rows\); .*"
        r"repeated rows left out: 19"
    )
    with pytest.raises(InputError, match=message):
        read_cloze_table(written(tmp_path, table))


def test_a_plain_table_is_left_as_it_is():
    table = read_cloze_table(REPOSITORY / "data" / "examples" / "age.csv")
    assert table.attrs["changed"] == {}
    assert table.index.tolist() == list(range(len(table)))
    plain = pd.read_csv(REPOSITORY / "data" / "examples" / "age.csv")
    pd.testing.assert_frame_equal(table.drop(columns="split"), plain)
    sizes = table["split"].value_counts().to_dict()
    assert sizes == {"train": 211, "test": 59, "validation": 30}


def test_a_files_lines_are_named_behind_quoted_line_ends_and_empty_lines(tmp_path):
    lines = rows().to_csv(index=False).splitlines()
    lines[1] = '"The\n[MASK]\nchoir.",young,old,1,young,old'
    lines[4] = "\nNo slot.,young,old,1,young,old"
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"line 8: no \[MASK\] in 'No slot"):
        read_cloze_table(path)


def test_an_item_of_a_json_list_is_named_as_one(tmp_path):
    path = tmp_path / "own.json"
    one("No slot.").to_json(path, orient="records")
    with pytest.raises(InputError, match=r"item 4: no \[MASK\] in"):
        read_cloze_table(path)
