"""How much of the human stereotype a model repeats: what it and what people say."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from study.domains.gender import PRONOUNS
from study.profiles.profile import CARRIED, Profile
from study.report.gaps import held_out
from study.report.tables.method import profession_shares
from study.results.selected import BASE

_DRAWS = 1_000


def rated_shares(learned: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """What people and models say of jobs that no candidate was selected on.

    Of the models whose jobs people rated; none: no rows. Columns: model, variant, word,
    share (P(she) / (P(he) + P(she))) and rating (how female, 0 to 1).
    """
    return shares_and_ratings(learned, rated_models(profile))


def rated_models(profile: Profile) -> tuple[str, ...]:
    """The models that are asked jobs which people rated, as tables call them."""
    return tuple(
        profile.entry(model).display
        for model in profile.models
        if profile.data_of(model) == CARRIED
    )


def shares_and_ratings(learned: pd.DataFrame, models: Collection[str]) -> pd.DataFrame:
    """:func:`rated_shares` of ``models``, whose jobs people rated."""
    asked = learned[learned["model"].isin(models)]
    if asked.empty:
        return pd.DataFrame()
    she = held_out(asked[asked["class"] == PRONOUNS["female"]])
    ratings = she.drop_duplicates("word").set_index("word")["planted"]
    shares = profession_shares(asked)
    return shares.assign(rating=ratings[shares["word"]].to_numpy())


def human_norms(rated: pd.DataFrame) -> pd.DataFrame:
    """Pearson's r of P(she) after jobs and how female people rate them.

    ``rated`` is of :func:`rated_shares`. Columns: model, variant, jobs, r, its 95 %
    interval of a bootstrap over jobs (low, high), Δ r (r less the base's of the same
    jobs) and its interval over the same draws (Δ low, Δ high; NaN of the base itself),
    ρ (Spearman's, of the order alone), ρ base (of a variant's shares and the base's;
    NaN of the base itself), slope (of shares, per unit of the rating; r does not fall
    where all shares come closer), spread, mean and offset of the shares.
    """
    parts = rated.groupby("model", sort=False)
    return pd.concat([_norms_of_model(part) for _, part in parts], ignore_index=True)


def _norms_of_model(rated: pd.DataFrame) -> pd.DataFrame:
    """The rows of one model, whose variants were asked the same jobs."""
    ratings = rated.drop_duplicates("word").set_index("word")["rating"]
    shares = rated.pivot(index="word", columns="variant", values="share")
    shares, felt = shares.loc[ratings.index], ratings.to_numpy()
    drawn = {name: _drawn(shares[name].to_numpy(), felt) for name in shares}
    rows = []
    for variant in rated["variant"].unique():
        said = shares[variant].to_numpy()
        row = {"model": rated["model"].iloc[0], "variant": variant, "jobs": len(said)}
        row |= _with_interval("r", "", _r(said, felt), drawn[variant])
        if variant != BASE:
            less = _r(said, felt) - _r(shares[BASE].to_numpy(), felt)
            change = drawn[variant] - drawn[BASE]
            row |= _with_interval("Δ r", "Δ ", less, change)
        else:
            row |= dict.fromkeys(("Δ r", "Δ low", "Δ high"), np.nan)
        row["ρ"] = spearmanr(said, felt).statistic
        same = variant == BASE
        row["ρ base"] = np.nan if same else spearmanr(said, shares[BASE]).statistic
        rows.append(
            row | spread_and_mean(said, felt) | {"offset": abs(said.mean() - 0.5)}
        )
    return pd.DataFrame(rows)


def spread_and_mean(shares: np.ndarray, stereotype: np.ndarray) -> dict[str, float]:
    """Slope of the shares on the stereotype, their standard deviation and mean."""
    return {
        "slope": np.polyfit(stereotype, shares, 1)[0],
        "spread": shares.std(ddof=1),
        "mean": shares.mean(),
    }


def _r(said: np.ndarray, felt: np.ndarray) -> float:
    return float(np.corrcoef(said, felt)[0, 1])


def _drawn(said: np.ndarray, rated: np.ndarray) -> np.ndarray:
    """r of each draw of the jobs, [draws]; the same draws for all with as many jobs."""
    generator = np.random.default_rng(0)
    draws = generator.integers(len(said), size=(_DRAWS, len(said)))
    a, b = said[draws], rated[draws]
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    norms = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return (a * b).sum(axis=1) / norms


def _with_interval(
    name: str, prefix: str, value: float, drawn: np.ndarray
) -> dict[str, float]:
    """A number, and 2.5 and 97.5 % of it over draws."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {name: value, f"{prefix}low": float(low), f"{prefix}high": float(high)}
