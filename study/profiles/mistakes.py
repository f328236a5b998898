"""Mistakes in profiles as one line: file, section, key, and the nearest right name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from gradiend.errors import InputError
from study.profiles.profile import ModelEntry, Profile
from study.profiles.settings import RunSettings

GIVEN = ("name", "source", "path")  # of a Profile, none of them from its file
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
# Fields that hold part of a RunSettings, and are checked as such.
_VALUES = {(Profile, "defaults"), (ModelEntry, "settings")}
_LIST = re.compile(r"a valid (tuple|list)")
_GROUP = re.compile(r"a (valid )?dictionary( or (an )?instance of \w+)?")


@contextmanager
def in_one_line(file: str, kind: type, section: str = "") -> Iterator[None]:
    """Turn the first error of a check into one line.

    ``section`` is the part of the file that is checked, as a ``kind``.
    """
    try:
        yield
    except ValidationError as error:
        # A misspelt key is what makes another one missing.
        first = min(error.errors(), key=lambda found: found["type"] not in _UNKNOWN)
        raise InputError(_message(first, file, kind, section)) from None


def _message(error: Any, file: str, kind: type, section: str) -> str:
    place = [str(part) for part in error["loc"]]
    unknown = error["type"] in _UNKNOWN
    path = [section] * bool(section) + (place[:-1] if unknown else place)
    where = f"{file}, {'.'.join(path)}" if path else file
    if unknown:
        return _unknown_key(place[-1], where, kind, place[:-1])
    if error["type"] == "missing":
        return f"{where}: missing; add it"
    return f"{where}: {_said(error)}{_remedy(error)}"


def _said(error: Any) -> str:
    """What is wrong with a value, in the words of a profile."""
    if error["type"] == "too_short":
        return "is empty; name at least one"
    said = error["msg"].removeprefix("Value error, ")
    said = said.replace("Input", repr(error["input"]), 1)
    said = _LIST.sub("a list", said)
    return _GROUP.sub("a group of keys", said)


def _remedy(error: Any) -> str:
    """What was meant, where that can be told."""
    value = error["input"]
    if error["type"] in ("list_type", "tuple_type") and isinstance(value, str):
        return f"; write [{value}]"
    if error["type"] == "literal_error" and isinstance(value, str):
        choices = re.findall("'([^']+)'", error["ctx"]["expected"])
        close = difflib.get_close_matches(value, choices, n=1)
        return f"; did you mean {close[0]!r}?" if close else ""
    return ""


def _unknown_key(key: str, where: str, kind: type, groups: Sequence[str] = ()) -> str:
    """One line with the nearest right name, in this group or in another one.

    ``groups`` lead from a ``kind`` to where the key stands.
    """
    if groups[:1] == ["models"]:
        kind, groups = ModelEntry, groups[2:]
    names = list(_names(kind))
    inside = "".join(f"{group}." for group in groups)
    here = [name.removeprefix(inside) for name in names if name.startswith(inside)]
    here = [name for name in here if "." not in name]
    nearest = _nearest(key, here, names)
    hint = f"; did you mean {nearest!r}?" if nearest else ""
    return f"unknown key in {where}: {key!r}{hint} (there are: {', '.join(here)})"


def _nearest(key: str, here: Sequence[str], names: Sequence[str]) -> str | None:
    """The right name in another group, or one that is spelt alike, here or there."""
    full: dict[str, str] = {}
    for name in names:
        full.setdefault(name.rpartition(".")[2], name)
    if key in full:
        return full[key]
    for choices in (here, full):
        close = difflib.get_close_matches(key, choices, n=1)
        if close:
            return close[0] if choices is here else full[close[0]]
    return None


def _names(kind: type) -> Iterator[str]:
    """Dotted names of what a settings class holds."""
    for name, field in kind.__pydantic_fields__.items():
        if kind is Profile and name in GIVEN:
            continue
        name = field.alias or name
        yield name
        for inner in _groups(kind, name, field.annotation):
            yield from (f"{name}.{key}" for key in _names(inner))


def _groups(kind: type, name: str, annotation: Any) -> list[type]:
    if (kind, name) in _VALUES:
        return [RunSettings]
    either = get_args(annotation) if get_origin(annotation) is UnionType else ()
    return [k for k in (annotation, *either) if hasattr(k, "__pydantic_fields__")]
