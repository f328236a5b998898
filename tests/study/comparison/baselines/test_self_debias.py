"""SelfDebias: its formula one sequence at a time, and what it refuses."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.encoding import encode
from gradiend.errors import InputError
from gradiend.gradients import gradients
from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.self_debias import (
    PREFIX,
    SelfDebias,
    raised_by_prefix,
    self_debias,
)
from study.comparison.benchmarks.perplexity import text_likelihoods
from study.results.places import REPOSITORY
from study.sources.world.source import PlantedWorld
from tests.conftest import SENTENCES, tiny_lm
from tests.gradiend.plain import of_varied_length, tolerance
from tests.study.comparison.baselines.small import SETTINGS, texts_data
from tests.study.comparison.words import RELIGION, WORDS


def told_by_hand(lm: ClozeLM, edit: SelfDebias, ids: list[int], place: int):
    """p(w), normalised, straight from the formula and one sequence at a time."""
    first = {lm.tokenizer.cls_token_id, lm.tokenizer.bos_token_id} - {None}
    start = 1 if ids[0] in first else 0
    prefix = lm.tokenizer(edit.prefix, add_special_tokens=False)["input_ids"]
    told = [*ids[:start], *prefix, *ids[start:]]

    def p(sequence, at):
        logits = lm.model(input_ids=torch.tensor([sequence])).logits
        return logits[0, at].softmax(-1)

    plain, after = p(ids, place), p(told, place + len(prefix))
    alpha = torch.exp(-edit.decay * (after - plain).clamp(min=0))
    values = plain * alpha.clamp(min=edit.floor)
    return values / values.sum()


def test_self_debias_is_its_formula_one_sequence_at_a_time(lm64):
    edit = SelfDebias("The old mill said:", decay=50.0)
    encoded = lm64.tokenizer(["The river runs because she was tired.", "Tom smiled."])
    rows = encoded["input_ids"]
    # A causal LM may be asked with and without a begin-of-sentence token.
    for with_start in (False, True) if lm64.causal else (False,):
        sequences = [
            [lm64.tokenizer.bos_token_id, *ids] if with_start else ids for ids in rows
        ]
        slots = [
            (row, place)
            for row, ids in enumerate(sequences)
            for place in range(0 if lm64.causal else 1, len(ids) - 1)
        ]
        with edit.on(lm64) as changed:
            found = changed.logits(lm64.inputs(sequences, slots))
        plain = lm64.logits(lm64.inputs(sequences, slots)).softmax(-1)
        found = found.softmax(-1)
        assert (found - plain).abs().max() > 1e-3
        for value, (row, place) in zip(found, slots, strict=True):
            expected = told_by_hand(lm64, edit, sequences[row], place)
            assert (value - expected).abs().max() < 1e-6


def test_self_debias_floors_what_it_takes_away():
    lm = tiny_lm("bert", dtype=torch.float64)
    inputs = lm.inputs(lm.tokenizer(["Tom smiled."])["input_ids"], [(0, 1), (0, 2)])
    plain = lm.logits(inputs).log_softmax(-1)
    with SelfDebias("Anna said:", decay=1e9, floor=0.25).on(lm) as changed:
        less = (plain - changed.logits(inputs)).exp()
    assert less.min() == pytest.approx(1) and less.max() == pytest.approx(4)


def test_self_debias_says_which_domain_and_what_is_too_long(data):
    edit = self_debias(tiny_lm("bert"), data, SETTINGS)
    assert edit.prefix == PREFIX.format("gender")
    lm = tiny_lm("gpt2")
    with (
        edit.on(lm) as changed,
        pytest.raises(
            InputError, match=r"\d+ tokens and \d+ of SelfDebias's prefix.*leave"
        ),
    ):
        text_likelihoods(changed, [" ".join(SENTENCES[:2])])


def loss_by_hand(lm: ClozeLM, edit: SelfDebias, row, side: str) -> torch.Tensor:
    """Mean of −log p over a target's tokens, by :func:`told_by_hand`."""
    target = getattr(row, side)
    ids = list(row.sequences[target.sequence])
    said = [
        told_by_hand(lm, edit, ids, place)[token].log()
        for place, token in zip(target.positions, target.tokens, strict=True)
    ]
    return -torch.stack(said).mean()


def test_gradients_are_those_of_what_it_says(lm64, table):
    edit = SelfDebias("The old mill said:", decay=50.0)
    rows = lm64.encode(of_varied_length(table.iloc[:4]))
    sources = ("factual", "difference")
    with edit.on(lm64) as changed:
        found = gradients(changed, changed.batch(rows), sources=sources)
    plain = gradients(lm64, lm64.batch(rows), sources=sources)
    covered = list(lm64.covered.values())
    for parameter in covered:
        parameter.requires_grad_(True)
    losses = {
        side: sum(loss_by_hand(lm64, edit, row, side) for row in rows) / len(rows)
        for side in ("factual", "counterfactual")
    }
    losses["difference"] = losses["factual"] - losses["counterfactual"]
    for source in sources:
        expected = torch.autograd.grad(losses[source], covered, retain_graph=True)
        for name, tensor in zip(lm64.covered, expected, strict=True):
            torch.testing.assert_close(found[source][name], tensor, **tolerance(lm64))
        assert any((found[source][n] - t).abs().max() > 1e-3
                   for n, t in plain[source].items())  # fmt: skip


def test_encodings_are_those_of_what_it_says(lm, table):
    gradiend = Gradiend.initialise(lm.covered, seed=3)
    rows = lm.encode(table.iloc[:4])
    with SelfDebias("The old mill said:").on(lm) as changed:
        found = encode(changed, gradiend, rows)
        for h, row in zip(found, rows, strict=True):
            (grad,) = gradients(
                changed, changed.batch([row]), sources=("factual",)
            ).values()
            assert h == pytest.approx(float(gradiend.encode(grad)), rel=1e-4, abs=1e-6)


def test_packed_sequences_are_refused_in_one_line(table, monkeypatch):
    monkeypatch.setattr("gradiend.lm.packing.CAPACITY", 256)
    lm = tiny_lm("bert")
    rows = lm.encode(of_varied_length(table.iloc[:6]))
    with SelfDebias("Anna said:").on(lm) as changed:
        batch = changed.batch(rows, packed=True)
        assert batch.position_ids is not None
        with pytest.raises(InputError, match="padded sequences, not packed") as error:
            gradients(changed, batch, sources=("factual",))
    assert "\n" not in str(error.value)


def test_attribute_words_stand_in_a_cloze_with_a_counterpart():
    assert WORDS.cloze("Then he saw her.") == ("Then [MASK] saw her.", "he", "she")
    assert WORDS.cloze("Her dog.") == ("[MASK] dog.", "Her", "Him")
    assert RELIGION.cloze("A Muslim.") == ("A [MASK].", "Muslim", "Christian")
    assert RELIGION.cloze("the church") == ("the [MASK]", "church", "synagogue")


def test_it_notes_what_its_prefix_raises(lm, data):
    """Against the probabilities themselves, one text at a time."""
    edit = self_debias(lm, data, SETTINGS)
    table = pd.DataFrame(
        [data.words.cloze(text) for text in data.texts if data.words.found(text)],
        columns=["masked", "factual", "counterfactual"],
    )
    raised = []
    for row in lm.encode(table[table["masked"].str.contains(r" \[MASK\]")]):
        batch = lm.batch([row])
        told = lm.log_probabilities(edit.told(lm, batch)).exp()
        plain = lm.log_probabilities(batch).exp()
        for side in (batch.factual, batch.counterfactual):
            raised += (told - plain)[side.slot, side.token].tolist()
    assert edit.notes["attribute words asked"] == len(raised) == 16
    share = sum(value > 0 for value in raised) / len(raised)
    # A random model may be told by chance, and a tie may be rounded either way.
    assert edit.notes["share raised by the prefix"] == pytest.approx(share, abs=0.05)
    highest = max(*raised, 0.0)
    assert edit.notes["raised by at most"] == pytest.approx(highest, abs=1e-6)
    found = sorted(raised_by_prefix(lm, edit, data))
    assert found == pytest.approx(sorted(raised), abs=1e-6)


def test_texts_without_attribute_words_leave_no_notes(data):
    lm = tiny_lm("bert")
    for texts in (["The road was long.", "He ran."], ["The road."], ["a " * 60 + "he"]):
        silent = dataclasses.replace(data, texts=texts)
        assert self_debias(lm, silent, SETTINGS).notes == {}


def test_a_stand_in_that_never_read_the_prefix_is_not_told():
    """Why SelfDebias equals the base there: no attribute word becomes likelier."""
    lm = ClozeLM.from_pretrained(REPOSITORY / "data/standins/standin-bert-base")
    world = PlantedWorld()
    data = texts_data(world.corpus(1_000, seed=0), world.attribute_words("gender"))
    edit = self_debias(lm, data, SETTINGS)
    read = {token for text in data.texts for token in lm.tokenizer(text)["input_ids"]}
    prefix = edit.tokens(lm)
    assert sum(token not in read for token in prefix) > len(prefix) / 2
    assert edit.notes["attribute words asked"] > 50
    assert edit.notes["share raised by the prefix"] == 0
    table = pd.DataFrame([["Anna said that [MASK] slept.", "she", "he"]])
    table.columns = ["masked", "factual", "counterfactual"]
    batch = lm.batch(lm.encode(table))
    with edit.on(lm) as changed:
        found = changed.log_probabilities(batch)
    plain = lm.log_probabilities(batch)
    for side in (batch.factual, batch.counterfactual):
        picked = side.slot, side.token
        assert found[picked] == pytest.approx(plain[picked], abs=2e-2)
