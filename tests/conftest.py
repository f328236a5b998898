"""Tiny random models of the five architectures, with tokenizers of both kinds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
import transformers
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast
from xdist.scheduler import LoadFileScheduling

from gradiend.lm.cloze import ClozeLM
from gradiend.lm.loading import prepared
from study.models import tokenizers
from study.run.plan import OF_REAL_MODEL

SENTENCES = [
    "Anna said that she was tired because the road was long.",
    "Tom said that he was tired because the road was long.",
    "Maria smiled and then she opened the window of the house.",
    "Peter smiled and then he opened the window of the house.",
    "The river runs behind the old mill and the garden is green.",
    "A Muslim family and a Jewish family met a Christian family in the park.",
    "Grandmothers and grandfathers told stories by the warm fire every evening.",
] * 20

_TURN = {".ipynb": 0, "test_entrance": 1, "test_paper": 2, "test_hub_profile": 2}
ARCHITECTURES = ("bert", "distilbert", "roberta", "gpt2", "llama")


class _Together(LoadFileScheduling):
    """What runs in one process, in order: a file's tests, and notebooks.

    A file's tests share fixtures, and a notebook reads what an earlier one has written.
    Those of a real model take as long as all others, of which they read nothing.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if not file.endswith(".ipynb"):
            return file
        apart = Path(file).stem in OF_REAL_MODEL
        return "notebooks of a real model" if apart else "notebooks"


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> LoadFileScheduling:
    """Tests of several processes at once, as ``./run_all.sh test`` runs them."""
    return _Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no process ends with them alone."""
    items.sort(
        key=lambda item: _TURN.get(item.path.suffix, _TURN.get(item.path.stem, 3))
    )


def wordpiece() -> PreTrainedTokenizerFast:
    """A cased WordPiece tokenizer; rare words stay in pieces."""
    return tokenizers.wordpiece(SENTENCES, size=400)


def byte_bpe(*, masked: bool) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer, with RoBERTa's specials or GPT's."""
    specials = ["<s>", "<pad>", "</s>", "<mask>"] if masked else ["<|end|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        SENTENCES,
        trainers.BpeTrainer(
            vocab_size=380,
            special_tokens=specials,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    if not masked:
        return PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            bos_token="<|end|>",
            eos_token="<|end|>",
            pad_token="<|end|>",
        )
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", tokenizer.token_to_id("</s>")), ("<s>", tokenizer.token_to_id("<s>"))
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        mask_token="<mask>",
    )


def tiny_lm(architecture: str, *, dtype: torch.dtype = torch.float32) -> ClozeLM:
    """A random model of the architecture, two layers of width 16."""
    transformers.set_seed(0)
    causal = architecture in {"gpt2", "llama"}
    if architecture in {"bert", "distilbert"}:
        tokenizer = wordpiece()
    else:
        tokenizer = byte_bpe(masked=not causal)
    small = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "attn_implementation": "eager",
        # Large enough that gradients of a random model are not all noise.
        "initializer_range": 0.2,
    }
    classic = small | {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
    }
    config, cls = {
        "bert": lambda: (transformers.BertConfig(**classic), "BertForMaskedLM"),
        "roberta": lambda: (
            transformers.RobertaConfig(**classic),
            "RobertaForMaskedLM",
        ),
        "distilbert": lambda: (
            transformers.DistilBertConfig(
                **small,
                dim=16,
                n_layers=2,
                n_heads=2,
                hidden_dim=32,
                max_position_embeddings=64,
            ),
            "DistilBertForMaskedLM",
        ),
        "gpt2": lambda: (
            transformers.GPT2Config(
                **small, n_embd=16, n_layer=2, n_head=2, n_positions=64
            ),
            "GPT2LMHeadModel",
        ),
        "llama": lambda: (
            transformers.LlamaConfig(
                **classic, num_key_value_heads=1, tie_word_embeddings=True
            ),
            "LlamaForCausalLM",
        ),
    }[architecture]()
    model = getattr(transformers, cls)(config).to(dtype)
    return ClozeLM(prepared(model), tokenizer, causal, f"tiny-{architecture}")


@pytest.fixture(params=ARCHITECTURES)
def lm(request: pytest.FixtureRequest) -> ClozeLM:
    """Each architecture in turn, in float32."""
    return tiny_lm(request.param)


@pytest.fixture(params=ARCHITECTURES)
def lm64(request: pytest.FixtureRequest) -> ClozeLM:
    """Each architecture in turn, in float64."""
    return tiny_lm(request.param, dtype=torch.float64)


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """A small gender cloze table: rows of different lengths, both classes."""
    rows = []
    frames = [
        ("{name} said that [MASK] was tired because the road was long.", 1),
        ("{name} smiled and then [MASK] opened the window.", 1),
        ("{name} runs because [MASK] was tired and [MASK] smiled.", 2),
    ]
    for frame, _ in frames:
        for name, word, other in (
            ("Anna", "she", "he"),
            ("Maria", "she", "he"),
            ("Tom", "he", "she"),
            ("Peter", "he", "she"),
        ):
            for split in ("train", "validation", "test"):
                rows.append(
                    {
                        "masked": frame.format(name=name),
                        "factual": word,
                        "counterfactual": other,
                        "label": 1 if word == "she" else -1,
                        "factual_class": "female" if word == "she" else "male",
                        "counterfactual_class": "male" if word == "she" else "female",
                        "split": split,
                    }
                )
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def three_classes(table: pd.DataFrame) -> pd.DataFrame:
    """The same texts with three classes, each against both others."""
    words = {"she": 1, "he": 2, "the": 3}
    names = {"she": "Anna", "he": "Tom", "the": "Peter"}
    texts = table.drop_duplicates(["masked", "split"])
    parts = [
        texts[texts["masked"].str.contains(names[word])].assign(
            factual=word,
            counterfactual=other,
            label=label,
            factual_class=word,
            counterfactual_class=other,
        )
        for word, label in words.items()
        for other in words
        if other != word
    ]
    return pd.concat(parts, ignore_index=True)
