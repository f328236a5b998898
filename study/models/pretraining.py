"""Training a stand-in on sentences of the planted world."""

from __future__ import annotations

import copy
import math
import random
import sys
from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from gradiend.lm.packing import padded_layout, place
from study.sources.world.corpus import corpus
from study.sources.world.drawing import world_of

MAX_LENGTH = 64
_POOL = 16  # batches drawn at once


def train_on_world(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, recipe: dict
) -> None:
    """Train the model in place, with its own objective, as the recipe says.

    The same recipe, start and number of threads give the same weights.
    """
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
        optimizer, lambda step: warm_cosine(step, steps, warm)
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


def warm_cosine(step: int, steps: int, warm: int) -> float:
    """A learning rate's share of its highest: up a line, then down a cosine."""
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
