"""What rewriting does to associations: the class of a profession, and other domains."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.domains import FEATURES
from study.domains.domain import BALANCED
from study.report.claims.balance import DECODERS, HALF, suffixed
from study.report.claims.claim import Claim, Quantity, at_most, count, mean, names
from study.report.claims.models import Group, Models
from study.report.gaps import moved
from study.report.tables.method import profession_shares
from study.results.selected import BASE, REFINED

_PROFESSIONS, _MOVED = "professions", "other domains"


def profession_claims(learned: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """Spread of the shares over held-out professions, and where their mean lies.

    ``learned`` has what base and variants say of every association.
    """
    shares = profession_shares(learned)
    by = shares.groupby(["variant", "model"], sort=False)["share"]
    spread, centre = by.std(), by.mean()
    same = by.min().gt(0.5) | by.max().lt(0.5)
    for group in models.groups():
        text = f"spread of the shares of the base, {group.called}"
        base = group.of(spread[BASE])
        yield Claim(f"spread_base{group.suffix}", _PROFESSIONS, text, mean(base))
        text = f"mean share of the base, {group.called}"
        middle = mean(group.of(centre[BASE]))
        yield Claim(f"share_base{group.suffix}", _PROFESSIONS, text, middle)
        for decoder in DECODERS:
            name = f"{BALANCED}, {decoder}"
            if name not in spread.index:
                continue
            left = (group.of(spread[name]) / base).dropna()
            if left.empty:  # of these models that decoder was not asked for
                continue
            yield from _professions(
                left, group.of(centre[name]), group.of(same[name]), decoder, group
            )


def moved_claims(learned: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """How far N moves each domain that its feature is not of: the pair moved most.

    The mean |P − P of the base| over a domain's associations, for each model and
    feature; domains and features are never pooled.
    """
    changes = _moved(learned)
    if changes.empty:  # no other domain was asked
        return
    for group in models.groups():
        by = group.of(changes).groupby(["decoder", "domain"], sort=False)
        for (decoder, domain), part in by:
            pairs = part.droplevel(["decoder", "domain"])
            yield Claim(
                suffixed(f"moved_{domain}", decoder, group),
                _MOVED,
                f"most that associations of {domain} are moved by a feature of another "
                f"domain (mean |ΔP|), {DECODERS[decoder]}, {group.called}",
                Quantity(pairs.max()),
                None,
                names(pairs[[pairs.idxmax()]]),
            )


def _moved(learned: pd.DataFrame) -> pd.Series:
    """Mean |P − P of the base| by model, feature, decoder and other domain."""
    keys = ["model", "feature"]
    base = dict(list(learned[learned["variant"] == BASE].groupby(keys)))
    ours = learned[learned["variant"] == BALANCED]
    found = {
        (model, feature, decoder, name.removeprefix("moved: ")): change
        for (model, feature, decoder), rows in ours.groupby(
            [*keys, "decoder"], sort=False
        )
        for name, change in moved(
            rows, base[model, feature], FEATURES[feature].domain
        ).items()
    }
    if not found:
        return pd.Series(dtype=float)
    return pd.Series(found).rename_axis([*keys, "decoder", "domain"])


def _professions(
    left: pd.Series, centre: pd.Series, same: pd.Series, decoder: str, group: Group
) -> Iterator[Claim]:
    called = f"{DECODERS[decoder]}, {group.called}"
    yield Claim(
        suffixed("spread", decoder, group),
        _PROFESSIONS,
        f"spread of the shares, share of the base's, {called}",
        mean(left),
        # A real model's professions: nothing else of it was planted or is known.
        at_most(HALF) if group.suffix and decoder == REFINED else None,
    )
    text = f"mean share, {called}"
    yield Claim(suffixed("share", decoder, group), _PROFESSIONS, text, mean(centre))
    text = f"the same class is preferred after every held-out profession, {called}"
    id_ = suffixed("one_sided", decoder, group)
    yield Claim(id_, _PROFESSIONS, text, count(same), None, names(same[same]))
