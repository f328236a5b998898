"""Edits: undone bit for bit, one after another, and through a file."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict

import pytest
import torch
import transformers
from safetensors.torch import save_file
from torch import nn

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.loading import prepared
from gradiend.lm.selfcheck import checked
from gradiend.lm.ways import Ways
from study.comparison.baselines.self_debias import SelfDebias
from study.comparison.benchmarks.perplexity import text_likelihoods
from study.comparison.edits import (
    Chain,
    Projection,
    Rewriting,
    Steering,
    Weights,
    load_edit,
    save_edit,
)
from study.comparison.sentence_vectors import sentence_means
from tests.conftest import tiny_lm
from tests.gradiend.lm.tiny_families import tiny_model, tiny_tokenizer

TEXTS = ["Anna said that she was tired.", "The river runs behind the old mill."]
H = 16


def rewriting(lm: ClozeLM) -> Rewriting:
    return Rewriting(Gradiend.initialise(lm.covered, seed=1), 1.0, 0.3)


def weights(lm: ClozeLM) -> Weights:
    """Other values for every second parameter."""
    generator = torch.Generator().manual_seed(2)
    names = [name for name, _ in lm.model.named_parameters()][::2]
    parameters = dict(lm.model.named_parameters())
    return Weights(
        {n: torch.randn(parameters[n].shape, generator=generator) for n in names}
    )


def projection(_lm: ClozeLM | None = None, *, seed: int = 3) -> Projection:
    """Neither symmetric nor without an offset."""
    generator = torch.Generator().manual_seed(seed)
    return Projection(
        torch.randn(H, H, generator=generator), torch.randn(H, generator=generator)
    )


def steering(_lm: ClozeLM | None = None, *, layer: int = 0) -> Steering:
    generator = torch.Generator().manual_seed(5)
    return Steering(torch.randn(H, generator=generator), layer)


def last_steering(_lm: ClozeLM) -> Steering:
    return steering(layer=1)


def chain(lm: ClozeLM) -> Chain:
    return Chain((weights(lm), rewriting(lm), projection(), SelfDebias("he:")))


def self_debias(_lm: ClozeLM) -> SelfDebias:
    return SelfDebias("The old mill:")


EDITS = (rewriting, weights, projection, steering, last_steering, chain, self_debias)


def hooks(module: nn.Module) -> list[OrderedDict]:
    """Every table of hooks of every part of a module."""
    return [
        table
        for part in module.modules()
        for name, table in vars(part).items()
        if "hooks" in name and isinstance(table, OrderedDict)
    ]


def bits(lm: ClozeLM) -> dict[str, torch.Tensor]:
    return {name: t.clone() for name, t in lm.model.state_dict().items()}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    """To the last bit, the sign of zero included."""
    return left.keys() == right.keys() and all(
        torch.equal(left[name].view(torch.uint8), right[name].view(torch.uint8))
        if left[name].dim()
        else torch.equal(left[name], right[name])
        for name in left
    )


def says(lm: ClozeLM) -> torch.Tensor:
    """What the LM head says at every second place of two texts."""
    sequences = lm.tokenizer(TEXTS)["input_ids"]
    longest = max(map(len, sequences))
    slots = [(line, place) for line in (0, 1) for place in range(1, longest - 1, 2)]
    with torch.no_grad():
        return lm.log_probabilities(lm.inputs(sequences, slots))


class CutShort(Exception):
    """Raised inside a block."""


@pytest.mark.parametrize("make", EDITS)
def test_the_model_is_what_it_was_after_the_block(lm, make):
    lm.model.get_input_embeddings().weight.data[3, :4] = -0.0
    before, said, edit = bits(lm), says(lm), make(lm)
    with edit.on(lm) as changed:
        inside = says(changed)
    assert not torch.allclose(inside, said, atol=1e-3)
    assert same(bits(lm), before) and not any(hooks(lm.model))
    assert torch.equal(says(lm), said)
    # And again, in the same way.
    with edit.on(lm) as changed:
        assert torch.equal(says(changed), inside)


@pytest.mark.parametrize("make", EDITS)
def test_the_model_is_what_it_was_after_an_exception(lm, make):
    before, said, edit = bits(lm), says(lm), make(lm)
    with pytest.raises(CutShort), edit.on(lm):
        raise CutShort
    assert same(bits(lm), before) and not any(hooks(lm.model))
    assert torch.equal(says(lm), said)


def test_a_chain_is_its_edits_inside_one_another(lm):
    parts = weights(lm), rewriting(lm), projection(), projection(seed=4)
    with Chain(parts).on(lm) as changed:
        together = sentence_means(changed, TEXTS)
    with parts[0].on(lm), parts[1].on(lm):
        plain = sentence_means(lm, TEXTS)
        with parts[2].on(lm), parts[3].on(lm):
            assert (sentence_means(lm, TEXTS) == together).all()
    by_hand = parts[3](parts[2](torch.tensor(plain))).numpy()
    assert together == pytest.approx(by_hand, rel=1e-4, abs=1e-4)


def test_the_order_of_a_chain_counts(lm):
    first, second = projection(), projection(seed=4)
    with Chain((first, second)).on(lm):
        there = sentence_means(lm, TEXTS)
    with Chain((second, first)).on(lm):
        assert abs(sentence_means(lm, TEXTS) - there).max() > 0.1


def test_no_edits_are_the_base_model(lm):
    said = says(lm)
    with Chain().on(lm) as same_model:
        assert same_model is lm and torch.equal(says(lm), said)


def test_a_chain_knows_the_attachments_of_its_parts_in_order(lm):
    first, second = projection(), projection(seed=4)
    inner = Chain((SelfDebias("x"), second, steered := steering()))
    assert Chain((weights(lm), first, inner)).attachments == (first, second, steered)
    assert rewriting(lm).attachments == SelfDebias("x").attachments == ()


def test_rewriting_adds_the_decoded_feature(lm):
    edit = rewriting(lm)
    decoded = edit.gradiend.decode(edit.h)
    expected = {n: p + 0.3 * decoded[n] for n, p in lm.covered.items()}
    with edit.on(lm):
        for name, parameter in lm.model.named_parameters():
            if name in expected:
                torch.testing.assert_close(parameter, expected[name])


def test_weights_are_set_and_others_stay(lm):
    edit, before = weights(lm), bits(lm)
    with edit.on(lm):
        for name, parameter in lm.model.named_parameters():
            expected = edit.values.get(name, before[name])
            assert torch.equal(parameter, expected)


def test_every_token_is_projected(lm64):
    edit = projection()
    plain = sentence_means(lm64, TEXTS)
    with edit.on(lm64):
        found = sentence_means(lm64, TEXTS)
    expected = plain @ edit.matrix.double().numpy().T + edit.offset.double().numpy()
    assert found == pytest.approx(expected, abs=1e-9)
    bare = Projection(edit.matrix)
    with bare.on(lm64):
        found = sentence_means(lm64, TEXTS)
    assert found == pytest.approx(expected - edit.offset.double().numpy(), abs=1e-9)


def test_the_head_reads_what_is_projected(lm64):
    """Like a model whose body ends in the projection, in ClozeLM and outside it."""
    edit = projection()
    with edit.on(lm64):
        whole = text_likelihoods(lm64, TEXTS)["nll"]
        ids = torch.tensor([lm64.tokenizer(TEXTS[0])["input_ids"]])
        logits = lm64.model(input_ids=ids).logits
        hidden = lm64.model.base_model(input_ids=ids).last_hidden_state
    plain = lm64.model.base_model(input_ids=ids).last_hidden_state
    torch.testing.assert_close(hidden, edit(plain))

    def after_body(_module, _args, output):
        output.last_hidden_state = edit(output.last_hidden_state)
        return output

    handle = lm64.model.base_model.register_forward_hook(after_body)
    torch.testing.assert_close(lm64.model(input_ids=ids).logits, logits)
    assert text_likelihoods(lm64, TEXTS)["nll"].tolist() == whole.tolist()
    handle.remove()


def test_an_attached_projection_acts_before_the_pooler_and_once():
    transformers.set_seed(0)
    config = transformers.BertConfig(
        vocab_size=50,
        hidden_size=H,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
    body = transformers.BertModel(config).eval()
    ids, edit = torch.tensor([[2, 7, 9, 3]]), projection()
    plain = body(input_ids=ids)
    with edit.attached(body):
        found = body(input_ids=ids)
    projected = edit(plain.last_hidden_state)
    torch.testing.assert_close(found.last_hidden_state, projected)
    torch.testing.assert_close(found.pooler_output, body.pooler(projected))
    assert not any(hooks(body))
    assert torch.equal(body(input_ids=ids).pooler_output, plain.pooler_output)


@pytest.mark.parametrize("layer", [0, 1])
def test_a_layer_gives_on_the_steered_state_at_every_token(lm64, layer):
    """As a model does whose layer adds the vector; both with and without quick ways."""
    edit, ids = steering(layer=layer), torch.tensor([[5, 9, 7, 11, 6]])
    plain = lm64.model(input_ids=ids, output_hidden_states=True).hidden_states
    with edit.on(lm64):
        steered = lm64.model(input_ids=ids, output_hidden_states=True).hidden_states
        whole, read = text_likelihoods(lm64, TEXTS)["nll"], says(lm64)
        slow = dataclasses.replace(
            lm64, ways=Ways(head=False, feed_forward=False, packed=False)
        )
        torch.testing.assert_close(says(slow), read)
        assert text_likelihoods(slow, TEXTS)["nll"].to_numpy() == pytest.approx(whole)
    torch.testing.assert_close(steered[layer], plain[layer])
    if layer == 0 or not lm64.causal:  # a causal model's last state is normalised
        moved = (steered[layer + 1] - plain[layer + 1]).detach()
        torch.testing.assert_close(moved, edit.vector.double().expand_as(moved))


@pytest.mark.parametrize("edit", [projection(), steering(), steering(layer=1)])
@pytest.mark.parametrize("architecture", ["bert", "gpt2", "llama"])
def test_an_attachment_trains_what_is_under_it(edit, architecture):
    lm = tiny_lm(architecture)
    lm.model.requires_grad_(True)
    with edit.attached(lm.model.base_model):
        ids = torch.tensor([lm.tokenizer(TEXTS[0])["input_ids"]])
        lm.model(input_ids=ids).logits.sum().backward()
    gradient = lm.model.get_input_embeddings().weight.grad
    assert gradient is not None and gradient.abs().max() > 0


def test_edits_come_back_from_a_file(lm, tmp_path):
    path = tmp_path / "deep" / "edit.safetensors"
    edit = weights(lm)
    save_edit(edit, path)
    found = load_edit(path)
    assert isinstance(found, Weights) and same(dict(found.values), dict(edit.values))
    for edit in (projection(), Projection(projection().matrix.T)):
        save_edit(edit, path)
        found = load_edit(path)
        assert isinstance(found, Projection)
        assert torch.equal(found.matrix, edit.matrix)
        if edit.offset is None:
            assert found.offset is None
        else:
            assert torch.equal(found.offset, edit.offset)
    save_edit(steering(layer=1), path)
    found = load_edit(path)
    assert isinstance(found, Steering) and found.layer == 1
    assert torch.equal(found.vector, steering().vector)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_tied_tensors_come_back_from_a_file(tmp_path):
    whole = torch.randn(4, 6)
    tied = {"table": whole, "head": whole, "rows": whole[1:3], "turned": whole.T}
    save_edit(Weights(tied), tmp_path / "edit.safetensors")
    found = load_edit(tmp_path / "edit.safetensors").values
    assert found.keys() == tied.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in tied.items())


@pytest.mark.parametrize("kind", [Weights, Projection])
def test_notes_come_back_from_a_file(kind, tmp_path):
    notes = {"classifiers": 3, "accuracy after": 0.525, "stopped": "at the most"}
    content = {"a": torch.eye(2)} if kind is Weights else torch.eye(2)
    save_edit(kind(content, notes=notes), tmp_path / "edit.safetensors")
    found = load_edit(tmp_path / "edit.safetensors").notes
    assert found == notes and list(found) == list(notes)
    save_edit(kind(content), tmp_path / "edit.safetensors")
    assert load_edit(tmp_path / "edit.safetensors").notes == {}


def test_an_edit_is_the_same_bytes_whenever_it_is_saved(tmp_path):
    edit = Projection(torch.eye(2), torch.ones(2), notes={"a": 1, "b": "two"})
    written = set()
    for number in range(20):
        save_edit(edit, path := tmp_path / f"{number}.safetensors")
        written.add(path.read_bytes())
    assert len(written) == 1


def test_weights_that_change_nothing_come_back_from_a_file(tmp_path):
    save_edit(Weights({}), tmp_path / "none.safetensors")
    assert load_edit(tmp_path / "none.safetensors") == Weights({})


def test_a_damaged_or_missing_file_is_named(tmp_path):
    path = tmp_path / "INLP.safetensors"
    with pytest.raises(InputError, match=r"INLP\.safetensors: not there yet; run"):
        load_edit(path)
    save_edit(projection(), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"INLP\.safetensors: damaged .*delete it"):
        load_edit(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"INLP\.safetensors: damaged"):
        load_edit(path)
    save_file({"matrix": torch.eye(2)}, path)
    with pytest.raises(InputError, match=r"INLP\.safetensors: holds no edit"):
        load_edit(path)


@pytest.mark.parametrize("family", ["opt", "bart"])
def test_a_projection_that_the_head_does_not_read_is_refused(family):
    model = prepared(tiny_model(family, "causal"))
    lm = checked(ClozeLM(model, tiny_tokenizer(), True, f"tiny-{family}"))
    ids = torch.tensor([[5, 6, 7]])
    nothing = Projection(torch.zeros(2 * (model.config.hidden_size,)))
    before = model(input_ids=ids).logits
    with nothing.attached(model.base_model):
        # All words alike, if the head read what is projected.
        assert torch.equal(model(input_ids=ids).logits, before)
    said = rf"'tiny-{family}' \(family {family}\) says.*leave such methods \(INLP,"
    with pytest.raises(InputError, match=said) as error, nothing.on(lm):
        pass
    assert "\n" not in str(error.value) and not any(hooks(model))


def test_a_projection_that_the_head_reads_is_let_through():
    """Also where the head is asked everywhere, for whatever reason."""
    lm = tiny_lm("gpt2")
    lm = dataclasses.replace(lm, ways=dataclasses.replace(lm.ways, head=False))
    with Projection(torch.zeros(H, H)).on(lm):
        said = lm.model(input_ids=torch.tensor([[5, 6, 7]])).logits
    assert torch.equal(said, torch.zeros_like(said))


def test_a_projection_of_another_size_is_refused(lm):
    with (
        pytest.raises(InputError, match=r"\(8, 8\) does not fit hidden states of 16"),
        Projection(torch.eye(8)).on(lm),
    ):
        pass
    assert not any(hooks(lm.model))


@pytest.mark.parametrize(("size", "layer"), [(8, 0), (16, 2), (16, -1)])
def test_steering_of_another_model_is_refused(lm, size, layer):
    message = rf"\({size},\) at layer {layer} does not fit 2 layers of 16"
    edit = Steering(torch.ones(size), layer)
    with pytest.raises(InputError, match=message), edit.on(lm):
        pass
    assert not any(hooks(lm.model))


def test_weights_of_another_model_are_refused(lm):
    before = bits(lm)
    own = weights(lm).values
    other = Weights({**own, "roof.weight": torch.ones(2)})
    with (
        pytest.raises(InputError, match=f"'{lm.name}' has no .*'roof.weight'.*another"),
        other.on(lm),
    ):
        pass
    name = next(iter(own))
    # One that copy_ would stretch to fit, and one that it would not.
    for shape in ((1,), (3, 5)):
        other = Weights({**own, name: torch.ones(shape)})
        with (
            pytest.raises(InputError, match=f"'{lm.name}' has no .*{name}"),
            other.on(lm),
        ):
            pass
    assert same(bits(lm), before)


def test_a_failing_edit_undoes_those_before_it(lm):
    before, said = bits(lm), says(lm)
    edit = Chain((weights(lm), projection(), Projection(torch.eye(3))))
    with pytest.raises(InputError), edit.on(lm):
        pass
    assert same(bits(lm), before) and not any(hooks(lm.model))
    assert torch.equal(says(lm), said)
