"""Fetching the sources of a manifest and making the loaders' files from them.

Each part writes its files and then a mark; a run that was cut off, or a source that
could not be had, costs that part alone. All parts are tried before the first failure
is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gradiend.errors import InputError, check_choice
from gradiend.files import read_json, sha256, write_json
from study.sources.hub import RECORD, folder_of
from study.sources.hub.bookcorpus import SOURCE as BOOKCORPUS
from study.sources.hub.bookcorpus import is_local, local_files
from study.sources.hub.fetch import count_rows, fetch
from study.sources.hub.filled import write_filled_genter, write_neutral_texts
from study.sources.hub.manifest import Manifest, read_manifest
from study.sources.hub.suites import SUITES
from study.sources.hub.tables import (
    copied,
    write_attribute_words,
    write_corpus,
    write_names,
    write_perplexity_texts,
    write_stereoset,
    write_tasks,
)
from study.sources.hub.terms import write_terms
from study.sources.hub.texts import write_texts

SEED = 0  # of samples and splits
Files = Mapping[str, Sequence[Path]]  # of a source, by pattern
_NAMES = ("namexact", "namextend", "gentypes")
_NEUTRAL = ("geneutral", "biasneutral")


@dataclass
class Sources:
    """The manifest's sources, fetched when they are asked for."""

    manifest: Manifest
    folder: Path
    log: Callable[[str], None] = field(default=lambda _: None)
    notes: list[str] = field(default_factory=list)  # of the part that is being made
    _found: dict[str, Files] = field(default_factory=dict)

    def files(self, name: str) -> Files:
        """A source's files by pattern; fetched and checked once."""
        if name not in self._found:
            downloads = self.folder.parent / "downloads"
            self._found[name] = fetch(self.manifest.source(name), downloads)
        return self._found[name]

    def all(self, name: str) -> list[Path]:
        """All of a source's files."""
        return [path for group in self.files(name).values() for path in group]

    def tell(self, line: str) -> None:
        """Say, and keep with the part, what is other than expected and does no harm."""
        self.notes.append(line)
        self.log(line)

    @property
    def from_bookcorpus(self) -> bool:
        """Whether texts are rebuilt from BookCorpus; else their files hold them."""
        return BOOKCORPUS in self.manifest.sources

    def keep(self, name: str) -> int | None:
        """How many of a source's texts are kept."""
        return self.manifest.source(name).keep

    @cached_property
    def bookcorpus(self) -> list[Path]:
        """BookCorpus, of the hub or a local copy."""
        return local_files() if is_local(BOOKCORPUS) else self.all(BOOKCORPUS)


def prepare(data: str, *, log: Callable[[str], None] | None = None) -> Path:
    """Make the folder of a manifest's public files; returns it.

    Raises
    ------
    InputError
        naming every source that could not be had or is not what was expected.
    """
    manifest, folder = read_manifest(data), folder_of(data)
    sources = Sources(manifest, folder, log or (lambda _: None))
    parts = parts_of(manifest)
    failures = []
    for name, (needs, write) in parts.items():
        mark = folder / "parts" / f"{name}.json"
        if mark.exists():
            continue
        sources.notes.clear()
        try:
            write(sources, folder)
            records = {key: _record(sources, key) for key in needs}
            records[needs[0]] |= {"notes": list(sources.notes)}
            write_json(mark, records)
        except InputError as error:
            failures.append(str(error))
        else:
            sources.log(f"done  public data: {name}")
    if failures:
        raise InputError("\nerror: ".join(failures))
    marks = [read_json(folder / "parts" / f"{name}.json") for name in parts]
    write_json(folder / RECORD, {k: v for mark in marks for k, v in mark.items()})
    return folder


def parts_of(manifest: Manifest) -> dict[str, Part]:
    """The parts that a manifest has sources for, with those sources.

    Raises
    ------
    InputError
        if it has some of a part's sources alone, or one that no part reads.
    """
    known = [need for needs, _ in PARTS.values() for need in needs]
    for name in manifest.sources:
        check_choice(name, known, f"source in {manifest.path.name}")
    found = {}
    for name, (needs, write) in PARTS.items():
        own = tuple(need for need in needs if need in manifest.sources)
        missing = set(needs) - set(own) - {BOOKCORPUS}
        if own and missing:
            raise InputError(
                f"{manifest.path.name}: no source {min(missing)}, which is needed "
                f"beside {own[0]}; add it"
            )
        if own:
            found[name] = (own, write)
    return found


def _record(sources: Sources, name: str) -> dict:
    """What a source was when it was read: files with their rows and digests."""
    source = sources.manifest.source(name)
    if is_local(name):
        paths, where = sources.bookcorpus, "a local copy"
    else:
        paths, where = sources.all(name), source.where
    files = {
        path.name: {"rows": count_rows(path), "sha256": sha256(path)} for path in paths
    }
    return {"from": where, "licence": source.licence, "files": files}


def _write_texts(sources: Sources, out: Path) -> None:
    if not sources.from_bookcorpus:
        write_filled_genter(sources.all("genter"), out, seed=SEED, tell=sources.tell)
        for name in _NEUTRAL:
            paths, keep = sources.all(name), sources.keep(name)
            write_neutral_texts(name, paths, keep, out, seed=SEED)
        return
    neutral = {name: (sources.all(name), sources.keep(name)) for name in _NEUTRAL}
    genter = sources.files("genter")
    write_texts(genter, neutral, sources.bookcorpus, out, seed=SEED)


def _write_names(sources: Sources, out: Path) -> None:
    for name in _NAMES:
        write_names(sources.files(name), out, name)


def _write_wikitext(sources: Sources, out: Path) -> None:
    write_perplexity_texts(sources.all("perplexity"), out)
    keep = sources.keep("corpus")
    write_corpus(sources.all("corpus"), out, keep=keep, seed=SEED)


def _write_seat(sources: Sources, out: Path) -> None:
    for path in sources.all("seat"):
        copied(path, out / "seat" / f"{path.stem}.json")


def _write_crows(sources: Sources, out: Path) -> None:
    (path,) = sources.all("crows_pairs")
    copied(path, out / "crows.csv")


# Part → the sources it is made of, and how.
Part = tuple[tuple[str, ...], Callable[[Sources, Path], None]]
PARTS: dict[str, Part] = {
    "texts": (("genter", *_NEUTRAL, BOOKCORPUS), _write_texts),
    "names": (_NAMES, _write_names),
    **{
        domain: (
            (domain,),
            lambda s, out, domain=domain: write_terms(
                domain, s.all(domain), out, seed=SEED
            ),
        )
        for domain in ("race", "religion")
    },
    "stereoset": (
        ("stereoset",),
        lambda s, out: write_stereoset(s.all("stereoset"), out),
    ),
    "crows": (("crows_pairs",), _write_crows),
    "seat": (("seat",), _write_seat),
    "attribute words": (
        ("attribute_words",),
        lambda s, out: write_attribute_words(s.all("attribute_words")[0], out),
    ),
    **{
        suite: (
            (source,),
            lambda s, out, source=source, suite=suite: write_tasks(
                s.files(source), out, suite
            ),
        )
        for source, suite in SUITES.items()
    },
    "wikitext": (("perplexity", "corpus"), _write_wikitext),
}
