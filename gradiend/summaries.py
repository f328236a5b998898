"""The tables of notebook 10, computed from the gathered source data."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from gradiend.domains import DOMAIN_CLASSES, FEATURES, PRONOUNS
from gradiend.profiles import Profile
from gradiend.study import GENDER_VARIANTS, TERM_VARIANTS

PROFESSIONS = 20  # the ten most male and the ten most female ones as planted


def encoder_matrix(encoder: pd.DataFrame, statistic: str) -> pd.DataFrame:
    """One encoder statistic, models down, features across, in the profile's order."""
    rows = encoder[encoder["statistic"] == statistic]
    table = rows.pivot(index="model", columns="feature", values="value")
    return table.loc[rows["model"].unique(), rows["feature"].unique()]


def selected_models(selected: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Base and chosen models of a domain, with the columns its table prints."""
    variants = GENDER_VARIANTS if domain == "gender" else TERM_VARIANTS
    rows = selected[[FEATURES[f].domain == domain for f in selected["feature"]]]
    columns = ["model", "feature", "variant", "decoder", "h", "learning_rate", "gap"]
    classes = [
        column
        for column in rows.columns
        if column.startswith("P(") and rows[column].notna().any()
    ]
    return rows[[*columns, *classes, "LMS", *variants.values()]].reset_index(drop=True)


def association_removal(learned: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Gap between a feature's classes as planted, in the base and in the variant N.

    The gap of an attribute is |P(class +1) − P(class −1)| at its query; ``others
    moved`` is the mean |change| of the associations of the other domains.
    """
    rows = []
    for (model, feature), part in learned.groupby(["model", "feature"], sort=False):
        if feature not in profile.features:
            continue
        base = part[part["variant"] == "base"]
        balanced = part[(part["variant"] == "N") & (part["decoder"] == "trained")]
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
                "gap planted": _gap(base, feature, "planted"),
                "gap base": _gap(base, feature, "learned"),
                "gap N": _gap(balanced, feature, "learned"),
                "others moved": abs(change).mean(),
            }
        )
    return pd.DataFrame(rows)


def profession_spread(learned: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Spread over professions of P(she) / (P(he) + P(she)), per model and decoder."""
    rows = []
    gender = learned[learned["feature"] == "gender_MF"]
    for model, part in gender.groupby("model", sort=False):
        shares = {key: share for key, share in _female_shares(part)}
        base = shares["base", "–"]
        row = {"model": model, "base": base.std()}
        for decoder in ("trained", "closed form"):
            if ("N", decoder) in shares:
                row[f"N, {decoder}"] = shares["N", decoder].std()
        rows.append(row)
    return pd.DataFrame(rows)


def _female_shares(part: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.Series]]:
    asked = part[part["kind"] == "profession"]
    planted = asked[asked["class"] == "she"].drop_duplicates("word")
    planted = planted.sort_values("planted", kind="stable")["word"]
    words = [*planted.head(PROFESSIONS // 2), *planted.tail(PROFESSIONS // 2)]
    for key, group in asked.groupby(["variant", "decoder"], sort=False):
        table = group.pivot(index="word", columns="class", values="learned").loc[words]
        yield key, table["she"] / (table["he"] + table["she"])


def _gap(part: pd.DataFrame, feature: str, column: str) -> float:
    """Mean |P(+1) − P(−1)| over the attributes of the feature's domain."""
    spec = FEATURES[feature]
    own = part[part["domain"] == spec.domain]
    if spec.domain == "gender":
        order = [PRONOUNS[name] for name in spec.classes]
    else:
        order = [DOMAIN_CLASSES[spec.domain].index(name) for name in spec.classes]
    gaps = []
    for _, query in own.groupby(["kind", "query"], sort=False):
        if spec.domain == "gender":
            values = query.set_index("class").loc[order, column].to_numpy()
        else:
            values = query[column].to_numpy()[order]
        gaps.append(abs(values[0] - values[1]))
    return float(pd.Series(gaps).mean())
