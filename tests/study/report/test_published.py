"""What others published, and what our selection takes from the authors' own grid."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.errors import InputError
from gradiend.evaluation.decoder import base_row, keeping_lms, select
from study.report.published import (
    TABLES,
    beside,
    chosen_cells,
    ours_and_published,
    published,
    published_grid,
    sources,
)

# What the authors chose on their grid: N, F and M (paper, Sec. 4).
THEIRS = {"BPI": (0, 0.01), "FPI": (1, -0.01), "MPI": (-1, -0.01)}


def test_our_rule_chooses_what_the_authors_chose_on_their_grid():
    grid = published_grid()
    assert len(grid) == 241
    assert chosen_cells(grid) == THEIRS


def test_a_floor_of_97_percent_of_lms_changes_none_of_them_and_one_of_99_does():
    grid = published_grid()
    for index, cell in THEIRS.items():
        row = select(grid, index, lms_floor=0.97)
        assert (row["h"], row["learning_rate"]) == cell
    assert len(keeping_lms(grid, 0.99)) < len(keeping_lms(grid, 0.97)) < len(grid)
    changed = [
        index
        for index, cell in THEIRS.items()
        if (r := select(grid, index, lms_floor=0.99))["h"] != cell[0]
        or r["learning_rate"] != cell[1]
    ]
    assert changed


def test_f_is_the_one_that_says_female_names():
    grid = published_grid()
    female, male = (select(grid, index) for index in ("FPI", "MPI"))
    base = base_row(grid)
    assert female["P(female)"] > 0.9 > base["P(female)"] > male["P(female)"]
    assert male["P(male)"] > 0.9 > base["P(male)"] > female["P(male)"]


def test_the_choices_are_those_of_the_published_numbers():
    table = published("decoder").query("model == 'BERT-base'")
    rows = table[table["variant"].isin(["N", "F", "M"])].drop_duplicates("variant")
    cells = {r.variant: (r.h, r.learning_rate) for r in rows.itertuples()}
    assert list(cells.values()) == list(THEIRS.values())
    grid = published_grid()
    for number in table[table["source"] == "paper, first version"].itertuples():
        if number.variant == "base":
            row = base_row(grid)
        else:
            near = grid[grid["h"].eq(number.h)]
            row = near[near["learning_rate"].eq(number.learning_rate)].iloc[0]
        assert row[number.metric] == pytest.approx(number.value, abs=5e-5)


def test_every_number_has_a_source_and_a_table():
    found = published()
    assert set(found["table"]) == set(TABLES)
    assert found["source"].notna().all()
    assert set(found["source"]) == set(sources()["called"])
    assert found["value"].notna().all()


def test_an_unknown_table_is_refused():
    with pytest.raises(InputError, match=r"published table.*encoder"):
        published("encoders")


def test_ours_stand_beside_theirs_where_there_is_one():
    ours = pd.DataFrame(
        {
            "model": ["BERT-base", "BERT-base", "my own"],
            "variant": "base",
            "metric": ["Cor_feature", "unheard of", "Cor_feature"],
            "value": [0.5, 0.5, 0.5],
        }
    )
    both = beside(ours, "encoder")
    assert both["published"].tolist()[0] == 0.957
    assert both["published"].isna().tolist() == [False, True, True]
    assert both["source"][0] == "paper, first version"


def test_a_model_of_the_hub_has_the_authors_numbers_beside_ours():
    model = {"model": "BERT-base", "feature": "gender_MF"}
    encoder = pd.DataFrame(
        [
            model | {"statistic": "Cor_feature", "value": 0.9},
            model | {"statistic": "n", "value": 8},
        ]
    )
    cells = {
        "P(female)": 0.4,
        "P(male)": 0.3,
        "LMS": 0.8,
        "BPI": 0.5,
        "FPI": 0.1,
        "MPI": 0.2,
    }
    selected = pd.DataFrame(
        [
            model | {"variant": "N", "decoder": "trained"} | cells,
            model | {"variant": "N", "decoder": "refined"} | cells,
        ]
    )
    both = ours_and_published(encoder, selected).set_index(["variant", "metric"])
    assert both.loc[("base", "Cor_feature"), ["here", "published"]].tolist() == [
        0.9,
        0.957,
    ]
    assert both.loc[("N", "BPI"), "here"] == 0.5
    assert both.loc[("N", "BPI"), "published"] == pytest.approx(0.363, abs=1e-3)
    assert both.index.is_unique
    named = {
        name: table.assign(model="my own")
        for name, table in (("e", encoder), ("s", selected))
    }
    assert ours_and_published(named["e"], named["s"]).empty
