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

import yaml

from gradiend.errors import InputError, check_choice
from gradiend.files import digest
from study.results.places import resolved

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
        for a file that is not there or not YAML, an unknown key, or a source without
        a place or files.
    """
    path = Path(resolved(data))
    content = _content(path)
    own, like = content["sources"], content.get("like")
    paths, sources = (path,), {}
    if like is not None:
        other = read_manifest(str(path.parent / like))
        paths, sources = (path, *other.paths), dict(other.sources)
        for name in (name for name, entry in own.items() if entry is None):
            check_choice(name, sources, f"source of {like} in {path.name}")
            del sources[name]
    own = {name: entry for name, entry in own.items() if entry is not None}
    sources |= {name: _source(name, entry, path) for name, entry in own.items()}
    return Manifest(path, sources, paths)


def _content(path: Path) -> dict:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["sources"].items()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such manifest of public files") from error
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: not a manifest of sources ({error})") from error
    return content


def _source(name: str, entry: Mapping, path: Path) -> Source:
    for key in entry:
        check_choice(key, _SOURCE_KEYS, f"key in {path.name}, {name}:")
    if not entry.get("files") or ("repo" in entry) == ("url" in entry):
        raise InputError(
            f"{path}, {name}: needs files and either a repo (of the hub) or a url"
        )
    files = {pattern: checks or {} for pattern, checks in entry["files"].items()}
    for pattern, checks in files.items():
        for key in checks:
            check_choice(key, _FILE_KEYS, f"key in {path.name}, {name}, {pattern}:")
    return Source(name, **{**entry, "files": files})
