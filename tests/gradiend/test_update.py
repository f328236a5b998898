"""The optimisation step: blocks, 8-bit moments; and gradients with less memory."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
import transformers
from safetensors import safe_open
from torch.utils.checkpoint import checkpoint

from gradiend import update as module
from gradiend.autoencoder import Gradiend
from gradiend.encoding import encode
from gradiend.errors import InputError
from gradiend.gradients import gradients
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.ways import Ways
from gradiend.moments import GROUP, EightBitMoments
from gradiend.rounding import Rounding
from gradiend.settings import TrainingSettings
from gradiend.training import fit
from gradiend.update import Update, copied
from tests.conftest import byte_bpe, tiny_lm

SETTINGS = TrainingSettings(
    steps=40, batch_size=4, learning_rate=1e-2, evaluate_every=10, min_rows=2
)


def similarity(left: dict, right: dict) -> float:
    left, right = (
        torch.cat([t.flatten().float() for t in d.values()]) for d in (left, right)
    )
    return float(torch.nn.functional.cosine_similarity(left, right, 0))


@pytest.mark.parametrize("block", [7, 64, 1 << 20])
def test_the_size_of_a_block_does_not_matter(table, monkeypatch, block):
    lm = tiny_lm("gpt2")  # some of its gradients are transposed in memory
    found = gradients(lm, lm.batch(lm.encode(table)), sources=("factual", "difference"))
    start = Gradiend.initialise(lm.covered, seed=1)
    states = []
    for size in (1 << 18, block):
        monkeypatch.setitem(module.BLOCK, "cpu", size)
        update = Update(copied(start), SETTINGS)
        losses = [update(*found.values()) for _ in range(3)]
        states.append((losses, update.gradiend.tensors()))
    assert states[0][0] == pytest.approx(states[1][0], rel=1e-5)
    for name, tensor in states[0][1].items():
        torch.testing.assert_close(tensor, states[1][1][name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_step_allocates_nothing_of_the_size_of_a_parameter(table, monkeypatch, dtype):
    lm = tiny_lm("bert", dtype=dtype)
    found = gradients(lm, lm.batch(lm.encode(table)), sources=("factual", "difference"))
    update = Update(Gradiend.initialise(lm.covered, seed=1), SETTINGS)
    monkeypatch.setitem(module.BLOCK, "cpu", 128)
    monkeypatch.setattr("gradiend.vectors._BLOCK", 128)
    largest = max(tensor.numel() for tensor in lm.covered.values())
    with torch.profiler.profile(profile_memory=True) as profiler:
        update(*found.values())
    grown = [e.self_cpu_memory_usage for e in profiler.events()]
    assert max(grown) <= 4 * 128 < 4 * largest


@pytest.mark.parametrize("architecture", ["bert", "llama"])
def test_eight_bit_moments_train_the_same_feature(table, architecture):
    lm = tiny_lm(architecture)
    full, lean = (
        fit(lm, table, replace(SETTINGS, moments=kind)) for kind in ("full", "8bit")
    )
    assert lean.correlation == pytest.approx(full.correlation, abs=0.02)
    for part in ("encoder", "decoder_weight", "decoder_bias"):
        found = (getattr(run.gradiend, part) for run in (full, lean))
        assert similarity(*found) > 0.98
    assert full.history["loss"].tolist() != lean.history["loss"].tolist()


@pytest.mark.parametrize("kind", ["full", "8bit"])
def test_bfloat16_trains_the_same_feature(table, tmp_path, kind):
    lm = tiny_lm("llama")
    for part in (lm.model, lm.tokenizer):
        part.save_pretrained(tmp_path)
    settings = replace(SETTINGS, moments=kind)
    plain, half = (
        fit(ClozeLM.from_pretrained(tmp_path, dtype=dtype), table, settings)
        for dtype in ("float32", "bfloat16")
    )
    assert next(iter(half.gradiend.encoder.values())).dtype == torch.bfloat16
    assert half.correlation == pytest.approx(plain.correlation, abs=0.05)
    found = (run.gradiend.decoder_weight for run in (plain, half))
    assert similarity(*found) > 0.9


class Killed(Exception):
    pass


def test_eight_bit_moments_go_on_after_a_kill(table, tmp_path):
    """Cut off between validations: what follows the last checkpoint is done again."""
    lm = tiny_lm("bert")
    settings = replace(SETTINGS, moments="8bit", steps=10, evaluate_every=4)

    def until_killed(steps):
        for step in steps:
            if step == 7:  # behind the validation at 4
                raise Killed
            yield step

    with pytest.raises(Killed):
        fit(lm, table, settings, checkpoints=tmp_path, progress=until_killed)
    with safe_open(next(tmp_path.iterdir()), framework="pt") as file:
        assert json.loads(file.metadata()["training"])["step"] == 4
        kinds = {key.split("/")[0] for key in file.keys()}  # noqa: SIM118
    assert kinds > {"value", "best"}, "the moments are kept, too"
    left: list[int] = []

    def noted(steps):
        left.extend(steps)
        return steps

    resumed = fit(lm, table, settings, checkpoints=tmp_path, progress=noted)
    assert left == [5, 6, 7, 8, 9, 10]
    undisturbed = fit(lm, table, settings)
    assert resumed.history.equals(undisturbed.history)
    for name, tensor in undisturbed.gradiend.tensors().items():
        assert torch.equal(tensor, resumed.gradiend.tensors()[name]), name


def test_a_byte_keeps_sign_and_size_to_some_percent():
    values = torch.randn(3 * GROUP - 5) * torch.logspace(-4, 0, 3 * GROUP - 5)
    moments = EightBitMoments({"a": values}, Rounding())
    moments.keep("a", 0, [values, values.square()])
    first, second = moments.block("a", 0, len(values))
    large = values.abs() > 1e-5 * values.abs().max()
    assert (first.sign() == values.sign())[large].all()
    assert ((first / values - 1).abs()[large] < 0.15).all()
    assert ((second / values.square() - 1).abs()[large] < 0.3).all()
    assert (second[values != 0] > 0).all()  # it is divided by
    held = sum(t.numel() * t.element_size() for kind in moments.values.values()
               for t in kind.values())  # fmt: skip
    assert held < 2.1 * len(values)


def test_an_unknown_kind_of_moments_is_refused(table):
    with pytest.raises(InputError, match=r"unknown moments '4bit'.*8bit"):
        fit(tiny_lm("bert"), table, replace(SETTINGS, moments="4bit"))


def test_checkpointing_changes_no_gradient(lm, table, monkeypatch):
    calls = []

    def spy(*arguments, **options):
        calls.append(options)
        return checkpoint(*arguments, **options)

    monkeypatch.setattr("gradiend.gradients.checkpoint", spy)
    batch = lm.batch(lm.encode(lm.usable(table)))
    sources = ("factual", "counterfactual", "difference")
    plain = gradients(lm, batch, sources=sources)
    lean = gradients(replace(lm, checkpointing=True), batch, sources=sources)
    for source in sources:
        for name, tensor in plain[source].items():
            torch.testing.assert_close(lean[source][name], tensor)
    assert len(calls) == 2  # a layer each, and none in the plain pass
    assert not any(module.training for module in lm.model.modules())


def test_checkpointing_switches_no_dropout_on(table):
    """Of OPT, whose layers drop out by themselves, not by a module in them."""
    tokenizer = byte_bpe(masked=False)
    config = transformers.OPTConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        word_embed_proj_dim=16,
        ffn_dim=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        dropout=0.1,
        attn_implementation="eager",
    )
    model = transformers.OPTForCausalLM(config)
    lm = ClozeLM.wrap(model, tokenizer, causal=True, name="tiny-opt")
    lm = replace(lm, ways=Ways.plain())
    batch = lm.batch(lm.encode(lm.usable(table)))
    plain, lean = (
        gradients(replace(lm, checkpointing=c), batch, sources=("factual",))["factual"]
        for c in (False, True)
    )
    for name, tensor in plain.items():
        torch.testing.assert_close(lean[name], tensor)
    assert not any(module.training for module in model.modules())


def test_autocast_is_close_and_leaves_encodings_alone(lm, table):
    rows = lm.usable(table)
    lower = replace(lm, autocast=True)
    found = [
        gradients(model, model.batch(model.encode(rows)), sources=("difference",))
        for model in (lm, lower)
    ]
    assert similarity(*(f["difference"] for f in found)) > 0.99
    assert found[0]["difference"].keys() == found[1]["difference"].keys()
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    assert (encode(lm, gradiend, rows) == encode(lower, gradiend, rows)).all()


def test_a_gradiend_is_put_where_the_model_is():
    lm = tiny_lm("bert")
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    elsewhere = {n: torch.empty(p.shape, device="meta") for n, p in lm.covered.items()}
    moved = gradiend.placed(elsewhere)
    assert {t.device.type for t in moved.tensors().values()} == {"meta"}
