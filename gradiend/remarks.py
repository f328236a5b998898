"""What a user should know of a result before using it, and what to try."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradiend.debiased import Debiased

NARROWED = 0.8  # a gap larger than that share of the base's is hardly narrowed
LEARNED = 0.5  # a Pearson correlation below tells of no feature
_SATURATED = 0.999  # |h| from which on the encoder says no more than a sign
_MOST = 0.9  # of the rows


def remarks(found: Debiased) -> Iterator[str]:
    """What did not come out as one would wish, and what to try."""
    if found.learning_rate == 0:
        yield (
            "no candidate was better than the model as it is: give more rows or texts, "
            f"or {_other_way(found)}"
        )
    elif not found.after["gap"] <= NARROWED * found.before["gap"]:
        yield (
            f"the gap is hardly narrower on {found.asked} ({found.before['gap']:.3f} → "
            f"{found.after['gap']:.3f}): {_why_it_stays(found)}, more rows or "
            f"{_other_way(found)}"
        )
    elif (left := _of_what_is_said(found)) > NARROWED:
        yield (
            "the model says less of both classes, and the gap is narrower with that: "
            f"as a share of what is said, {left:.2f} of it is left"
        )
    if not abs(found.correlation) >= LEARNED:
        yield (
            f"h and label correlate at {found.correlation:.2f} on test rows: "
            f"{_fault(found)}"
        )
    if found.before["LMS"] == 0:
        yield (
            "the language-modelling score is 0 before anything is rewritten, so that "
            "no candidate could lower it: give neutral texts of the model's language"
        )
    if missing := int(found.probes[["before", "after"]].isna().any(axis=1).sum()):
        yield (
            f"of {missing} of {len(found.probes)} {found.asked} P of all words is 0: "
            "they have no share, and so there is no mean share; give words that the "
            "model says"
        )


def _why_it_stays(found: Debiased) -> str:
    if found.beside is None:
        return "what tells the classes apart may be in the texts themselves; try others"
    return "those that choose may be too few to speak for others; try more probes"


def _of_what_is_said(found: Debiased) -> float:
    """The gap after, as a share of the base's, each divided by what is said."""
    before, after = (
        numbers["gap"] / numbers["said"] if numbers["said"] > 0 else 0.0
        for numbers in (found.before, found.after)
    )
    return after / before if before > 0 else 0.0


def _fault(found: Debiased) -> str:
    """Why h does not tell the classes apart, as far as h itself shows that."""
    share = float((found.encodings["h"].abs() > _SATURATED).mean())
    if share < _MOST:
        return f"the feature is hardly encoded; try more rows or {_other_way(found)}"
    way = _other_way(found)
    if found.method == "train":
        way = f"a smaller learning rate than {_rate(found):g}"
    return (
        f"the encoder is saturated (|h| is 1 on {share:.0%} of them, whatever their "
        f"class); try {way}"
    )


def _other_way(found: Debiased) -> str:
    if found.method != "train":
        return "method='train'"
    return f"a larger learning rate than {_rate(found):g}, more steps or another seed"


def _rate(found: Debiased) -> float:
    return found.gradiend.metadata["settings"]["learning_rate"]
