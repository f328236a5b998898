"""Is a gap closed, or only less said? What is said of a feature's classes, and the gap.

The gap is |P(+1) − P(−1)|: it falls, too, where both are said less. So beside what is
left of it stand what is left of P(+1) + P(−1), and of the gap as a share of that. Both
are asked at the domain's slot for balance, on texts that no candidate was selected on.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.domains import domain_of
from study.domains.domain import BALANCED
from study.report.claims.balance import ASKED, DECODERS, chosen, suffixed
from study.report.claims.claim import Claim, at_least, count, mean, others
from study.report.claims.models import Group, Models
from study.results.selected import BASE, REFINED, UNCHANGED

# The floor that the refinement of real models is given, on the selection's texts.
SAID_KEPT = 0.75
_GROUP = "said"
_LEFT = {
    "gap_left": "gap |P(+1) − P(−1)|, share of the base's",
    "said_left": "said, P(+1) + P(−1), share of the base's",
    "gap_of_said": "gap as a share of what is said, times the base's",
    "offset": "offset |mean share − ½|",
}
_NEW = ("gap_of_said",)  # what the claims of balance do not have of their own domain


def said_claims(selected: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """What is left of the gap, of what is said, and of the one in the other.

    ``selected`` has a row a model, feature, variant and decoder. A value is the mean,
    and the range, over the features of a domain (and models); domains are not pooled.
    """
    base = chosen(selected, BASE, UNCHANGED)
    for group in models.groups():
        for decoder in DECODERS:
            ours = chosen(selected, BALANCED, decoder)
            ours = ours[ours.index.get_level_values("model").isin(group.models)]
            if len(ours):
                yield from _of_decoder(ours, base.loc[ours.index], decoder, group)


def _of_decoder(
    ours: pd.DataFrame, base: pd.DataFrame, decoder: str, group: Group
) -> Iterator[Claim]:
    called = f"{DECODERS[decoder]}, {group.called}"
    left = _left(ours, base)
    domain = left.index.get_level_values("feature").map(lambda f: domain_of(f).name)
    for name, rows in left.groupby(domain.to_numpy(), sort=False):
        for column, text in _LEFT.items():
            if name == ASKED.domain and column not in _NEW:
                continue
            id_ = suffixed(f"{column}_{name}", decoder, group)
            yield Claim(id_, _GROUP, f"{text}, {name}, {called}", mean(rows[column]))
    kept = left["said_left"] >= SAID_KEPT
    yield Claim(
        suffixed("said_kept", decoder, group),
        _GROUP,
        f"features of which ≥ {SAID_KEPT} of what the base says is said, {called}",
        count(kept),
        at_least(len(kept)) if group.suffix and decoder == REFINED else None,
        others(kept),
    )


def _left(ours: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    """The columns of :data:`_LEFT`, by model and feature."""
    gap = ours["balance gap"] / base["balance gap"]
    said = ours["said"] / base["said"]
    columns = (gap, said, gap / said, ours["offset"])
    return pd.DataFrame(dict(zip(_LEFT, columns, strict=True)))
