"""Jobs in other sentences: what is told of each sentence, and of all."""

from __future__ import annotations

import pandas as pd
import pytest

from study.report.claims import Models
from study.report.claims.frames import frame_claims
from study.report.tables.frames import by_frame, frame_statistics

STEREOTYPE = {"nurse": 0.9, "clerk": 0.5, "smith": 0.1}
# The share of she after a job: its mean and how it follows the stereotype.
SAID = {
    ("base", "one"): (0.5, 1.0),
    ("base", "two"): (0.3, 0.5),
    ("N (refined)", "one"): (0.5, 0.2),
    ("N (refined)", "two"): (0.6, 0.2),
}


@pytest.fixture
def said() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": "A",
            "variant": variant,
            "frame": frame,
            "word": job,
            "stereotype": rated,
            "share": middle + slope * (rated - 0.5),
            "said": 0.8,
        }
        for (variant, frame), (middle, slope) in SAID.items()
        for job, rated in STEREOTYPE.items()
    )


def test_a_sentence_has_its_own_spread_mean_and_slope(said):
    found = frame_statistics(said).set_index(["variant", "frame"])
    for key, (middle, slope) in SAID.items():
        row = found.loc[key]
        assert row["mean"] == pytest.approx(middle)
        assert row["slope"] == pytest.approx(slope)
        assert row["spread"] == pytest.approx(0.4 * slope)
        assert row["r"] == pytest.approx(1)


def test_sentences_stand_in_the_order_they_were_asked_in(said):
    table = by_frame(said, ("base", "N (refined)"))
    assert list(table["frame"]) == ["one", "two"]
    assert list(table)[1:3] == ["spread, base", "spread, N (refined)"]
    assert table["mean, N (refined)"].tolist() == pytest.approx([0.5, 0.6])


def test_what_is_left_is_told_over_sentences(said):
    claims = {claim.id: claim for claim in frame_claims(said, Models(("A",)))}
    # A fifth of the first sentence's spread is left, two fifths of the second's.
    assert claims["frames_spread:n-refined"].quantity.shown == "0.30 (0.20–0.40)"
    assert claims["frames_offset:n-refined"].quantity.shown == "0.05 (0.00–0.10)"
    assert "frames_spread:n" not in claims


def test_nothing_is_told_where_no_jobs_were_asked():
    assert list(frame_claims(pd.DataFrame(), Models(("A",)))) == []
