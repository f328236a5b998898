"""Scores against hand-made sums, the grid against single rewrites, and its resume."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.evaluation.decoder import (
    DecoderMeasure,
    base_row,
    evaluate_grid,
    select,
)
from gradiend.evaluation.indices import balanced_index, gender_indices
from gradiend.evaluation.scoring import ClassProbabilities, LanguageModelling, top_words
from gradiend.rewriting import rewritten
from tests.conftest import SENTENCES, tiny_lm

TEXTS = ["The road was long because [MASK] was tired.", "Tom said that [MASK] smiled."]


def slot_distribution(lm, text: str) -> torch.Tensor:
    """The model's full distribution at the slot, by its own forward pass."""
    row = lm.encode(
        pd.DataFrame({"masked": [text], "factual": ["he"], "counterfactual": ["she"]})
    )[0]
    ids = torch.tensor([row.sequences[0]])
    with torch.no_grad():
        return lm.model(input_ids=ids).logits[0, row.factual.positions[0]].softmax(-1)


def test_class_probabilities_are_weighted_sums_over_words(lm):
    words = {"female": {"she": 0.9, "was": 0.5}, "male": {"he": 1.0}}
    found = ClassProbabilities(lm, TEXTS, words)()
    for index, text in enumerate(TEXTS):
        p = slot_distribution(lm, text)
        ids = {w: lm.token_ids([w])[0][0] for w in ("she", "was", "he")}
        expected = 0.9 * p[ids["she"]] + 0.5 * p[ids["was"]]
        assert found["female"][index] == pytest.approx(float(expected), rel=1e-4)
        assert found["male"][index] == pytest.approx(float(p[ids["he"]]), rel=1e-4)


def test_words_of_several_tokens_have_the_probability_of_their_pieces(lm64):
    word = "grandfathersandmills"
    assert len(lm64.token_ids([word])[0]) > 1
    found = ClassProbabilities(lm64, TEXTS[:1], {"x": {word: 1.0}})()["x"][0]
    row = lm64.encode(
        pd.DataFrame({"masked": TEXTS[:1], "factual": [word], "counterfactual": ["he"]})
    )[0]
    target = row.factual
    ids = torch.tensor([row.sequences[target.sequence]])
    with torch.no_grad():
        p = lm64.model(input_ids=ids).logits[0].softmax(-1)
    expected = np.prod(
        [
            float(p[position, token])
            for position, token in zip(target.positions, target.tokens, strict=True)
        ]
    )
    assert found == pytest.approx(expected, rel=1e-4)


def test_longer_words_beside_short_ones_get_what_each_gets_alone(lm64):
    """Of a causal model all words share a text's tree; of a masked one its masks."""
    longer = {"grandfathersandmills": 0.5, "grandmothersandmills": 1.0}
    assert all(len(ids) > 1 for ids in lm64.token_ids(list(longer)))
    words = {"x": {"he": 1.0, **longer}, "y": {"she": 1.0, "millandgarden": 2.0}}
    texts = [*TEXTS, "Tom said that [MASK] was long."]
    found = ClassProbabilities(lm64, texts, words)()
    for name, own in words.items():
        alone = [
            weight * ClassProbabilities(lm64, [text], {name: {word: 1.0}})()[name][0]
            for text in texts
            for word, weight in own.items()
        ]
        expected = np.reshape(alone, (len(texts), -1)).sum(1)
        np.testing.assert_allclose(found[name], expected, rtol=1e-5)


def test_causal_score_is_shifted_as_the_model_predicts(lm):
    texts = ["Tom said that he was tired.", "The garden is green."]
    score = LanguageModelling(lm, texts, seed=0)()
    assert 0 <= score <= 1
    if not lm.causal:
        return
    total, count = 0.0, 0
    for text in texts:
        ids = lm.tokenizer(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            loss = lm.model(input_ids=ids, labels=ids).loss  # shifts by itself
        total += float(loss) * (ids.shape[1] - 1)
        count += ids.shape[1] - 1
    assert score == pytest.approx(1 / (1 + total / count), rel=1e-4)


def test_top_words_are_probabilities_in_order(lm):
    words = top_words(lm, TEXTS[0], count=5)
    assert words["p"].is_monotonic_decreasing
    expected = slot_distribution(lm, TEXTS[0]).topk(5).values
    np.testing.assert_allclose(words["p"], expected, rtol=1e-4)


def test_indices_by_hand():
    p = {"female": np.array([0.2]), "male": np.array([0.6])}
    found = gender_indices(p)
    assert found["BPI"][0] == pytest.approx((1 - 0.4) * 0.8)
    assert found["FPI"][0] == pytest.approx(0.4 * 0.2)
    assert found["MPI"][0] == pytest.approx(0.8 * 0.6)
    assert balanced_index(p)["BalancedBS"][0] == pytest.approx((1 - 0.4) * 0.2)


def test_grid_equals_single_rewrites_and_resumes(lm, tmp_path):
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    score = ClassProbabilities(lm, TEXTS, {"he": {"he": 1.0}, "she": {"she": 1.0}})

    def measure() -> dict[str, float]:
        found = score()
        return {"LMS": 1.0, "he": float(found["he"].mean())}

    partial = tmp_path / "grid.jsonl"
    options = {"feature_factors": (-1, 0), "learning_rates": (0.1, 1.0)}
    grid = evaluate_grid(lm, gradiend, measure, partial=partial, **options)
    assert len(grid) == 5
    for _, row in grid[grid["h"].notna()].iterrows():
        with rewritten(lm, gradiend, row["h"], row["learning_rate"]):
            assert measure()["he"] == row["he"]
    assert grid["he"].nunique() > 1
    # Killed in the middle of a line: the whole lines count, the rest is done again.
    lines = partial.read_text().split("\n")
    partial.write_text("\n".join(lines[:4]) + "\n" + lines[4][:10])
    calls = []
    again = evaluate_grid(
        lm,
        gradiend,
        lambda: calls.append(1) or measure(),
        partial=partial,
        **options,
    )
    assert len(calls) == 3  # the base, which tells of whom the file is, and two
    pd.testing.assert_frame_equal(grid, again)


@pytest.mark.parametrize(
    "other", ["feature", "model", "weights", "prefix", "measure", "version", "file"]
)
def test_a_file_of_another_grid_is_refused(tmp_path, other):
    lm, partial = tiny_lm("bert"), tmp_path / "grid.jsonl"
    options = {"feature_factors": (1,), "learning_rates": (0.1,)}
    first = Gradiend.initialise(lm.covered, seed=0)
    evaluate_grid(lm, first, lambda: {"LMS": 1.0}, partial=partial, **options)
    # The base as it is measured now, and the candidate of before.
    again = evaluate_grid(
        lm, first, lambda: {"LMS": 1.0001}, partial=partial, **options
    )
    assert again["LMS"].tolist() == [1.0001, 1.0]
    if other == "file":  # without its first line
        partial.write_text("".join(partial.read_text().splitlines(True)[1:]))
    gradiend = Gradiend.initialise(lm.covered, seed=int(other == "feature"))
    if other == "model":
        lm = dataclasses.replace(lm, name="another")
    if other == "weights":  # trained on a little: what is measured stays as it was
        with torch.no_grad():
            next(iter(lm.covered.values())).view(-1)[0] += 1e-6
    if other == "prefix":
        lm = dataclasses.replace(lm, prefix="Anna said ")
    if other == "version":  # the first line that there was before
        sums = {"W_e": 0.1, "W_d": 0.2, "b_d": 0.3}
        said = {"model": lm.name, **sums, "measures": ["LMS"], "asked": None}
        rest = partial.read_text().splitlines(True)[1:]
        partial.write_text(json.dumps(said) + "\n" + "".join(rest))
    names = ("LMS", "BPI") if other == "measure" else ("LMS",)
    before = partial.read_text()
    with pytest.raises(InputError, match=r"grid\.jsonl: of another model.*delete it"):
        evaluate_grid(
            lm, gradiend, lambda: dict.fromkeys(names, 1.0), partial=partial, **options
        )
    assert partial.read_text() == before


@pytest.mark.parametrize("other", ["texts", "word", "neutral", "seed"])
def test_a_file_of_other_texts_is_refused(tmp_path, other):
    lm, partial = tiny_lm("bert"), tmp_path / "grid.jsonl"
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    options = {"feature_factors": (1,), "learning_rates": (0.1,), "partial": partial}

    def measure(texts=TEXTS, word="he", neutral=SENTENCES[:2], seed=0):
        words = {"he": {word: 1.0}, "she": {"she": 1.0}}
        probabilities = ClassProbabilities(lm, texts, words)
        modelling = LanguageModelling(lm, neutral, seed=seed)
        return DecoderMeasure(probabilities, modelling, lambda p: {})

    evaluate_grid(lm, gradiend, measure(), **options)
    evaluate_grid(lm, gradiend, measure(), **options)
    before = partial.read_text()
    more = {
        "texts": {"texts": TEXTS[1:]},
        "word": {"word": "was"},
        "neutral": {"neutral": SENTENCES[2:5]},
        "seed": {"seed": 1},
    }
    with pytest.raises(InputError, match=r"grid\.jsonl: .*delete it"):
        evaluate_grid(lm, gradiend, measure(**more[other]), **options)
    assert partial.read_text() == before


def test_a_file_of_other_numbers_of_the_base_is_refused(tmp_path):
    lm, partial = tiny_lm("bert"), tmp_path / "grid.jsonl"
    options = {"feature_factors": (1,), "learning_rates": (0.1,), "partial": partial}
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    share = float("nan")  # of a model that says neither word
    first = evaluate_grid(lm, gradiend, lambda: {"LMS": 1.0, "share": share}, **options)
    again = evaluate_grid(lm, gradiend, lambda: {"LMS": 1.0, "share": share}, **options)
    pd.testing.assert_frame_equal(first, again)
    with pytest.raises(InputError, match=r"LMS of the base model is 0\.5 now and 1 in"):
        evaluate_grid(lm, gradiend, lambda: {"LMS": 0.5, "share": share}, **options)


@pytest.mark.parametrize("text", ["a, b\nc, d", "one line", '{"a": 1}\n{"b": 2}'])
def test_another_file_is_left_as_it_is(tmp_path, text):
    lm, path = tiny_lm("bert"), tmp_path / "rows.csv"
    path.write_text(text)
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    with pytest.raises(InputError, match="another"):
        evaluate_grid(lm, gradiend, lambda: {"LMS": 1.0}, partial=path)
    assert path.read_text() == text


def test_the_folder_of_a_partial_grid_is_made(tmp_path):
    lm, path = tiny_lm("bert"), tmp_path / "new" / "grid.jsonl"
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    places = {"feature_factors": np.arange(2), "learning_rates": np.float32([0.5])}
    for _ in range(2):
        evaluate_grid(lm, gradiend, lambda: {"LMS": 1.0}, partial=str(path), **places)
        assert len(path.read_text().splitlines()) == 4
    with path.open("a") as file:
        file.write('{"h": 1.0, "learning_rate": 2.0}\n')
    with pytest.raises(InputError, match=r"grid\.jsonl, line 5: damaged"):
        evaluate_grid(lm, gradiend, lambda: {"LMS": 1.0}, partial=str(path), **places)


def test_selection_takes_the_best_and_may_take_the_base():
    grid = pd.DataFrame(
        {
            "h": [np.nan, 0.0, 1.0],
            "learning_rate": [np.nan, 0.1, 0.1],
            "LMS": [0.8, 0.5, 0.79],
            "BPI": [0.3, 0.6, 0.4],
        }
    )
    assert select(grid, "BPI")["h"] == 0.0
    assert select(grid, "BPI", lms_floor=0.9)["h"] == 1.0
    assert np.isnan(select(grid.assign(BPI=[1.0, 0.1, 0.2]), "BPI")["h"])
    assert base_row(grid)["BPI"] == 0.3
    with pytest.raises(InputError, match="unknown index 'BPS'; did you mean 'BPI'"):
        select(grid, "BPS")


def test_nothing_to_score_is_refused(lm):
    with pytest.raises(InputError, match="no texts"):
        ClassProbabilities(lm, [], {"he": {"he": 1.0}})
    with pytest.raises(InputError, match="no neutral texts"):
        LanguageModelling(lm, [], seed=0)
    with pytest.raises(InputError, match="texts is 'a text'; give a list"):
        ClassProbabilities(lm, "a text", {"he": {"he": 1.0}})
    with pytest.raises(InputError, match="texts is 'a text'; give a list"):
        LanguageModelling(lm, "a text", seed=0)
