"""The manifest of public files: what is fetched from where, and what it must hold.

A manifest is a YAML file such as ``data/public.yaml``: sources by name, each a data set
of the hub (``repo``) or a folder on the web (``url``) at a ``revision``, with its
``licence`` and, by file name or pattern, the ``rows`` its files have together and their
``sha256``, where these are known. A pattern may name alternatives: ``a | b``. With
``like`` it takes over the sources of another manifest beside it, and says which differ;
one that is left empty (``name: null``) is not taken over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gradiend.errors import InputError, check_choice
from gradiend.files import digest
from study.profiles.yaml_files import read_yaml
from study.results.places import resolved

_KEYS = ("like", "sources")
_SOURCE_KEYS = ("repo", "url", "revision", "licence", "files", "keep")
_FILE_KEYS = ("rows", "sha256")


@dataclass(frozen=True)
class Source:
    """One data set: where it is, and per file pattern what is known of the files.

    ``keep`` caps how many of its texts are kept (a seeded sample), where a run needs
    far fewer than there are.
    """

    name: str
    files: Mapping[str, Mapping]
    repo: str | None = None
    url: str | None = None
    revision: str | None = None
    licence: str = ""
    keep: int | None = None

    @property
    def patterns(self) -> list[str]:
        """Every alternative of every pattern."""
        return [one for pattern in self.files for one in alternatives(pattern)]

    @property
    def place(self) -> str:
        """The folder of its downloads from the web: another one, another address."""
        return f"{self.name}-{digest(self.url, self.revision)}"

    @property
    def where(self) -> str:
        """As messages call it."""
        return f"{self.repo or self.url} at {self.revision}"


@dataclass(frozen=True)
class Manifest:
    """A checked manifest file."""

    path: Path
    sources: Mapping[str, Source]
    paths: tuple[Path, ...]  # its own file, and that of the one it is like

    def source(self, name: str) -> Source:
        """The source of that name."""
        check_choice(name, self.sources, f"source in {self.path.name}")
        return self.sources[name]


def alternatives(pattern: str) -> list[str]:
    """``a | b`` → ``a`` and ``b``."""
    return [one.strip() for one in pattern.split("|")]


def read_manifest(data: str) -> Manifest:
    """Read and check a manifest; ``data`` is its path, as profiles give it.

    Raises
    ------
    InputError
        for a file that is not there or not YAML, an unknown key, a source without a
        place or files, or manifests that are like each other.
    """
    return _read(Path(resolved(data)), ())


def _read(path: Path, before: tuple[Path, ...]) -> Manifest:
    """The manifest of a file; ``before`` are those that are like it."""
    content = _content(path)
    if path.resolve() in before:
        raise InputError(
            f"{path}: like: goes round in a circle; one of them has to "
            "say its sources itself"
        )
    own, like = content["sources"], content.get("like")
    paths, sources = (path,), {}
    if like is not None:
        if not isinstance(like, str):
            raise InputError(f"{path}, like: {like!r} should be the path of a manifest")
        other = _read(path.parent / like, (*before, path.resolve()))
        paths, sources = (path, *other.paths), dict(other.sources)
        for name in (name for name, entry in own.items() if entry is None):
            check_choice(name, sources, f"source of {like} in {path.name}")
            del sources[name]
        own = {name: entry for name, entry in own.items() if entry is not None}
    sources |= {name: _source(name, entry, path) for name, entry in own.items()}
    return Manifest(path, sources, paths)


def _content(path: Path) -> dict:
    if not path.is_file():
        raise InputError(f"{path}: no such manifest of public files")
    content = read_yaml(path)
    if not isinstance(content, dict) or not isinstance(content.get("sources"), dict):
        raise InputError(f"{path}: not a manifest; it needs sources, by their names")
    for key in content:
        check_choice(key, _KEYS, f"key in {path.name}:")
    return content


def _source(name: str, entry: object, path: Path) -> Source:
    where = f"{path}, {name}"
    if not isinstance(entry, dict):
        raise InputError(f"{where}: {entry!r} should be a group of keys")
    for key in entry:
        check_choice(key, _SOURCE_KEYS, f"key in {path.name}, {name}:")
    if not entry.get("files") or ("repo" in entry) == ("url" in entry):
        raise InputError(
            f"{where}: needs files and either a repo (of the hub) or a url"
        )
    if not isinstance(entry.get("revision"), str):
        raise InputError(
            f"{where}: needs a revision, a branch or commit; digits alone in quotes"
        )
    if not isinstance(entry["files"], dict):
        raise InputError(f"{where}, files: each is a key, e.g. files: {{a.csv: }}")
    files = {pattern: checks or {} for pattern, checks in entry["files"].items()}
    for pattern, checks in files.items():
        if not isinstance(checks, dict):
            raise InputError(f"{where}, {pattern}: {checks!r} should be rows or sha256")
        for key in checks:
            check_choice(key, _FILE_KEYS, f"key in {path.name}, {name}, {pattern}:")
        _check_whole(checks.get("rows"), f"{where}, {pattern}, rows")
    _check_whole(entry.get("keep"), f"{where}, keep")
    return Source(name, **{**entry, "files": files})


def _check_whole(value: object, where: str) -> None:
    if value is not None and type(value) is not int:
        raise InputError(f"{where}: {value!r} should be a whole number")
