"""Files: every cell stays what is written, every row has its place in the file."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from gradiend.data import COLUMNS, read_cloze_table
from gradiend.errors import InputError
from gradiend.reading import counted, read_lines, read_rows, row_name, told
from tests.gradiend.files import file_of, rows, written

WORDS = ("007", "1.50", "1e3", "TRUE", "None", "NA", "nan", "18_19", "1/2", "-0")


def read(path):
    return read_rows(path, columns=COLUMNS)


# What is understood


@pytest.mark.parametrize("word", WORDS)
def test_a_cell_of_a_csv_stays_what_is_written(tmp_path, word):
    path = file_of(tmp_path, f"masked,factual,note\nThe [MASK].,{word},{word}\n")
    assert read(path).iloc[0].tolist() == ["The [MASK].", word, word]


@pytest.mark.parametrize("word", ["7", "1.50", "1e3", "true", '"007"', '"None"'])
def test_a_value_of_json_stays_what_is_written(tmp_path, word):
    path = file_of(tmp_path, f'{{"masked": "The [MASK].", "factual": {word}}}')
    assert read(path)["factual"].tolist() == [word.strip('"')]


def test_a_column_of_numbers_is_text_in_the_table_too(tmp_path):
    table = rows().assign(year=[f"0{number}" for number in range(40)], note="NA")
    table = table.replace({"young": "007", "old": "1e3"})
    found = read_cloze_table(written(tmp_path, table))
    assert set(found["factual"]) == {"007", "1e3"}
    assert found["year"].tolist() == table["year"].tolist()
    assert set(found["note"]) == {"NA"}


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_ways_to_write_the_same_table(tmp_path, start, end, separator):
    expected = read_cloze_table(written(tmp_path, rows()))
    text = rows().to_csv(index=False, sep=separator, lineterminator=end)
    found = read_cloze_table(file_of(tmp_path, start + text))
    pd.testing.assert_frame_equal(found, expected)


def test_a_separator_is_told_by_the_header_not_by_the_texts(tmp_path):
    table = rows().assign(masked=lambda t: "Yes, yes, yes: " + t["masked"])
    found = read_cloze_table(written(tmp_path, table, sep=";"))
    assert found["masked"].tolist() == table["masked"].tolist()


def test_quotes_are_read_as_spreadsheets_write_them(tmp_path):
    text = 'masked,factual\n"""Oh, no"", said [MASK] (5"").",Tom\nA 5" [MASK].,Tom\n'
    found = read(file_of(tmp_path, text))["masked"].tolist()
    assert found == ['"Oh, no", said [MASK] (5").', 'A 5" [MASK].']


@pytest.mark.parametrize("name", ["own.json", "own.jsonl", "own.ndjson", "own.txt"])
@pytest.mark.parametrize("lines", [True, False])
def test_json_lists_and_lines_under_any_name(tmp_path, name, lines):
    expected = read_cloze_table(written(tmp_path, rows()))
    text = rows().to_json(orient="records", lines=lines)
    found = read_cloze_table(file_of(tmp_path, "\ufeff" + text, name))
    pd.testing.assert_frame_equal(found, expected)


def test_an_indented_json_list(tmp_path):
    text = json.dumps(rows().to_dict(orient="records"), indent=2)
    assert len(read_cloze_table(file_of(tmp_path, text))) == 40


def test_empty_lines_and_columns_without_a_name_are_left_out_and_counted(tmp_path):
    text = "\n,masked,factual,\n0,The [MASK].,he,\n\n,,,\n1,A [MASK].,he,\n"
    table = read(file_of(tmp_path, text))
    assert list(table.columns) == ["masked", "factual"] and len(table) == 2
    changed = {"columns without a name": 2, "empty lines": 3}
    assert table.attrs["changed"] == changed


def test_json_null_and_a_missing_key_are_empty_cells(tmp_path):
    text = '{"masked": null, "note": "a"}\n\n{"masked": "b"}\n'
    table = read(file_of(tmp_path, text))
    assert table.to_numpy().tolist() == [["", "a"], ["b", ""]]


# Where a row is


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("masked\na\nb\n", ["line 2", "line 3"]),
        ("masked\r\na\r\n\r\nb\r\n", ["line 2", "line 4"]),
        ("\n\nmasked\n\na\nb", ["line 5", "line 6"]),
        ('masked\n"a\nb\nc"\nd\n', ["line 2", "line 5"]),
        ('masked\r"a\rb"\rc\r', ["line 2", "line 4"]),
        ("masked\na\u2028b\x0b\x85\nc\n", ["line 2", "line 3"]),
        ('[{"masked": "a"},\n\n\n{"masked": "b"}]', ["item 1", "item 2"]),
        ('\n{"masked": "a"}\n\n{"masked": "b"}', ["line 2", "line 4"]),
    ],
)
def test_a_row_is_named_by_its_line_or_item(tmp_path, text, names):
    table = read(file_of(tmp_path, text))
    assert [row_name(table, index) for index in table.index] == names


@pytest.mark.parametrize(("index", "name"), [(0, "row 2"), ("a", "row a")])
def test_a_row_of_no_file_is_counted_below_a_header(index, name):
    assert row_name(rows(), index) == name


def test_a_row_keeps_its_name_in_a_part_of_the_table(tmp_path):
    text = rows().to_csv(index=False).replace("\n", "\n\n", 1)
    table = read_cloze_table(file_of(tmp_path, text))
    part = table[table["label"] == -1].sample(5, random_state=0)
    lines = text.split("\n")
    for index, masked in part["masked"].items():
        name = row_name(part, index)
        assert lines[int(name.removeprefix("line ")) - 1].startswith(masked)


# What is told apart

HEADER = "masked,factual\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + "The [MASK], again,he\n", r"line 2: 3 cells, .* names 2; .* comma"),
        (HEADER + "\nA [MASK].,he\n\nThe [MASK].\n", "line 5: 1 cells"),
        (HEADER + '"a\nb",he\n"c\nd",he,x\n', "line 4: 3 cells"),
        ("masked;factual;label\nThe [MASK].;he\n", "line 2: 2 cells, .* semicolon"),
        ("masked\tfactual\nThe [MASK].\n", "line 2: 1 cells, .* tab"),
        (HEADER + 'a,he\n"The [MASK].,he\nb,he\n', "line 3: a quote that does not end"),
        (HEADER + '"Oh" [MASK] said,he\n', "line 2: a quote that does not end"),
        ("masked,factual,masked\na,b,c\n", "two columns masked"),
        (b"PK\x03\x04", "a spreadsheet .* save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old spreadsheet.* save it as CSV"),
        (b"\x1f\x8b\x08", "compressed file; unpack it"),
        (HEADER.encode() + b"A [MASK].,he\nB [MASK].,\xe9", "line 3: not UTF-8; save"),
        (HEADER.encode("utf-16"), "line 1: not UTF-8; save"),
        (HEADER.encode("utf-16-le"), "line 1: not text"),
        ("\ufeff \n", "the file is empty; its first line names the columns masked"),
        ('{"masked": "a"}\n\n{"masked": "b"\n', "line 3: not JSON"),
        ('[{"masked": "a"},\n {"masked" "b"}]', "line 2: not JSON"),
        ('["a"]', "item 1: not an object"),
        ('{"masked": {"0": "a", "1": "b"}}', "line 1: column masked is not text"),
        ('[{"masked": "a"}, {"masked": ["a"]}]', "item 2: column masked is not text"),
    ],
)
def test_what_is_no_table_is_told_in_one_line(tmp_path, content, message):
    path = file_of(tmp_path, content)
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path)


@pytest.mark.parametrize("separator", [",", ";"])
def test_quotes_behind_a_space_are_quotes(tmp_path, separator):
    rows = (("masked", "factual", "label"), ('"Sat, [MASK]; so."', '"he"', " 1"))
    text = "\n".join(f"{separator} ".join(row) for row in rows)
    found = read(file_of(tmp_path, text))
    assert found.iloc[0].tolist() == ["Sat, [MASK]; so.", "he", "1"]


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    def refused(_path):
        raise PermissionError(13, "Permission denied")

    path = file_of(tmp_path, "masked\n")
    monkeypatch.setattr("pathlib.Path.read_bytes", refused)
    with pytest.raises(
        InputError, match=r"own\.csv cannot be read \(Permission denied"
    ):
        read(path)


# Counts


def test_counts_add_up_and_end_a_message():
    table = counted(counted(counted(rows(), "a", 1), "b", 0), "a", 2)
    assert table.attrs["changed"] == {"a": 3}
    assert told(table) == " (changed or left out before: a: 3)"
    assert told(rows()) == ""


def test_a_parts_counts_are_its_own(tmp_path):
    table = read(file_of(tmp_path, "masked\na\n\nb\n"))
    part = counted(table[table["masked"] == "a"], "rows left out", 1)
    assert part.attrs["changed"] == {"empty lines": 1, "rows left out": 1}
    assert table.attrs["changed"] == {"empty lines": 1}


# Texts, one a line


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_text_ends_where_a_line_does_and_nowhere_else(tmp_path, end):
    texts = ["First.", "One\u2028more\x85text\x0chere.", "Last."]
    path = file_of(tmp_path, "\ufeff" + end.join([*texts, "", "  "]))
    assert read_lines(path) == texts


def test_a_file_of_texts_that_cannot_be_read_is_named(tmp_path):
    path = file_of(tmp_path, "One.\nCafé.".encode("latin-1"))
    with pytest.raises(InputError, match=r"own\.csv, line 2: not UTF-8"):
        read_lines(path)
    with pytest.raises(InputError, match=r"is empty; write a text a line"):
        read_lines(file_of(tmp_path, "\n"))
    with pytest.raises(InputError, match=r"none: no such file; give a text file"):
        read_lines(tmp_path / "none")


def test_a_column_may_be_called_like_an_archive_begins(tmp_path):
    path = file_of(tmp_path, "PK,masked,factual\n1,The [MASK].,young\n")
    assert read(path)["PK"].tolist() == ["1"]


@pytest.mark.parametrize("place", ["item 1", "line 1"])
def test_half_an_emoji_is_named(tmp_path, place):
    records = rows().assign(note="cut 😀 here").to_dict("records")
    lines = "\n".join(map(json.dumps, records))
    content = lines if place == "line 1" else json.dumps(records)
    assert len(read_cloze_table(file_of(tmp_path, content))) == 40
    half = content.replace("\\ude00", "", 1)
    with pytest.raises(InputError, match=f"{place}: column note has half a char"):
        read_cloze_table(file_of(tmp_path, half))
