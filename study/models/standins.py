"""Stand-ins: small models of the paper's classes, trained on the planted world.

``python -m study.models.standins [IDS …] --out FOLDER [--threads 2]``

They are fixed inputs, committed under ``data/standins`` as the paper's checkpoints are
on the hub; this module makes them again, and MiniLM-L6's head by its own recipe.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers
import yaml
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gradiend.errors import InputError, exit_status
from gradiend.files import atomic_folder, sha256, write_json
from study.models import minilm_head, tokenizers
from study.models.pretraining import MAX_LENGTH, train_on_world
from study.results.making import provenance
from study.results.places import REPOSITORY
from study.sources.world.corpus import corpus

STANDINS = REPOSITORY / "data" / "standins"
_CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}"
    "<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)


def recipes() -> dict[str, dict]:
    """Recipe of every stand-in, defaults filled in."""
    content = yaml.safe_load((STANDINS / "recipes.yaml").read_text(encoding="utf-8"))
    return {
        name: content["defaults"] | entry for name, entry in content["models"].items()
    }


def train_standin(name: str, out: Path, **changes: int) -> Path:
    """Train a stand-in by its recipe and write it to ``out/name``.

    ``changes`` replace values of the recipe (``steps``, ``threads``) and are recorded
    with the rest of it. The folder appears when it is whole.

    Raises
    ------
    InputError
        if there is no such recipe or the model it is tuned from is missing.
    """
    known = recipes()
    if name not in known:
        raise InputError(f"no stand-in {name!r}; there are {', '.join(known)}")
    recipe = known[name] | changes
    transformers.set_seed(recipe["seed"])
    if "base" in recipe:
        model, tokenizer = _tuned(recipe, out)
    else:
        model, tokenizer = _fresh(name, recipe)
    torch.set_num_threads(recipe["threads"])
    start = time.perf_counter()
    train_on_world(model, tokenizer, recipe)
    recipe["seconds"] = round(time.perf_counter() - start)
    return _save(name, recipe, model, tokenizer, out)


def _fresh(name: str, recipe: dict) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    tokenizer = _tokenizer(name, recipe)
    cls = getattr(transformers, recipe["class"])
    ids = {
        key: getattr(tokenizer, key)
        for key in ("pad_token_id", "bos_token_id", "eos_token_id")
        if getattr(tokenizer, key) is not None
    }
    # RoBERTa numbers positions from the padding index on.
    extra = tokenizer.pad_token_id + 1 if "Roberta" in recipe["class"] else 0
    length = "n_positions" if "GPT2" in recipe["class"] else "max_position_embeddings"
    config = cls.config_class(
        vocab_size=len(tokenizer),
        **{length: MAX_LENGTH + extra},
        **ids,
        **recipe["config"],
    )
    _without_dropout(config)
    model = cls(config)
    if "attention" in recipe:
        model.set_attn_implementation(recipe["attention"])
    if "final_gain" in recipe:
        _scale_final_norm(model, recipe["final_gain"])
    return model, tokenizer


def _tokenizer(name: str, recipe: dict) -> PreTrainedTokenizerBase:
    """The committed tokenizer, a fixed input; a new one where there is none."""
    if (STANDINS / name / "tokenizer.json").exists():
        return transformers.AutoTokenizer.from_pretrained(STANDINS / name)
    texts = corpus(seed=recipe["seed"], sentences=recipe["sentences"])
    return getattr(tokenizers, recipe["tokenizer"])(texts)


def _tuned(recipe: dict, out: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    base = out / recipe["base"]
    if not base.exists():
        base = STANDINS / recipe["base"]
    if not base.exists():
        raise InputError(f"{recipe['base']} is not there yet; train it first")
    model = getattr(transformers, recipe["class"]).from_pretrained(base)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    tokenizer.chat_template = _CHAT_TEMPLATE
    return model, tokenizer


def _without_dropout(config) -> None:
    """Every sentence is fresh, so there is nothing to over-fit to."""
    for key in vars(config):
        if "drop" in key and isinstance(getattr(config, key), float):
            setattr(config, key, 0.0)


@torch.no_grad()
def _scale_final_norm(model: PreTrainedModel, gain: float) -> None:
    """Let a causal model begin with a large weight in its last norm.

    The larger it is, the smaller the part of the normalised state that one feature
    needs, and the less an edit of the feature pulls on everything else in that state.
    """
    norms = [getattr(model.base_model, name, None) for name in ("norm", "ln_f")]
    next(norm for norm in norms if norm is not None).weight.mul_(gain)


def _save(name: str, recipe: dict, model, tokenizer, out: Path) -> Path:
    folder = out / name
    with atomic_folder(folder, replace=True) as unfinished:
        model.save_pretrained(unfinished)
        tokenizer.save_pretrained(unfinished)
        seconds = recipe.pop("seconds")
        record = {
            "recipe": recipe,
            "parameters": sum(p.numel() for p in model.parameters()),
            "sha256": sha256(unfinished / "model.safetensors"),
            "versions": provenance(),
        }
        write_json(unfinished / "recipe.json", record)
        card = _card(name, recipe, record["parameters"])
        (unfinished / "README.md").write_text(card, encoding="utf-8")
    print(f"{name}: {record['parameters']:,} parameters, {seconds} s")
    return folder


def _card(name: str, recipe: dict, parameters: int) -> str:
    return f"""---
library_name: transformers
license: apache-2.0
tags: [stand-in]
---

# {name}

A **stand-in** for `{recipe["stands_for"]}`: a `{recipe["class"]}` of {parameters:,}
parameters, trained by this project on sentences of its planted world and on nothing
else. It shares the class and the tokenizer kind with the model it stands for, and none
of its weights; nothing it says is evidence about that model.

Every association it has was planted with a declared strength (`data/world`). It is
made again by `./run_all.sh standins`; `recipe.json` has the recipe, the seed and the
digest of the weights.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path, default=STANDINS)
    parser.add_argument("--threads", type=int, help="instead of the recipe's")
    options = parser.parse_args(arguments)
    changes = {"threads": options.threads} if options.threads else {}

    def train() -> None:
        for name in options.names or [*recipes(), minilm_head.NAME]:
            if name == minilm_head.NAME:
                minilm_head.train_head(options.out / name, threads=options.threads)
            else:
                train_standin(name, options.out, **changes)

    return exit_status(train)


if __name__ == "__main__":
    sys.exit(main())
