"""Whether a model still says of jobs what people say of them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.domains.domain import BALANCED
from study.report.claims.balance import DECODERS, suffixed
from study.report.claims.claim import Claim, Quantity
from study.report.claims.models import Models
from study.report.tables.norms import human_norms, shares_and_ratings
from study.results.selected import BASE

_RATINGS = "people's ratings"


def rating_claims(learned: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """r of shares and ratings, and the slope: those of N as shares of the base's.

    ``learned`` has what base and variants say of every association. Half of the base's
    r was hoped for, and is no bound: what balances two pronouns need not change the
    order of jobs.
    """
    rated = shares_and_ratings(learned, models.rated)
    if rated.empty:
        return
    norms = human_norms(rated).set_index(["model", "variant"])[["r", "slope"]]
    for group in models.groups():
        for model in (name for name in group.models if name in models.rated):
            own = norms.loc[model]
            for decoder in DECODERS:
                name = f"{BALANCED}, {decoder}"
                if name not in own.index:
                    continue
                called = f"{DECODERS[decoder]}, {group.called}"
                for number, text in (
                    ("r", "Pearson's r of shares and people's ratings of jobs"),
                    ("slope", "rise of the share with people's rating of the job"),
                ):
                    yield Claim(
                        suffixed(f"ratings_{number}", decoder, group),
                        _RATINGS,
                        f"{text}, share of the base's, {called}",
                        Quantity(own.loc[name, number] / own.loc[BASE, number]),
                    )
