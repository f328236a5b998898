"""Training: against the plain reference, resumed, and with its rules of selection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.encoding import encode
from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.settings import TrainingSettings
from gradiend.training import Trainer, fit
from study.models.standins import STANDINS
from tests.conftest import tiny_lm
from tests.reference import Reference, row_gradients

SHORT = TrainingSettings(
    steps=12, batch_size=4, learning_rate=1e-2, evaluate_every=5, min_rows=2
)


def as_vector(
    lm: ClozeLM, tensors: dict[str, torch.Tensor], neurons: tuple[int, ...] = ()
) -> torch.Tensor:
    """[n], or [k, n] of k neurons."""
    return torch.cat([tensors[name].reshape(*neurons, -1) for name in lm.covered], -1)


def single_slot(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["masked"].str.count(r"\[MASK\]") == 1]


def reference_row(lm: ClozeLM, row) -> tuple:
    """(ids, position, factual, counterfactual) with no padding."""
    (ids,) = row.sequences
    (position,) = row.factual.positions
    return list(ids), position, row.factual.tokens[0], row.counterfactual.tokens[0]


def check_against_reference(lm: ClozeLM, table, settings: TrainingSettings) -> None:
    """Same start, rows and steps: same W_e, W_d, b_d and encodings within 1e-4."""
    labels = (1, -1) if {*table["label"]} == {1, -1} else (1, 2, 3)
    start = Gradiend.initialise(lm.covered, seed=5, neurons=len(labels) - 1)
    neurons = tuple(start.encoder_bias.shape)
    reference = Reference(
        as_vector(lm, start.encoder, neurons),
        start.encoder_bias,
        as_vector(lm, start.decoder_weight, neurons),
        as_vector(lm, start.decoder_bias),
        settings.learning_rate,
    )
    trainer = Trainer(lm, table, settings, seed=5)
    parameters = list(lm.covered.values())
    for step in range(settings.steps):
        label = labels[step % len(labels)]
        rows = trainer._draw(label, step // len(labels))
        reference.step(lm.model, parameters, [reference_row(lm, row) for row in rows])
    trainer.run()
    gradiend = trainer.gradiend
    for ours, theirs in (
        (as_vector(lm, gradiend.encoder, neurons), reference.encoder),
        (as_vector(lm, gradiend.decoder_weight, neurons), reference.weight),
        (as_vector(lm, gradiend.decoder_bias), reference.bias),
    ):
        theirs = theirs.detach()
        assert float((ours - theirs).abs().max()) < 1e-4
        assert (
            float(torch.nn.functional.cosine_similarity(ours, theirs, -1).min())
            > 0.9999
        )
    rows = trainer.validation_rows
    expected = [
        reference.encode(row_gradients(lm.model, parameters, r)[0]).detach().numpy()
        for r in (reference_row(lm, row) for row in rows)
    ]
    np.testing.assert_allclose(encode(lm, gradiend, rows), expected, atol=1e-4)
    # The comparison means something: training moved every part.
    moved = as_vector(lm, start.encoder, neurons) - reference.encoder.detach()
    assert float(moved.abs().amax(-1).min()) > 1e-3


@pytest.mark.parametrize("architecture", ["bert", "gpt2"])
def test_training_equals_the_flat_reference(architecture, table):
    check_against_reference(tiny_lm(architecture), single_slot(table), SHORT)


@pytest.mark.parametrize("architecture", ["bert", "gpt2"])
def test_training_two_neurons_equals_the_flat_reference(architecture, three_classes):
    lm = tiny_lm(architecture, dtype=torch.float64)
    check_against_reference(lm, single_slot(three_classes), SHORT)


@pytest.mark.parametrize("name", ["standin-bert-base", "standin-gpt2"])
def test_training_a_stand_in_equals_the_flat_reference(name, table):
    lm = ClozeLM.from_pretrained(STANDINS / name)
    settings = replace(SHORT, steps=6, learning_rate=5e-3)
    check_against_reference(lm, single_slot(table), settings)


def test_the_kept_checkpoint_is_the_best_and_encodes_positive_as_positive(lm, table):
    result = fit(lm, table, SHORT, seeds=(0, 1))
    history = result.history
    assert result.correlation == pytest.approx(history["pearson"].abs().max())
    assert list(history["step"]) == [1, 5, 10, 12]
    best = history.loc[history["pearson"].abs().idxmax(), "step"]
    assert result.best_step == best
    validation = table[table["split"] == "validation"]
    h = encode(lm, result.gradiend, validation)
    correlation = np.corrcoef(h, validation["label"])[0, 1]
    assert correlation == pytest.approx(result.correlation, abs=1e-9)
    assert min(result.seeds.values()) > 0.6, "the classes are told apart"


def test_the_base_model_does_not_change(lm, table):
    before = {name: p.clone() for name, p in lm.model.named_parameters()}
    fit(lm, table, SHORT)
    for name, parameter in lm.model.named_parameters():
        assert torch.equal(before[name], parameter)


class Killed(Exception):
    pass


def test_a_killed_run_goes_on_and_ends_with_the_same_numbers(table, tmp_path):
    lm = tiny_lm("bert")
    undisturbed = fit(lm, table, SHORT)

    def until_killed(steps):
        for step in steps:
            if step == 9:
                raise Killed
            yield step

    with pytest.raises(Killed):
        fit(lm, table, SHORT, checkpoints=tmp_path, progress=until_killed)
    steps = []

    def noted(given):
        steps.extend(given)
        return given

    resumed = fit(lm, table, SHORT, checkpoints=tmp_path, progress=noted)
    assert steps[0] == 6, "went on behind the checkpoint of step 5"
    for name, tensor in undisturbed.gradiend.encoder.items():
        assert torch.equal(tensor, resumed.gradiend.encoder[name])
    pd.testing.assert_frame_equal(undisturbed.history, resumed.history)


def test_a_truncated_checkpoint_is_refused_by_name_and_made_again(
    table, tmp_path, caplog
):
    lm = tiny_lm("bert")
    undisturbed = fit(lm, table, SHORT, checkpoints=tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:200])
    again = fit(lm, table, SHORT, checkpoints=tmp_path)
    assert path.name in caplog.text
    assert path.read_bytes() == whole
    pd.testing.assert_frame_equal(undisturbed.history, again.history)


def test_same_seed_same_numbers_other_seed_others(table):
    lm = tiny_lm("bert")
    first, second = (fit(lm, table, SHORT, seeds=(3,)) for _ in range(2))
    other = fit(lm, table, SHORT, seeds=(4,))
    name = next(iter(lm.covered))
    assert torch.equal(first.gradiend.encoder[name], second.gradiend.encoder[name])
    assert not torch.equal(first.gradiend.encoder[name], other.gradiend.encoder[name])


def test_too_few_rows_of_a_class(table):
    few = pd.concat([table[table["label"] == 1], table[table["label"] == -1].iloc[:3]])
    with pytest.raises(InputError, match="class -1"):
        fit(tiny_lm("bert"), few, TrainingSettings(min_rows=3))
    none = table[(table["label"] == 1) | (table["split"] != "train")]
    with pytest.raises(InputError, match="has 0 training rows, fewer than 1"):
        fit(tiny_lm("bert"), none, TrainingSettings(min_rows=0))
