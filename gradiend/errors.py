"""The one exception of the package that a user is meant to read."""

from __future__ import annotations

import difflib
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real


class InputError(ValueError):
    """A mistake in the input: the message names it and says the way out."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it: the message alone (IPython asks for this)."""
        return [f"error: {self}"]


def check_choice(value: str, allowed: Iterable[str], kind: str) -> None:
    """Refuse a value that is not one of ``allowed``, with a suggestion."""
    allowed = list(allowed)
    if value in allowed:
        return
    close = difflib.get_close_matches(str(value), allowed, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise InputError(
        f"unknown {kind} {value!r}{hint} (there are: {', '.join(allowed)})"
    )


def check_count(value: float, name: str, *, least: int = 0) -> None:
    """Refuse what is no whole number of at least ``least``, yes and no as well."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InputError(
            f"{name} is {value!r}; give a whole number of at least {least}"
        )


def check_seeds(seeds: Sequence[int]) -> None:
    """Refuse anything but a list of seeds, with one in it at least."""
    if isinstance(seeds, Integral) or not len(seeds):
        raise InputError(f"seeds are {seeds!r}; give a list of them, e.g. (0, 1, 2)")
    for seed in seeds:
        check_count(seed, "a seed")


def check_finite(value: float, name: str) -> None:
    """Refuse what is no number, or none that anything can be moved by."""
    if not _is_finite(value):
        raise InputError(f"{name} is {value!r}; give a finite number")


def check_rate(value: float, name: str, *, zero: bool = False) -> None:
    """Refuse what is no finite number above 0 (``zero``: or 0)."""
    if not _is_finite(value) or value < 0 or (value == 0 and not zero):
        bound = "of 0 or more" if zero else "above 0"
        raise InputError(f"{name} is {value!r}; give a number {bound}")


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def need_columns(
    present: Iterable[str], needed: Iterable[str], where: str, remedy: str
) -> None:
    """Refuse a table (``where``) without the columns ``needed``, with the way out."""
    present = list(present)
    missing = [column for column in needed if column not in present]
    if missing:
        raise InputError(
            f"{where}: no column {', '.join(missing)} (there are: "
            f"{', '.join(map(str, present))}); {remedy}"
        )


def first_line(error: BaseException) -> str:
    """The first line of what another library's error says; its kind, if nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def exit_status(work: Callable[[], object]) -> int:
    """Do the work of a command line; an InputError is one line and status 1."""
    try:
        work()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
