"""Tables as a reader wants them: styled in a notebook; four formats on disk."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from gradiend.files import atomic_path

MISSING = "–"  # where there is no number
_BOLD = "bold"
_CSS = [
    {"selector": "th", "props": "text-align: left; padding: 2px 10px;"},
    {"selector": "td", "props": "text-align: right; padding: 2px 10px;"},
    {"selector": "caption", "props": "caption-side: top; text-align: left;"},
]
# What LaTeX reads as its own: in cells alone, as its tables are made of these, too; …
_LATEX_CELLS = str.maketrans(
    {"&": r"\&", "{": r"\{", "}": r"\}", "\\": r"\textbackslash "}
)
# … and wherever it stands.
_LATEX = str.maketrans(
    {
        "#": r"\#",
        "$": r"\$",
        "~": r"\textasciitilde ",
        "^": r"\textasciicircum ",
        "_": r"\_",
        "%": r"\%",
        "±": r"$\pm$",
        "→": r"$\to$",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        "°": r"$^\circ$",
        "Δ": r"$\Delta$",
        "α": r"$\alpha$",
        "≥": r"$\ge$",
        "−": r"$-$",
        "–": "--",
        "…": r"\dots",
    }
)
_MARKDOWN = str.maketrans({"|": r"\|", "*": r"\*"})


def styled(
    table: pd.DataFrame,
    *,
    caption: str = "",
    digits: int = 3,
    formats: dict[str, str] | None = None,
    best: dict[str, str] | None = None,
    bold: np.ndarray | None = None,
) -> Styler:
    """A table for display.

    ``formats`` overrides ``digits`` by column; ``best`` maps a column to ``max`` or
    ``min``, whose entry is set in bold, beside the cells of ``bold`` [rows, columns].
    """
    numbers = {
        column: f"{{:.{digits}f}}" for column in table.select_dtypes("float").columns
    }
    marked = np.zeros(table.shape, dtype=bool) if bold is None else bold.copy()
    for column, which in (best or {}).items():
        values = table[column]
        marked[:, table.columns.get_loc(column)] |= values == values.agg(which)
    kept = table.copy()
    kept.attrs[_BOLD] = marked.tolist()  # Markdown has no styles to read it from
    styler = kept.style.format(numbers | (formats or {}), na_rep=MISSING)
    if marked.any():  # rows of one name cannot be told apart then, pandas says
        css = np.where(marked, "font-weight: bold;", "")
        styler.apply(lambda _: css, axis=None)
    styler.set_table_styles(_CSS)
    if caption:
        styler.set_caption(caption)
    return styler.set_uuid(_id(styler))


def _id(styler: Styler) -> str:
    """A name for the table's cells, by which its styles find them.

    Tables of a page share its styles, so each has its own name; it is made of what the
    table shows, as random ones would change the bytes from run to run.
    """
    shown = styler.to_html(table_uuid="table").encode()
    return f"table_{hashlib.sha256(shown).hexdigest()[:12]}"


@dataclass(frozen=True, repr=False)
class Folded:
    """A long table that a page shows when its reader asks for it."""

    table: Styler
    name: str

    def __repr__(self) -> str:
        """What stands for the table."""
        return f"{self.name} ({len(self.table.data)} rows)"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        folded = f"<summary>{self!r}</summary>{_html(self.table)}"
        return f"<details>{folded}</details>"


def save_table(styler: Styler, stem: str | Path) -> list[Path]:
    """Write ``stem``.csv (full precision), .html, .tex and .md of a styled table."""
    texts = {
        ".csv": styler.data.to_csv(index=styler.data.index.name is not None),
        ".html": _html(styler),
        ".tex": _latex(styler),
        ".md": _markdown(styler),
    }
    written = []
    for suffix, text in texts.items():
        path = Path(f"{stem}{suffix}")
        with atomic_path(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _html(styler: Styler) -> str:
    """The table for a page; a cell without a style needs no name for one to find it."""
    lean = copy.copy(styler)
    lean.cell_ids = False
    return lean.to_html()


def _latex(styler: Styler) -> str:
    """The table for booktabs; the styles of the page are none of LaTeX's commands."""
    plain = copy.copy(styler).set_table_styles([], overwrite=True)
    plain.data = styler.data.map(_escaped).rename(columns=_escaped)
    plain.columns = plain.data.columns
    text = plain.to_latex(hrules=True, convert_css=True)
    return text.translate(_LATEX)


def _escaped(value: object) -> object:
    return value.translate(_LATEX_CELLS) if isinstance(value, str) else value


def _markdown(styler: Styler) -> str:
    """The table as the styler shows it, in Markdown's pipes."""
    text = styler.to_string(delimiter="\t").translate(_MARKDOWN).rstrip("\n")
    hidden = 0 if all(styler.hide_index_) else styler.index.nlevels
    head, *rows = [line.split("\t")[hidden:] for line in text.split("\n")]
    shown = [i for i in range(len(styler.columns)) if i not in styler.hidden_columns]
    marked = np.array(styler.data.attrs[_BOLD], dtype=bool).reshape(styler.data.shape)
    lines = [head, ["---"] * len(head)]
    for row, bold in zip(rows, marked[:, shown], strict=True):
        cells = zip(row, bold, strict=True)
        lines.append([f"**{cell}**" if best else cell for cell, best in cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
