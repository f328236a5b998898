"""How good an adapted head is: words of real text, and pronouns behind names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import Tensor

from gradiend.lm.cloze import ClozeLM
from gradiend.sampling import drawn
from study.analysis.pronouns import right_pronouns
from study.domains.gender import crossed, read_names, read_templates
from study.sources.wheels.source import CarriedFiles
from study.sources.world import ensure_world

MASK_SHARE = 0.15
_BATCH = 32


def quality(
    lm: ClozeLM,
    *,
    texts: int = 0,
    templates: int = 0,
    seed: int = 0,
) -> dict[str, float]:
    """What a head is judged by, of the test split; 0: all there are.

    ``top_1`` is :func:`masked_accuracy` on real text. For pronouns behind names that
    are in no adaptation text, in ``plain`` (made-up) and ``real`` sentences: how often
    the right one of *he* and *she* is the likelier one (``right``), its mean share of
    the two (``share``), and its mean probability among all words (``probability``).
    """
    folder = CarriedFiles().folder
    names = read_names(folder)
    names = names[names["split"] == "test"]
    found = {"top_1": masked_accuracy(lm, held_out_texts(texts, seed=seed), seed=seed)}
    for kind, source in (("plain", ensure_world()), ("real", folder)):
        asked = drawn(read_templates(source, "test"), templates, seed=seed)
        # Every template once a gender, with a name of it.
        table = right_pronouns(lm, crossed(asked, names, seed=seed))
        measured = table[["right", "share", "probability"]].mean()
        found |= {f"{kind}_{name}": float(value) for name, value in measured.items()}
    return {name: round(value, 4) for name, value in found.items()}


def held_out_texts(count: int = 0, *, seed: int = 0) -> list[str]:
    """Real sentences of passages that the adaptation text has nothing of (0: all)."""
    path = CarriedFiles().folder / "perplexity.csv"
    texts = pd.read_csv(path, keep_default_na=False)["text"].tolist()
    return drawn(texts, count, seed=seed)


@torch.no_grad()
def masked_accuracy(lm: ClozeLM, texts: Sequence[str], *, seed: int) -> float:
    """How often the likeliest token is the right one, of tokens masked at random.

    In every text 15 % of the tokens are masked at once, whatever they are.
    """
    tokenizer, generator = lm.tokenizer, torch.Generator().manual_seed(seed)
    right = count = 0
    rows = sorted(texts, key=len)
    for start in range(0, len(rows), _BATCH):
        batch = tokenizer(
            rows[start : start + _BATCH],
            padding=True,
            truncation=True,
            max_length=lm.max_length,
            return_tensors="pt",
            return_special_tokens_mask=True,
        )
        special = batch.pop("special_tokens_mask").bool()
        ids = batch["input_ids"]
        chosen = (torch.rand(ids.shape, generator=generator) < MASK_SHARE) & ~special
        batch["input_ids"] = ids.masked_fill(chosen, tokenizer.mask_token_id)
        guess = _logits_at(lm, batch, chosen).argmax(dim=-1)
        right += int((guess == ids[chosen]).sum())
        count += int(chosen.sum())
    return right / count


def _logits_at(lm: ClozeLM, batch: Mapping[str, Tensor], chosen: Tensor) -> Tensor:
    hidden = lm.model.base_model(**batch).last_hidden_state
    return lm.model.cls(hidden[chosen])
