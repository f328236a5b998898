"""Runs that go wrong end with a line that says so; runs that are cut off go on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from gradiend.errors import InputError
from gradiend.settings import TrainingSettings
from gradiend.training import Trainer, fit
from gradiend.update import copied
from gradiend.vectors import inner
from tests.conftest import tiny_lm

SHORT = TrainingSettings(
    steps=6, batch_size=4, evaluate_every=2, learning_rate=1e-3, min_rows=2
)


def test_a_loss_that_is_not_finite_ends_the_run(table):
    lm = tiny_lm("bert")
    trainer = Trainer(lm, table, SHORT)
    next(iter(trainer.gradiend.decoder_bias.values())).view(-1)[0] = float("inf")
    with pytest.raises(InputError, match=r"loss is .* at step 1 \(learning rate 0.001"):
        trainer.run()


def test_an_encoder_that_is_not_finite_is_never_kept(table):
    lm = tiny_lm("bert")
    trainer = Trainer(lm, table, SHORT)
    trainer.step = 1
    next(iter(trainer.gradiend.encoder.values())).view(-1)[0] = float("nan")
    with pytest.raises(InputError, match=r"correlation is nan at step 1"):
        trainer._validate(0.0)
    assert trainer.best is None


def test_every_seed_is_told(table):
    found = fit(tiny_lm("bert"), table, SHORT, seeds=(0, 1))
    assert set(found.seeds) == {0, 1}
    assert found.correlation == max(found.seeds.values()) == found.seeds[found.seed]


def test_the_best_is_copied_into_the_copy_that_there_is(table):
    trainer = Trainer(tiny_lm("bert"), table, SHORT)
    trainer.step = 1
    trainer.best = (np.array(0.0), 0, copied(trainer.gradiend))
    kept = trainer.best[2]
    next(iter(trainer.gradiend.encoder.values())).add_(1)
    trainer._validate(0.0)
    correlation, step, best = trainer.best
    assert step == 1
    assert abs(float(correlation)) > 0
    assert best is kept
    for name, tensor in trainer.gradiend.tensors().items():
        assert torch.equal(tensor, best.tensors()[name]), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("moments", ["full", "8bit"])
def test_a_run_cut_off_gives_the_bits_of_an_undisturbed_one(
    table, tmp_path, moments, dtype
):
    lm = tiny_lm("bert", dtype=dtype)
    settings = dataclasses.replace(SHORT, moments=moments)
    whole = fit(lm, table, settings)

    class Killed(Exception):
        pass

    def cut_off(steps):
        for step in steps:
            if step == 5:  # after the validation at 4, which is kept
                raise Killed
            yield step

    with pytest.raises(Killed):
        fit(lm, table, settings, checkpoints=tmp_path, progress=cut_off)
    seen = []

    def watched(steps):
        seen.extend(steps)
        return steps

    again = fit(lm, table, settings, checkpoints=tmp_path, progress=watched)
    assert seen == [5, 6]
    for part in ("encoder", "decoder_weight", "decoder_bias"):
        for name, tensor in getattr(whole.gradiend, part).items():
            assert torch.equal(tensor, getattr(again.gradiend, part)[name]), name
    assert whole.history.equals(again.history)


def test_products_of_narrow_numbers_are_not_rounded():
    generator = torch.Generator().manual_seed(0)
    left, right = (
        {"w": torch.randn(4_097, generator=generator).bfloat16()} for _ in range(2)
    )
    exact = torch.dot(left["w"].double(), right["w"].double())
    assert abs(float(inner(left, right)) - float(exact)) < 1e-4
    rounded = (left["w"] * right["w"]).double().sum()
    assert abs(float(rounded) - float(exact)) > 1e-3
