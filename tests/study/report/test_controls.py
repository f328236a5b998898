"""Decoders of something else: their tables, by hand, and what docs say of them."""

from __future__ import annotations

import pandas as pd
import pytest

from study.report.committed import committed
from study.report.tables.controls import (
    LEFT,
    left_by_features,
    left_by_shuffled,
    with_margins,
)
from study.results.places import REPOSITORY

FEATURE = "gender_MF"
BASE = ((0.8, 0.1), (0.2, 0.7), (0.9, 0.1), (0.1, 0.8))


def asked(share: float) -> pd.DataFrame:
    """Four jobs, at each of which the gap is the ``share`` of the base's."""
    rows = []
    for number, (she, he) in enumerate(BASE):
        middle, half = (she + he) / 2, share * (she - he) / 2
        for word, p in (("she", middle + half), ("he", middle - half)):
            rows.append(("gender", "job", f"q{number}", word, p))
    columns = ["domain", "kind", "query", "class", "learned"]
    return pd.DataFrame(rows, columns=columns).assign(held_out=True)


def learned(feature: str, **shares: float) -> pd.DataFrame:
    parts = [asked(1).assign(variant="base", decoder="–")]
    parts += [
        asked(share).assign(variant="N", decoder=decoder)
        for decoder, share in shares.items()
    ]
    # Another variant's rows count for nothing.
    parts.append(asked(0.1).assign(variant="F", decoder="trained"))
    return pd.concat(parts).assign(feature=feature)


def test_the_asked_feature_comes_first_and_others_are_asked_of_its_jobs():
    table = pd.concat(
        [
            learned("race_AB", trained=0.8, refined=0.6),
            learned(FEATURE, trained=0.5, refined=0.2),
            learned("race_BW", trained=0.7),
        ]
    )
    found = left_by_features(table, FEATURE)
    assert found["feature"].tolist() == [FEATURE, "race_AB", "race_BW"]
    assert found["N by the index"].tolist() == pytest.approx([50, 80, 70])
    assert found["N refined"].tolist()[:2] == pytest.approx([20, 60])
    shown = with_margins(found)
    assert shown.columns.tolist() == ["feature", "N by the index", "N refined"]
    assert shown.iloc[0].tolist() == [FEATURE, "50.0 ± 0.0", "20.0 ± 0.0"]
    assert shown.iloc[2].tolist() == ["race_BW", "70.0 ± 0.0", "–"]


def test_shuffled_decoders_have_the_bias_that_they_leave():
    shares = {"base": 1.0, "closed form": 0.25, "classes shuffled, 0": 0.75}
    numbers = {"h": 0.0, "learning_rate": 0.1, "offset": 0.0, "LMS": 0.5}
    rows = pd.DataFrame([{"decoder": name} | numbers for name in shares])
    said = pd.concat(asked(s).assign(decoder=name) for name, s in shares.items())
    found = left_by_shuffled(rows, said, FEATURE)
    assert found[LEFT].tolist() == pytest.approx([100, 25, 75])
    assert found.columns.tolist() == ["decoder", LEFT, f"± {LEFT}", *numbers]


def test_where_nothing_of_the_domain_is_asked_there_is_no_number():
    rows = pd.DataFrame({"decoder": ["base"], "h": 0.0, "learning_rate": 0.0})
    none = asked(1).assign(decoder="base", held_out=False)
    shown = with_margins(left_by_shuffled(rows, none, FEATURE))
    assert shown.loc[0, LEFT] == "–"


@pytest.mark.parametrize("model", ["smollm2-135m-instruct", "minilm-l6"])
def test_reviewers_are_told_what_the_table_says(model):
    docs = (REPOSITORY / "docs" / "reviewers.md").read_text(encoding="utf-8")
    docs = " ".join(docs.split())
    table = left_by_features(committed(model).read("associations"), FEATURE)
    own, others = table.iloc[0], table.iloc[1:]
    for choice in ("N refined", "N by the index"):
        low, high = others[choice].min(), others[choice].max()
        assert f"{low:.0f} to {high:.0f} % (its own {own[choice]:.0f} %)" in docs
