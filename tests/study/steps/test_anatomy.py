"""Where an effect was put is where it is found, and with as many weights."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.encoding import encode
from gradiend.errors import InputError
from gradiend.files import write_csv
from gradiend.lm.cloze import ClozeLM
from gradiend.training import fit
from study.analysis.components import FEED_FORWARD, parts_of
from study.profiles.settings import Anatomy
from study.results import anatomy as words
from study.results.files import SELECTED
from study.steps import anatomy, subject
from study.steps.subject import Subject
from tests.conftest import tiny_lm
from tests.gradiend.test_training import SHORT

PLANTED = "bert.encoder.layer.1.intermediate.dense.weight"  # 512 numbers
RATE = 0.5


def planted(lm: ClozeLM) -> Gradiend:
    """b_d is 1 in one tensor and a little anywhere else; W_d is 0."""
    zeros = {name: torch.zeros_like(p) for name, p in lm.covered.items()}
    bias = {name: torch.full_like(p, 1e-3) for name, p in lm.covered.items()}
    bias[PLANTED] = torch.ones_like(bias[PLANTED])
    return Gradiend(zeros, torch.zeros(()), zeros, bias)


@pytest.fixture
def case(monkeypatch, tmp_path, table) -> Subject:
    """A model whose gap closes as the planted tensor grows by RATE in all."""
    lm = tiny_lm("bert")
    before = lm.covered[PLANTED].detach().clone()

    def measure() -> dict[str, float]:
        grown = float((lm.covered[PLANTED] - before).mean()) / RATE
        return {"gap": 1 - grown, "said": 1.0, "LMS": 1.0, "Balance": grown}

    monkeypatch.setattr(subject, "decoder_measure", lambda *_, **__: measure)
    asked = Anatomy(per_decade=1, draws=1)
    settings = SimpleNamespace(
        anatomy=asked,
        seed=0,
        folder=tmp_path,
        training=SHORT,
        encoder=SimpleNamespace(test_rows=0),
    )
    rows = [
        ("base", "–", np.nan, np.nan),
        ("N", "trained", 1.0, 0.2),
        ("N", "refined", 0.0, RATE),
    ]
    columns = ["variant", "decoder", "h", "learning_rate"]
    write_csv(tmp_path / SELECTED, pd.DataFrame(rows, columns=columns))
    data = SimpleNamespace(table=table)
    return Subject(settings, lm, data, planted(lm), "N (refined)", 0.0, RATE)


def test_the_effect_is_found_in_the_place_where_it_was_put(case):
    before = {name: p.clone() for name, p in case.lm.covered.items()}
    found = anatomy.places_changed(case)
    assert all(torch.equal(before[n], p) for n, p in case.lm.covered.items())
    gap = found.set_index(["kind", "place", "choice"])["gap"]
    for kind, place in (("layer", "1"), ("component", FEED_FORWARD)):
        assert gap[kind, place, words.ONLY] == pytest.approx(0, abs=1e-4)
        assert gap[kind, place, words.WITHOUT] == pytest.approx(1, abs=1e-4)
    for kind, place in (("layer", "0"), ("component", "value")):
        assert gap[kind, place, words.ONLY] == pytest.approx(1, abs=1e-4)
        assert gap[kind, place, words.WITHOUT] == pytest.approx(0, abs=1e-4)
    assert found["gap"].iloc[-1] == pytest.approx(0, abs=1e-4)
    assert found.loc[found["choice"] == "base", "gap"].item() == 1


def test_few_weights_do_what_their_share_of_the_tensor_says(case):
    found = anatomy.few_changed(case)
    size, room = case.gradiend.size, case.gradiend.decoder_bias[PLANTED].numel()
    largest = found[found["choice"] == words.LARGEST].set_index("count")
    for count, row in largest.iterrows():
        assert 1 - row["gap"] == pytest.approx(min(1, count / room), abs=2e-3)
        wanted = RATE * min(count, room) ** 0.5
        assert row["norm"] == pytest.approx(wanted, rel=1e-2)
        assert row["fraction"] == pytest.approx(count / size)
    drawn = found[found["choice"] == words.RANDOM].set_index("count")["gap"]
    tenth = largest.index[-2]
    assert 1 - drawn[tenth] == pytest.approx(tenth / size, abs=0.05)
    same = found[found["choice"] == words.SCALED].set_index("count")["norm"]
    assert same.to_dict() == pytest.approx(largest["norm"].to_dict())


def test_how_few_suffice_is_told_of_both(case):
    few = anatomy.few_changed(case)
    counts = sorted(few["count"].unique())[1:]
    pearson = [0.96 if count >= 10 else 0.2 for count in counts]
    reading = pd.DataFrame(
        {
            "choice": words.LARGEST,
            "count": counts,
            "pearson": pearson,
            "fraction": np.array(counts) / case.gradiend.size,
        }
    )
    found = anatomy.sufficient(few, reading).set_index(["what", "choice"])["count"]
    first = min(c for c in counts if c >= 0.95 * 512)
    assert found[words.WRITING, words.LARGEST] == first
    assert found[words.WRITING, words.RANDOM] == case.gradiend.size
    assert found[words.READING, words.LARGEST] == min(c for c in counts if c >= 10)


def test_an_encoder_of_one_tensor_reads_with_that_tensor_alone(case):
    lm, table = case.lm, case.data.table
    trained = fit(lm, table, SHORT).gradiend
    encoder = {name: torch.zeros_like(t) for name, t in trained.encoder.items()}
    encoder[PLANTED] = trained.encoder[PLANTED]
    own = replace(case, gradiend=replace(trained, encoder=encoder))
    found = anatomy.few_read(own)
    test = table[table["split"] == "test"]
    wanted = np.corrcoef(encode(lm, own.gradiend, test), test["label"])[0, 1]
    largest = found[found["choice"] == words.LARGEST].set_index("count")["pearson"]
    assert largest.iloc[-1] == pytest.approx(wanted, abs=1e-6)
    enough = [count for count in largest.index if count >= 512]
    assert largest[enough].tolist() == pytest.approx([wanted] * len(enough))
    assert set(found["draw"]) == {0, 1}


def test_norms_add_up_to_those_of_the_whole(case):
    found = anatomy.norms(case)
    whole = found.assign(square=found["norm"] ** 2).groupby("quantity")
    lengths, numbers = whole["square"].sum() ** 0.5, whole["numbers"].sum()
    assert (numbers == case.gradiend.size).all()

    def length(of) -> float:
        return float(sum(t.double().square().sum() for t in of.values()) ** 0.5)

    assert lengths["W"] == pytest.approx(length(case.lm.covered))
    assert lengths["b_d"] == pytest.approx(length(case.gradiend.decoder_bias))
    assert lengths["ΔW, N (refined)"] == pytest.approx(RATE * lengths["b_d"])
    assert len(found) == 6 * len({(p.layer, p.component) for p in parts_of(case.lm)})


def test_a_deep_model_has_its_layers_in_groups():
    parts = [SimpleNamespace(layer=str(n), component="key") for n in range(30)]
    found = anatomy._places(parts, 6)
    names = [place for kind, place in found if kind == "layer"]
    assert names[0] == "0 to 4" and names[-1] == "25 to 29" and len(names) == 6
    assert sum(map(len, found.values())) == 60


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([("N", "trained", 1.0, 0.2), ("N", "refined", 0.1, 0.5)], "N (refined)"),
        ([("N", "trained", 1.0, 0.2), ("N", "refined", np.nan, np.nan)], "N"),
        ([("F", "trained", 1.0, 0.2), ("N", "trained", 0.0, 0.5)], "N"),
        ([("N", "trained", np.nan, np.nan), ("F", "trained", 1.0, 0.1)], "F"),
        ([("N", "closed form", 1.0, 0.2), ("N", "trained", np.nan, np.nan)], None),
    ],
)
def test_what_is_taken_apart(case, monkeypatch, rows, wanted):
    columns = ["variant", "decoder", "h", "learning_rate"]
    folder = case.settings.folder
    write_csv(folder / SELECTED, pd.DataFrame(rows, columns=columns))
    settings = SimpleNamespace(folder=folder, feature="gender_MF")
    monkeypatch.setattr(subject, "data_for", lambda *_: None)
    monkeypatch.setattr(subject, "load_gradiend", lambda *_: None)
    if wanted is None:
        with pytest.raises(InputError, match=r"every selected model of gender_MF is"):
            Subject.of(settings, case.lm)
    else:
        assert Subject.of(settings, case.lm).variant == wanted
