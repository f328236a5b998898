"""k neurons for k + 1 classes: reading, rewriting, files, training that goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open

from gradiend import cli
from gradiend.autoencoder import Gradiend
from gradiend.classes import labels_of
from gradiend.encoding import encode
from gradiend.errors import InputError
from gradiend.evaluation.contrasts import told_apart, weakest
from gradiend.evaluation.decoder import evaluate_grid
from gradiend.evaluation.encoder import pearson
from gradiend.evaluation.first_order import log_odds_slopes
from gradiend.gradients import gradients
from gradiend.projection import without
from gradiend.rewriting import Rewriter, rewritten, save_rewritten
from gradiend.settings import TrainingSettings
from gradiend.training import fit
from gradiend.update import Update, by_neuron, copied
from gradiend.vectors import inner
from tests.conftest import tiny_lm

SHORT = TrainingSettings(
    steps=9, batch_size=4, learning_rate=1e-2, evaluate_every=4, min_rows=2
)


@pytest.fixture(scope="module")
def lm():
    return tiny_lm("gpt2")


@pytest.fixture(scope="module")
def two(lm) -> Gradiend:
    return Gradiend.initialise(lm.covered, seed=2, neurons=2)


def test_one_neuron_has_the_shapes_of_the_model(lm, tmp_path):
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    gradiend.save(tmp_path / "one")
    with safe_open(tmp_path / "one", framework="pt") as file:
        shapes = {key: file.get_slice(key).get_shape() for key in file.keys()}  # noqa: SIM118
    parts = ("encoder", "decoder_weight", "decoder_bias")
    expected = {f"{p}/{n}": list(t.shape) for n, t in lm.covered.items() for p in parts}
    assert shapes == expected | {"encoder_bias": []}
    assert by_neuron(gradiend).keys() == gradiend.tensors().keys()


def test_slopes_are_of_one_neuron(lm, two, three_classes):
    rows = three_classes.iloc[:4].assign(label=1)
    with pytest.raises(InputError, match=r"of one neuron, .* has 2; ask each"):
        log_odds_slopes(lm, two, rows)
    assert len(log_odds_slopes(lm, two.neurons[1], rows).weight) == 4


def test_each_neuron_is_read_and_written_alone(lm, two, three_classes):
    rows = lm.encode(three_classes.iloc[:5])
    h = encode(lm, two, rows, batch_size=2)
    assert h.shape == (5, 2)
    for number, neuron in enumerate(two.neurons):
        np.testing.assert_array_equal(
            encode(lm, neuron, rows, batch_size=2), h[:, number]
        )
        (grad,) = gradients(lm, lm.batch(rows[:1]), sources=("factual",)).values()
        assert float(two.encode(grad)[number]) == float(neuron.encode(grad))
    first, second = two.neurons
    for name, decoded in two.decode((0.5, -2.0)).items():
        both = 0.5 * first.decoder_weight[name] - 2 * second.decoder_weight[name]
        torch.testing.assert_close(decoded, both + two.decoder_bias[name])


def test_h_needs_a_number_for_each_neuron(lm, two):
    for h in (0.5, (0.0, 0.0, 1.0)):
        with pytest.raises(InputError, match=r"h has \d numbers .* 2 neurons"):
            two.decode(h)


def test_signs_are_turned_neuron_by_neuron(lm, two, three_classes):
    turned = two.flipped((1, -1))
    rows = lm.encode(three_classes.iloc[:4])
    np.testing.assert_allclose(
        encode(lm, turned, rows), encode(lm, two, rows) * [1, -1], atol=1e-7
    )
    for name, decoded in turned.decode((0.3, 0.7)).items():
        torch.testing.assert_close(decoded, two.decode((0.3, -0.7))[name])


def test_a_file_of_two_neurons(lm, two, tmp_path, three_classes):
    two.save(tmp_path / "two")
    again = Gradiend.load(tmp_path / "two", like=lm.covered)
    for name, tensor in two.tensors().items():
        assert torch.equal(tensor, again.tensors()[name]), name
    with pytest.raises(InputError, match="does not fit this model"):
        Gradiend.load(tmp_path / "two", like=tiny_lm("llama").covered)


def test_a_model_is_rewritten_along_two_neurons_and_restored(lm, two, tmp_path):
    before = {name: p.clone() for name, p in lm.covered.items()}
    h, rate = (0.5, -1.0), 0.1
    with rewritten(lm, two, h, rate):
        for name, change in two.decode(h).items():
            torch.testing.assert_close(lm.covered[name], before[name] + rate * change)
    assert all(torch.equal(before[name], p) for name, p in lm.covered.items())
    folder = save_rewritten(lm, two, h, rate, tmp_path / "model")
    assert "h = 0.5, -1," in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [np.array, torch.tensor, tuple])
def test_h_of_two_neurons_may_be_an_array(lm, two, kind):
    name = next(iter(lm.covered))
    found = []
    with Rewriter(lm, two) as rewriter:
        for h in ([0.5, -0.25], [0.5, 0.25], [0.5, -0.25]):
            rewriter.apply(kind(h), 0.5)
            found.append(lm.covered[name].clone())
    assert torch.equal(found[0], found[2]) and not torch.equal(found[0], found[1])


def test_no_grid_of_numbers_is_one_of_two_neurons(lm, two):
    with pytest.raises(InputError, match=r"h is \(0, 1\); give a finite number"):
        evaluate_grid(lm, two, dict, feature_factors=[(0, 1)])


def test_each_neuron_leaves_alone_what_it_should(two):
    drawn = torch.Generator().manual_seed(0)
    gradient = {
        name: torch.randn(tensor.shape, generator=drawn)
        for name, tensor in two.decoder_bias.items()
    }
    left = without(two, [gradient])
    for neuron, before in zip(left.neurons, two.neurons, strict=True):
        along = float(inner(before.decoder_weight, gradient))
        assert abs(float(inner(neuron.decoder_weight, gradient))) < 1e-3 * abs(along)


@pytest.mark.parametrize("moments", ["full", "8bit"])
def test_training_goes_on_where_it_was_killed(three_classes, tmp_path, moments):
    lm, settings = tiny_lm("bert"), replace(SHORT, moments=moments)

    class Killed(Exception):
        pass

    def until_killed(steps):
        for step in steps:
            if step == 7:
                raise Killed
            yield step

    with pytest.raises(Killed):
        fit(lm, three_classes, settings, checkpoints=tmp_path, progress=until_killed)
    resumed = fit(lm, three_classes, settings, checkpoints=tmp_path)
    whole = fit(lm, three_classes, settings)
    assert resumed.history.equals(whole.history)
    for name, tensor in whole.gradiend.tensors().items():
        assert torch.equal(tensor, resumed.gradiend.tensors()[name]), name
    # Signs are turned so that each neuron is positive for the class that it tells.
    rows = three_classes[three_classes["split"] == "validation"]
    found = told_apart(encode(lm, whole.gradiend, rows), rows["label"].to_numpy())
    assert (found > 0).all()
    assert whole.correlation == pytest.approx(weakest(found))


def test_a_step_of_two_like_neurons_is_twice_one(lm, table):
    """Neurons that start alike stay alike, and decode as one of twice the weight."""
    found = gradients(lm, lm.batch(lm.encode(table)), sources=("factual", "difference"))
    one = Gradiend.initialise(lm.covered, seed=1)
    alike = {
        part: {name: torch.stack([t, t]) for name, t in getattr(one, part).items()}
        for part in ("encoder", "decoder_weight")
    }
    bias = torch.stack([one.encoder_bias] * 2)
    two = replace(copied(one), encoder_bias=bias, **alike)
    assert torch.equal(
        two.encode(found["factual"]), one.encode(found["factual"]).repeat(2)
    )
    loss = Update(two, SHORT)(*found.values())
    first, second = two.neurons
    for name in lm.covered:
        assert torch.equal(first.encoder[name], second.encoder[name])
        assert torch.equal(first.decoder_weight[name], second.decoder_weight[name])
    doubled = {name: 2 * t for name, t in one.decoder_weight.items()}
    assert loss == pytest.approx(
        Update(replace(one, decoder_weight=doubled), SHORT)(*found.values()), rel=1e-5
    )


def test_which_classes_are_told_apart():
    labels = np.repeat([1, 2, 3], 4)
    corners = np.array([[1.0, -1.0], [-1.0, -1.0], [-1.0, 1.0]])
    # Three corners of a square: the first neuron tells class 1, the second class 3.
    assert told_apart(corners[labels - 1], labels) == pytest.approx([1, 1])
    assert told_apart(corners[labels - 1] * [1, -1], labels) == pytest.approx([1, -1])
    # Both tell class 1, none the others: the second falls back on what is left.
    same = corners[labels - 1][:, [0, 0]]
    assert weakest(told_apart(same, labels)) == pytest.approx(-0.5)
    # On a line (1, 0, −1) the classes differ, but no class is told from the rest.
    line = np.array([1.0, 0.0, -1.0])[labels - 1]
    assert told_apart(line, labels) == pytest.approx(np.sqrt(3) / 2)


def test_of_two_classes_it_is_the_pearson_correlation():
    generator = np.random.default_rng(0)
    labels = generator.choice([1, -1], 30)
    h = np.tanh(generator.normal(size=30) - labels)
    found = told_apart(h, labels)
    assert found.shape == ()
    assert float(found) == weakest(found) == pearson(h, labels) < 0


def test_labels_of_two_classes_and_of_more():
    def labels(*values):
        return labels_of(pd.DataFrame({"label": values}))

    assert labels(1, -1, 0) == labels(-1) == labels(1) == (1, -1)
    assert labels(2, 1, 0, 3) == (1, 2, 3)
    with pytest.raises(InputError, match="from -1 to 2"):
        labels(-1, 1, 2)


def test_a_class_of_three_may_not_be_missing(three_classes):
    few = three_classes[three_classes["label"] != 2]
    with pytest.raises(InputError, match=r"class \+2"):
        fit(tiny_lm("bert"), few, SHORT)


def test_the_command_refuses_more_than_two_classes(lm, two, tmp_path, capsys):
    for part in (lm.model, lm.tokenizer):
        part.save_pretrained(tmp_path / "model")
    two.save(tmp_path / "two")
    arguments = [str(tmp_path / "model"), str(tmp_path / "two"), "--h", "0"]
    code = cli.main(
        ["rewrite", *arguments, "--alpha", "1", "--out", str(tmp_path / "o")]
    )
    assert code != 0
    assert "it is of 3 classes" in capsys.readouterr().err
