"""A checkpoint that others published, as a decoder that stands beside ours."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.evaluation.scoring import ClassProbabilities
from gradiend.files import write_json
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten
from study.profiles.reading import load_profile
from study.profiles.settings import Settings
from study.profiles.variants import gradiend_parts
from study.results import files
from study.results.published import reason_left_out, write_left_out
from study.results.selected import AUTHORS
from study.steps.published import (
    RANDOM,
    WHOLE,
    differences,
    published_gradiend,
)
from tests.conftest import tiny_lm
from tests.study.changes import changed


@pytest.fixture(params=["bert", "distilbert", "gpt2"])
def base(request, tmp_path: Path) -> ClozeLM:
    """A base model, as it is loaded from its folder."""
    lm = tiny_lm(request.param)
    lm.model.save_pretrained(tmp_path / "base")
    return lm


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path / "results"))
    run = load_profile("mini").settings("standin-bert-base", "gender_MF")
    return changed(run, decoder={"published": "someone/debiased"})


@pytest.fixture
def change(base: ClozeLM) -> Gradiend:
    return Gradiend.initialise(base.covered, seed=3)


def published(settings: Settings, folder: Path) -> None:
    """The mark of a fetched checkpoint; a folder stands for the hub's name."""
    mark = {"path": str(folder), "commit": "main", "sha256": {}}
    write_json(settings.folder / files.PUBLISHED, mark)


def save(lm: ClozeLM, folder: Path) -> Path:
    lm.model.save_pretrained(folder)
    return folder


def said(lm: ClozeLM) -> torch.Tensor:
    words = {word: {word: 1.0} for word in ("he", "she")}
    asked = ClassProbabilities(lm, ["Anna said that [MASK] was tired."], words)()
    return torch.tensor([*asked["he"], *asked["she"]])


def test_its_change_at_h_0_and_alpha_1_is_the_published_model(
    settings, base, change, tmp_path
):
    before = said(base)
    with rewritten(base, change, 0, 0.5) as theirs:
        published(settings, save(theirs, tmp_path / "theirs"))
        wanted = said(theirs)
    found = published_gradiend(settings, base)
    with rewritten(base, found, *WHOLE) as same:
        torch.testing.assert_close(said(same), wanted, rtol=1e-5, atol=1e-7)
    assert not torch.allclose(wanted, before, rtol=1e-4)
    torch.testing.assert_close(said(base), before, rtol=0, atol=0)


def test_a_checkpoint_without_a_head_has_the_bases(settings, base, change, tmp_path):
    with rewritten(base, change, 0, 0.5) as theirs:
        theirs.model.base_model.save_pretrained(tmp_path / "body")
        wanted = said(theirs)
    published(settings, tmp_path / "body")
    with rewritten(base, published_gradiend(settings, base), *WHOLE) as same:
        torch.testing.assert_close(said(same), wanted, rtol=1e-5, atol=1e-7)


def test_tokens_that_were_added_are_not_read(settings, base, change, tmp_path):
    own = {name: p.detach().clone() for name, p in base.covered.items()}
    theirs = type(base.model).from_pretrained(tmp_path / "base")
    theirs.resize_token_embeddings(theirs.config.vocab_size + 3, mean_resizing=False)
    theirs.save_pretrained(tmp_path / "longer")
    published(settings, tmp_path / "longer")
    found = published_gradiend(settings, base)
    for name, parameter in own.items():
        assert found.decoder_bias[name].shape == parameter.shape
        assert not found.decoder_bias[name].any()


def test_another_models_checkpoint_is_refused(settings, tmp_path):
    lm, other = tiny_lm("bert"), tiny_lm("bert")
    other.model.config.hidden_size = 24
    wider = type(other.model)(other.model.config)
    wider.save_pretrained(tmp_path / "wider")
    published(settings, tmp_path / "wider")
    with pytest.raises(InputError, match=r"expected \(.*published: null"):
        published_gradiend(settings, lm)


def test_another_head_is_refused_as_no_rewriting_changes_it(settings, tmp_path):
    lm, other = tiny_lm("bert"), tiny_lm("bert")
    with torch.no_grad():
        other.model.cls.predictions.transform.dense.weight.add_(1)
    published(settings, save(other, tmp_path / "head"))
    with pytest.raises(InputError, match=r"transform\.dense\.weight is not"):
        published_gradiend(settings, lm)


def test_differences_know_the_same_the_opposite_and_chance(base, change):
    theirs = change.decoder_bias
    half = {name: 0.5 * tensor for name, tensor in theirs.items()}
    few = {name: torch.zeros_like(tensor) for name, tensor in theirs.items()}
    first = next(iter(few))
    few[first][0] = -theirs[first][0]
    table = differences(base, theirs, [("half", half), ("few", few), (AUTHORS, theirs)])
    rows = table.set_index("decoder")
    size = sum(tensor.numel() for tensor in theirs.values())
    assert list(rows.index) == ["half", "few", AUTHORS, RANDOM]
    assert rows.loc["half", "cosine"] == pytest.approx(1)
    assert rows.loc["half", "norm"] == pytest.approx(rows.loc[AUTHORS, "norm"] / 2)
    assert rows.loc["few", "cosine"] < 0
    assert rows.loc["few", "changed"] == pytest.approx(few[first][0].numel() / size)
    assert rows.loc[AUTHORS, "changed"] > 0.99
    assert rows.loc[RANDOM, "norm"] == pytest.approx(rows.loc[AUTHORS, "norm"])
    assert abs(rows.loc[RANDOM, "cosine"]) < 5 / size**0.5


def test_one_that_is_not_to_be_had_is_no_variant(settings):
    name = f"GRADIEND-N ({AUTHORS})"
    assert gradiend_parts(settings)[name] == ("N", AUTHORS)
    mark = settings.folder / files.PUBLISHED
    published(settings, Path("there"))
    assert reason_left_out(mark) is None and name in gradiend_parts(settings)
    write_left_out(mark, "someone/debiased", "404")
    assert reason_left_out(mark) == "404" and name not in gradiend_parts(settings)
    asked = changed(settings, decoder={"published": None})
    mark.unlink()
    assert name not in gradiend_parts(asked)
