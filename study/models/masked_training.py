"""Training a masked language model's head, [MASK] and its upper layers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertForMaskedLM, PreTrainedTokenizerBase

from study.models.pretraining import warm_cosine

_LONGEST = 128  # tokens of a text
_PRONOUNS = ("he", "she", "they")
_RARE = 0.5  # what a token counts that the text does not have


@dataclass(frozen=True)
class MaskedTraining:
    """How a model is trained.

    Parameters
    ----------
    steps
        Batches; the text is read from its start again where they are more.
    batch_tokens
        Tokens of a batch, padding counted, at most.
    layers
        Layers trained, from the top.
    head_rate, layer_rate
        Learning rates at their highest, of the head and [MASK], and of layers.
    warm_steps
        Steps until they are there; then they fall as a cosine does.
    mask_share, pronoun_share
        How often a token is masked, and how often *he*, *she* and *they*.
    """

    seed: int
    steps: int
    batch_tokens: int
    layers: int
    head_rate: float
    layer_rate: float
    warm_steps: int
    mask_share: float
    pronoun_share: float


def trained_names(model: BertForMaskedLM, layers: int) -> list[str]:
    """Parameters that training changes besides [MASK]'s row of the word embeddings."""
    count = model.config.num_hidden_layers
    kept = [f"bert.encoder.layer.{n}." for n in range(count - layers, count)]
    return [
        name
        for name, _ in model.named_parameters()
        if name.startswith(("cls.", *kept)) or _is_norm(name)
    ]


def _is_norm(name: str) -> bool:
    return ".encoder." in name and "LayerNorm" in name


def train_masked(
    model: BertForMaskedLM,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    how: MaskedTraining,
    *,
    after_step: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Train in place; the same arguments and number of threads give the same weights.

    The decoder is the word embeddings, and stays as it is but for [MASK]'s row.
    """
    rows = tokenizer(list(texts), truncation=True, max_length=_LONGEST)["input_ids"]
    _begin_bias(model, rows)
    mask = nn.Parameter(_words(model)[tokenizer.mask_token_id].detach().clone())
    optimizer, schedule = _optimizer(model, mask, how)
    chance = _chances(tokenizer, how)
    generator = torch.Generator().manual_seed(how.seed)
    model.eval()  # no dropout: hardly a sentence is seen twice
    batches = _batches(rows, tokenizer.pad_token_id, how)
    for step, ids in zip(range(how.steps), batches, strict=False):
        _words(model)[tokenizer.mask_token_id] = mask.detach()
        chosen = torch.rand(ids.shape, generator=generator) < chance[ids]
        loss = _loss(model, ids, chosen, mask, tokenizer.pad_token_id)
        loss.backward()
        nn.utils.clip_grad_norm_(
            [p for group in optimizer.param_groups for p in group["params"]], 1.0
        )
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        after_step(step + 1, loss.item())
    _words(model)[tokenizer.mask_token_id] = mask.detach()


def _loss(
    model: BertForMaskedLM, ids: Tensor, chosen: Tensor, mask: Tensor, padding: int
) -> Tensor:
    words = functional.embedding(ids, _words(model))
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model.bert(
            inputs_embeds=torch.where(chosen[..., None], mask, words),
            attention_mask=(ids != padding).long(),
        ).last_hidden_state
        logits = model.cls(hidden[chosen])
    return functional.cross_entropy(logits.float(), ids[chosen])


def _words(model: BertForMaskedLM) -> Tensor:
    return model.get_input_embeddings().weight.data


@torch.no_grad()
def _begin_bias(model: BertForMaskedLM, rows: Sequence[Sequence[int]]) -> None:
    """Let the bias begin as the log of how often the text has each token."""
    counts = Counter(chain.from_iterable(rows))
    bias = model.cls.predictions.bias
    often = torch.full((len(bias),), _RARE)
    often[list(counts)] = torch.tensor([float(n) for n in counts.values()])
    often = often.log()
    bias.copy_(often - often.mean())


def _optimizer(model: BertForMaskedLM, mask: nn.Parameter, how: MaskedTraining):
    trained = set(trained_names(model, how.layers))
    head, layers = [mask], []
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in trained)
        if name in trained:
            (head if name.startswith("cls.") else layers).append(parameter)
    optimizer = torch.optim.AdamW(
        [
            {"params": head, "lr": how.head_rate},
            {"params": layers, "lr": how.layer_rate},
        ],
        betas=(0.9, 0.98),
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: warm_cosine(step, how.steps, how.warm_steps)
    )
    return optimizer, schedule


def _chances(tokenizer: PreTrainedTokenizerBase, how: MaskedTraining) -> Tensor:
    chance = torch.full((len(tokenizer),), how.mask_share)
    chance[tokenizer.convert_tokens_to_ids(list(_PRONOUNS))] = how.pronoun_share
    chance[tokenizer.all_special_ids] = 0.0
    return chance


def _batches(
    rows: Sequence[Sequence[int]], padding: int, how: MaskedTraining
) -> Iterator[Tensor]:
    """Endless batches of rows of like length, so that little is padding."""
    rng = random.Random(how.seed)
    while True:
        mixed = rng.sample(rows, len(rows))
        batches = list(_cut(sorted(mixed, key=len), how.batch_tokens))
        rng.shuffle(batches)
        for batch in batches:
            width = max(map(len, batch))
            yield torch.tensor(
                [[*row, *[padding] * (width - len(row))] for row in batch]
            )


def _cut(rows: Sequence[Sequence[int]], tokens: int) -> Iterator[list[Sequence[int]]]:
    batch: list[Sequence[int]] = []
    for row in rows:  # shortest first, so a row is as wide as the batch will be
        if batch and (len(batch) + 1) * len(row) > tokens:
            yield batch
            batch = []
        batch.append(row)
    yield batch
