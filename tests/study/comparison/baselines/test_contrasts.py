"""Methods that contrast two classes, on directions that are planted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData, filled_texts
from study.comparison.baselines.dpo import dpo, preferences, preferred_change
from study.comparison.baselines.pretraining import continued_pretraining
from study.comparison.baselines.selection import Validation, best_along
from study.comparison.baselines.steering import (
    STRENGTHS,
    class_vectors,
    steering_vector,
)
from study.comparison.baselines.task_vector import FACTORS, task_vector
from study.comparison.edits import Edit, Steering, Weights, assign
from tests.conftest import tiny_lm
from tests.study.comparison.baselines.small import SETTINGS, texts_data, validation


@dataclass(frozen=True)
class Numbered(Edit):
    """An edit that only says which one is on."""

    number: float
    on_now: list[float]

    @contextmanager
    def on(self, lm: ClozeLM) -> Iterator[ClozeLM]:
        self.on_now.append(self.number)
        yield lm
        self.on_now.pop()


def best(values: dict[float, dict], **floors) -> tuple[float | None, dict]:
    """The best of 1, 2 and 3, whose numbers are known; others are the base's."""
    on_now: list[float] = [0.0]
    by = validation(lambda _: {"gap": 0.4} | values.get(on_now[-1], {}), **floors)
    choice = by.choice(tiny_lm("gpt2"), lambda n: Numbered(n, on_now))
    choice.ask([1.0, 2.0, 3.0])
    return choice.chosen, choice.notes()


def test_the_best_has_the_smallest_gap_of_those_that_keep_what_they_must():
    found, notes = best({1.0: {"gap": 0.3}, 2.0: {"gap": 0.1}, 3.0: {"gap": 0.2}})
    assert found == 2.0
    assert notes["candidates"] == 3
    assert (notes["gap before"], notes["gap"]) == pytest.approx((0.4, 0.1))
    # At the cost of language modelling, or of saying either class.
    for name, value in (("LMS", 0.97), ("said", 0.7)):
        values = {1.0: {"gap": 0.3}, 2.0: {"gap": 0.1, name: value}}
        assert best(values)[0] == 1.0
        assert best(values, lms_floor=0.5, said_floor=0.5)[0] == 2.0
    # Nothing is better than the base model.
    assert best({n: {"gap": 0.5} for n in (1.0, 2.0, 3.0)})[0] is None


def test_what_cannot_be_the_best_is_not_asked_for_its_language_modelling():
    asked: list[float] = []
    on_now: list[float] = [0.0]

    def measured(_lm: ClozeLM) -> dict[str, float]:
        return {"gap": {1.0: 0.3, 2.0: 0.35, 3.0: 0.2}.get(on_now[-1], 0.4)}

    by = validation(measured)

    def measure(lm: ClozeLM):
        found = by.measure(lm)
        found.modelling = lambda: asked.append(on_now[-1]) or 1.0
        return found

    choice = Validation(measure).choice(tiny_lm("gpt2"), lambda n: Numbered(n, on_now))
    choice.ask([1.0, 2.0])
    choice.ask([3.0])
    assert asked == [0.0, 1.0, 3.0]
    assert (choice.chosen, choice.candidates) == (3.0, 3)


def planted() -> pd.DataFrame:
    """Anna goes with she and Tom with he, in rows of two lengths."""
    rows = []
    for name, own, other, label in (("Anna", "she", "he", 1), ("Tom", "he", "she", -1)):
        for frame in ("{} said that [MASK] was tired.", "{} smiled and [MASK] opened."):
            rows.append((frame.format(name), own, other, label))
    columns = ["masked", "factual", "counterfactual", "label"]
    table = pd.DataFrame(rows * 12, columns=columns)
    names = table["label"].map({1: "female", -1: "male"})
    return table.assign(factual_class=names)


def of_class(lm: ClozeLM, rows: pd.DataFrame) -> np.ndarray:
    """log P(factual) − log P(counterfactual) of each row."""
    encoded = lm.encode(rows)
    odds = np.empty(len(rows))
    for at, batch in lm.batches(encoded, batch_size=8):
        with torch.no_grad():
            told = lm.log_probabilities(batch)
        sides = (batch.factual, batch.counterfactual)
        first, second = (told[side.slot, side.token] for side in sides)
        odds[at] = (first - second).numpy()
    return odds


def contrasts(by: Validation) -> BaselineData:
    return dataclasses.replace(texts_data([]), rows=planted(), validation=by)


def odds_measure(rows: pd.DataFrame) -> Validation:
    """The gap is that of the log-odds of what is factual."""

    return validation(lambda lm: {"gap": float(abs(of_class(lm, rows)).mean())})


def taught(name: str) -> ClozeLM:
    """A tiny model that has learned the planted association."""
    lm = tiny_lm(name)
    assign(lm.model, learned(name).values)
    return lm


@cache
def learned(name: str) -> Weights:
    texts = filled_texts(planted())["text"].tolist()
    settings = dataclasses.replace(SETTINGS, pretraining_steps=60)
    return continued_pretraining(tiny_lm(name), texts, settings, seed=0)


@pytest.mark.parametrize("name", ["bert", "distilbert", "roberta", "gpt2", "llama"])
def test_the_class_vector_is_the_one_that_is_planted(name):
    """In a body that passes embeddings on, it is the words' embeddings' difference."""
    lm = tiny_lm(name)
    for key, parameter in lm.model.named_parameters():
        last = ("attention.output.dense", "out_lin", "c_proj", "o_proj", "down_proj")
        if any(part in key for part in (*last, "output.dense", "lin2")):
            parameter.data.zero_()
    vectors = class_vectors(lm, planted(), [0, 1])
    words = [tokens[-1] for tokens in lm.token_ids(["she", "he"])]
    table = lm.model.get_input_embeddings().weight.detach()
    expected = table[words[0]] - table[words[1]]
    assert vectors.keys() == {0, 1}
    for vector in vectors.values():
        cosine = torch.cosine_similarity(vector, expected, dim=0)
        # Exactly so where nothing is normalised on the way.
        assert cosine > (0.999 if lm.causal else 0.8)
        if lm.causal:
            torch.testing.assert_close(vector, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama"])
@pytest.mark.parametrize("size", [1.0, 0.1])
def test_a_steering_vector_takes_back_a_lean_to_one_class(name, size):
    """The classes of a model that leans to she everywhere: centred by a shift.

    A small lean wants a small shift: of a twentieth of the vector as well as of it all.
    """
    lm, rows = taught(name), planted()
    vector = class_vectors(lm, rows, [1])[1]
    lean = Steering(size * vector, 1)
    with lean.on(lm):
        data = contrasts(share_measure(rows))
        edit = steering_vector(lm, data, SETTINGS)
        assert edit.notes["candidates"] == 2 * len(STRENGTHS) + 4
        assert not lm.causal or edit.notes["strength"] < 0
        assert edit.notes["gap"] < 0.5 * edit.notes["gap before"]


def share_measure(rows: pd.DataFrame) -> Validation:
    """The gap is how far the mean share of she is from a half."""
    sign = rows["label"].to_numpy()

    def measured(lm: ClozeLM) -> dict[str, float]:
        share = 1 / (1 + np.exp(-sign * of_class(lm, rows)))
        return {"gap": abs(float(share.mean()) - 0.5)}

    return validation(measured)


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_a_task_vector_unlearns_what_the_texts_teach(name):
    lm, rows = taught(name), planted()
    data = contrasts(odds_measure(rows))
    before = of_class(lm, rows)
    settings = dataclasses.replace(SETTINGS, pretraining_steps=10)
    edit = task_vector(lm, data, settings)
    assert edit.notes["factor"] in FACTORS
    with edit.on(lm):
        assert abs(of_class(lm, rows)).mean() < 0.8 * abs(before).mean()
    assert np.array_equal(of_class(lm, rows), before)
    # W − c·τ, where W + τ is what training on the texts gives.
    texts = filled_texts(data.rows)["text"].tolist()
    there = continued_pretraining(lm, texts, settings, seed=0).values
    parameters = dict(lm.model.named_parameters())
    for key, value in edit.values.items():
        expected = parameters[key] + edit.notes["factor"] * (
            there[key] - parameters[key]
        )
        torch.testing.assert_close(value, expected)


def test_along_a_change_the_best_factor_is_found_and_named():
    lm = tiny_lm("gpt2")
    key = "transformer.ln_f.bias"
    own = dict(lm.model.named_parameters())[key]

    by = validation(lambda _: {"gap": abs(float(own.detach().mean()) - 2)})
    change = {key: torch.ones(16)}
    edit = best_along(lm, change, (0.5, 2.0, 3.0), by)
    assert edit.notes["factor"] == 2.0
    torch.testing.assert_close(edit.values[key], torch.full((16,), 2.0))
    # None is better than the base model: nothing changes.
    edit = best_along(lm, change, (-1.0,), by)
    assert edit == Weights({}) and edit.notes["factor"] == 0.0


def test_the_other_classes_word_is_preferred():
    rows = pd.DataFrame(
        {
            "masked": ["Anna said [MASK] and [MASK].", "When [MASK]"],
            "factual": ["she", "he"],
            "counterfactual": ["he", "she"],
        }
    )
    assert preferences(rows).to_dict("records") == [
        {"prompt": "Anna said", "chosen": " he and he.", "rejected": " she and she."},
        {"prompt": "When", "chosen": " she", "rejected": " he"},
    ]


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_dpo_lowers_the_log_odds_in_contexts_of_both_classes(name):
    lm, rows = taught(name), planted()
    state = {n: t.clone() for n, t in lm.model.state_dict().items()}
    modules = [(n, type(m)) for n, m in lm.model.named_modules()]
    rates = {n: m.p for n, m in lm.model.named_modules() if hasattr(m, "p")}
    padding = lm.model.config.pad_token_id
    before = of_class(lm, rows)
    settings = dataclasses.replace(SETTINGS, dpo_steps=30, dpo_batch=8, dpo_rate=1e-2)
    edit = dpo(lm, contrasts(odds_measure(rows)), settings)
    assert [(n, type(m)) for n, m in lm.model.named_modules()] == modules
    assert {n: m.p for n, m in lm.model.named_modules() if hasattr(m, "p")} == rates
    assert lm.model.config.pad_token_id == padding and not lm.model.training
    assert not any(p.requires_grad for p in lm.model.parameters())
    for key, tensor in lm.model.state_dict().items():
        assert torch.equal(tensor, state[key])
    assert edit.notes["factor"] > 0
    change = preferred_change(lm, preferences(rows), settings, seed=0)
    for key, tensor in change.items():  # LoRA's: of low rank, of linear layers alone
        assert (
            torch.linalg.matrix_rank(tensor) <= 8 and tensor.shape == state[key].shape
        )
    with Weights({k: state[k] + v for k, v in change.items()}).on(lm):
        after = of_class(lm, rows)
    for label in (1, -1):
        of = (rows["label"] == label).to_numpy()
        assert after[of].mean() < before[of].mean() - 1
    again = preferred_change(lm, preferences(rows), settings, seed=0)
    assert all(torch.equal(again[key], tensor) for key, tensor in change.items())


def test_dpo_refuses_a_masked_model_in_one_line():
    with pytest.raises(InputError, match=r"'tiny-bert', a masked model.*leave it out"):
        dpo(tiny_lm("bert"), contrasts(odds_measure(planted())), SETTINGS)


@pytest.mark.parametrize("fit", [steering_vector, task_vector, dpo])
def test_what_is_missing_is_named(fit):
    with pytest.raises(InputError, match=r"gender: .* need cloze rows"):
        fit(tiny_lm("gpt2"), texts_data([]), SETTINGS)
