"""The tables that the committed notebooks 10 and 10b show are those of figures/.

What they show first, of a real model, is that of figures/real.

nbval runs the notebooks and compares their outputs without numbers, which differ
between processors; what is committed here comes from one run, to the last digit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

from study.results.files import INDEXES
from study.results.places import REPOSITORY

FIGURES = REPOSITORY / "figures"
NOTEBOOKS = [REPOSITORY / "notebooks" / f"{name}.ipynb" for name in INDEXES]

Rows = list[list[str]]


class Table(HTMLParser):
    """The texts of a table's cells, row by row; the first is the head."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: Rows = []
        self._open = False
        self.feed(html)
        self.rows = [[" ".join(cell.split()) for cell in row] for row in self.rows]

    def handle_starttag(self, tag: str, _attributes: list) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.rows[-1][-1] += data


@dataclass(frozen=True)
class Shown:
    """A table among the outputs of a notebook, and the cell that shows it."""

    cell: int
    rows: Rows


def shown(notebook: Path) -> Iterator[Shown]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(cells):
        for output in cell.get("outputs", ()):
            html = "".join(output.get("data", {}).get("text/html", ""))
            if "<table" in html:
                yield Shown(number, Table(html).rows)


def faults(notebook: Path, figures: Path) -> list[str]:
    """Cells that differ from the table in ``figures`` that they are nearest to."""
    paths = sorted([*figures.glob("*.html"), *figures.glob("real/*.html")])
    committed = {
        str(path.relative_to(figures)): Table(path.read_text(encoding="utf-8")).rows
        for path in paths
    }
    found = []
    for table in shown(notebook):
        where = f"{notebook.name}, cell {table.cell}"
        alike = {
            name: rows for name, rows in committed.items() if rows[0] == table.rows[0]
        }
        if not alike:
            found.append(f"{where}: no table has the columns {table.rows[0]}")
            continue
        apart = [
            differences(table.rows, compared(rows, table.rows, name), name)
            for name, rows in alike.items()
        ]
        found += [f"{where}: {fault}" for fault in min(apart, key=len)]
    return found


def compared(theirs: Rows, ours: Rows, name: str) -> Rows:
    """The rows of a table that must be shown: of figures/real, those of one model."""
    if not name.startswith("real/") or "model" not in theirs[0]:
        return theirs
    place = theirs[0].index("model")
    models = {row[place] for row in ours[1:]}
    return [theirs[0], *(row for row in theirs[1:] if row[place] in models)]


def differences(ours: Rows, theirs: Rows, name: str) -> list[str]:
    if [len(row) for row in ours] != [len(row) for row in theirs]:
        rows = f"{len(ours) - 1} rows shown, {len(theirs) - 1} in {name}"
        return [rows] * max(len(ours), len(theirs))  # as far away as can be
    return [
        f"row {number}, {column or 'number'}: {cell!r} shown, {right!r} in {name}"
        for number, (row, other) in enumerate(zip(ours, theirs, strict=True))
        for column, cell, right in zip(theirs[0], row, other, strict=True)
        if cell != right
    ]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_table_shown_is_one_of_figures(notebook):
    assert [*shown(notebook)], "the notebook shows no table"
    assert faults(notebook, FIGURES) == []


HTML = """<style>#T_a {}</style><table id="T_{id}"><thead><tr><th>&nbsp;</th>
<th>model</th><th>SS ↑</th></tr></thead><tbody><tr><th>0</th><td>A</td>
<td>{first}</td></tr><tr><th>1</th><td>B</td><td>73.1 ± 2.0</td></tr></tbody></table>"""


def html(name: str, first: str) -> str:
    return HTML.replace("{id}", name).replace("{first}", first)


def test_a_number_that_differs_is_named_with_notebook_cell_and_value(tmp_path):
    (tmp_path / "main_a.html").write_text(html("a", "50.0 ± 2.6"), encoding="utf-8")
    other = html("b", "97.4 ± 2.0").replace("73.1", "60.1")
    (tmp_path / "main_b.html").write_text(other, encoding="utf-8")

    def notebook(first: str) -> Path:
        output = {"data": {"text/html": [html("c", first)]}}
        cells = [{"cell_type": "markdown"}, {"outputs": [output]}]
        path = tmp_path / "10_x.ipynb"
        path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
        return path

    assert faults(notebook("50.0 ± 2.6"), tmp_path) == []
    assert faults(notebook("50.1 ± 2.6"), tmp_path) == [
        "10_x.ipynb, cell 1: row 1, SS ↑: '50.1 ± 2.6' shown, '50.0 ± 2.6' in "
        "main_a.html"
    ]
    (tmp_path / "main_a.html").write_text("<table><tr><th>x</th></tr></table>")
    (tmp_path / "main_b.html").unlink()
    assert "no table has the columns" in faults(notebook("50.0"), tmp_path)[0]
