"""What encoders read (paper, Sec. 4.2): of the trained classes, and of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import pandas as pd

from gradiend.evaluation.kinds import FEATURE, FEATURE_NEUTRAL, NEUTRAL, mean_size
from study.report.claims.claim import (
    Claim,
    Quantity,
    at_least,
    count,
    mean,
    names,
    others,
)
from study.report.claims.models import Group, Models
from study.report.tables.encodings import BESIDE, THIRD, third_class

HIGH, SEEN, FAILED = 0.9, 0.7, 0.5  # |Pearson|: most pairs; every pair; a failed seed
REAL = 0.95  # of a real model that has one feature alone
ALL_ROWS = 0.6  # all but the feature's rows are labelled 0
_ELSEWHERE = {
    NEUTRAL: "neutral texts",
    FEATURE_NEUTRAL: "neutral words of feature texts",
}
_CLASSES = {
    "h_third": (f"|h| {THIRD}", "mean |h| on the domain's third class"),
    "h_beside_third": (
        f"|h| {BESIDE}",
        "mean |h| on a trained class beside the third, labelled 0",
    ),
    "pearson_pairs": ("all rows", "mean Pearson over all rows, three classes"),
    "pearson_pairs_ceiling": (
        "ceiling",
        "mean Pearson over all rows, three classes, of an h without a fault",
    ),
    "pearson_third": (
        "third only",
        "mean Pearson over all rows but trained classes labelled 0, three classes",
    ),
}


def encoder_claims(encoder: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """How well h tells the classes, and what it does not leave at 0.

    ``encoder`` has the columns model, feature, statistic and value.
    """
    values = encoder.set_index(["statistic", "model", "feature"])["value"]
    trained, every = values["Cor_feature"], values["Cor_Enc"]
    yield from _correlations(trained, every, models)
    found = {kind: values[mean_size(kind)] for kind in (FEATURE, *_ELSEWHERE)}
    for group in models.groups():
        own = {kind: group.of(part) for kind, part in found.items()}
        for kind, part in own.items():
            if part.empty:
                continue
            said = _ELSEWHERE.get(kind, "rows of the trained classes")
            text = f"mean |h| on {said}, {group.called}"
            yield Claim(f"h_{kind}{group.suffix}", "encoder", text, mean(part))
        lower = own[NEUTRAL] < own[FEATURE]
        yield Claim(
            f"h_neutral_lower{group.suffix}",
            "encoder",
            f"|h| is smaller on neutral texts than on feature rows, {group.called}",
            count(lower),
            at_least(len(lower)),
            others(lower),
        )


def third_class_claims(encodings: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """What h is on the domain's third class, and what that makes of Pearson.

    ``encodings`` is as :func:`study.report.tables.encodings.third_class` has it, which
    says what is weighed how. Models that were not asked of a third class have no claim.
    """
    values = third_class(encodings)
    if values.empty:
        return
    values = values.set_index(["model", "feature"])
    for group in models.groups():
        for name, (column, said) in _CLASSES.items():
            own = group.of(values[column])
            if len(own):
                text = f"{said}, {group.called}"
                yield Claim(f"{name}{group.suffix}", "encoder", text, mean(own))


def seed_claims(seeds: pd.DataFrame, _models: Models) -> Iterator[Claim]:
    """How many runs failed, which, and whether one was kept.

    ``seeds`` has the columns model, feature, seed, pearson (|Pearson| on validation
    rows) and kept.
    """
    runs = seeds.set_index(["model", "feature", "seed"])
    # A correlation that is not a number has failed, too.
    failed = ~(runs["pearson"] >= FAILED)
    which = tuple(
        f"{model}, {feature}, seed {seed} ({pearson:.2f})"
        for (model, feature, seed), pearson in runs.loc[failed, "pearson"].items()
    )
    text = f"runs of a seed that failed (|Pearson| < {FAILED} on validation rows)"
    yield Claim("seeds_failed", "seeds", text, count(failed), None, which)
    kept = failed[runs["kept"]]
    text = "kept runs that failed, as no other seed was better"
    yield Claim(
        "seeds_failed_kept", "seeds", text, count(kept), None, names(kept[kept])
    )


def _floor(group: Group, features: int) -> float:
    """What the lowest of a group must reach."""
    if not group.suffix:
        return SEEN
    return REAL if features == 1 else HIGH


def _correlations(
    trained: pd.Series, every: pd.Series, models: Models
) -> Iterator[Claim]:
    for group in models.groups():
        pairs, overall = group.of(trained), group.of(every)
        floor = _floor(group, len(pairs))
        lowest = names(pairs[[pairs.idxmin()]])
        yield Claim(
            f"pearson_lowest{group.suffix}",
            "encoder",
            f"lowest Pearson of h and class on feature rows, {group.called}",
            Quantity(pairs.min(), "{:.3f}"),
            at_least(floor),
            lowest,
        )
        if len(pairs) > 1:  # of one the lowest says it
            high = pairs >= HIGH
            yield Claim(
                f"pearson_high{group.suffix}",
                "encoder",
                f"features with Pearson ≥ {HIGH} on feature rows, {group.called}",
                count(high),
                at_least(ceil(HIGH * len(high))),
                others(high),
            )
        means = overall.groupby("model", sort=False).mean()
        yield Claim(
            f"pearson_all_rows{group.suffix}",
            "encoder",
            "lowest mean Pearson of a model over all rows, all but feature rows "
            f"labelled 0, {group.called}",
            Quantity(means.min()),
            None if group.suffix else at_least(ALL_ROWS),
            names(means[[means.idxmin()]]),
        )
