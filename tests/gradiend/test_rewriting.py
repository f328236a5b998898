"""Rewriting: what it adds, that it is undone, and what a checkpoint of it holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import Rewriter, rewritten, save_rewritten
from tests.conftest import tiny_lm
from tests.gradiend.plain import same, snapshot


def test_rewriting_changes_and_restores_bit_for_bit(lm):
    before = snapshot(lm)
    gradiend = Gradiend.initialise(lm.covered, seed=1)
    decoded = gradiend.decode(0.5)
    with rewritten(lm, gradiend, 0.5, 0.1):
        for name, parameter in lm.covered.items():
            expected = before[name] + 0.1 * decoded[name]
            torch.testing.assert_close(parameter.data, expected)
        assert not same(before, snapshot(lm))
        head = lm.model.get_output_embeddings().weight
        assert head is lm.model.get_input_embeddings().weight  # still tied
    assert same(before, snapshot(lm))


def test_rewriting_restores_after_an_exception(lm):
    before = snapshot(lm)
    gradiend = Gradiend.initialise(lm.covered, seed=1)
    with pytest.raises(RuntimeError), rewritten(lm, gradiend, 1, 0.5):
        assert not same(before, snapshot(lm))
        raise RuntimeError
    assert same(before, snapshot(lm))


def test_candidates_start_from_the_original_weights(lm):
    gradiend = Gradiend.initialise(lm.covered, seed=1)
    with Rewriter(lm, gradiend) as rewriter:
        rewriter.apply(2, 0.5)
        rewriter.apply(1, 0.1)
        after_two = snapshot(lm)
    with rewritten(lm, gradiend, 1, 0.1):
        assert same(after_two, snapshot(lm))


def test_a_rewritten_model_is_saved_whole(lm, tmp_path):
    gradiend = Gradiend.initialise(lm.covered, seed=2)
    folder = save_rewritten(lm, gradiend, 0.5, 0.1, tmp_path / "out")
    again = ClozeLM.from_pretrained(folder)
    with rewritten(lm, gradiend, 0.5, 0.1):
        for name, parameter in again.covered.items():
            assert torch.equal(parameter, lm.covered[name])
    card = (folder / "README.md").read_text()
    assert "h = 0.5" in card and "learning rate α = 0.1" in card
    with pytest.raises(InputError, match="out exists"):
        save_rewritten(lm, gradiend, 0, 0.1, folder)
    save_rewritten(lm, gradiend, 0, 0.1, folder, overwrite=True)
    assert "h = 0," in (folder / "README.md").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_card_names_the_folder_that_one_is_in(tmp_path, monkeypatch):
    lm = tiny_lm("bert")
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    (tmp_path / "base").mkdir()
    monkeypatch.chdir(tmp_path / "base")
    folder = save_rewritten(replace(lm, name="."), gradiend, 0, 0.1, tmp_path / "out")
    assert "base_model: base\n" in (folder / "README.md").read_text()


def test_a_folder_of_somebody_elses_is_not_overwritten(lm, tmp_path):
    (tmp_path / "mine").mkdir()
    gradiend = Gradiend.initialise(lm.covered, seed=2)
    with pytest.raises(InputError, match="mine exists"):
        save_rewritten(lm, gradiend, 0, 0.1, tmp_path / "mine", overwrite=True)


def test_a_gradiend_of_another_model_is_refused(tmp_path):
    bert, gpt2 = tiny_lm("bert"), tiny_lm("gpt2")
    gradiend = Gradiend.initialise(bert.covered, seed=0)
    with (
        pytest.raises(InputError, match="does not cover"),
        rewritten(gpt2, gradiend, 0, 0.1),
    ):
        pass
    gradiend.save(tmp_path / "g.safetensors")
    with pytest.raises(InputError, match="does not fit this model"):
        Gradiend.load(tmp_path / "g.safetensors", like=gpt2.covered)


def test_a_rewriting_needs_its_block():
    lm = tiny_lm("bert")
    before = snapshot(lm)
    rewriter = Rewriter(lm, Gradiend.initialise(lm.covered, seed=1))
    for _ in range(2):  # before the block, and after it
        with pytest.raises(InputError, match="inside `with Rewriter"):
            rewriter.apply(1, 0.5)
        with pytest.raises(InputError, match="inside `with Rewriter"):
            rewriter.restore()
        assert same(before, snapshot(lm))
        with rewriter:
            rewriter.apply(1, 0.5)


@pytest.mark.parametrize(
    ("h", "rate", "named"),
    [
        (float("nan"), 0.1, "h is nan"),
        (0.0, float("inf"), "α is inf"),
        ("1", 1, "h is"),
    ],
)
def test_a_place_that_is_no_number_is_refused(lm, tmp_path, h, rate, named):
    before = snapshot(lm)
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    with pytest.raises(InputError, match=f"{named}.*give a finite number"):
        save_rewritten(lm, gradiend, h, rate, tmp_path / "out")
    assert same(before, snapshot(lm)) and not (tmp_path / "out").exists()


def test_an_earlier_change_is_let_go_before_the_next_is_made(monkeypatch):
    lm, held, decode = tiny_lm("bert"), [], Gradiend.decode

    def watched(gradiend, h):
        held.append(rewriter._decoded)
        return decode(gradiend, h)

    monkeypatch.setattr(Gradiend, "decode", watched)
    with Rewriter(lm, Gradiend.initialise(lm.covered, seed=1)) as rewriter:
        rewriter.apply(1, 0.5)
        rewriter.apply(2, 0.5)
    assert held == [None, None]
