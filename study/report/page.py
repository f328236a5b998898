"""The page a run ends with: claims, figures, tables, grids, notebooks.

One file without scripts; figures are embedded, so it can be sent around. The executed
notebooks lie beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from study.profiles.profile import Profile
from study.report.gallery import Entry, read_entries
from study.report.notebook_pages import NotebookPage
from study.report.rendering import Picture, picture, write_page
from study.report.tables.reading import ShownTable, read_table
from study.results.making import provenance
from study.results.places import results_root

# What a section begins with, by the start of a name; the rest as it was drawn.
_FIRST = (
    "main",
    "common",
    "rank",
    "encodings",
    "professions",
    "trade_off",
    "encoder_corr",
)


@dataclass(frozen=True)
class Item:
    """A figure or table as the page shows it."""

    entry: Entry
    table: ShownTable | None = None
    picture: Picture | None = None

    @property
    def anchor(self) -> str:
        """Where links to it lead; a figure may be called as a table is."""
        return f"{self.entry.kind}-{self.entry.name}"

    @property
    def alt(self) -> str:
        """What somebody who does not see the figure is told."""
        return f"{self.entry.title}. {self.entry.caption}"


@dataclass(frozen=True)
class Fold:
    """The figures of one model, shown when they are asked for."""

    title: str
    anchor: str
    items: list[Item]


@dataclass(frozen=True)
class Section:
    """A part of the page that the navigation names."""

    anchor: str
    title: str
    lead: str
    items: list[Item] = field(default_factory=list)
    folds: list[Fold] = field(default_factory=list)


@dataclass(frozen=True)
class Executed:
    """A notebook, and the pages of it: one, or one a model (and domain)."""

    title: str
    pages: list[NotebookPage]


def page_path(profile: Profile) -> Path:
    """Where the page of a profile is."""
    return results_root() / profile.name / "report.html"


def write_report(profile: Profile, notebooks: Sequence[NotebookPage]) -> Path:
    """Write the page; returns its path."""
    folder = profile.report_figures
    drawn = read_entries(folder).values()
    entries = [entry for own in drawn for entry in own]
    return write_page(
        page_path(profile),
        "report.html.jinja",
        profile=profile,
        stand_ins=any(profile.entry(model).stand_in for model in profile.models),
        sections=[s for s in _sections(profile, entries) if s.items or s.folds],
        notebooks=_executed(notebooks),
        versions=provenance(),
    )


def _sections(profile: Profile, entries: list[Entry]) -> Iterator[Section]:
    folder = profile.report_figures

    def items(chosen: Iterable[Entry]) -> list[Item]:
        return [_item(folder, entry) for entry in sorted(chosen, key=_place)]

    real = [e for e in entries if e.real]
    entries = [e for e in entries if not e.real]
    figures = [e for e in entries if e.kind == "figure" and not e.model]
    tables = [e for e in entries if e.kind == "table" and not e.claim]
    yield Section(
        "real",
        "A real model",
        "Not of this run: results of the profile “real”, which the repository has.",
        items(real),
    )
    yield Section(
        "claims",
        "Claims",
        "What docs/claims.md promises, as this run found it.",
        items(e for e in entries if e.claim),
    )
    yield Section("figures", "Figures", "All models side by side.", items(figures))
    for domain in profile.domains:
        yield Section(
            f"domain-{domain}",
            f"Tables: {domain}",
            f"What was found on {domain}; bold is the best variant of its model.",
            items(e for e in tables if e.domain == domain),
        )
    yield Section(
        "all-domains",
        "Tables: all domains",
        "Sizes, planted associations, and what outlives fine-tuning.",
        items(e for e in tables if not e.domain),
    )
    yield Section(
        "grids",
        "Decoder grids",
        "Every candidate of every grid, a model at a time; click one to unfold it.",
        folds=list(_folds(folder, [e for e in entries if e.model])),
    )


def _place(entry: Entry) -> int:
    """Where in its section: first what most readers come for."""
    starts = [entry.name.startswith(start) for start in _FIRST]
    return starts.index(True) if any(starts) else len(starts)


def _item(folder: Path, entry: Entry) -> Item:
    if entry.kind == "table":
        return Item(entry, table=read_table(folder / f"{entry.name}.html"))
    # Of what is folded there is much, and nobody zooms into all of it.
    return Item(entry, picture=picture(folder, entry.name, vector=not entry.model))


def _folds(folder: Path, entries: list[Entry]) -> Iterator[Fold]:
    for number, (model, own) in enumerate(groupby(entries, lambda entry: entry.model)):
        items = [_item(folder, entry) for entry in own]
        yield Fold(model, f"grids-{number + 1}", items)


def _executed(pages: Sequence[NotebookPage]) -> list[Executed]:
    return [
        Executed(title, list(own))
        for title, own in groupby(pages, lambda page: page.title)
    ]
