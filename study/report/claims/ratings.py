"""Whether a model still says of jobs what people say of them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.domains.domain import BALANCED
from study.report.claims.balance import DECODERS, suffixed
from study.report.claims.claim import Claim, Quantity
from study.report.claims.models import Group, Models
from study.report.tables.norms import human_norms, shares_and_ratings
from study.results.selected import BASE

_GROUP = "people's ratings"
_NUMBERS = {
    "r": "Pearson's r of shares and people's ratings of jobs",
    "slope": "rise of the share with people's rating of the job",
}


def rating_claims(learned: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """r of shares and ratings, and the slope: those of N as shares of the base's.

    Beside them the paired difference of r with its interval over jobs. ``learned`` has
    what base and variants say of every association. Half of the base's
    r was hoped for, and is no bound: what balances two pronouns need not change the
    order of jobs.
    """
    rated = shares_and_ratings(learned, models.rated)
    if rated.empty:
        return
    norms = dict(list(human_norms(rated).groupby("model", sort=False)))
    for group in models.groups():
        for model in (name for name in group.models if name in norms):
            yield from _against_base(norms[model].set_index("variant"), group)


def _against_base(norms: pd.DataFrame, group: Group) -> Iterator[Claim]:
    for decoder, name in DECODERS.items():
        variant = f"{BALANCED}, {decoder}"
        if variant not in norms.index:
            continue
        called = f"{name}, {group.called}"
        for number, text in _NUMBERS.items():
            yield Claim(
                suffixed(f"ratings_{number}", decoder, group),
                _GROUP,
                f"{text}, share of the base's, {called}",
                Quantity(norms.loc[variant, number] / norms.loc[BASE, number]),
            )
        change, low, high = norms.loc[variant, ["Δ r", "Δ low", "Δ high"]]
        yield Claim(
            suffixed("ratings_r_change", decoder, group),
            _GROUP,
            f"{_NUMBERS['r']}, less the base's, with the 95 % interval of the paired "
            f"difference, {called}",
            Quantity(change, "{:+.2f}", low=low, high=high),
        )
