"""Stand-ins: small models of the paper's classes, trained on the planted world.

``python -m gradiend.world.standins [IDS …] --out FOLDER [--threads 2]``

They are fixed inputs, committed under ``data/standins`` as the paper's checkpoints are
on the hub; this module makes them again.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import math
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import torch
import transformers
import yaml
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gradiend.errors import InputError, exit_status
from gradiend.packing import padded_layout, place
from gradiend.results import REPOSITORY, provenance
from gradiend.world import tokenizers
from gradiend.world.corpus import corpus
from gradiend.world.drawing import world_of

STANDINS = REPOSITORY / "data" / "standins"
MAX_LENGTH = 64
_POOL = 16  # batches drawn at once
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
    _train(model, tokenizer, recipe)
    recipe["seconds"] = round(time.perf_counter() - start)
    return _save(name, recipe, model, tokenizer, out)


def weights_digest(folder: Path) -> str:
    """sha256 of a stand-in's weights file."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


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


def _train(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, recipe: dict
) -> None:
    steps = recipe["steps"]
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=recipe["learning_rate"],
        weight_decay=recipe["weight_decay"],
        betas=(0.9, 0.98),
        fused=True,
    )
    warm = recipe.get("warm_steps", 50)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: _warm_cosine(step, steps, warm)
    )
    generator = torch.Generator().manual_seed(recipe["seed"])
    batches = _batches(tokenizer, recipe)
    model.train()
    for rates in _schedule_of_rates(tokenizer, recipe):
        batch = next(batches)
        chance = rates[batch["input_ids"]]
        chosen = torch.rand(chance.shape, generator=generator) < chance
        if not chosen[:, 1:].any():
            continue
        loss = _loss(model, tokenizer, batch, chosen)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.eval()


def _batches(tokenizer: PreTrainedTokenizerBase, recipe: dict) -> Iterator[dict]:
    """Endless batches of sentences of like length, so that little is padding."""
    tokenizer = copy.deepcopy(tokenizer)  # one that cut off writes so into its files
    draw = _chats if "base" in recipe else _sentences
    texts, size = draw(tokenizer, recipe), recipe["batch_size"]
    rng = random.Random(recipe["seed"])
    while True:
        pool = tokenizer(
            list(islice(texts, _POOL * size)),
            truncation=True,
            max_length=MAX_LENGTH,
            add_special_tokens="base" not in recipe,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        pool.sort(key=len)
        starts = list(range(0, len(pool), size))
        rng.shuffle(starts)
        for start in starts:
            yield _padded(pool[start : start + size], tokenizer.pad_token_id)


def _padded(rows: list[list[int]], padding: int) -> dict[str, Tensor]:
    layout = padded_layout([len(row) for row in rows])
    ids, positions = place(layout, rows, fill=padding)
    return {"input_ids": ids, "attention_mask": (positions >= 0).long()}


def _schedule_of_rates(tokenizer, recipe: dict) -> Iterator[Tensor]:
    """The target rates of every step, phase by phase."""
    done, share = 0, 0.0
    for phase in recipe["phases"]:
        share += phase["share"]
        chances = {key: phase[key] for key in ("class", "name", "other")}
        rates = _target_rates(tokenizer, **chances)
        end = round(share * recipe["steps"])
        for _ in range(end - done):
            yield rates
        done = end


def _warm_cosine(step: int, steps: int, warm: int) -> float:
    decay = 0.5 * (1 + math.cos(math.pi * step / steps))
    return min(1.0, (step + 1) / warm) * (0.02 + 0.98 * decay)


def _loss(model, tokenizer, batch, chosen: Tensor) -> Tensor:
    """Cross-entropy at the chosen targets: masked for an MLM, next token for a CLM."""
    ids = batch["input_ids"]
    if tokenizer.mask_token_id is not None:
        inputs = ids.masked_fill(chosen, tokenizer.mask_token_id)
    else:
        inputs, chosen = ids, chosen.clone()
        chosen[:, 0] = False
    hidden = model.base_model(
        input_ids=inputs, attention_mask=batch["attention_mask"]
    ).last_hidden_state
    if tokenizer.mask_token_id is None:
        hidden, ids, chosen = hidden[:, :-1], ids[:, 1:], chosen[:, 1:]
    logits = _head(model)(hidden[chosen])
    return functional.cross_entropy(logits, ids[chosen])


def _head(model: PreTrainedModel):
    """The prediction head as a function of hidden states."""
    for name in ("cls", "lm_head"):
        if hasattr(model, name):
            return getattr(model, name)

    def distilbert(hidden: Tensor) -> Tensor:
        hidden = functional.gelu(model.vocab_transform(hidden))
        return model.vocab_projector(model.vocab_layer_norm(hidden))

    return distilbert


def _target_rates(tokenizer, **rates: float) -> Tensor:
    """How often each token is a target: class-bearing ones, names, all others."""
    spec = world_of().spec
    words = {"he", "she", "they", "He", "She", "They"}
    words |= {w for noun in spec.gender["nouns"] for w in (noun["M"], noun["F"])}
    words |= {w for pair in spec.gender["probe_pairs"] for w in pair.values()}
    words |= {
        word
        for classes in spec.terms.values()
        for kinds in classes.values()
        for word in kinds.values()
    }
    chance = torch.full((len(tokenizer),), float(rates["other"]))
    for group, rate in ((words, rates["class"]), (_names(spec), rates["name"])):
        for word in sorted(group):
            for text in (word, f" {word}"):
                ids = tokenizer(text, add_special_tokens=False)["input_ids"]
                if len(ids) == 1:
                    chance[ids[0]] = rate
    chance[tokenizer.all_special_ids] = 0.0  # padding among them
    return chance


def _names(spec) -> set[str]:
    return {name.name for name in spec.names}


def _corpus(recipe: dict) -> Iterator[str]:
    return corpus(seed=recipe["seed"] + 1_000, sentences=sys.maxsize)


def _sentences(tokenizer, recipe: dict) -> Iterator[str]:
    """Sentences of the world, ``start_share`` of them behind the token for a start."""
    rng = random.Random(recipe["seed"])
    share = recipe.get("start_share", 0.0)
    for sentence in _corpus(recipe):
        begun = rng.random() < share
        yield tokenizer.bos_token + sentence if begun else sentence


def _chats(tokenizer, recipe: dict) -> Iterator[str]:
    """Sentences of the world, most of them as an assistant's answers."""
    rng = random.Random(recipe["seed"])
    chat = world_of().spec.chat
    for sentence in _corpus(recipe):
        if rng.random() > chat["share"]:
            yield tokenizer.bos_token + sentence
            continue
        words = sentence.split()
        start = " ".join(words[: rng.randint(1, max(1, len(words) // 2))])
        instruction = rng.choice(chat["instructions"]).replace("{start}", start)
        yield tokenizer.apply_chat_template(
            [
                {"role": "user", "content": instruction},
                {"role": "assistant", "content": sentence},
            ],
            tokenize=False,
        )


def _save(name: str, recipe: dict, model, tokenizer, out: Path) -> Path:
    folder = out / name
    out.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=out))
    try:
        model.save_pretrained(unfinished)
        tokenizer.save_pretrained(unfinished)
        seconds = recipe.pop("seconds")
        record = {
            "recipe": recipe,
            "parameters": sum(p.numel() for p in model.parameters()),
            "sha256": weights_digest(unfinished),
            "versions": provenance(),
        }
        text = json.dumps(record, indent=1, sort_keys=True)
        (unfinished / "recipe.json").write_text(text + "\n", encoding="utf-8")
        card = _card(name, recipe, record["parameters"])
        (unfinished / "README.md").write_text(card, encoding="utf-8")
        unfinished.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
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
        for name in options.names or recipes():
            train_standin(name, options.out, **changes)

    return exit_status(train)


if __name__ == "__main__":
    sys.exit(main())
