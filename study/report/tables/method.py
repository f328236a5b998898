"""The tables of notebook 10, computed from the gathered source data."""

from __future__ import annotations

import pandas as pd

from gradiend.evaluation.decoder import base_row, select
from study.domains import DOMAINS, FEATURES
from study.domains.domain import BALANCED
from study.domains.gender import GENDER, PRONOUNS, held_out_professions
from study.profiles.profile import Profile
from study.report.gaps import feature_gap
from study.results.selected import (
    BASE,
    CLOSED_FORM,
    TRAINED,
    UNCHANGED,
    selected_row,
)

# The domain that professions are asked of, and how its balanced variants are called.
_ASKED = GENDER.features[0]
_DECODERS = (TRAINED, CLOSED_FORM)
_BALANCED = (
    (BASE, UNCHANGED, BASE),
    *((BALANCED, decoder, f"{BALANCED}, {decoder}") for decoder in _DECODERS),
)


def encoder_matrix(encoder: pd.DataFrame, statistic: str) -> pd.DataFrame:
    """One encoder statistic, models down, features across, in the profile's order."""
    rows = encoder[encoder["statistic"] == statistic]
    table = rows.pivot(index="model", columns="feature", values="value")
    return table.loc[rows["model"].unique(), rows["feature"].unique()]


def selected_models(selected: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Base and chosen models of a domain, with the columns its table prints."""
    rows = selected[[FEATURES[f].domain == domain for f in selected["feature"]]]
    columns = ["model", "feature", "variant", "decoder", "h", "learning_rate", "gap"]
    classes = [
        column
        for column in rows.columns
        if column.startswith("P(") and rows[column].notna().any()
    ]
    return rows[
        [*columns, *classes, "LMS", *DOMAINS[domain].variants.values()]
    ].reset_index(drop=True)


def association_removal(learned: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Gap between a feature's classes as planted, in the base and in the variant N.

    The gap of an attribute is |P(class +1) − P(class −1)| at its query; nothing was
    planted in a real model. ``others moved`` is the mean |change| of the associations
    of the other domains.
    """
    rows = []
    entries = map(profile.entry, profile.models)
    planted_in = {entry.display for entry in entries if entry.stand_in}
    for (model, feature), part in learned.groupby(["model", "feature"], sort=False):
        if feature not in profile.features:
            continue
        base = part[part["variant"] == BASE]
        balanced = part[(part["variant"] == BALANCED) & (part["decoder"] == TRAINED)]
        own = FEATURES[feature].domain
        other = base["domain"] != own
        change = (
            base.loc[other, "learned"].to_numpy()
            - balanced.loc[balanced["domain"] != own, "learned"].to_numpy()
        )
        rows.append(
            {
                "model": model,
                "feature": feature,
                "gap planted": (
                    feature_gap(base, feature, "planted")
                    if model in planted_in
                    else None
                ),
                "gap base": feature_gap(base, feature, "learned"),
                f"gap {BALANCED}": feature_gap(balanced, feature, "learned"),
                "others moved": abs(change).mean(),
            }
        )
    return pd.DataFrame(rows)


def profession_shares(learned: pd.DataFrame) -> pd.DataFrame:
    """P(she) / (P(he) + P(she)) after the held-out professions.

    Columns model, variant (base; N of either decoder), word and share.
    """
    she, he = (PRONOUNS[name] for name in _ASKED.classes)
    asked = learned[
        (learned["feature"] == _ASKED.name) & (learned["kind"] == "profession")
    ]
    planted = asked[asked["class"] == she].rename(columns={"planted": "probability"})
    words = held_out_professions(planted)
    parts = []
    for variant, decoder, name in _BALANCED:
        rows = asked[(asked["variant"] == variant) & (asked["decoder"] == decoder)]
        table = rows.pivot(index=["model", "word"], columns="class", values="learned")
        share = (table[she] / (table[he] + table[she])).rename("share")
        parts.append(share.reset_index().assign(variant=name))
    shares = pd.concat(parts, ignore_index=True)
    shares = shares[shares["word"].isin(words)]
    models = list(asked["model"].unique())
    order = shares["model"].map(models.index) * len(words)
    return shares.iloc[(order + shares["word"].map(words.index)).argsort(kind="stable")]


def profession_spread(learned: pd.DataFrame, selected: pd.DataFrame) -> pd.DataFrame:
    """Standard deviation of :func:`profession_shares`, per model.

    Of the base model and of the variant N of either decoder, each with its LMS as a
    share of the base's.
    """
    shares = profession_shares(learned)
    spread = shares.groupby(["model", "variant"], sort=False)["share"].std().unstack()
    own = selected[selected["feature"] == _ASKED.name]
    lms = own.set_index(["variant", "decoder", "model"])["LMS"].sort_index()
    for decoder in _DECODERS:
        ratio = lms[BALANCED, decoder] / lms[BASE, UNCHANGED]
        spread[f"LMS, {decoder}"] = ratio[spread.index]
    return spread.reset_index().rename_axis(columns=None)


def gap_frontier(
    grids: pd.DataFrame, selected: pd.DataFrame, *, lms_floor: float = 0.97
) -> pd.DataFrame:
    """Gender: gap and LMS of the variant N as shares of the base's, per model.

    Beside it what the paper's rule chooses, which knows no floor on LMS, and the
    smallest gap on the grid among the candidates that keep ``lms_floor`` of the base's.
    """
    rows = []
    own = grids[grids["feature"] == _ASKED.name]
    chosen = selected[selected["feature"] == _ASKED.name]
    for model, grid in own.groupby("model", sort=False):
        base = base_row(grid)
        ours = selected_row(chosen[chosen["model"] == model], BALANCED, TRAINED)
        paper = select(grid, GENDER.variants[BALANCED])
        kept = grid[grid["LMS"] >= lms_floor * base["LMS"]]
        row = {
            "gap base": base["gap"],
            "gap N": ours["gap"],
            "N / base": ours["gap"] / base["gap"],
            "LMS N / base": ours["LMS"] / base["LMS"],
            "paper's rule: N / base": paper["gap"] / base["gap"],
            "paper's rule: LMS / base": paper["LMS"] / base["LMS"],
            f"least gap / base at LMS ≥ {lms_floor:g}": kept["gap"].min() / base["gap"],
        }
        rows.append({"model": model, **row})
    return pd.DataFrame(rows)
