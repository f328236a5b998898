"""The tables of notebook 10, computed from the gathered source data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gradiend.evaluation.decoder import base_row, keeping_lms, select
from gradiend.sampling import evenly
from study.domains import DOMAINS, FEATURES
from study.domains.domain import BALANCED
from study.domains.gender import GENDER, PRONOUNS
from study.profiles.profile import Profile
from study.report.gaps import class_probabilities, gap, held_out, moved
from study.results.selected import (
    BASE,
    NOT_OURS,
    REFINED,
    TRAINED,
    UNCHANGED,
    selected_row,
)

LMS_FLOOR = 0.97  # of the base's
_SHOWN = 40  # words that a figure has room for
# The domain that professions are asked of, and how its balanced variants are called.
_ASKED = GENDER.features[0]
_DECODERS = (TRAINED, REFINED, *NOT_OURS)
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
    columns = ["model", "feature", "variant", "decoder", "h", "learning_rate"]
    classes = [
        column
        for column in rows.columns
        if column.startswith("P(") and rows[column].notna().any()
    ]
    measured = [*classes, "gap", "offset", "said", "LMS"]
    indices = DOMAINS[domain].variants.values()
    return rows[[*columns, *measured, *indices]].reset_index(drop=True)


def association_removal(
    learned: pd.DataFrame, profile: Profile, *, decoder: str = TRAINED
) -> pd.DataFrame:
    """Gap between a feature's classes as planted, in the base and in the variant N.

    The gap of an attribute is |P(class +1) − P(class −1)| at its query, of those that
    nothing was selected on; nothing was planted in a real model. ``moved: domain`` is
    the mean |change| of the associations of another domain. N is that of ``decoder``.
    """
    rows = []
    entries = map(profile.entry, profile.models)
    planted_in = {entry.display for entry in entries if entry.stand_in}
    for (model, feature), part in learned.groupby(["model", "feature"], sort=False):
        if feature not in profile.features:
            continue
        base = part[part["variant"] == BASE]
        ours = part[(part["variant"] == BALANCED) & (part["decoder"] == decoder)]
        planted = _gap(base, feature, "planted") if model in planted_in else None
        row = {
            "model": model,
            "feature": feature,
            "gap planted": planted,
            "gap base": _gap(base, feature, "learned"),
            f"gap {BALANCED}": _gap(ours, feature, "learned"),
        }
        rows.append(row | moved(ours, base, FEATURES[feature].domain))
    return pd.DataFrame(rows)


def _gap(rows: pd.DataFrame, feature: str, column: str) -> float:
    return gap(class_probabilities(held_out(rows), feature, column))


def profession_shares(learned: pd.DataFrame) -> pd.DataFrame:
    """P(she) / (P(he) + P(she)) after the professions held out of a model's selection.

    Columns model, variant (base; N of each decoder), word and share. Models of another
    source of data are asked other professions, and other ones are held out of theirs.
    """
    she, he = (PRONOUNS[name] for name in _ASKED.classes)
    asked = learned[
        (learned["feature"] == _ASKED.name) & (learned["kind"] == "profession")
    ]
    parts = []
    there = set(zip(asked["variant"], asked["decoder"], strict=True))
    for variant, decoder, name in _BALANCED:
        if (variant, decoder) not in there:  # refinement, closed form: not asked for
            continue
        rows = asked[(asked["variant"] == variant) & (asked["decoder"] == decoder)]
        table = rows.pivot(index=["model", "word"], columns="class", values="learned")
        share = (table[she] / (table[he] + table[she])).rename("share")
        parts.append(share.reset_index().assign(variant=name))
    shares = pd.concat(parts, ignore_index=True)
    place = _places(
        held_out(asked[asked["class"] == she]), list(asked["model"].unique())
    )
    return shares.iloc[_in_order(shares, place)]


def _places(apart: pd.DataFrame, models: list[str]) -> pd.Series:
    """The place of each model's words in the order of what is known of them."""
    apart = apart.drop_duplicates(["model", "word"])
    apart = apart.assign(number=apart["model"].map(models.index))
    apart = apart.sort_values(["number", "planted"], kind="stable")
    keys = pd.MultiIndex.from_frame(apart[["model", "word"]])
    return pd.Series(range(len(apart)), index=keys)


def _in_order(shares: pd.DataFrame, place: pd.Series) -> np.ndarray:
    """Which rows have a place, in the order of the places."""
    found = place.reindex(pd.MultiIndex.from_frame(shares[["model", "word"]]))
    order = found.to_numpy().argsort(kind="stable")  # what has none comes last
    return order[: found.notna().sum()]


def asked_alike(shares: pd.DataFrame) -> list[pd.DataFrame]:
    """:func:`profession_shares` in parts whose models were asked the same words."""
    words = shares.groupby("model", sort=False)["word"].agg(
        lambda own: tuple(own.unique())
    )
    return [
        shares[shares["model"].isin(own.index)]
        for _, own in words.groupby(words, sort=False)
    ]


def some_words(shares: pd.DataFrame) -> pd.DataFrame:
    """The shares of at most 40 words, evenly taken along their order."""
    words = list(shares["word"].unique())
    return shares[shares["word"].isin(words[evenly(len(words), _SHOWN)])]


def before_and_after(shares: pd.DataFrame) -> pd.DataFrame:
    """Of :func:`profession_shares` those of base, of N by the index and of N refined.

    These are what a figure can hold; the tables have the decoders without training.
    """
    shown = [BASE, *(f"{BALANCED}, {decoder}" for decoder in (TRAINED, REFINED))]
    return shares[shares["variant"].isin(shown)]


def profession_spread(learned: pd.DataFrame, selected: pd.DataFrame) -> pd.DataFrame:
    """Standard deviation and mean of :func:`profession_shares`, per model.

    Of the base model and of the variant N of each decoder, each with its offset, which
    is |mean − ½|, and its LMS as a share of the base's: a spread is small, too, where
    all shares are 0. The columns are professions (how many), the variant's name for the
    spread, and ``mean, name``, ``offset, name`` and ``LMS, decoder``.
    """
    shares = profession_shares(learned)
    groups = shares.groupby(["model", "variant"], sort=False)["share"]
    names = list(shares["variant"].unique())
    words = shares.groupby("model", sort=False)["word"].nunique()
    spread, mean = groups.std().unstack()[names], groups.mean().unstack()[names]
    table = words.to_frame("professions").join(spread)
    table = table.join(mean.add_prefix("mean, "))
    table = table.join((mean - 0.5).abs().add_prefix("offset, "))
    own = selected[selected["feature"] == _ASKED.name]
    lms = own.set_index(["variant", "decoder", "model"])["LMS"].sort_index()
    for decoder in (d for d in _DECODERS if d in set(own["decoder"])):
        ratio = lms[BALANCED, decoder] / lms[BASE, UNCHANGED]
        table[f"LMS, {decoder}"] = ratio[table.index]
    return table.reset_index().rename_axis(columns=None)


def gap_frontier(grids: pd.DataFrame, selected: pd.DataFrame) -> pd.DataFrame:
    """Gender: gap and LMS of the variant N as shares of the base's, per model.

    Of N as chosen on the grid and as refined, on texts that the selection has not seen.
    Beside it, on the selection's own texts, what the paper's rule chooses, which knows
    no floor on LMS, and the smallest gap on the grid among the candidates that keep
    :data:`LMS_FLOOR` of the base's.
    """
    own = grids[grids["feature"] == _ASKED.name]
    chosen = selected[selected["feature"] == _ASKED.name]
    rows = [
        {"model": model}
        | _held_out_gaps(chosen[chosen["model"] == model])
        | _selection_gaps(grid)
        for model, grid in own.groupby("model", sort=False)
    ]
    return pd.DataFrame(rows)


def _held_out_gaps(chosen: pd.DataFrame) -> dict[str, float]:
    """One model's gaps, offsets and LMS on texts that were not selected on."""
    base = selected_row(chosen, BASE, UNCHANGED)
    row = {"gap base": base["gap"], "offset base": base["offset"]}
    names = {TRAINED: BALANCED, REFINED: f"{BALANCED} {REFINED}"}
    for decoder, name in names.items():
        if decoder not in set(chosen["decoder"]):
            continue
        ours = selected_row(chosen, BALANCED, decoder)
        row |= {
            f"gap {name}": ours["gap"],
            f"offset {name}": ours["offset"],
            f"{name} / base": ours["gap"] / base["gap"],
            f"{name} / base, balanced slot": ours["balance gap"] / base["balance gap"],
            f"LMS {name} / base": ours["LMS"] / base["LMS"],
        }
    return row


def _selection_gaps(grid: pd.DataFrame) -> dict[str, float]:
    """One model's gaps and LMS on the texts that candidates are selected on."""
    base = base_row(grid)
    paper = select(grid, GENDER.variants[BALANCED])
    least = keeping_lms(grid, LMS_FLOOR)["gap"].min() / base["gap"]
    found = {
        "paper's rule: N / base": paper["gap"] / base["gap"],
        "paper's rule: LMS / base": paper["LMS"] / base["LMS"],
        f"least gap / base at LMS ≥ {LMS_FLOOR:g}": least,
    }
    return {f"{name} (selection texts)": value for name, value in found.items()}
