"""Models that read images too, as causal models of their text part."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForImageTextToText

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.ways import Ways
from gradiend.rewriting import save_rewritten
from tests.gradiend.lm.families import TOLERANCES, apart
from tests.gradiend.lm.tiny_families import tiny_model, tiny_tokenizer

FAMILIES = ("llava", "qwen2_vl", "paligemma", "mistral3", "idefics3")


def saved(family: str, folder: Path) -> Path:
    tiny_model(family, "images").save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_the_text_part_is_a_causal_model(family, tmp_path):
    lm = ClozeLM.from_pretrained(saved(family, tmp_path), dtype="float64")
    assert lm.causal and lm.ways == Ways()
    assert max(apart(lm).values()) <= TOLERANCES["float64"]
    text = {id(parameter) for parameter in lm.model.get_decoder().parameters()}
    assert {id(parameter) for parameter in lm.covered.values()} == text
    assert len(text) < len(list(lm.model.parameters()))


def test_what_reads_images_is_saved_as_it_was(tmp_path):
    base = saved("llava", tmp_path / "base")
    lm = ClozeLM.from_pretrained(base, dtype="float64")
    feature = Gradiend.initialise(lm.covered, seed=0)
    folder = save_rewritten(lm, feature, 1.0, 0.5, tmp_path / "out")
    before, after = (
        AutoModelForImageTextToText.from_pretrained(place, dtype="float64")
        for place in (base, folder)
    )
    assert type(before) is type(after)
    said = dict(after.named_parameters())
    changed = {n for n, p in before.named_parameters() if not torch.equal(p, said[n])}
    assert changed == set(lm.covered)
    caches = []
    for place in (base, folder):
        config = json.loads((place / "config.json").read_text())
        caches.append((config.get("use_cache"), config["text_config"]["use_cache"]))
    assert caches == [(None, True)] * 2


def test_one_that_says_nothing_without_an_image_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"\(family blip\) .*; take a model of anoth"):
        ClozeLM.from_pretrained(saved("blip", tmp_path))
