"""Numbers in README and docs/: every table is one of ``figures/``, or says why not.

    python -m study.report.readme [--write] [FILE …]

A comment stands above each table with a number in it, one of

    <!-- figures: claims_method; columns: claim | value; id: seeds_failed | raised_f -->
    <!-- not results: names of notebooks -->

The first says which table of ``figures/`` it is a part of: its name, the columns (all,
if they are left out), and of any column the values whose rows are wanted. Without
``--write`` a cell that differs is an error; with it the table is written again.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradiend.errors import InputError, check_choice, exit_status
from study.results.places import REPOSITORY
from study.results.reading import made

FIGURES = REPOSITORY / "figures"
_MARK = re.compile(r"<!-- (?P<kind>figures|not results): (?P<said>.*) -->")
_RULE = re.compile(r"\|[\s:|-]+\|")
_BAR = re.compile(r"(?<!\\)\|")
_FENCES = ("```", "~~~")

Row = list[str]


@dataclass(frozen=True)
class Place:
    """A table in a Markdown file: its lines, from 1 on, and the comment above it."""

    file: Path
    first: int
    lines: list[str]
    mark: re.Match | None

    def __str__(self) -> str:
        return f"{_named(self.file)}:{self.first}"


def documents() -> list[Path]:
    """The README and the files in docs/."""
    return [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def faults(file: Path, figures: Path) -> list[str]:
    """What is wrong with the tables of a file: where, what stands, what should."""
    found = []
    for place in tables(file):
        if place.mark is None:
            if any(map(re.compile(r"\d").search, place.lines)):
                found.append(
                    f"{place}: a table with numbers and no comment above it that says "
                    "where they are from (figures: …) or that they are not results"
                )
        elif place.mark["kind"] == "figures":
            found += _differences(place, _wanted(place, figures))
    return found


def rewrite(file: Path, figures: Path) -> None:
    """Write each table of a file again that is a part of one in ``figures``."""
    lines = file.read_text(encoding="utf-8").split("\n")
    for place in reversed([*tables(file)]):  # the lines above keep their numbers
        if place.mark is not None and place.mark["kind"] == "figures":
            end = place.first - 1 + len(place.lines)
            head, *rows = map(_line, _wanted(place, figures))
            rule = _line(["---"] * len(cells(head)))
            lines[place.first - 1 : end] = [head, rule, *rows]
    file.write_text("\n".join(lines), encoding="utf-8")


def tables(file: Path) -> Iterator[Place]:
    """The Markdown tables of a file, those in blocks of code apart."""
    lines = file.read_text(encoding="utf-8").splitlines()
    fenced, number = False, 0
    while number < len(lines):
        start = number
        number += 1
        if lines[start].lstrip().startswith(_FENCES):
            fenced = not fenced
        if fenced or not lines[start].startswith("|"):
            continue
        while number < len(lines) and lines[number].startswith("|"):
            number += 1
        if number > start + 1 and _RULE.fullmatch(lines[start + 1].strip()):
            mark = _MARK.fullmatch(_above(lines, start))
            yield Place(file, start + 1, lines[start:number], mark)


def cells(line: str) -> Row:
    """The cells of a line of a table, as they are written."""
    return [cell.strip() for cell in _BAR.split(line.strip())[1:-1]]


def _above(lines: list[str], number: int) -> str:
    """The last line before ``number`` that says something."""
    return next((x.strip() for x in reversed(lines[:number]) if x.strip()), "")


def _wanted(place: Place, figures: Path) -> list[Row]:
    """Head and rows of the part of a table in ``figures`` that a comment asks for."""
    name, *rest = (part.strip() for part in place.mark["said"].split(";"))
    source = made(figures / f"{name}.md").read_text(encoding="utf-8").splitlines()
    head, _, *rows = map(cells, source)
    known = [_plain(column) for column in head]
    asked = dict(_asked(part, place) for part in rest)
    columns = asked.pop("columns", known)
    for column in (*columns, *asked):
        check_choice(column, known, f"{place}: column of {name}")
    for column, values in asked.items():
        index = known.index(column)
        there = dict.fromkeys(_plain(row[index]) for row in rows)
        for value in values:
            check_choice(value, there, f"{place}: {column}")
        rows = [row for row in rows if _plain(row[index]) in values]
    picked = [known.index(column) for column in columns]
    return [[row[index] for index in picked] for row in (head, *rows)]


def _asked(part: str, place: Place) -> tuple[str, Row]:
    key, colon, values = part.partition(": ")
    if not colon:
        raise InputError(f"{place}: {part!r} does not read 'column: value | value'")
    return key, [value.strip() for value in values.split("|")]


def _differences(place: Place, wanted: list[Row]) -> list[str]:
    stands = [cells(line) for line in place.lines]
    del stands[1]  # the rule
    if len(stands) != len(wanted):
        return [f"{place}: {len(stands) - 1} rows; there should be {len(wanted) - 1}"]
    found = []
    for number, (ours, theirs) in enumerate(zip(stands, wanted, strict=True)):
        line = place.first + number + (number > 0)
        where = f"{_named(place.file)}:{line}"
        if len(ours) != len(theirs):
            found.append(f"{where}: {len(ours)} cells; there should be {len(theirs)}")
            continue
        found += [
            f"{where}: cell {column} ({name}): {cell!r} stands, figures/ has {right!r}"
            for column, (name, cell, right) in enumerate(
                zip(wanted[0], ours, theirs, strict=True), start=1
            )
            if cell != right
        ]
    return found


def _line(row: Row) -> str:
    return f"| {' | '.join(row)} |"


def _plain(cell: str) -> str:
    """What a cell says, without Markdown's marks."""
    return re.sub(r"\\(.)", r"\1", cell.strip("*") if cell[:2] == "**" else cell)


def _named(file: Path) -> str:
    inside = file.is_relative_to(REPOSITORY)
    return str(file.relative_to(REPOSITORY) if inside else file)


def check(arguments: Sequence[str] | None = None) -> None:
    """Check files, or write their tables again.

    Raises
    ------
    InputError
        naming each cell that is not what figures/ has.
    """
    parser = argparse.ArgumentParser(prog="python -m study.report.readme")
    parser.add_argument("--write", action="store_true", help="write tables again")
    parser.add_argument("files", nargs="*", type=Path, help="default: README, docs/")
    asked = parser.parse_args(arguments)
    files = asked.files or documents()
    if asked.write:
        for file in files:
            rewrite(file, FIGURES)
    found = [fault for file in files for fault in faults(file, FIGURES)]
    if found:
        raise InputError(
            "\n".join([f"{len(found)} numbers are not those of figures/:", *found])
            + "\nwrite them again: python -m study.report.readme --write"
        )


def main() -> int:
    """Command line of the module."""
    return exit_status(check)


if __name__ == "__main__":
    raise SystemExit(main())
