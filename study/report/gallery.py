"""Figures and tables on disk, with the index from which the report page is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from gradiend.files import write_json
from study.report.plots import save_figure
from study.report.tables import save_table


@dataclass
class Gallery:
    """Saves figures and tables into ``folder`` and remembers their captions.

    ``index`` is the file that lists them.
    """

    folder: Path
    index: str = "index.json"
    entries: list[dict[str, str]] = field(default_factory=list)

    def figure(self, name: str, figure: Figure, *, title: str, caption: str) -> Figure:
        """Save a figure as SVG and PNG; returns it for display."""
        save_figure(figure, self.folder / name)
        self._add("figure", name, title, caption)
        return figure

    def table(self, name: str, table: Styler, *, title: str, caption: str) -> Styler:
        """Save a table as CSV, HTML and LaTeX; returns it for display."""
        save_table(table, self.folder / name)
        self._add("table", name, title, caption)
        return table

    def write(self) -> Path:
        """Write the index; returns its path."""
        path = self.folder / self.index
        write_json(path, {"entries": self.entries})
        return path

    def _add(self, kind: str, name: str, title: str, caption: str) -> None:
        entry = {"kind": kind, "name": name, "title": title, "caption": caption}
        self.entries.append(entry)
