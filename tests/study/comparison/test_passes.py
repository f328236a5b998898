"""Passes are counted there and back, whoever runs the model, while they are asked."""

from __future__ import annotations

import torch

from study.comparison.baselines.pretraining import continued_pretraining
from study.comparison.passes import counted
from study.comparison.sentence_vectors import sentence_means
from tests.conftest import SENTENCES
from tests.study.comparison.baselines.small import SETTINGS


def test_a_pass_back_is_counted_where_there_is_one(lm):
    ids = torch.tensor([[5, 9, 7], [6, 8, 4]])
    with counted(lm.model.base_model) as passes:
        sentence_means(lm, SENTENCES[:3])
        read = passes.tokens
        assert passes.forward >= 1 and passes.backward == 0 and read > 3
        lm.model.requires_grad_(True)
        before = passes.forward
        lm.model(input_ids=ids).logits.sum().backward()
        with torch.no_grad():
            lm.model(input_ids=ids)
    assert (passes.forward - before, passes.backward) == (2, 1)
    assert passes.tokens - read == 12
    lm.model(input_ids=ids).logits.sum().backward()
    assert (passes.forward - before, passes.backward) == (2, 1)


def test_training_on_is_a_pass_there_and_back_a_step(lm):
    with counted(lm.model.base_model) as passes:
        continued_pretraining(lm, SENTENCES[:8], SETTINGS, seed=0)
    assert passes.forward == passes.backward == SETTINGS.pretraining_steps
