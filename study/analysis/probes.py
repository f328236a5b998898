"""What a rewriting may change: log-odds at slots, how much is said there, and loss.

Every probe set is a :class:`study.analysis.taylor.Quantity`, so that what happens to it
can be predicted and measured.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from gradiend.evaluation.scoring import ClassProbabilities, LanguageModelling
from gradiend.gradients import source_losses
from gradiend.lm.batches import Batch
from gradiend.lm.cloze import ClozeLM
from study.analysis.taylor import Quantity, Read
from study.domains.domain import Domain, Feature

LOG_ODDS, LOG_SAID = "log-odds", "log said"
LOSS, ELSEWHERE = "loss", "said elsewhere"
OTHER = "other: "  # begins the set of a domain that is not the feature's own


def cloze_quantity(
    lm: ClozeLM, rows: pd.DataFrame, *, batch_size: int = 64
) -> Quantity:
    """log P(+1) − log P(−1) and log(P(+1) + P(−1)) at the slot of each cloze row.

    Of words of several tokens, P is the geometric mean over them, as in the losses
    whose gradients GRADIEND reads.
    """
    labels = torch.tensor(rows["label"].to_numpy(), device=lm.device)
    parts = [
        (places, batch, _two_words(batch, labels[places]))
        for places, batch in lm.batches(lm.encode(rows), batch_size=batch_size)
    ]
    return Quantity(lm, (LOG_ODDS, LOG_SAID), len(rows), parts)


def class_quantity(probabilities: ClassProbabilities) -> Quantity:
    """The same of two classes, each the sum over its words of one token."""
    parts = []
    for indices, group in probabilities.groups:
        for places, batch in group.lm.batches(group.rows, batch_size=group.batch_size):
            whose = [indices[place] for place in places]
            parts.append((whose, batch, _two_classes(batch, group.weights)))
    lm = probabilities.groups[0][1].lm
    return Quantity(lm, (LOG_ODDS, LOG_SAID), probabilities.count, parts)


def text_quantity(modelling: LanguageModelling, words: Collection[str]) -> Quantity:
    """Of each neutral text: mean loss of the tokens that are asked, in nats; and how
    often, on average over them, one of ``words`` is expected where none of them stands.

    A masked model is asked the masked tokens, a causal one every next token.
    """
    lm = modelling.lm
    own = [ids[0] for ids in lm.token_ids(list(words)) if len(ids) == 1]
    parts, done = [], 0
    for inputs, target, text in modelling.batches():
        count = int(text.max()) + 1
        places = list(range(done, done + count))
        parts.append((places, inputs, _tokens(target, text, count, own)))
        done += count
    return Quantity(lm, (LOSS, ELSEWHERE), done, parts)


def tokens_asked(modelling: LanguageModelling) -> np.ndarray:
    """How many tokens of each text of :func:`text_quantity` are asked, [R]."""
    return np.array([len(found) for _, found in modelling.items])


def association_rows(
    associations: pd.DataFrame, feature: Feature, domain: Domain
) -> pd.DataFrame:
    """Cloze rows with label +1, and their ``set``, of what a model can be asked.

    Of the feature's own domain: its two classes' words, at associations that nothing
    was selected on. Of other domains: the first class's word against each other's.
    """
    rows = []
    kept = associations[associations["held_out"].astype(bool)]
    for (name, kind, query), part in kept.groupby(
        ["domain", "kind", "query"], sort=False
    ):
        words = part["class"].tolist()
        if name == domain.name:
            of = {domain.class_of(word): word for word in words}
            pairs = [tuple(of.get(c) for c in feature.classes)]
            title = kind
        else:
            pairs, title = [(words[0], other) for other in words[1:]], f"{OTHER}{name}"
        rows += [
            {"set": title, "masked": query, "factual": one, "counterfactual": other}
            for one, other in pairs
            if one is not None and other is not None
        ]
    return pd.DataFrame(rows).assign(label=1)


def _two_words(batch: Batch, labels: Tensor) -> Read:
    def read(log_probabilities: Tensor) -> Tensor:
        losses = [
            source_losses(log_probabilities, batch, side)
            for side in ("factual", "counterfactual")
        ]
        signs = labels.to(losses[0])
        odds = signs * (losses[1] - losses[0])
        said = torch.logsumexp(-torch.stack(losses), dim=0)
        return torch.stack([odds, said])

    return read


def _two_classes(batch: Batch, weights: Tensor) -> Read:
    def read(log_probabilities: Tensor) -> Tensor:
        first, second = (
            log_probabilities[batch.factual.slot].exp() @ weights.to(log_probabilities)
        ).unbind(1)
        return torch.stack([first.log() - second.log(), (first + second).log()])

    return read


def _tokens(target: Tensor, text: Tensor, count: int, words: Sequence[int]) -> Read:
    def mean(values: Tensor, kept: Tensor) -> Tensor:
        own = text[kept]
        sums = values.new_zeros(count).index_add(0, own, values[kept])
        return sums / torch.bincount(own, minlength=count).clamp(min=1)

    def read(log_probabilities: Tensor) -> Tensor:
        every = torch.ones_like(target, dtype=torch.bool)
        losses = functional.nll_loss(log_probabilities, target, reduction="none")
        among = torch.tensor(list(words), device=target.device, dtype=target.dtype)
        said = log_probabilities[:, among].exp().sum(dim=1)
        elsewhere = mean(said, ~torch.isin(target, among))
        return torch.stack([mean(losses, every), elsewhere])

    return read
