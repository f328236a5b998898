"""Features of domains without a variant a class (paper, Sec. 4.3): pair by pair.

Does N's index rise on texts that it was not selected on, and how much is left of what
was planted between the two classes?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil

import pandas as pd

from study.domains import FEATURES, domain_of
from study.domains.domain import BALANCED
from study.report.claims.balance import ASKED, DECODERS, chosen, suffixed
from study.report.claims.claim import Claim, at_least, count, median, names, others
from study.report.claims.models import Group, Models
from study.report.claims.said import SAID_KEPT
from study.report.gaps import class_probabilities, gap, held_out
from study.results.selected import BASE, TRAINED, UNCHANGED

RISING = 0.9  # of the pairs of stand-in and feature
_RULE = (
    f"index rises, gap does not grow and ≥ {SAID_KEPT} of what the base says is said"
)


def index_claims(selected: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """N's index against the base's, pair by pair.

    ``selected`` has a row a model, feature, variant and decoder, with the indices of
    texts that no candidate was selected on. An index of products rises, too, where both
    classes are said much less or their gap grows: such a rise does not count.
    """
    base = chosen(selected, BASE, UNCHANGED)
    before = _index(base)
    for group, decoder, ours in _pairs(
        models, lambda decoder: _index(chosen(selected, BALANCED, decoder))
    ):
        ratio = ours / before[ours.index]
        now = chosen(selected, BALANCED, decoder).loc[ours.index]
        left = now[["gap", "said"]] / base.loc[ours.index, ["gap", "said"]]
        rises = (ratio > 1) & (left["gap"] <= 1) & (left["said"] >= SAID_KEPT)
        called = f"{DECODERS[decoder]}, {group.called}"
        yield Claim(
            suffixed("index_rises", decoder, group),
            "indices",
            f"pairs whose {_RULE}, {called}",
            count(rises),
            at_least(ceil(RISING * len(rises))) if decoder == TRAINED else None,
            others(rises),
        )
        text = f"index, times the base's, median of pairs, {called}"
        yield Claim(suffixed("index", decoder, group), "indices", text, median(ratio))


def planted_claims(learned: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """The gap left between a feature's classes, pair by pair.

    ``learned`` has what base and variants say of every association; those count that
    are ``held_out``: nothing was selected on their texts.
    """
    learned = held_out(learned)
    base = _gaps(learned, BASE, UNCHANGED)
    for group, decoder, ours in _pairs(
        models, lambda decoder: _gaps(learned, BALANCED, decoder)
    ):
        left = (100 * ours / base[ours.index]).dropna()
        if left.empty:  # nothing was planted in a real model, and nothing is asked
            continue
        called = f"{DECODERS[decoder]}, {group.called}"
        text = f"planted gap left, % of the base's, median of pairs, {called}"
        id_ = suffixed("planted_left", decoder, group)
        yield Claim(id_, "indices", text, median(left, "{:.0f}"))
        stays = left >= 100
        text = f"pairs whose planted gap does not fall, {called}"
        id_ = suffixed("planted_stays", decoder, group)
        yield Claim(id_, "indices", text, count(stays), None, names(stays[stays]))


def _pairs(
    models: Models, of_decoder: Callable[[str], pd.Series]
) -> Iterator[tuple[Group, str, pd.Series]]:
    """Values of the features that are not asked elsewhere: group, decoder, values."""
    for decoder in DECODERS:
        values = of_decoder(decoder)
        features = values.index.get_level_values("feature")
        values = values[[FEATURES[name].domain != ASKED.domain for name in features]]
        for group in models.groups():
            own = group.of(values)
            if len(own):
                yield group, decoder, own


def _index(rows: pd.DataFrame) -> pd.Series:
    """The index that a row's feature selects its balanced variant by."""
    wanted = [domain_of(name).variants[BALANCED] for _, name in rows.index]
    values = [rows.at[key, name] for key, name in zip(rows.index, wanted, strict=True)]
    return pd.Series(values, index=rows.index, dtype=float)


def _gaps(learned: pd.DataFrame, variant: str, decoder: str) -> pd.Series:
    """Mean |P(+1) − P(−1)| over the associations of each feature's own domain."""
    rows = learned[(learned["variant"] == variant) & (learned["decoder"] == decoder)]
    index = pd.MultiIndex.from_tuples([], names=["model", "feature"])
    found = {
        key: gap(class_probabilities(part, key[1]))
        for key, part in rows.groupby(["model", "feature"], sort=False)
    }
    if not found:
        return pd.Series(dtype=float, index=index)
    return pd.Series(found, dtype=float).rename_axis(index.names)
