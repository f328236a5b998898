"""Draws: balanced over classes, seeded, and never the head of a sorted table."""

from __future__ import annotations

import pandas as pd
import pytest

from gradiend.sampling import balanced_sample, drawn


def sorted_table(**sizes: int) -> pd.DataFrame:
    """Rows in the order of their classes, as files often are."""
    return pd.DataFrame(
        [{"class": name, "row": row} for name, n in sizes.items() for row in range(n)]
    )


@pytest.mark.parametrize(
    ("sizes", "rows", "expected"),
    [
        ({"a": 100, "b": 100}, 40, {"a": 20, "b": 20}),
        ({"a": 100, "b": 100, "c": 100}, 40, {"a": 13, "b": 13, "c": 14}),
        ({"a": 100, "b": 5}, 40, {"a": 35, "b": 5}),
        ({"a": 3, "b": 100, "c": 4}, 20, {"a": 3, "b": 13, "c": 4}),
        ({"a": 3, "b": 4}, 20, {"a": 3, "b": 4}),
        ({"a": 3, "b": 4}, 0, {"a": 3, "b": 4}),
    ],
)
def test_classes_are_as_even_as_they_can_be(sizes, rows, expected):
    found = balanced_sample(sorted_table(**sizes), rows, by="class", seed=0)
    assert sorted(found["class"].value_counts().to_dict().values()) == sorted(
        expected.values()
    )
    assert found.index.is_monotonic_increasing and found.index.is_unique


def test_a_draw_is_its_seeds_and_no_head():
    table = sorted_table(a=200, b=200)
    rows = [balanced_sample(table, 40, by="class", seed=s).index for s in (0, 0, 1)]
    assert rows[0].equals(rows[1]) and not rows[0].equals(rows[2])
    assert table.loc[rows[0], "row"].max() > 100  # the head ends at 19


def test_several_columns_make_a_class():
    table = sorted_table(a=50, b=50).assign(other=lambda t: t["row"] % 5)
    found = balanced_sample(table, 20, by=["class", "other"], seed=3)
    assert set(found.groupby(["class", "other"]).size()) == {2}


def test_a_smaller_draw_begins_a_larger_one():
    texts = [str(number) for number in range(50)]
    assert drawn(texts, 10, seed=1) == drawn(texts, 30, seed=1)[:10]
    assert sorted(drawn(texts, 0, seed=1)) == sorted(texts) != drawn(texts, 0, seed=1)
    assert drawn(texts, 99, seed=2) == drawn(texts, 0, seed=2)
