"""Which tokens of a causal sentence follow a begin-of-sentence token is a choice."""

from __future__ import annotations

import copy
import dataclasses
from typing import get_args

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.benchmarks.crows import crows_scores
from study.comparison.benchmarks.perplexity import text_likelihoods
from study.comparison.benchmarks.stereoset import LABELS, stereoset_scores
from study.comparison.settings import Begun
from study.profiles.mistakes import in_one_line
from study.profiles.settings import RunSettings
from tests.conftest import tiny_lm

WORDS = ("he", "she", "grandmothers")
SENTENCES = [f"The river runs because {word} was tired." for word in WORDS]
BEGUN = get_args(Begun)


@pytest.fixture(params=["gpt2", "llama"])
def causal(request: pytest.FixtureRequest) -> ClozeLM:
    """A random causal model in float64."""
    return tiny_lm(request.param, dtype=torch.float64)


def said(lm: ClozeLM, given: list[int], token: int) -> float:
    """ln P(token | given), by the model's own forward pass."""
    with torch.no_grad():
        logits = lm.model(input_ids=torch.tensor([given])).logits[0, -1]
    return float(logits.log_softmax(-1)[token])


def by_hand(lm: ClozeLM, sentence: str, begun: Begun) -> list[float]:
    """Of each token that is scored, one forward pass a token."""
    ids = lm.tokenizer(sentence, add_special_tokens=False)["input_ids"]
    start = [lm.tokenizer.bos_token_id]
    first = [] if begun == "none" else [said(lm, start, ids[0])]
    before = start if begun == "all" else []
    rest = [said(lm, before + ids[:i], ids[i]) for i in range(1, len(ids))]
    return first + rest


@pytest.mark.parametrize("begun", BEGUN)
def test_every_score_is_that_of_one_token_at_a_time(causal, begun):
    tokens = [by_hand(causal, sentence, begun) for sentence in SENTENCES]
    means = [np.mean(values) for values in tokens]

    examples = pd.DataFrame([["a", "gender", "river", *SENTENCES]])
    examples.columns = ["id", "bias_type", "target", *LABELS]
    found = stereoset_scores(causal, examples, begun=begun)
    assert found[list(LABELS)].to_numpy()[0] == pytest.approx(np.exp(means), rel=1e-6)

    pairs = pd.DataFrame([[*SENTENCES[:2], "gender"]])
    pairs.columns = ["sent_more", "sent_less", "bias_type"]
    found = crows_scores(causal, pairs, begun=begun)
    assert found[["more", "less"]].to_numpy()[0] == pytest.approx(means[:2], rel=1e-6)

    found = text_likelihoods(causal, SENTENCES, begun=begun)
    sums = [-sum(values) for values in tokens]
    assert found["nll"].to_numpy() == pytest.approx(sums, rel=1e-6)
    assert found["tokens"].tolist() == [len(values) for values in tokens]


def test_the_ways_give_different_numbers_and_the_default_is_all(causal):
    found = {b: text_likelihoods(causal, SENTENCES, begun=b)["nll"] for b in BEGUN}
    for number, begun in enumerate(BEGUN):
        for other in BEGUN[number + 1 :]:
            assert (found[begun] - found[other]).abs().min() > 1e-3
    assert text_likelihoods(causal, SENTENCES)["nll"].equals(found["all"])


@pytest.mark.parametrize("begun", BEGUN)
def test_a_masked_model_is_asked_the_same_whatever_is_said(begun):
    lm = tiny_lm("bert")
    plain = text_likelihoods(lm, SENTENCES)
    assert text_likelihoods(lm, SENTENCES, begun=begun).equals(plain)


def test_a_single_token_has_no_score_where_the_first_is_not_scored(causal):
    (token,) = causal.tokenizer(["a"], add_special_tokens=False)["input_ids"]
    assert len(token) == 1
    pairs = pd.DataFrame([["a", "a", "gender"]])
    pairs.columns = ["sent_more", "sent_less", "bias_type"]
    for begun in ("all", "first"):
        found = crows_scores(causal, pairs, begun=begun)
        start = [causal.tokenizer.bos_token_id]
        assert found["more"][0] == pytest.approx(said(causal, start, *token), rel=1e-6)
    with pytest.raises(InputError, match="no token of 'a' is scored"):
        crows_scores(causal, pairs, begun="none")


def test_the_end_of_text_token_stands_in_for_one_of_the_beginning(causal):
    lm = dataclasses.replace(causal, tokenizer=copy.deepcopy(causal.tokenizer))
    lm.tokenizer.bos_token = None
    expected = text_likelihoods(causal, SENTENCES)
    assert causal.tokenizer.bos_token_id == causal.tokenizer.eos_token_id
    with pytest.warns(UserWarning, match="no begin-of-sentence token.*end-of-text"):
        assert text_likelihoods(lm, SENTENCES).equals(expected)
    lm.tokenizer.eos_token = None
    with pytest.raises(InputError, match="begin_of_sentence: none"):
        text_likelihoods(lm, SENTENCES)
    assert len(text_likelihoods(lm, SENTENCES, begun="none")) == len(SENTENCES)


def test_a_profile_says_which_and_a_misspelling_is_refused():
    def read(value: str) -> RunSettings:
        content = {"benchmarks": {"begin_of_sentence": value}}
        with in_one_line("own.yaml", RunSettings):
            return RunSettings.model_validate(content)

    assert RunSettings().benchmarks.begin_of_sentence == "all"
    assert [read(value).benchmarks.begin_of_sentence for value in BEGUN] == [*BEGUN]
    where = "own.yaml, benchmarks.begin_of_sentence: .*did you mean 'first'"
    with pytest.raises(InputError, match=where):
        read("frist")
