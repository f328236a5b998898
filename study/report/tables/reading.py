"""A table that was written as HTML, read again for the page.

The page has one style for all of them; a table's own, by the ids of its cells, say
which of them are bold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from study.report.tables.styling import MISSING
from study.results.reading import made

_BOLD_RULE = re.compile(r"([^{}]+)\{\s*font-weight: bold;\s*\}")
_ID = re.compile(r"#(\w+)")
_ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<t[hd](?P<attributes>[^>]*)>(?P<text>.*?)</t[hd]>", re.DOTALL)
_NAMED = re.compile(r'id="(\w+)"')
_COUNTER = re.compile(r'class="(?:row_heading|index_name|blank)\b')
_UNBROKEN = re.compile(r" (?=[±→↑↓])|(?<=[±→]) ")
_NUMBER = re.compile(rf"[-−+]?\d[^A-Za-z]*|{MISSING}|nan|inf")


@dataclass(frozen=True)
class Cell:
    """What a cell says (HTML); bold is the best of its column."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Group:
    """Rows of which the first column says the same; it is their title."""

    title: str
    rows: list[list[Cell]]


@dataclass(frozen=True)
class ShownTable:
    """Head and rows, without the rows' numbers.

    Where the first column repeats itself, rows are grouped by it, and it is none of the
    columns; else there is one group without a title. ``numeric`` says which columns
    hold numbers.
    """

    head: list[str]
    groups: list[Group]
    numeric: list[bool]


def read_table(path: Path) -> ShownTable:
    """A table that :func:`study.report.tables.styling.save_table` wrote as HTML."""
    text = made(path).read_text(encoding="utf-8")
    style, _, body = text.partition("</style>")
    bold = {name for rule in _BOLD_RULE.findall(style) for name in _ID.findall(rule)}
    head, *rows = ([*_cells(row, bold)] for row in _ROW.findall(body))
    names = [cell.text for cell in head]
    if not rows:
        return ShownTable(names, [Group("", [])], [False] * len(names))
    columns = list(zip(*([cell.text for cell in row] for row in rows), strict=True))
    numeric = [all(map(_NUMBER.fullmatch, column)) for column in columns]
    if len(set(columns[0])) == len(rows) or numeric[1]:
        return ShownTable(names, [Group("", rows)], numeric)
    groups = [
        Group(title, [row[1:] for row in own])
        for title, own in groupby(rows, lambda row: row[0].text)
    ]
    return ShownTable(names[1:], groups, numeric[1:])


def _cells(row: str, bold: set[str]) -> Iterator[Cell]:
    for cell in _CELL.finditer(row):
        if _COUNTER.search(cell["attributes"]):
            continue
        name = _NAMED.search(cell["attributes"])
        # A narrow column breaks a value before what is in brackets, and nowhere else.
        text = _UNBROKEN.sub("\u00a0", cell["text"].strip())
        yield Cell(text, name is not None and name[1] in bold)
