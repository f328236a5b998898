"""The tables of notebook 10, computed from the gathered source data."""

from __future__ import annotations

import pandas as pd

from gradiend.evaluation.decoder import base_row, select
from study.domains import DOMAINS, FEATURES, domain_of
from study.domains.domain import BALANCED
from study.domains.gender import held_out_professions
from study.profiles.profile import Profile
from study.results.selected import BASE, CLOSED_FORM, TRAINED, UNCHANGED

_BALANCED = (
    (BASE, UNCHANGED, "base"),
    (BALANCED, TRAINED, "N, trained"),
    (BALANCED, CLOSED_FORM, "N, closed form"),
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
    models = (profile.settings(name, profile.features[0]) for name in profile.models)
    planted_in = {model.display for model in models if model.stand_in}
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
                "gap N": feature_gap(balanced, feature, "learned"),
                "others moved": abs(change).mean(),
            }
        )
    return pd.DataFrame(rows)


def profession_shares(learned: pd.DataFrame) -> pd.DataFrame:
    """P(she) / (P(he) + P(she)) after the held-out professions.

    Columns model, variant (base; N of either decoder), word and share.
    """
    asked = learned[
        (learned["feature"] == "gender_MF") & (learned["kind"] == "profession")
    ]
    planted = asked[asked["class"] == "she"].rename(columns={"planted": "probability"})
    words = held_out_professions(planted)
    parts = []
    for variant, decoder, name in _BALANCED:
        rows = asked[(asked["variant"] == variant) & (asked["decoder"] == decoder)]
        table = rows.pivot(index=["model", "word"], columns="class", values="learned")
        share = (table["she"] / (table["he"] + table["she"])).rename("share")
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
    gender = selected[selected["feature"] == "gender_MF"]
    lms = gender.set_index(["variant", "decoder", "model"])["LMS"].sort_index()
    for variant, decoder, name in _BALANCED[1:]:
        ratio = lms[variant, decoder] / lms[BASE, UNCHANGED]
        spread[name.replace("N", "LMS")] = ratio[spread.index]
    return spread.reset_index().rename_axis(columns=None)


def gap_frontier(
    grids: pd.DataFrame, selected: pd.DataFrame, *, lms_floor: float = 0.97
) -> pd.DataFrame:
    """Gender: gap and LMS of the variant N as shares of the base's, per model.

    Beside it what the paper's rule chooses, which knows no floor on LMS, and the
    smallest gap on the grid among the candidates that keep ``lms_floor`` of the base's.
    """
    rows = []
    gender = grids[grids["feature"] == "gender_MF"]
    for model, grid in gender.groupby("model", sort=False):
        base = base_row(grid)
        chosen = selected[
            (selected["model"] == model)
            & (selected["feature"] == "gender_MF")
            & (selected["variant"] == BALANCED)
            & (selected["decoder"] == TRAINED)
        ].iloc[0]
        paper = select(grid, "BPI")
        kept = grid[grid["LMS"] >= lms_floor * base["LMS"]]
        rows.append(
            {
                "model": model,
                "gap base": base["gap"],
                "gap N": chosen["gap"],
                "N / base": chosen["gap"] / base["gap"],
                "LMS N / base": chosen["LMS"] / base["LMS"],
                "paper's rule: N / base": paper["gap"] / base["gap"],
                "paper's rule: LMS / base": paper["LMS"] / base["LMS"],
                f"least gap / base at LMS ≥ {lms_floor:g}": kept["gap"].min()
                / base["gap"],
            }
        )
    return pd.DataFrame(rows)


def feature_gap(part: pd.DataFrame, feature: str, column: str) -> float:
    """Mean |P(+1) − P(−1)| over the attributes of the feature's domain."""
    domain, classes = domain_of(feature), FEATURES[feature].classes
    own = part[part["domain"] == domain.name]
    own = own.assign(named=own["class"].map(domain.class_of))
    gaps = []
    for _, query in own.groupby(["kind", "query"], sort=False):
        positive, negative = query.set_index("named").loc[list(classes), column]
        gaps.append(abs(positive - negative))
    return float(pd.Series(gaps).mean())
