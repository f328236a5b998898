"""GENTER with names filled in, as its card says it is, and what else may arrive."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.domains.gender import fill_template, read_templates
from study.sources.hub.filled import write_filled_genter, write_neutral_texts

ROWS = [
    ("Anna", "she", "train", "When {n} was tired, [MASK] sat by the old mill."),
    ("Tom", "he", "train", "Once {n} saw the river, [MASK] ran and [MASK] laughed."),
    ("Bea", "She", "val", "[MASK] was proud when {n}'s kite rose over the hill."),
    ("Max", "he", "test", "The lamp of {n} went out, and so [MASK] walked home."),
]


def rows(**changes) -> pd.DataFrame:
    """Four rows in the columns of the card, with changes by column."""
    table = pd.DataFrame(
        {
            "masked": [text.format(n=name) for name, _, _, text in ROWS],
            "label": ["F", "M", "F", "M"],
            "name": [name for name, *_ in ROWS],
            "pronoun": [pronoun for _, pronoun, *_ in ROWS],
            "split": [split for _, _, split, _ in ROWS],
            "template_id": range(4),
        }
    ).assign(**changes)
    return table.drop(columns=[name for name in table if table[name].isna().all()])


def written(tmp_path: Path, table: pd.DataFrame, name: str = "a.parquet") -> list[str]:
    """What was told; the files lie in ``tmp_path``."""
    path = tmp_path / "n1" / name
    path.parent.mkdir(exist_ok=True)
    table.to_parquet(path)
    told: list[str] = []
    write_filled_genter([path], tmp_path, seed=0, tell=told.append)
    return told


def test_rows_become_templates_that_give_the_text_back(tmp_path):
    assert written(tmp_path, rows()) == []
    for split, key in (("train", "train"), ("validation", "val"), ("test", "test")):
        table = pd.read_csv(tmp_path / "genter" / f"{split}.csv")
        own = [row for row in ROWS if row[2] == key]
        assert read_templates(tmp_path, split) == table["masked"].tolist()
        for row, (name, pronoun, _, text) in zip(table.itertuples(), own, strict=True):
            whole = text.format(n=name)
            assert row.masked == text.format(n="[NAME]").replace("[MASK]", "[PRONOUN]")
            assert row.text == whole.replace("[MASK]", pronoun)
            assert row.label == ("F" if pronoun.lower() == "she" else "M")
            assert fill_template(row.masked, name) == whole


def test_names_that_are_slots_already_need_no_column(tmp_path):
    masked = [text.format(n="[NAME]") for *_, text in ROWS]
    assert written(tmp_path, rows(masked=masked, name=None)) == []
    table = pd.read_csv(tmp_path / "genter" / "test.csv")
    assert table["masked"].str.contains("[NAME]", regex=False).all()


def test_a_template_with_several_names_stands_once(tmp_path):
    table = rows()
    other = table.assign(masked=table["masked"].str.replace("Anna", "Eve"))
    other.loc[0, "name"] = "Eve"
    written(tmp_path, pd.concat([table, other]))
    assert len(pd.read_csv(tmp_path / "genter" / "train.csv")) == 2


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"label": ["M", "M", "F", "M"]}, "label contradicts the pronoun in 1 of 4"),
        ({"split": ["train"] * 4}, "not three splits (4 train); dealt"),
        ({"name": ["Anna", "Tom", "Bea", "Kim"]}, "1 of 4 rows have no [MASK], not"),
    ],
)
def test_what_is_other_than_expected_is_told_in_one_line(tmp_path, changes, told):
    lines = written(tmp_path, rows(**changes))
    assert told in lines[0] and "\n" not in lines[0]
    assert all(line.startswith("GENTER (a.parquet") for line in lines)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masked": None}, r"no column masked \(there are: label, name,"),
        ({"pronoun": None}, r"no column pronoun \(there are: masked"),
        ({"name": None}, r"no column name \(there are: masked"),
        ({"masked": ["no slot"] * 4}, r"no \[MASK\] in any .* 'no slot'"),
        ({"name": ["Zoe"] * 4}, r"no name in any .* of 'Zoe'"),
        ({"pronoun": ["they"] * 4}, r"neither he nor she, .* of 'Anna', 'they'"),
        ({"split": ["learn"] * 4}, r"split 'learn' is none of train, val"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_was_found(tmp_path, changes, message):
    with pytest.raises(InputError, match=message) as error:
        written(tmp_path, rows(**changes))
    assert "mend the manifest" in str(error.value)
    assert not (tmp_path / "genter").exists()


def test_a_file_may_say_its_split_by_its_name(tmp_path):
    paths = []
    for split, part in rows().groupby("split"):
        paths.append(tmp_path / f"{split}-00000-of-00001.parquet")
        part.drop(columns="split").to_parquet(paths[-1])
    told: list[str] = []
    write_filled_genter(paths, tmp_path, seed=0, tell=told.append)
    assert told == []
    assert len(pd.read_csv(tmp_path / "genter" / "train.csv")) == 2


@pytest.mark.parametrize("column", ["masked", "name", "pronoun"])
def test_a_row_that_lacks_something_is_left_out_and_told(tmp_path, column):
    path = tmp_path / "n1.parquet"
    table = rows()
    table.loc[0, column] = None
    table.to_parquet(path)
    told: list[str] = []
    write_filled_genter([path], tmp_path, seed=0, tell=told.append)
    assert f"1 of {len(table)} rows have no" in told[0]


def test_a_neutral_text_that_says_nothing_is_none(tmp_path):
    path = tmp_path / "texts.parquet"
    pd.DataFrame({"text": ["The mill stood.", None, " "]}).to_parquet(path)
    write_neutral_texts("neutral", [path], None, tmp_path, seed=0)
    assert pd.read_csv(tmp_path / "neutral.csv")["text"].tolist() == ["The mill stood."]


def test_neutral_texts_are_a_sample_without_repetitions(tmp_path):
    path = tmp_path / "texts.parquet"
    texts = [f"The mill has {n} wheels." for n in range(9)]
    pd.DataFrame({"text": [*texts, *texts], "id": 0}).to_parquet(path)
    write_neutral_texts("neutral", [path], 5, tmp_path, seed=0)
    kept = pd.read_csv(tmp_path / "neutral.csv")["text"]
    assert len(kept) == 5 == kept.nunique() and set(kept) <= set(texts)
    pd.DataFrame({"sentence": texts}).to_parquet(path)
    with pytest.raises(InputError, match=r"no column text \(there are: sentence\)"):
        write_neutral_texts("neutral", [path], 5, tmp_path, seed=0)
