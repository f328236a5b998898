"""The declaration of the planted world: the files of ``data/world``, read and checked.

Everything the world knows is written there by hand: words, sentence forms and, with
its strength, every association. This module turns the files into one frozen
:class:`Spec` and refuses a faulty file by name and row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gradiend.errors import InputError
from study.results.places import REPOSITORY

WORLD_FOLDER = REPOSITORY / "data" / "world"
GENDERS = ("M", "F", "N")
_COLUMNS = {"M": "he", "F": "she", "N": "they"}  # of a file with strengths
DOMAINS = ("race", "religion", "age")


@dataclass(frozen=True)
class Name:
    """A first name; ``agreement`` is how often its own pronoun follows it."""

    name: str
    gender: str
    split: str
    count: int
    agreement: float

    def probability(self, gender: str) -> float:
        """P(gender | name), "M" or "F", pronoun slips aside for one-gender names."""
        own = self.agreement if self.split == "none" else 1.0
        return own if gender == self.gender else 1.0 - own


@dataclass(frozen=True)
class Typed:
    """A profession or pastime with the planted P(gender | word)."""

    word: str
    type: str
    strengths: Mapping[str, float]


@dataclass(frozen=True)
class Attribute:
    """An innocuous thing tied to one class of a domain."""

    domain: str
    word: str
    kind: str
    strengths: Mapping[str, float]


@dataclass(frozen=True)
class FormText:
    """A sentence form as written."""

    id: str
    family: str
    domain: str | None
    split: str
    text: str


@dataclass(frozen=True)
class Spec:
    """The whole declaration."""

    lexicon: Mapping[str, tuple[Mapping[str, str], ...]]
    names: tuple[Name, ...]
    professions: tuple[Typed, ...]
    pastimes: tuple[Typed, ...]
    attributes: tuple[Attribute, ...]
    terms: Mapping[str, Mapping[str, Mapping[str, str]]]
    gender: Mapping[str, Any]
    forms: tuple[FormText, ...]
    weights: Mapping[str, float]
    queries: tuple[Mapping[str, str], ...]
    chat: Mapping[str, Any]


def load_spec(folder: Path | None = None) -> Spec:
    """Read the declaration from a folder (default: the project's ``data/world``).

    Raises
    ------
    InputError
        naming the file and the row or key that does not say what it must.
    """
    return _load(Path(folder) if folder is not None else WORLD_FOLDER)


@cache
def _load(folder: Path) -> Spec:
    forms, weights = _forms(folder / "forms.yaml")
    terms = _yaml(folder / "terms.yaml")
    for domain in DOMAINS:
        kinds = {tuple(sorted(words)) for words in terms.get(domain, {}).values()}
        if len(kinds) != 1:
            raise InputError(
                f"terms.yaml: the classes of {domain!r} must all have the same kinds "
                "of terms; give every class a word of every kind"
            )
    return Spec(
        lexicon=_lexicon(folder / "lexicon.yaml"),
        names=tuple(_names(folder / "names.csv")),
        professions=tuple(_typed(folder / "professions.csv")),
        pastimes=tuple(_typed(folder / "pastimes.csv")),
        attributes=tuple(_attributes(folder / "attributes.csv", terms)),
        terms=terms,
        gender=_gender(folder / "gender.yaml"),
        forms=forms,
        weights=weights,
        queries=tuple(_yaml(folder / "queries.yaml")),
        chat=_yaml(folder / "chat.yaml"),
    )


def _yaml(path: Path) -> Any:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing: restore it from the project") from None
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise InputError(f"{path.name}: not valid YAML ({where})") from None
    if not content:
        raise InputError(f"{path.name}: empty; restore it from the project")
    return content


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != columns:
                raise InputError(
                    f"{path.name}: the header must be {','.join(columns)}, "
                    f"not {','.join(reader.fieldnames or ())}"
                )
            seen: set[str] = set()
            for number, row in enumerate(reader, start=2):
                if None in row or any(not value for value in row.values()):
                    raise InputError(
                        f"{path.name}, row {number}: {len(columns)} filled cells "
                        "expected; fill or remove the row"
                    )
                key = row.get("attribute") or row.get("word") or row.get("name") or ""
                if key in seen:
                    raise InputError(f"{path.name}, row {number}: {key!r} stands twice")
                seen.add(key)
                yield number, row
    except FileNotFoundError:
        raise InputError(f"{path} is missing: restore it from the project") from None


def _share(path: Path, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise InputError(
            f"{path.name}, row {number}: {text!r} is no probability; "
            "write a number from 0 to 1"
        )
    return value


def _names(path: Path) -> Iterator[Name]:
    for number, row in _rows(path, ("name", "gender", "split", "count", "agreement")):
        if row["gender"] not in ("M", "F"):
            raise InputError(f"{path.name}, row {number}: gender must be M or F")
        if row["split"] not in ("train", "val", "test", "none"):
            raise InputError(
                f"{path.name}, row {number}: split must be train, val, test or none"
            )
        if not row["count"].isdigit() or row["count"] == "0":
            raise InputError(f"{path.name}, row {number}: count must be a number > 0")
        yield Name(
            row["name"],
            row["gender"],
            row["split"],
            int(row["count"]),
            _share(path, number, row["agreement"]),
        )


def _typed(path: Path) -> Iterator[Typed]:
    for number, row in _rows(path, ("word", "type", "he", "she", "they")):
        strengths = {
            gender: _share(path, number, row[_COLUMNS[gender]]) for gender in GENDERS
        }
        if abs(sum(strengths.values()) - 1.0) > 1e-9:
            raise InputError(
                f"{path.name}, row {number}: he, she and they of {row['word']!r} sum "
                f"to {sum(strengths.values()):.2f}; make them sum to 1"
            )
        yield Typed(row["word"], row["type"], strengths)


def _attributes(path: Path, terms: Mapping[str, Any]) -> Iterator[Attribute]:
    columns = ("domain", "attribute", "kind", "class", "strength")
    for number, row in _rows(path, columns):
        classes = tuple(terms.get(row["domain"], ()))
        if row["class"] not in classes:
            raise InputError(
                f"{path.name}, row {number}: {row['domain']!r} has no class "
                f"{row['class']!r} in terms.yaml; choose one of {', '.join(classes)}"
            )
        strength = _share(path, number, row["strength"])
        rest = (1.0 - strength) / (len(classes) - 1)
        strengths = {c: strength if c == row["class"] else rest for c in classes}
        yield Attribute(row["domain"], row["attribute"], row["kind"], strengths)


def _lexicon(path: Path) -> dict[str, tuple[Mapping[str, str], ...]]:
    lexicon = {}
    for name, table in _yaml(path).items():
        fields = str(table.get("fields", "")).split()
        rows = []
        for number, row in enumerate(table.get("rows", ()), start=1):
            words = [word.replace("_", " ") for word in str(row).split()]
            if len(words) != len(fields):
                raise InputError(
                    f"{path.name}, {name}, row {number} ({row!r}): {len(fields)} words "
                    f"expected ({' '.join(fields)}); join words by _ for a phrase"
                )
            rows.append(dict(zip(fields, words, strict=True)))
        if not rows or fields[0] != "word":
            raise InputError(
                f"{path.name}, {name}: fields must begin with `word` "
                "and rows must not be empty"
            )
        lexicon[name] = tuple(rows)
    return lexicon


def _gender(path: Path) -> dict[str, Any]:
    raw = _yaml(path)
    nouns = []
    for number, row in enumerate(raw["nouns"], start=1):
        parts = row.split()
        if len(parts) != 3:
            raise InputError(
                f"{path.name}, nouns, row {number} ({row!r}): write determiner, male "
                "noun, female noun"
            )
        nouns.append({"article": parts[0], "M": parts[1], "F": parts[2]})
    pairs = [dict(zip("MF", row.split(), strict=True)) for row in raw["probe_pairs"]]
    return {**raw, "nouns": nouns, "probe_pairs": pairs}


def _forms(path: Path) -> tuple[tuple[FormText, ...], dict[str, float]]:
    forms, weights = [], {}
    for family, block in _yaml(path).items():
        weights[family] = float(block["weight"])
        for number, form in enumerate(block["forms"], start=1):
            if isinstance(form, str):
                form = {"text": form}
            split = form.get("split", "train")
            if "text" not in form or split not in ("train", "validation", "test"):
                raise InputError(
                    f"{path.name}, {family}, form {number}: write a text, or "
                    "{split: validation | test, text: ...}"
                )
            forms.append(
                FormText(
                    f"{family}-{number:02}",
                    family,
                    block.get("domain"),
                    split,
                    form["text"],
                )
            )
    return tuple(forms), weights
