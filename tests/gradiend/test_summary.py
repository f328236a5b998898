"""What is left on disk beside a rewritten model."""

from __future__ import annotations

import logging

import pandas as pd
import pytest

from gradiend.autoencoder import Gradiend
from gradiend.debiasing import Debiased
from gradiend.evaluation.levelling import Words
from tests.conftest import tiny_lm

NUMBERS = ("P(a $ b)", "P(c)", "gap", "share", "said", "LMS")


@pytest.fixture
def found() -> Debiased:
    """A result whose texts and class could be read as formulas."""
    lm = tiny_lm("bert")
    text = "She got $500 (10% more) and [MASK] lost $200 of A_B^C."
    return Debiased(
        lm=lm,
        gradiend=Gradiend.initialise(lm.covered, seed=0),
        words=Words("a $ b", "c", {"a $ b": {"a": 1.0}, "c": {"c": 1.0}}),
        h=0.0,
        learning_rate=0.1,
        method="closed-form",
        correlation=1.0,
        before=dict.fromkeys(NUMBERS, 0.5),
        after=dict.fromkeys(NUMBERS, 0.5),
        probes=pd.DataFrame({"text": [text] * 2, "before": 0.3, "after": 0.5}),
        candidates=pd.DataFrame({"h": [0.0]}),
        seconds={},
        counts={},
    )


def test_a_dollar_in_a_text_is_a_dollar_in_the_picture(found, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        folder = found.save(tmp_path / "out")
    assert (folder / "summary.png").stat().st_size and not caplog.messages


def test_a_picture_that_fails_costs_nothing_else(found, tmp_path, caplog, monkeypatch):
    def fails(_probes, _name, path):
        path.touch()
        raise ValueError("no such font")

    monkeypatch.setattr("gradiend.picture.draw_probes", fails)
    folder = found.save(tmp_path / "out")
    assert caplog.messages == ["summary.png is not drawn (no such font)"]
    assert (folder / "model.safetensors").exists()
    assert not (folder / "summary.png").exists()
