"""Classes of a user's file: what they may leave out, and what contradicts itself."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.data import class_table, read_cloze_table
from gradiend.errors import InputError
from tests.gradiend.files import rows, written

PAIRS = {"young": "old"}


def read(folder, table, **options):
    return read_cloze_table(written(folder, table), **options)


def labels_of(table) -> dict[str, int]:
    return dict(zip(table["factual_class"], table["label"].tolist(), strict=True))


# Labels


def test_labels_may_be_left_out_and_the_first_class_is_plus_one(tmp_path):
    table = rows().drop(columns="label")
    assert labels_of(read(tmp_path, table)) == {"young": 1, "old": -1}
    assert labels_of(read(tmp_path, table[::-1])) == {"young": -1, "old": 1}


@pytest.mark.parametrize("positive", ["young", "old"])
def test_a_parameter_says_which_class_is_plus_one(tmp_path, positive):
    found = read(tmp_path, rows().drop(columns="label"), positive=positive)
    assert [name for name, sign in labels_of(found).items() if sign == 1] == [positive]


def test_one_row_to_read_names_both_classes(tmp_path):
    one = rows().drop(columns="label").tail(1)
    assert labels_of(read(tmp_path, one, min_rows=0)) == {"old": 1}
    assert labels_of(read(tmp_path, one, min_rows=0, positive="young")) == {"old": -1}
    with pytest.raises(InputError, match="two classes, here are 1"):
        read(tmp_path, one.drop(columns="counterfactual_class"), min_rows=0)


@pytest.mark.parametrize("names", [("young", "old"), ("A", "B"), ("TRUE", "FALSE")])
def test_labels_may_be_words(tmp_path, names):
    words = dict(zip((1, -1), names, strict=True))
    found = read(tmp_path, rows().assign(label=rows()["label"].map(words)))
    assert labels_of(found) == {"young": 1, "old": -1}
    assert found.attrs["changed"]["label filled in"] == 40


def test_labels_in_words_name_the_classes_if_nothing_else_does(tmp_path):
    words = rows()["label"].map({1: "junior", -1: "senior"})
    table = rows().assign(label=words)
    table = table.drop(columns=["factual_class", "counterfactual_class"])
    found = read(tmp_path, table)
    assert labels_of(found) == {"junior": 1, "senior": -1}
    other = dict(
        zip(found["factual_class"], found["counterfactual_class"], strict=True)
    )
    assert other == {"junior": "senior", "senior": "junior"}


def test_labels_in_numbers_stay(tmp_path):
    table = rows().assign(label=-rows()["label"])
    assert labels_of(read(tmp_path, table)) == {"young": -1, "old": 1}
    assert labels_of(read(tmp_path, table, positive="old"))["old"] == 1


def changed(column: str, value: object, row: int = 3):
    table = rows().astype(object)
    table.loc[row, column] = value
    return table


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (rows().assign(label=[1] * 20 + [0] * 20), {}, "labels are 0 and 1.*write -1"),
        (
            rows().assign(label=[2] * 20 + [1] * 20),
            {},
            "line 2: label '2' is not 1, -1",
        ),
        (changed("label", "x"), {}, "line 5: label 'x' is not 1, -1 or 0; write 1"),
        (changed("label", ""), {}, "line 5: column label is empty"),
        (
            changed("label", -1),
            {},
            "line 5: class 'young' has label -1, but 1 in line 2",
        ),
        (
            changed("factual_class", "new"),
            {},
            "line 5: label 1 is the class 'new', but 'young' in line 2; a feature has",
        ),
        (
            changed("counterfactual_class", "new"),
            {},
            "line 5: label -1 is the class 'new', but 'old' in line 2",
        ),
        (
            changed("counterfactual_class", "young"),
            {},
            "line 5: class 'young' has label -1, but 1 in line 2",
        ),
        (
            changed("factual_class", "new").drop(columns="label"),
            {},
            r"two classes, here are 3 \(young, new, old\); keep the rows of two",
        ),
        (
            rows().iloc[:20].drop(columns=["label", "counterfactual_class"]),
            {},
            r"two classes, here are 1 \(young\)",
        ),
        (
            rows().iloc[:20].drop(columns="label"),
            {},
            "class -1 has 0 training rows, fewer than 10",
        ),
        (
            rows().assign(label=["a"] * 19 + ["b"] * 21),
            {},
            "line 21: class 'young' has label 'b', but 'a' in line 2",
        ),
        (
            rows().assign(label="a"),
            {},
            "line 22: label 'a' is the class 'old', but 'young' in line 2",
        ),
        (
            rows().drop(columns="label"),
            {"positive": "yung"},
            "unknown class in .*own.csv 'yung'; did you mean 'young'",
        ),
        (rows(), {"positive": "old"}, "label 1 is the class young, but positive is"),
        (
            changed("factual", "Elder").assign(
                counterfactual=lambda t: ["elder", *t["counterfactual"][1:]]
            ),
            {},
            "line 5: the word 'elder' is of the class 'young', but 'old' in line 2",
        ),
    ],
)
def test_contradictions_are_told_with_what_to_choose(tmp_path, table, options, message):
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, table, **options)
    assert "own.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_other_pairs_of_classes_are_neutral_rows(tmp_path):
    others = rows(5).assign(label=0, factual="new", factual_class="new")
    table = others.assign(masked="Other: " + others["masked"])
    found = read(tmp_path, pd.concat([rows(), table]))
    assert (found["label"] == 0).sum() == 10


@pytest.mark.parametrize(
    ("column", "written_as"),
    [("label", "Label"), ("counterfactual", "conterfactual"), ("split", "splits")],
)
def test_a_misspelt_column_is_not_one_left_out(tmp_path, column, written_as):
    table = rows().assign(split="train").rename(columns={column: written_as})
    message = f"column {written_as}; did you mean {column}?"
    with pytest.raises(InputError, match=message):
        read(tmp_path, table)


# The other class's word


def bare(**changes):
    dropped = ["counterfactual", "counterfactual_class"]
    return rows().drop(columns=dropped).assign(**changes)


def test_the_other_classes_word_follows_where_each_class_has_one(tmp_path):
    found = read(tmp_path, bare())
    expected = read(tmp_path, rows())
    assert found.to_dict() == expected.to_dict()
    filled = {"counterfactual filled in": 40, "counterfactual_class filled in": 40}
    assert found.attrs["changed"] == filled


def test_labels_and_counterfactuals_may_both_be_left_out(tmp_path):
    found = read(tmp_path, bare().drop(columns="label"))
    assert found.to_dict() == read(tmp_path, rows()).to_dict()


def test_pairs_name_the_other_word_in_both_directions_and_with_a_capital(tmp_path):
    words = ["he", "He", "his", "him"] * 5 + ["she", "She", "hers", "her"] * 5
    pairs = {"he": "she", "his": "hers", "him": "her"}
    found = read(tmp_path, bare(factual=words), pairs=pairs)
    others = ["she", "She", "hers", "her"] * 5 + ["he", "He", "his", "him"] * 5
    assert found["counterfactual"].tolist() == others


def test_a_pair_that_is_named_goes_before_one_that_is_turned_round(tmp_path):
    words = ["his", "him"] * 10 + ["her"] * 20
    pairs = {"his": "her", "him": "her", "her": "his"}
    found = read(tmp_path, bare(factual=words), pairs=pairs)
    assert found["counterfactual"].tolist() == ["her"] * 20 + ["his"] * 20


@pytest.mark.parametrize(
    ("table", "pairs", "message"),
    [
        (
            bare(factual=["young", "youthful"] * 10 + ["old"] * 20),
            None,
            r"class 'young' has 2 words \(young, youthful\); write .*pairs={'young': ",
        ),
        (
            bare(factual=["his", "him"] * 10 + ["her"] * 20),
            {"his": "her", "him": "her"},
            "line 22: 'her' needs one partner in pairs and has his, him",
        ),
        (bare(factual="elder"), PAIRS, "line 2: 'elder' needs one partner .* has none"),
        (rows(), PAIRS, "it has a column counterfactual; leave pairs"),
        (bare().iloc[:20], None, "rows of one class alone"),
        (
            bare(factual_class=["a", "b"] * 20),
            None,
            r"label 1 is not one class \(a, b\); write the column",
        ),
    ],
)
def test_words_without_one_answer_are_refused(tmp_path, table, pairs, message):
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, table, pairs=pairs)
    assert "own.csv" in str(caught.value) and "\n" not in str(caught.value)


# The first table


def test_the_first_table_says_which_class_is_plus_one(tmp_path):
    table = rows().drop(columns="label")[::-1]
    found = class_table(read(tmp_path, table, positive="old"))
    assert found["class"].tolist() == ["old", "young"]
    assert found["label"].tolist() == [1, -1]
    assert found["words"].tolist() == ["old", "young"]
    assert found[["train", "validation", "test"]].to_numpy().sum() == 40
