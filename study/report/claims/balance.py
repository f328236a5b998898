"""How alike a rewritten model finds the classes (paper, Sec. 4.3), on texts not seen.

N by the paper's index, N refined and N of the closed form stand side by side. A model
is balanced if it is alike on average *and* text by text, and still a language model:
offset and ``balance gap`` are asked at the domain's slot for balance, ``gap`` at the
slot that the grid is selected at.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from study.domains.domain import BALANCED
from study.domains.gender import GENDER
from study.report.claims.claim import Bound, Claim, at_least, count, mean, others
from study.report.claims.models import Group, Models, slug
from study.results.selected import (
    BASE,
    CLOSED_FORM,
    CLOSED_FORM_REFINED,
    REFINED,
    TRAINED,
    UNCHANGED,
)

# Decoders that N is made with, and what claims call it then.
DECODERS = {
    TRAINED: "N by the paper's index",
    REFINED: "N refined",
    CLOSED_FORM: "N of the closed form",
    CLOSED_FORM_REFINED: "N of the closed form, refined",
}
ASKED = GENDER.features[0]  # the feature with a variant for each class
CENTRED, HALF, KEPT = 0.1, 0.5, 0.97  # |mean share − ½|; of the base's gap; of its LMS
MOST = 5 / 7  # of the stand-ins; of the real models all
_GROUP = "balance"
_SHARES = {
    "balance gap": "gap |P(+1) − P(−1)| at the slot for balance",
    "gap": "gap |P(+1) − P(−1)| at the grid's slot",
    "LMS": "LMS",
    "said": "said, P(+1) + P(−1)",
}
_OFFSET = "offset |mean share − ½|"


def chosen(selected: pd.DataFrame, variant: str, decoder: str) -> pd.DataFrame:
    """The rows of a variant and decoder, by model and feature."""
    rows = (selected["variant"] == variant) & (selected["decoder"] == decoder)
    return selected[rows].set_index(["model", "feature"])


def suffixed(name: str, decoder: str, group: Group) -> str:
    """A claim's id: what it is of, which decoder's, and which model's."""
    return f"{name}_{slug(decoder).replace('-', '_')}{group.suffix}"


def balance_claims(selected: pd.DataFrame, models: Models) -> Iterator[Claim]:
    """Offset, gap, LMS and what is said at all, of N by each decoder.

    ``selected`` has a row a model, feature, variant and decoder, with P(class), gap,
    LMS, offset, said and balance gap of texts that no candidate was selected on.
    """
    own = selected[selected["feature"] == ASKED.name]
    base = chosen(own, BASE, UNCHANGED).droplevel("feature")
    for group in models.groups():
        offset = group.of(base["offset"])
        text = f"{_OFFSET} of the base, {group.called}"
        yield Claim(f"offset_base{group.suffix}", _GROUP, text, mean(offset))
        for decoder in DECODERS:
            ours = chosen(own, BALANCED, decoder).droplevel("feature")
            ours = ours[ours.index.isin(group.models)]
            if len(ours):
                yield from _balance(base.loc[ours.index], ours, decoder, group)
        yield from _raised(own, base, group)


def _balance(
    base: pd.DataFrame, ours: pd.DataFrame, decoder: str, group: Group
) -> Iterator[Claim]:
    """Whether N is balanced, and the numbers that this is made of."""
    called = f"{DECODERS[decoder]}, {group.called}"
    shares = {column: ours[column] / base[column] for column in _SHARES}
    kept = shares["LMS"] >= KEPT
    alike = (ours["offset"] <= CENTRED) & (shares["balance gap"] <= HALF)
    text = f"offset ≤ {CENTRED} and gap there ≤ {HALF} of the base's"
    id_ = suffixed("alike", decoder, group)
    yield Claim(id_, _GROUP, f"{text}, {called}", count(alike), None, others(alike))
    text = f"{text} at LMS ≥ {KEPT} of the base's"
    id_ = suffixed("balanced", decoder, group)
    met = alike & kept
    bound = _needed(met, group) if decoder == REFINED else None
    yield Claim(id_, _GROUP, f"{text}, {called}", count(met), bound, others(met))
    halved = (shares["gap"] <= HALF) & kept
    text = f"{_SHARES['gap']} ≤ {HALF} of the base's at LMS ≥ {KEPT} of the base's"
    id_ = suffixed("gap_halved", decoder, group)
    text = f"{text}, {called}"
    yield Claim(id_, _GROUP, text, count(halved), None, others(halved))
    text = f"{_OFFSET}, {called}"
    id_ = suffixed("offset", decoder, group)
    yield Claim(id_, _GROUP, text, mean(ours["offset"]))
    for column, said in _SHARES.items():
        text = f"{said}, share of the base's, {called}"
        id_ = suffixed(slug(column).replace("-", "_"), decoder, group)
        yield Claim(id_, _GROUP, text, mean(shares[column]))


def _needed(flags: pd.Series, group: Group) -> Bound:
    """How many must hold: most stand-ins, the real model itself."""
    return at_least(len(flags) if group.suffix else int(MOST * len(flags)))


def _raised(own: pd.DataFrame, base: pd.DataFrame, group: Group) -> Iterator[Claim]:
    """The variants of a class say it more often."""
    # They are called by the initials of their classes.
    classes = {name[0].upper(): name for name in ASKED.classes}
    for variant, name in classes.items():
        column = f"P({name})"
        rows = chosen(own, variant, TRAINED).droplevel("feature")[column]
        rows = group.of(rows)
        if rows.empty:
            continue
        more = rows - base.loc[rows.index, column]
        text = f"change of {column} in {variant}, {group.called}"
        id_ = f"raised_{variant.lower()}{group.suffix}"
        yield Claim(id_, _GROUP, text, mean(more, "{:+.2f}"))
