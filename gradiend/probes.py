"""Sentences that decide no class: what a model says there is its own preference.

A row's text often says which word is right (*the British Empire*). To level the classes
there is to unlearn what is so, and no candidate gets far. Of probes one half (a split
by seed) chooses the candidate and the other reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gradiend.errors import InputError
from gradiend.reading import counted, given_texts, table_of_lines, told
from gradiend.slots import check_placeholders, with_slot
from gradiend.splits import deal_splits

if TYPE_CHECKING:
    from gradiend.lm.cloze import ClozeLM

LEAST = 20  # probes; a summary shows ten, and as many have to choose
_HALVES = (0.0, 0.5, 0.5)  # none to learn from


def read_probes(path: str | Path, *, slot: str | None = None) -> list[str]:
    """The probes of a text file, one a line, with their slot as ``[MASK]``.

    ``slot`` is how the file writes it, if that is not plain.

    Raises
    ------
    InputError
        naming file and line, and the way out.
    """
    return _checked(table_of_lines(path, "masked"), slot, str(path))


def given_probes(texts: Sequence[str]) -> list[str]:
    """Probes that a caller gives, checked like those of a file."""
    table = pd.DataFrame({"masked": given_texts(texts, "probes")}, dtype=str)
    table.attrs["rows"] = ("text", 1)
    return _checked(table, None, "probes")


def probe_rows(
    lm: ClozeLM, probes: Sequence[str], table: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Rows of the probes that a model can answer, half of them in each held-out split.

    Label is +1 in all, and the pairs of words of ``table`` stand in them in turn. Texts
    of ``table`` itself are left out; ``attrs["changed"]`` counts what is.

    Raises
    ------
    InputError
        if too few are left.
    """
    rows = pd.DataFrame({"masked": list(probes)})
    new = rows[~rows["masked"].isin(table["masked"])]
    new = counted(new, "probes that are texts of rows left out", len(rows) - len(new))
    pairs = _pairs(table)
    words = pairs.iloc[[place % len(pairs) for place in range(len(new))]]
    new = new.assign(label=1, **{name: words[name].to_numpy() for name in words})
    kept = lm.readable(lm.usable(new))
    why = f"probes that {lm.name!r} cannot answer left out"
    kept = counted(kept, why, len(new) - len(kept))
    _check_number(kept, "probes")
    return kept.assign(split=deal_splits(kept["masked"], seed=seed, shares=_HALVES))


def _checked(table: pd.DataFrame, slot: str | None, source: str) -> list[str]:
    """The distinct texts, if they are probes and enough."""
    _check_number(table, source)
    table = with_slot(table, slot, source)
    check_placeholders(table["masked"], source)
    table = table.drop_duplicates("masked")
    _check_number(table, source)
    return table["masked"].tolist()


def _check_number(table: pd.DataFrame, source: str) -> None:
    if len(table) < LEAST:
        raise InputError(
            f"{source}: {len(table)} different probes; give at least {LEAST}, half of "
            f"which choose and half report{told(table)}"
        )


def _pairs(table: pd.DataFrame) -> pd.DataFrame:
    """The pairs of words of a cloze table, that of class +1 as the factual one."""
    columns = ["factual", "counterfactual"]
    own = table.loc[table["label"] == 1, columns]
    other = table.loc[table["label"] == -1, columns[::-1]].set_axis(columns, axis=1)
    return pd.concat([own, other]).drop_duplicates()
