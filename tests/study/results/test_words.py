"""The words of result tables are those of the source data that figures are kept of."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from gradiend.evaluation import kinds
from study.report.tables.first_order import agreement_summary
from study.results import anatomy, classes, first_order, states
from study.results.places import REPOSITORY
from study.results.selected import BASE

FIGURES = ("figures", "figures/real")
# Words that say other things elsewhere: names of columns, of features' classes.
COMMON = {
    *(anatomy.NOTHING, anatomy.RANDOM, anatomy.LAYER, anatomy.COMPONENT),
    *(anatomy.NORM, anatomy.OTHER, kinds.FEATURE, kinds.NEUTRAL),
}
WORDS: list[tuple[str, str, Sequence[object]]] = [
    (
        "anatomy_few",
        "choice",
        (anatomy.NOTHING, anatomy.LARGEST, anatomy.RANDOM, anatomy.SCALED),
    ),
    (
        "anatomy_places",
        "choice",
        (
            *(anatomy.NOTHING, anatomy.ONLY, anatomy.WITHOUT),
            *(anatomy.SCALED, anatomy.ALL),
        ),
    ),
    ("anatomy_places", "kind", (anatomy.LAYER, anatomy.COMPONENT)),
    ("anatomy_reading", "choice", (anatomy.LARGEST, anatomy.RANDOM)),
    ("anatomy_enough", "what", (anatomy.WRITING, anatomy.READING)),
    ("first_order_changes", "share", (first_order.NEAR, first_order.SELECTED)),
    (
        "encodings",
        "kind",
        (kinds.FEATURE, kinds.NEUTRAL, kinds.FEATURE_NEUTRAL, kinds.UNTRAINED),
    ),
]


def source(folder: str, name: str) -> pd.DataFrame:
    return pd.read_parquet(REPOSITORY / folder / "source" / f"{name}.parquet")


@pytest.mark.parametrize("folder", FIGURES)
@pytest.mark.parametrize(("name", "column", "words"), WORDS)
def test_a_column_has_these_words_and_no_other(folder, name, column, words):
    found = source(folder, name)[column].dropna()
    assert list(found.unique()) == list(words)


@pytest.mark.parametrize("folder", FIGURES)
def test_words_beside_others_are_there(folder):
    norms = source(folder, "anatomy_norms")
    assert anatomy.WEIGHTS in set(norms["quantity"])
    assert {anatomy.NORM, anatomy.OTHER} & set(norms["component"])
    statistics = set(source(folder, "encoder")["statistic"])
    asked = (kinds.FEATURE, kinds.NEUTRAL, kinds.FEATURE_NEUTRAL)
    assert statistics >= {kinds.mean_size(kind) for kind in asked}
    found = [source(folder, f"first_order_{name}") for name in ("agreement", "holds")]
    assert not agreement_summary(*found).isna().any(axis=None)


def test_words_of_stand_ins_alone_are_there():
    said = source("figures", "classes_they")
    assert [c for c in said if c.startswith(classes.PLANTED)]
    found = source("figures", "robustness")["variant"].unique()
    ordered = (states.DEBIASED_FIRST, states.TUNED, states.TUNED_FIRST)
    assert list(found) == [BASE, states.DEBIASED, *ordered]


def test_no_word_is_written_where_it_is_not_at_home():
    """Those that no code says for anything else; a second one would be missed."""
    own = (kinds, anatomy, states)
    homes = {Path(module.__file__): words_of(module) for module in own}
    words = set().union(*homes.values()) - COMMON
    found = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno}: {node.value!r}"
        for package in ("gradiend", "study")
        for path in (REPOSITORY / package).rglob("*.py")
        if path not in homes
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in words
    ]
    assert len(words) > 10 and found == []


def words_of(module: ModuleType) -> set[str]:
    return {value for name, value in vars(module).items() if name.isupper()}
