"""Models of the real classes and sizes with random weights: speed needs no others."""

from __future__ import annotations

from pathlib import Path

import transformers
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from study.results.places import REPOSITORY

STANDINS = REPOSITORY / "data" / "standins"
_HEADS = {
    "Bert": "BertForMaskedLM",
    "GPT2": "GPT2LMHeadModel",
    "Llama": "LlamaForCausalLM",
}


# Name → tokenizer's stand-in, class, and how its configuration differs.
# (The authors' package pads every row to 256 tokens, more than the stand-ins read.)
MODELS: dict[str, tuple[str, str, dict]] = {
    "BERT-base size": ("standin-bert-base", "Bert", {"vocab_size": 28_996}),
    "GPT-2 size": ("standin-gpt2", "GPT2", {"vocab_size": 50_257}),
    "BERT, 4 layers of 256": (
        "standin-bert-base",
        "Bert",
        {
            "vocab_size": 28_996,
            "hidden_size": 256,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "intermediate_size": 1024,
        },
    ),
    "BERT, a stand-in's size": (
        "standin-bert-base",
        "Bert",
        {
            "vocab_size": 3_400,
            "hidden_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 256,
        },
    ),
}


def stand_ins_tokenizer(like: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a committed stand-in."""
    return transformers.AutoTokenizer.from_pretrained(STANDINS / like)


def random_model(
    kind: str, tokenizer: PreTrainedTokenizerBase, *, seed: int = 0, **sizes: object
) -> PreTrainedModel:
    """A model of class ``kind`` (Bert, GPT2, Llama); ``sizes`` go to its config."""
    config = getattr(transformers, f"{kind}Config")(
        **sizes, pad_token_id=tokenizer.pad_token_id
    )
    transformers.set_seed(seed)
    return getattr(transformers, _HEADS[kind])(config)


def save_random_model(folder: Path, like: str, kind: str, **sizes: object) -> Path:
    """A checkpoint of a random model with a stand-in's tokenizer."""
    tokenizer = stand_ins_tokenizer(like)
    random_model(kind, tokenizer, **sizes).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
