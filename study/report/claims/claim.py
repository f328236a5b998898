"""A claim: a sentence, the number it is about, and the bound that it keeps or not.

A claim without a bound is told all the same: what is found, not what was hoped for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pandas as pd
from pandas.io.formats.style import Styler

from study.report.tables.styling import MISSING, styled

# What a reader sees; the other columns are numbers in full precision, for the CSV.
SHOWN = ("id", "group", "claim", "value", "bound", "holds", "named")
_HOLDS = {True: "yes", False: "no", None: ""}


@dataclass(frozen=True)
class Quantity:
    """A number and how it is written.

    ``of``: it counts so many of these. ``low`` and ``high``: its range over the models
    or pairs that it is the mean or the median of.
    """

    number: float
    form: str = "{:.2f}"
    of: int | None = None
    low: float | None = None
    high: float | None = None

    @property
    def shown(self) -> str:
        """As tables show it: ``6 of 7``, ``0.48 (0.14–0.87)``."""
        text = self.written(self.number)
        if self.low is None or pd.isna(self.low):
            return text
        low, high = map(self.form.format, (self.low, self.high))
        between = " to " if low[0] in "+-" else "–"
        return f"{text} ({low}{between}{high})"

    def written(self, number: float) -> str:
        """A number in this one's form, such as a bound."""
        if pd.isna(number):
            return MISSING
        if self.of is not None:
            return f"{number:.0f} of {self.of}"
        return self.form.format(number)


@dataclass(frozen=True)
class Bound:
    """At least or at most so much; what is not a number keeps no bound."""

    sign: str  # ≥ or ≤
    limit: float

    def kept(self, number: float) -> bool:
        """Whether a number keeps it."""
        return bool(number >= self.limit if self.sign == "≥" else number <= self.limit)


@dataclass(frozen=True)
class Claim:
    """A sentence, its quantity and, if it must hold, its bound.

    ``named`` are those that it counts against, or that it is lowest or highest for.
    """

    id: str
    group: str
    text: str
    quantity: Quantity
    bound: Bound | None = None
    named: tuple[str, ...] = ()

    @property
    def holds(self) -> bool | None:
        """Whether the bound is kept; None without a bound."""
        return None if self.bound is None else self.bound.kept(self.quantity.number)

    @property
    def bound_shown(self) -> str:
        """The bound as tables show it: ``≥ 5 of 7``."""
        if self.bound is None:
            return MISSING
        return f"{self.bound.sign} {self.quantity.written(self.bound.limit)}"


def at_least(limit: float) -> Bound:
    """The bound of what must not be lower."""
    return Bound("≥", limit)


def at_most(limit: float) -> Bound:
    """The bound of what must not be higher."""
    return Bound("≤", limit)


def count(flags: pd.Series) -> Quantity:
    """How many of ``flags`` are true."""
    return Quantity(int(flags.sum()), of=len(flags))


def mean(values: pd.Series, form: str = "{:.2f}") -> Quantity:
    """Mean and range; of one value the value alone.

    A value that is missing makes the mean missing: means are over the same models.
    """
    return _centre(values.mean(skipna=False), values, form)


def median(values: pd.Series, form: str = "{:.2f}") -> Quantity:
    """Median and range."""
    return _centre(values.median(skipna=False), values, form)


def others(flags: pd.Series) -> tuple[str, ...]:
    """The names of the entries that are not true."""
    return names(flags[~flags.astype(bool)])


def names(chosen: pd.Series) -> tuple[str, ...]:
    """What the entries are called: the levels of an index with commas between."""
    return tuple(
        ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)
        for key in chosen.index
    )


def claims_table(claims: Iterable[Claim]) -> Styler:
    """A row a claim for a reader, and its numbers in full precision beside it.

    Shown are :data:`SHOWN`; the CSV has number, of, low, high and limit as well.
    """
    table = pd.DataFrame([_row(claim) for claim in claims])
    table["of"] = table["of"].astype("Int64")
    numbers = [column for column in table.columns if column not in SHOWN]
    return styled(table).hide(axis="index").hide(numbers, axis="columns")


def claims_in_brief(claims: Iterable[Claim]) -> str:
    """How many claims there are, how many have a bound, and which do not hold."""
    claims = list(claims)
    bounded = [claim for claim in claims if claim.bound is not None]
    failed = [claim for claim in bounded if claim.holds is False]
    lines = [f"{len(claims)} claims; {len(bounded)} have a bound, {len(failed)} fail"]
    lines += [f"- {c.text}: {c.quantity.shown}, bound {c.bound_shown}" for c in failed]
    return "\n".join(lines)


def assert_claims(claims: Iterable[Claim], *, known: Collection[str] = ()) -> None:
    """Pass if every bound is kept, but for claims that are ``known`` to fail.

    Raises
    ------
    AssertionError
        listing each other claim that failed, with its value and its bound.
    """
    failed = [c for c in claims if c.holds is False and c.id not in known]
    lines = [
        f"{c.id}: {c.quantity.shown}, bound {c.bound_shown} ({c.text}"
        + (f"; {'; '.join(c.named)})" if c.named else ")")
        for c in failed
    ]
    if failed:
        raise AssertionError("\n".join([f"{len(failed)} claims do not hold:", *lines]))


def _centre(number: float, values: pd.Series, form: str) -> Quantity:
    if len(values) == 1:
        return Quantity(number, form)
    return Quantity(number, form, low=values.min(), high=values.max())


def _row(claim: Claim) -> dict:
    quantity = claim.quantity
    return {
        "id": claim.id,
        "group": claim.group,
        "claim": claim.text,
        "value": quantity.shown,
        "bound": claim.bound_shown,
        "holds": _HOLDS[claim.holds],
        "number": quantity.number,
        "of": quantity.of,
        "low": quantity.low,
        "high": quantity.high,
        "limit": None if claim.bound is None else claim.bound.limit,
        # Comes last: after hidden columns pandas ends a line with a delimiter too many.
        "named": "; ".join(claim.named),
    }
