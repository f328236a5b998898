"""Sequences that share a beginning get what each of them gets alone."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np
import pytest
import torch

from gradiend.lm.cloze import ClozeLM
from gradiend.lm.trees import CAPACITY, Line, lines_of, questions, tree_inputs
from gradiend.lm.ways import Ways
from study.comparison.benchmarks.tokenwise import (
    Query,
    log_probabilities,
    sentence_queries,
)
from study.comparison.settings import Begun
from tests.conftest import tiny_lm

SENTENCES = [
    "Anna said that she was tired because the road was long.",
    "Anna said that he was tired because the road was long.",
    "Anna said that she was tired.",
    "Tom said that the garden is green.",
    "The old mill.",
]


@pytest.fixture(params=["gpt2", "llama"])
def causal(request: pytest.FixtureRequest) -> ClozeLM:
    """A random causal model in float64."""
    return tiny_lm(request.param, dtype=torch.float64)


def alone(lm: ClozeLM, query) -> np.ndarray:
    """A query's log-probabilities, by the model's own forward pass of one sequence."""
    with torch.no_grad():
        logits = lm.model(torch.tensor([query.ids])).logits[0].log_softmax(-1)
    return logits[list(query.positions), list(query.tokens)].numpy()


def queries_of(lm: ClozeLM, begun: Begun = "all") -> list[Query]:
    """What is asked of the sentences, of all of them in one list."""
    return [q for asked in sentence_queries(lm, SENTENCES, begun=begun) for q in asked]


@pytest.mark.parametrize("begun", get_args(Begun))
def test_each_sequence_gets_what_it_gets_alone(causal, begun):
    queries = queries_of(causal, begun)
    sequences = {query.ids for query in queries}
    assert len(lines_of(causal, list(sequences))) < len(sequences)
    for query, found in zip(queries, log_probabilities(causal, queries), strict=True):
        # Llama normalises in float32, whatever its weights are.
        np.testing.assert_allclose(found, alone(causal, query), rtol=1e-6)


def test_what_is_shared_is_read_once():
    line = Line.of([(1, 5, 6, 7), (1, 5, 8), (1, 9)])
    assert line.ids == [1, 5, 6, 7, 8, 9]
    assert line.parents == [-1, 0, 1, 2, 1, 0]
    assert line.places[(1, 5, 8)] == [0, 1, 4]


def test_a_token_sees_its_own_sequence_alone(causal):
    lines = [Line.of([(1, 5, 6), (1, 5, 8, 2)]), Line.of([(1, 3)])]
    inputs = tree_inputs(causal, lines, [(0, 2), (0, 4)])
    assert inputs.position_ids.tolist()[0] == [0, 1, 2, 2, 3]
    seen = inputs.attention_mask[:, 0] == 0
    assert seen[0, 4].tolist() == [True, True, False, True, True]
    assert seen[0, 2].tolist() == [True, True, True, False, False]
    assert seen[1, 1].tolist() == [True, True, False, False, False]


def test_lines_hold_no_more_than_they_may(causal):
    sequences = [(1, 2, 3, *range(10, 30), end) for end in range(40, 100)]
    lines = lines_of(causal, sequences)
    assert all(len(line.ids) <= CAPACITY for line in lines)
    assert sum(len(line.places) for line in lines) == len(sequences)
    asked = [(sequence, [3]) for sequence in sequences]
    batches = list(questions(causal, asked, batch_size=40))
    sizes = [sum(len(line.places) for line in batch.lines) for batch in batches]
    assert sum(sizes) == len(sequences) and max(sizes) < 40 + len(lines[0].places)


def test_long_sequences_share_a_line_of_twice_their_length(causal):
    beginning = tuple(range(100, 100 + CAPACITY))
    sequences = [(*beginning, end) for end in range(40, 60)]
    (line,) = lines_of(causal, sequences)
    assert len(line.ids) == CAPACITY + 20
    # But not one that is longer than the model's attention reaches.
    near = dataclasses.replace(causal)
    near.__dict__["reach"] = CAPACITY + 2
    assert max(len(line.ids) for line in lines_of(near, sequences)) == CAPACITY + 2
    far = dataclasses.replace(causal)
    far.__dict__["reach"] = CAPACITY
    assert all(len(line.places) == 1 for line in lines_of(far, sequences))


def test_sequences_alone_are_not_batched_with_trees(causal):
    alone = tuple(range(200, 210))
    asked = [((1, 5, 6), [0]), ((1, 5, 8), [2]), (alone, [1, 2])]
    one, tree = questions(causal, asked, batch_size=8)
    assert one.inputs(causal).position_ids is None and list(one.asked) == [2]
    assert [one.slots[slot] for slot in one.asked[2]] == [(0, 1), (0, 2)]
    assert sorted(tree.asked) == [0, 1] and len(tree.lines) == 1


@pytest.mark.parametrize(
    "change",
    [{"ways": Ways(packed=False)}, {"causal": False}, {"says": lambda *_: None}],
    ids=["packing not allowed", "masked", "changed in what it says"],
)
def test_sequences_stay_whole_where_a_tree_would_be_wrong(causal, change):
    plain = dataclasses.replace(causal, **change)
    sequences = [query.ids for query in queries_of(causal)]
    lines = lines_of(plain, sequences)
    assert sorted(tuple(line.ids) for line in lines) == sorted(sequences)
    assert tree_inputs(causal, lines, [(0, 0)]).position_ids is None
