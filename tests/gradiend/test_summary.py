"""What is left on disk beside a rewritten model."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gradiend.autoencoder import Gradiend
from gradiend.debiased import Debiased
from gradiend.evaluation.levelling import Words
from gradiend.lm.ways import Ways
from gradiend.remarks import remarks
from gradiend.summary import summary
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
        encodings=pd.DataFrame(
            {
                "masked": text,
                "factual": ["a", "c"],
                "factual_class": ["a $ b", "c"],
                "label": [1, -1],
                "h": [0.5, -0.25],
            }
        ),
        history=None,
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


# What is in it


def test_what_the_encoder_says_is_kept(found, tmp_path):
    history = pd.DataFrame({"step": [1], "loss": [0.5], "pearson": [0.1]})
    folder = replace(found, history=history).save(tmp_path / "out")
    assert pd.read_csv(folder / "encodings.csv")["h"].tolist() == [0.5, -0.25]
    pd.testing.assert_frame_equal(pd.read_csv(folder / "history.csv"), history)
    facts = json.loads((folder / "debiased.json").read_text())
    assert facts["encoder"]["c"] == {"mean": -0.25, "std": 0.0, "rows": 1}
    assert facts["source"] == "factual" and facts["fallbacks"] == []
    text = (folder / "summary.md").read_text()
    assert "h of each class: a $ b 0.500 ± 0.000 (1 rows), c -0.250" in text
    assert "plainer" not in text
    assert not (found.save(tmp_path / "more") / "history.csv").exists()


def test_ways_that_fell_back_are_in_the_result(found, tmp_path):
    slow = replace(found, lm=replace(found.lm, ways=Ways(packed=False, forward=False)))
    assert slow.fallbacks == (
        "padding instead of packing",
        "encodings by backward instead of forward mode",
    )
    folder = slow.save(tmp_path / "out")
    facts = json.loads((folder / "debiased.json").read_text())
    assert facts["fallbacks"] == list(slow.fallbacks)
    assert "padding instead of packing; encodings by" in summary(slow)


def test_a_text_of_which_nothing_is_said_has_no_share_and_all_is_saved(found, tmp_path):
    nothing = found.after | {"share": np.nan}
    probes = found.probes.assign(after=[np.nan, 0.5])
    odd = replace(found, after=nothing, probes=probes)
    (remark,) = (text for text in remarks(odd) if "no share" in text)
    assert remark.startswith("of 1 of 2 test texts P of all words is 0")
    facts = json.loads((odd.save(tmp_path / "out") / "debiased.json").read_text())
    assert facts["after"]["share"] is None and facts["before"]["share"] == 0.5


# What is remarked


def encoding(found: Debiased, *h: float, correlation: float, **more) -> list[str]:
    table = found.encodings.assign(h=h)
    good = found.after | {"gap": 0.1}
    odd = replace(found, encodings=table, correlation=correlation, after=good, **more)
    return list(remarks(odd))


def test_a_good_result_is_remarked_on_with_nothing(found):
    assert encoding(found, 1.0, -1.0, correlation=1.0) == []


@pytest.mark.parametrize(
    ("said", "remarked"),
    [(0.6, []), (0.3, ["as a share of what is said, 0.83 of it is left"])],
)
def test_a_gap_that_is_narrower_since_less_is_said_is_remarked_on(
    found, said, remarked
):
    before = found.before | {"gap": 0.4, "said": 0.8}
    after = found.after | {"gap": 0.125, "said": said}
    told = list(remarks(replace(found, before=before, after=after)))
    assert [text.partition(": ")[2] for text in told] == remarked


def test_a_feature_that_is_hardly_encoded_says_what_to_try(found):
    (remark,) = encoding(found, 0.5, 0.4, correlation=0.12)
    assert "correlate at 0.12" in remark and remark.endswith("or method='train'")
    settings = {"settings": {"learning_rate": 1e-3}}
    trained = {
        "method": "train",
        "gradiend": replace(found.gradiend, metadata=settings),
    }
    (remark,) = encoding(found, 0.5, 0.4, correlation=0.12, **trained)
    assert remark.endswith(
        "a larger learning rate than 0.001, more steps or another seed"
    )
    (remark,) = encoding(found, 1.0, 1.0, correlation=0.0, **trained)
    assert "the encoder is saturated (|h| is 1 on 100% of them" in remark
    assert remark.endswith("a smaller learning rate than 0.001")
    (remark,) = encoding(found, -1.0, -1.0, correlation=0.0)
    assert "saturated" in remark and remark.endswith("try method='train'")


def test_a_score_that_nothing_can_lower_is_remarked_on(found):
    (remark,) = encoding(
        found, 1, -1, correlation=1.0, before=found.before | {"LMS": 0.0}
    )
    assert remark.startswith("the language-modelling score is 0")


def test_a_text_of_several_lines_is_a_row_of_the_table(found):
    probes = found.probes.assign(text="She said:\n\n[MASK] | it was.")
    assert "| She said:  [MASK] \\| it was. | 0.30 |" in summary(
        replace(found, probes=probes)
    )
