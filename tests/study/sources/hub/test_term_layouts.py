"""Race and religion files that say of each row which classes it goes from and to."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.errors import InputError
from study.sources.hub.terms import write_terms

CLASSES = ("asian", "black", "white")
TERMS = {"asian": "Asian", "black": "Black", "white": "White"}


def both_directions(folder, first: str, second: str) -> None:
    """One file a pair, with both directions and terms in every kind of place."""
    rows = []
    for source, target in ((first, second), (second, first)):
        texts = ("[MASK] people met.", "A ([MASK]) family met.", "THE [MASK] CHOIR.")
        for text in texts:
            for split in ("train", "val", "test"):
                word = TERMS[source].upper() if text.isupper() else TERMS[source]
                rows.append(
                    {
                        "masked": f"{split}: {text}",
                        "source": word,
                        "target": TERMS[target],
                        "source_id": source.capitalize(),
                        "target_id": target,
                        "split": split,
                    }
                )
    pd.DataFrame(rows).to_csv(folder / f"{first}_{second}.csv", index=False)


def test_a_file_with_both_directions_becomes_two_pairs(tmp_path):
    (tmp_path / "in").mkdir()
    for pair in (("asian", "black"), ("asian", "white"), ("black", "white")):
        both_directions(tmp_path / "in", *pair)
    write_terms("race", sorted((tmp_path / "in").iterdir()), tmp_path, seed=0)
    for source in CLASSES:
        for target in set(CLASSES) - {source}:
            table = pd.read_csv(tmp_path / "race" / f"{source}_to_{target}.csv")
            assert len(table) == 9
            assert set(table["source"].str.casefold()) == {source}
            assert set(table["target"].str.casefold()) == {target}
            assert set(table["split"]) == {"train", "validation", "test"}


def test_a_row_in_two_splits_does_not_undo_the_published_ones(tmp_path):
    (tmp_path / "in").mkdir()
    for pair in (("asian", "black"), ("asian", "white"), ("black", "white")):
        both_directions(tmp_path / "in", *pair)
    path = tmp_path / "in" / "asian_black.csv"
    table = pd.read_csv(path)
    again = table.iloc[[0]].assign(split="test")
    pd.concat([table, again]).to_csv(path, index=False)
    write_terms("race", sorted((tmp_path / "in").iterdir()), tmp_path, seed=0)
    found = pd.read_csv(tmp_path / "race" / "asian_to_black.csv")
    said = found["masked"].str.partition(":")[0].replace({"val": "validation"})
    assert len(found) == 9 and (found["split"] == said).all()


def test_an_unknown_class_is_named_with_its_row(tmp_path):
    (tmp_path / "in").mkdir()
    both_directions(tmp_path / "in", "asian", "black")
    (path,) = (tmp_path / "in").iterdir()
    path.write_text(path.read_text().replace("black", "blak"))
    with pytest.raises(InputError, match=r"row 2: target_id 'blak' is none of asian"):
        write_terms("race", [path], tmp_path, seed=0)
