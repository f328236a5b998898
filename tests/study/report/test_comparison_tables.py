"""The comparison's tables on a few estimates by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.report.tables.comparison import (
    MAIN,
    collateral_table,
    main_table,
    metrics_table,
    part_table,
    robustness_table,
)
from study.report.tables.ranks import common_table, rank_table

COLUMNS = ["model", "variant", "metric", "value"]


def estimates(*rows: tuple) -> pd.DataFrame:
    """Estimates of gender with a margin of 1; changes are against the model's base."""
    table = pd.DataFrame(rows, columns=COLUMNS)
    base = table[table["variant"] == "base"].set_index(["model", "metric"])["value"]
    keys = pd.MultiIndex.from_frame(table[["model", "metric"]])
    change = table["value"] - base.reindex(keys).to_numpy()
    return table.assign(
        margin=1.0,
        change=change,
        change_margin=5.0,
        marked=change.abs() > 20,
        domain="gender",
    )


def of(model: str, metric: str, **values: float) -> list[tuple]:
    return [(model, variant, metric, value) for variant, value in values.items()]


def bold(styler) -> set[tuple[str, str]]:
    """(variant, column) of the bold cells of a table of one model."""
    marked = np.array(styler.data.attrs["bold"])
    table = styler.data
    return {
        (table["variant"].iloc[row], table.columns[column])
        for row, column in zip(*np.nonzero(marked), strict=True)
    }


def test_a_cell_says_value_margin_change_and_marks():
    rows = estimates(
        *of("A", "bias left", base=100.0, N=40.0, CDA=97.0),
        *of("A", "PPL", base=2.0, N=2.5, CDA=1.5),
    )
    table = metrics_table(rows, ["bias left", "PPL"]).data
    assert list(table) == ["model", "variant", "bias left → 0", "PPL ↓"]
    assert table["bias left → 0"].tolist() == [
        "100.0 ± 1.0",
        "40.0 ± 1.0 (-60.0)*°",
        "97.0 ± 1.0 (-3.0)",
    ]
    assert table["PPL ↓"].tolist()[1] == "2.50 ± 1.00 (+0.50)"


def test_the_best_is_nearest_to_its_ideal_and_better_than_the_base():
    rows = estimates(
        *of("A", "bias left", base=100.0, N=40.0, CDA=97.0, F=160.0),
        *of("A", "said", base=0.9, N=0.2, CDA=0.95, F=0.9),
        *of("A", "SS", base=64.0, N=45.0, CDA=54.0, F=70.0),
        *of("A", "CrowS", base=54.0, N=52.0, CDA=51.0, F=70.0),  # within the interval
        *of("A", "LMS", base=99.0, N=90.0, CDA=80.0, F=90.0),  # the least loss is one
        *of("A", "ICAT", base=50.0, N=60.0, CDA=55.0, F=60.0),
        *of("A", "PPL", base=9.0, N=8.0, CDA=2.0, F=14.0),
    )
    assert bold(metrics_table(rows, list(rows["metric"].unique()))) == {
        ("N", "bias left → 0"),
        ("CDA", "SS → 50"),
        ("N", "ICAT ↑"),
        ("F", "ICAT ↑"),
        ("CDA", "PPL ↓"),
    }
    assert bold(metrics_table(rows, ["SS"], bold=False)) == set()


def test_a_variant_that_is_the_base_is_not_the_best():
    rows = estimates(
        *of("A", "PPL", base=20.0, N=13.0, M=12.0, TaskVector=20.0 + 1e-9),
        *of("A", "SS", base=60.0, N=60.0, M=70.0, TaskVector=60.0),
    )
    assert bold(metrics_table(rows, ["PPL", "SS"])) == {("M", "PPL ↓")}


def test_rounding_has_no_marks():
    rows = estimates(*of("A", "bias left", base=100.0, N=100.0 + 1e-7, M=99.0))
    rows = rows.assign(marked=True, change_margin=1e-8)
    cells = metrics_table(rows, ["bias left"]).data["bias left → 0"]
    assert cells.tolist()[1:] == ["100.0 ± 1.0 (+0.0)", "99.0 ± 1.0 (-1.0)*°"]


@pytest.mark.parametrize(
    ("seeds", "marks"), [({}, ""), ({"seeds": 3}, ""), ({"seeds": 5}, "*°"),
                         ({"seeds": 0}, "*°")],
)  # fmt: skip
def test_a_mark_of_what_is_fine_tuned_needs_seeds(seeds, marks):
    rows = estimates(
        *of("A", "GLUE: sst2", base=90.0, N=60.0), *of("A", "SS", base=90.0, N=60.0)
    ).assign(**seeds)
    styler = metrics_table(rows, ["GLUE: sst2", "SS"])
    assert styler.data.iloc[1, 2:].tolist() == [
        f"60.0 ± 1.0 (-30.0){marks}",
        "60.0 ± 1.0 (-30.0)*°",
    ]
    few = "No marks where fewer than 5 seeds were fine-tuned: sst2."
    assert (styler.caption or "") == (few if seeds and not marks else "")


def test_it_is_said_of_what_icat_is_made():
    rows = estimates(*(row for m in MAIN for row in of("A", m, base=60.0, N=40.0)))
    caption = main_table(rows, "gender").caption
    assert caption.startswith("ICAT is LMS · min(SS, 100 − SS) / 50, of the domain's")
    assert main_table(rows[rows["metric"] == "SS"], "gender").caption is None


def test_a_column_that_is_the_same_everywhere_goes_and_is_said():
    rows = estimates(
        *of("A", "SS", base=60.0, N=50.0),
        *of("A", "LMS", base=100.0, N=99.96),
        *of("A", "SS majority", base=np.nan, N=np.nan),
    )
    styler = metrics_table(rows, ["LMS", "SS", "SS majority"], caption="Of A.")
    assert list(styler.data) == ["model", "variant", "SS → 50"]
    assert styler.caption == "Of A. LMS is 100.0, SS majority is – everywhere."
    assert bold(styler) == set()  # the best of one is none
    kept = rows.assign(value=rows["value"].replace(99.96, 99.94))
    assert "LMS ↑" in metrics_table(kept, ["LMS"]).data


def test_what_some_rows_lack_is_the_same_only_where_it_was_asked():
    rows = estimates(
        *of("A", "SS", base=60.0, N=50.0, CDA=55.0),
        *of("A", "GLUE", base=77.31, N=77.31),
        *of("A", "LMS", base=100.0, N=100.0, CDA=100.0),
    )
    caption = metrics_table(rows, ["SS", "GLUE", "LMS"]).caption
    assert caption == "GLUE is 77.3 where it was asked, LMS is 100.0 everywhere."


def test_a_mark_keeps_the_column_of_what_is_else_the_same():
    rows = estimates(*of("A", "LMS", base=99.96, N=100.0)).assign(marked=True)
    styler = metrics_table(rows, ["LMS"])
    cells = ["100.0 ± 1.0", "100.0 ± 1.0 (+0.0)*"]
    assert styler.data["LMS ↑"].tolist() == cells and styler.caption is None


def test_the_main_table_leads_with_what_is_known_of_the_bias():
    rows = estimates(
        *(row for m in reversed(MAIN) for row in of("A", m, base=60.0, N=40.0)),
        *of("A", "moved: race", base=0.0, N=0.1),
    )
    headings = [
        name.rstrip("↑↓ →0123456789") for name in main_table(rows, "gender").data
    ]
    assert headings == ["model", "variant", *MAIN]
    asked = ["bias left", "offset"]
    elsewhere = [f"{metric} elsewhere" for metric in asked]
    known = [*asked, *elsewhere, "said", "right after names"]
    assert headings[2:10] == [*known, "PPL", "SS"]


def test_what_has_moved_is_a_distance_without_a_base_or_a_best():
    rows = estimates(*of("A", "moved: race", base=0.0, N=0.1, M=0.0))
    styler = collateral_table(rows, "gender")
    assert list(styler.data) == ["model", "variant", "moved: race → 0"]
    assert list(styler.data["variant"]) == ["N", "M"]
    assert styler.data.iloc[0, 2].startswith("0.100 ± ")
    assert not styler.data.iloc[:, 2].str.contains(r"[(*°]").any()
    assert bold(styler) == set()


def test_parts_are_of_what_was_asked_and_one_part_is_no_total():
    rows = estimates(
        *of("A", "SS", base=60.0, N=50.0, M=70.0),
        *of("B", "SS", base=60.0),
        *of("A", "GLUE: sst2", base=80.0, N=70.0),
        *of("A", "GLUE", base=80.0, N=70.0),
    )
    one = part_table(rows, "gender", "GLUE").data
    assert list(one) == ["model", "variant", "sst2 ↑"]
    assert one[["model", "variant"]].to_numpy().tolist() == [["A", "base"], ["A", "N"]]
    two = [rows, estimates(*of("A", "GLUE: mrpc", base=60.0, N=61.0))]
    both = part_table(pd.concat(two), "gender", "GLUE").data
    assert list(both) == ["model", "variant", "sst2 ↑", "mrpc ↑", "GLUE ↑"]


def test_nothing_moved_that_was_not_asked():
    rows = estimates(*of("A", "SS", base=60.0, N=50.0))
    assert collateral_table(rows, "gender").data.empty


def test_robustness_shows_what_its_table_has():
    rows = estimates(
        *of("A", "SS", base=90.0, debiased=60.0),
        *of("A", "task", debiased=80.0, tuned=81.0),
        *of("A", "offset", base=0.1, debiased=0.2),
    )
    styler = robustness_table(rows)
    assert list(styler.data)[2:] == ["task ↑", "offset → 0", "SS → 50"]
    assert styler.data["task ↑"].tolist()[0] == "–" and bold(styler) == set()


OVERVIEW = pd.DataFrame(
    [("base", False, False), ("N", True, False), ("CDA", True, False)],
    columns=["variant", "changes weights", "post-processing"],
)


def ranked(rows: pd.DataFrame) -> pd.DataFrame:
    return rank_table(rows, "gender", OVERVIEW).set_index("method")


def test_ranks_by_hand():
    """Without two models of all methods each model has its own ranks."""
    rows = estimates(
        *of("A", "bias left", base=100.0, N=10.0, CDA=50.0),
        *of("A", "offset", base=0.0, N=0.4, CDA=0.1),
        *of("A", "SS", base=90.0, N=50.0, CDA=80.0),  # one-sided, so it does not count
        *of("A", "LMS", base=90.0, N=80.0, CDA=89.0),
        *of("B", "bias left", base=100.0, N=60.0),
        *of("B", "offset", base=0.2, N=0.2),
        *of("B", "LMS", base=90.0, N=88.0),
    )
    table = rank_table(rows, "gender", OVERVIEW)
    kinds = ["changes weights", "post-processing"]
    assert list(table) == [
        *("model", "method", *kinds),
        *("mean", "bias left", "offset", "Δ LMS"),
    ]
    assert table["model"].tolist() == ["A", "A", "A", "B", "B"]
    first, second = (
        part.set_index("method") for _, part in table.groupby("model", sort=False)
    )
    assert first["bias left"].to_dict() == {"CDA": 0.5, "N": 1.0, "base": 0.0}
    assert first["offset"].to_dict() == {"CDA": 0.5, "N": 0.0, "base": 1.0}
    assert first["mean"].tolist() == [0.5, 0.5, 0.5]
    # What it costs is that model's own, no mean over models that another method lacks.
    assert first["Δ LMS"].to_dict() == {"CDA": -1.0, "N": -10.0, "base": 0.0}
    assert second["Δ LMS"].to_dict() == {"N": -2.0, "base": 0.0}
    assert second["mean"].to_dict() == {"N": 0.75, "base": 0.25}  # the offset is a tie
    assert first.loc[["N", "CDA", "base"], kinds[0]].tolist() == ["yes", "yes", ""]


def test_what_changes_nowhere_is_no_column_of_the_ranks():
    rows = estimates(
        *of("A", "bias left", base=100.0, N=10.0, CDA=50.0),
        *of("A", "LMS", base=100.0, N=100.0, CDA=100.0),
        *of("A", "PPL", base=2.0, N=2.5, CDA=2.0),
    )
    table = ranked(rows)
    assert list(table.columns[3:]) == ["mean", "bias left", "Δ PPL (%)"]
    assert table["Δ PPL (%)"].to_dict() == {"N": 25.0, "CDA": 0.0, "base": 0.0}


def test_methods_rank_by_the_models_that_all_have():
    rows = estimates(
        *of("A", "bias left", base=100.0, N=10.0, CDA=50.0),
        *of("B", "bias left", base=100.0, N=10.0, CDA=50.0),
        *of("C", "bias left", base=100.0, N=120.0),
        *of("A", "PPL", base=2.0, N=2.5, CDA=2.0),
        *of("B", "PPL", base=60.0, N=63.0, CDA=60.0),
        *of("C", "PPL", base=2.0, N=4.0),
    )
    table = ranked(rows)
    assert table["models"].to_dict() == {"N": 3, "CDA": 2, "base": 3}
    assert table["common mean"].to_dict() == {"N": 1.0, "CDA": 0.5, "base": 0.0}
    assert table["mean"].to_dict() == pytest.approx(
        {"N": 2 / 3, "CDA": 0.5, "base": 1 / 3}
    )
    assert table["Δ PPL (%)"].to_dict() == pytest.approx(
        {"N": 15.0, "CDA": 0, "base": 0}
    )


def test_where_the_truth_is_not_known_ss_and_seat_rank():
    rows = estimates(
        *of("A", "bias left", base=np.nan, N=np.nan),
        *of("A", "SS", base=40.0, N=55.0),
        *of("A", "SEAT", base=0.5, N=0.8),
    )
    table = ranked(rows)
    assert list(table.columns[3:]) == ["mean", "SS", "SEAT"]
    assert table["SS"].to_dict() == {"N": 1.0, "base": 0.0}
    assert table["SEAT"].to_dict() == {"N": 0.0, "base": 1.0}


def test_methods_are_compared_on_the_models_that_all_have():
    rows = estimates(
        *of("A", "bias left", base=100.0, N=60.0, CDA=40.0),
        *of("B", "bias left", base=100.0, N=20.0, CDA=60.0),
        *of("C", "bias left", base=100.0, N=117.0),
    )
    table = common_table(rows, "gender").set_index("method")
    assert table.index.tolist() == ["N", "CDA"]
    assert table.loc["N", ["A", "B", "C"]].tolist() == [60.0, 20.0, 117.0]
    assert np.isnan(table.loc["CDA", "C"])
    assert table["mean (range), the 2 models of all"].to_dict() == {
        "N": "40.0 (20.0–60.0)",
        "CDA": "50.0 (40.0–60.0)",
    }
    assert table["mean (range), all of the method"].to_dict() == {
        "N": "65.7 (20.0–117.0), 3 models",
        "CDA": "50.0 (40.0–60.0), 2 models",
    }


@pytest.mark.parametrize("common", [0, 1])
def test_of_fewer_than_two_common_models_there_is_no_mean(common):
    first = dict(base=100.0, N=60.0) | ({"CDA": 30.0} if common else {})
    rows = estimates(
        *of("A", "bias left", **first), *of("B", "bias left", base=100.0, CDA=40.0)
    )
    table = common_table(rows, "gender").set_index("method")
    assert list(table) == ["A", "B", "mean (range), all of the method"]
    assert table["mean (range), all of the method"].to_dict() == {
        "N": "60.0, 1 model",
        "CDA": "35.0 (30.0–40.0), 2 models" if common else "40.0, 1 model",
    }
