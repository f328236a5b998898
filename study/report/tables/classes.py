"""Three classes: tables of what notebook 13 found."""

from __future__ import annotations

import pandas as pd

from gradiend.errors import check_choice
from study.domains import FEATURES
from study.domains.gender import PRONOUNS as PRONOUNS_OF
from study.results.classes import PLANTED


def cross_matrix(cross: pd.DataFrame, value: str) -> pd.DataFrame:
    """A value of every GRADIEND (columns) on every feature's rows (rows)."""
    names = list(dict.fromkeys(cross["gradiend"]))
    table = cross.pivot(index="rows", columns="gradiend", values=value)
    return table.loc[[n for n in names if n in table.index], names]


def shares_of_three(they: pd.DataFrame) -> pd.DataFrame:
    """Mean share of each pronoun among the three, and what is said, by variant.

    Where it is known what was planted: the planted mean shares as a row of their own,
    and r, Pearson's correlation over jobs of the share of *they* with the planted one.
    """
    planted = [column for column in they if column.startswith(PLANTED)]
    words = [c for c in they if c not in ("variant", "query", *planted)]
    total = they[words].sum(axis=1)
    shares = they[words].div(total, axis=0).assign(said=total, variant=they["variant"])
    table = shares.groupby("variant", sort=False).mean()
    if not planted:
        return table.reset_index()
    last = words[-1]
    table["r"] = [
        shares.loc[rows.index, last].corr(rows[f"{PLANTED}{last}"])
        for _, rows in they.groupby("variant", sort=False)
    ]
    base = they[they["variant"] == they["variant"].iloc[0]]
    truth = base[planted].mean().rename(lambda column: column.removeprefix(PLANTED))
    table.loc["planted"] = truth
    return table.reset_index()


def pairs_alike(similar: pd.DataFrame, part: str) -> pd.DataFrame:
    """Cosines of one part as a symmetric matrix, 1 on the diagonal."""
    check_choice(part, dict.fromkeys(similar["part"]), "part of a GRADIEND")
    rows = similar[similar["part"] == part]
    names = list(dict.fromkeys([*rows["first"], *rows["second"]]))
    table = pd.DataFrame(1.0, index=names, columns=names)
    for _, row in rows.iterrows():
        table.loc[row["first"], row["second"]] = row["cosine"]
        table.loc[row["second"], row["first"]] = row["cosine"]
    return table


def shared_class(similar: pd.DataFrame) -> pd.DataFrame:
    """Pairs of features that share a class, and the others, side by side.

    Columns: part, sharing, pairs (how many), cosine (mean size), chance (its standard
    deviation by chance), overlap and chance_overlap (means).
    """
    both = zip(similar["first"], similar["second"], strict=True)
    sharing = [
        "a class" if _classes(one) & _classes(other) else "none" for one, other in both
    ]
    table = similar.assign(sharing=sharing, cosine=similar["cosine"].abs())
    return table.groupby(["part", "sharing"], sort=False, as_index=False).agg(
        pairs=("cosine", "size"),
        cosine=("cosine", "mean"),
        chance=("chance_sd", "mean"),
        overlap=("overlap", "mean"),
        chance_overlap=("chance_overlap", "mean"),
    )


def _classes(feature: str) -> set[str]:
    """The two classes of a feature of a domain, or of one that its name lists."""
    if feature not in FEATURES:
        return set(feature.split("/"))
    return {PRONOUNS_OF.get(name, name) for name in FEATURES[feature].classes}
