"""Figures and tables on disk, with the lists from which the report is made."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from gradiend.files import atomic_path, read_json, write_json
from study.profiles.profile import Profile
from study.report.plots import save_figure
from study.report.tables import save_table
from study.results.files import INDEXES
from study.results.reading import made

# A larger vector file is the report's alone: who browses the figures sees the PNG.
LARGEST_SHOWN = 500_000  # bytes
README, BAR = "README.md", r"\|"
# Kind → what each of it is written as; what is read first comes first.
SUFFIXES = {"figure": (".png", ".svg"), "table": (".md", ".csv", ".html", ".tex")}


@dataclass(frozen=True)
class Entry:
    """A figure or table, and what the report says of it."""

    kind: str  # figure | table
    name: str  # of its files, without suffix
    title: str
    caption: str
    claim: bool = False  # what is claimed comes first
    domain: str = ""  # where it is about one
    model: str = ""  # a figure of one model; there are many, so the report folds them
    shown: bool = True  # also among the figures that a reader finds without a run
    real: bool = False  # of the committed results of a real model: before all others

    def files(self, folder: Path) -> list[Path]:
        """Its files that are in ``folder``."""
        paths = (folder / f"{self.name}{suffix}" for suffix in SUFFIXES[self.kind])
        return [path for path in paths if path.exists()]


@dataclass
class Gallery:
    """Saves figures and tables of a profile and remembers what is said of them.

    All land in the report's folder; those shown also in the profile's folder of
    figures, where that is another one. ``index`` is the file that lists them.
    """

    profile: Profile
    index: str
    entries: list[Entry] = field(default_factory=list)

    def figure(
        self, name: str, figure: Figure, *, title: str, caption: str, **said
    ) -> Figure:
        """Save a figure as SVG and PNG; returns it for display.

        ``said`` are further fields of :class:`Entry`.
        """
        files = save_figure(figure, self.profile.report_figures / name)
        self._add(Entry("figure", name, title, caption, **said), files)
        return figure

    def table(
        self, name: str, table: Styler, *, title: str, caption: str, **said
    ) -> Styler:
        """Save a table as CSV, HTML, Markdown and LaTeX; returns it for display.

        What the table itself has as its caption is said after ``caption``.
        """
        caption = " ".join(filter(None, (caption, table.caption)))
        files = save_table(table, self.profile.report_figures / name)
        self._add(Entry("table", name, title, caption, **said), files)
        return table

    def write(self) -> Path:
        """Write the lists, and the index made of them; returns the report's list."""
        shown = [entry for entry in self.entries if entry.shown]
        path = self.profile.report_figures / self.index
        for file, entries in (
            (self.profile.figures / self.index, shown),
            (path, self.entries),  # comes last: it may be the same file
        ):
            write_json(file, {"entries": [vars(entry) for entry in entries]})
        # One notebook may run without the other; the report's step writes it again.
        if all((self.profile.figures / index).exists() for index in INDEXES.values()):
            write_readme(self.profile.figures, self.profile.name)
        return path

    def _add(self, entry: Entry, files: Iterable[Path]) -> None:
        self.entries.append(entry)
        if not entry.shown or self.profile.figures == self.profile.report_figures:
            return
        for file in files:
            if file.stat().st_size <= LARGEST_SHOWN:
                with atomic_path(self.profile.figures / file.name) as unfinished:
                    shutil.copyfile(file, unfinished)


def read_entries(folder: Path) -> dict[str, list[Entry]]:
    """Notebook → the figures and tables that it has drawn into ``folder``."""
    return {
        notebook: [
            Entry(**entry) for entry in read_json(made(folder / index))["entries"]
        ]
        for notebook, index in INDEXES.items()
    }


def write_readme(folder: Path, profile: str) -> Path:
    """Write the index of a folder of figures that its reader sees first."""
    path = folder / README
    with atomic_path(path) as unfinished:
        unfinished.write_text(readme(folder, profile), encoding="utf-8")
    return path


def readme(folder: Path, profile: str) -> str:
    """Title, caption and files of each figure and table in ``folder``."""
    lines = [
        f"# Figures and tables of the profile “{profile}”",
        "",
        "Written from the lists beside this file by notebooks 10 and 10b, which draw "
        "everything from the gathered numbers in `source/`.",
    ]
    for notebook, entries in read_entries(folder).items():
        for kind in ("figure", "table"):
            lines += ["", f"## {kind.capitalize()}s of notebook {notebook}", ""]
            lines += ["| title | what it shows | files |", "| --- | --- | --- |"]
            lines += [_row(folder, e) for e in entries if e.kind == kind]
    return "\n".join(lines) + "\n"


def _row(folder: Path, entry: Entry) -> str:
    links = (f"[{p.suffix[1:]}]({p.name})" for p in entry.files(folder))
    said = (entry.title, entry.caption, ", ".join(links))
    return f"| {' | '.join(text.replace('|', BAR) for text in said)} |"
