"""A table that was written as HTML, read again for the page.

The page has one style for all of them, and the cells' ids, which say which of them are
bold, are the same in every table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from study.report.tables.styling import MISSING
from study.results.reading import made

_BOLD_RULE = re.compile(r"([^{}]+)\{\s*font-weight: bold;\s*\}")
_ID = re.compile(r"#(\w+)")
_ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<t[hd](?P<attributes>[^>]*)>(?P<text>.*?)</t[hd]>", re.DOTALL)
_NAMED = re.compile(r'id="(\w+)"')
_COUNTER = re.compile(r'class="(?:row_heading|index_name|blank)\b')
_NUMBER = re.compile(rf"[-−+]?\d[^A-Za-z]*|{MISSING}|nan|inf")


@dataclass(frozen=True)
class Cell:
    """What a cell says (HTML); bold is the best of its column."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class ShownTable:
    """Head and rows, without the rows' numbers.

    ``numeric`` says which columns hold numbers. ``key`` is the column that stays in
    view: the first that tells rows apart, alone or with the one before it, which then
    is what rows are grouped by.
    """

    head: list[str]
    rows: list[list[Cell]]
    numeric: list[bool]
    key: int

    def repeats(self, row: int) -> bool:
        """Whether a row belongs to the group of the one above."""
        if self.key == 0 or row == 0:
            return False
        return self.rows[row][0].text == self.rows[row - 1][0].text


def read_table(path: Path) -> ShownTable:
    """A table that :func:`study.report.tables.styling.save_table` wrote as HTML."""
    text = made(path).read_text(encoding="utf-8")
    style, _, body = text.partition("</style>")
    bold = {name for rule in _BOLD_RULE.findall(style) for name in _ID.findall(rule)}
    head, *rows = ([*_cells(row, bold)] for row in _ROW.findall(body))
    columns = list(zip(*([c.text for c in row] for row in rows), strict=True))
    numeric = [all(map(_NUMBER.fullmatch, column)) for column in columns]
    alone = len(set(columns[0])) == len(rows)
    key = 0 if alone or numeric[1] else 1
    return ShownTable([cell.text for cell in head], rows, numeric, key)


def _cells(row: str, bold: set[str]) -> Iterator[Cell]:
    for cell in _CELL.finditer(row):
        if _COUNTER.search(cell["attributes"]):
            continue
        name = _NAMED.search(cell["attributes"])
        yield Cell(cell["text"].strip(), name is not None and name[1] in bold)
