"""Tables as a reader wants them: styled in a notebook; four formats on disk."""

from __future__ import annotations

import copy
from pathlib import Path

import pandas as pd
from pandas.io.formats.style import Styler

from gradiend.files import atomic_path

MISSING = "–"  # where there is no number
_CSS = [
    {"selector": "th", "props": "text-align: left; padding: 2px 10px;"},
    {"selector": "td", "props": "text-align: right; padding: 2px 10px;"},
    {"selector": "caption", "props": "caption-side: top; text-align: left;"},
]
_LATEX = str.maketrans(
    {
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


def styled(
    table: pd.DataFrame,
    *,
    caption: str = "",
    digits: int = 3,
    formats: dict[str, str] | None = None,
    best: dict[str, str] | None = None,
) -> Styler:
    """A table for display.

    ``formats`` overrides ``digits`` by column; ``best`` maps a column to ``max`` or
    ``min``, whose entry is set in bold.
    """
    numbers = {
        column: f"{{:.{digits}f}}" for column in table.select_dtypes("float").columns
    }
    styler = table.style.format(numbers | (formats or {}), na_rep=MISSING)
    for column, which in (best or {}).items():
        highlight = styler.highlight_max if which == "max" else styler.highlight_min
        highlight(subset=[column], props="font-weight: bold;")
    # Without a fixed id the cells' ids, and so the bytes, change from run to run.
    styler.set_uuid("table").set_table_styles(_CSS)
    return styler.set_caption(caption) if caption else styler


def save_table(styler: Styler, stem: str | Path) -> list[Path]:
    """Write ``stem``.csv (full precision), .html, .tex and .md of a styled table."""
    texts = {
        ".csv": styler.data.to_csv(index=styler.data.index.name is not None),
        ".html": styler.to_html(),
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


def _latex(styler: Styler) -> str:
    """The table for booktabs; the styles of the page are none of LaTeX's commands."""
    plain = copy.copy(styler).set_table_styles([], overwrite=True)
    text = plain.to_latex(hrules=True, convert_css=True)
    return text.translate(_LATEX)


def _markdown(styler: Styler) -> str:
    """The table as the styler shows it, in Markdown's pipes."""
    text = styler.to_string(delimiter="\t").replace("|", r"\|").rstrip("\n")
    hidden = 0 if all(styler.hide_index_) else styler.index.nlevels
    head, *rows = [line.split("\t")[hidden:] for line in text.split("\n")]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
