"""Names and gender words (paper, appendices): over-fitting, and what goes beyond."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.comparison.variants import BASE, REFINED
from study.domains.domain import BALANCED
from study.domains.gender_probes import GENDER_PAIRS
from study.report.claims.balance import ASKED
from study.report.claims.claim import (
    Claim,
    Quantity,
    at_most,
    count,
    mean,
    names,
)
from study.report.claims.models import Models, slug

# Correlation on train names less that on test names; so small that an encoder which
# is good on test names can fail it, too.
SLACK = 0.02
APART, FULL = 0.1, 0.9  # mean h of two classes differ; both so far out: saturated
_WORDS = dict(zip(ASKED.classes, GENDER_PAIRS[0], strict=True))


def name_claims(encoded: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """h of sentences with names of each split: what does training on a name change?

    ``encoded`` has the columns model, split, label, factual_class, name and h.
    """
    corr = encoded.groupby(["split", "model"], sort=False)[["h", "label"]].corr()
    corr = corr["label"].xs("h", level=-1)
    means = encoded.groupby(["split", "model", "label"], sort=False)["h"].mean()
    apart = means.xs(1, level="label") - means.xs(-1, level="label")
    for group in models.groups():
        loss = group.of(corr["train"] - corr["test"])
        text = "Pearson on names of training less that on names of the test, the most"
        yield Claim(
            f"names_loss{group.suffix}",
            "names",
            f"{text}, {group.called}",
            Quantity(loss.max(), "{:+.3f}"),
            at_most(SLACK),
            names(loss[[loss.idxmax()]]),
        )
        change = group.of(apart["train"] - apart["test"]).abs()
        text = "difference of the classes' mean h, names of training against test names"
        yield Claim(
            f"names_change{group.suffix}",
            "names",
            f"{text}, changes at most by, {group.called}",
            Quantity(change.max()),
            None,
            names(change[[change.idxmax()]]),
        )


def probe_claims(probe: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """Does a model still know the class of a name, if it is asked directly?

    ``probe`` has the columns model, name, the name's class, variant and P(word) of
    each class's word.
    """
    first, second = (probe[f"P({_WORDS[name]})"] for name in ASKED.classes)
    # The column that says which class a name is of is called as the domain.
    right = (first > second).where(
        probe[ASKED.domain] == ASKED.positive, first < second
    )
    known = right.groupby([probe["variant"], probe["model"]], sort=False).mean()
    for group in models.groups():
        for variant in (BASE, BALANCED, f"{BALANCED}{REFINED}"):
            if variant not in known.index:
                continue
            share = group.of(100 * known[variant])
            text = f"names whose class is the likelier answer, %, {variant}"
            id_ = f"names_known:{slug(variant)}{group.suffix}"
            yield Claim(id_, "names", f"{text}, {group.called}", mean(share, "{:.0f}"))


def word_claims(encoded: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """Does h tell words that training never saw? A claim a pair.

    ``encoded`` has the columns model, pair, label and h. A pair is told apart if mean h
    of class +1 exceeds that of −1 by more than :data:`APART`; it is saturated if both
    lie beyond :data:`FULL` on the same side.
    """
    means = encoded.groupby(["pair", "model", "label"], sort=False)["h"].mean()
    means = means.unstack("label")
    told = means[1] - means[-1] > APART
    full = means.abs().min(axis=1).gt(FULL) & (means[1] * means[-1] > 0)
    for group in models.groups():
        for pair, flags in group.of(told).groupby("pair", sort=False):
            flags = flags.droplevel("pair")
            named = (
                f"{model} (saturated)" if full[pair, model] else model
                for model in flags.index[~flags]
            )
            text = f"h tells {pair} apart, {group.called}"
            id_ = f"words_{pair.replace('/', '_')}{group.suffix}"
            yield Claim(id_, "other words", text, count(flags), None, tuple(named))
