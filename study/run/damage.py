"""Noticing results that changed since their step wrote them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from gradiend.files import reading, sha256, write_json


def record_digests(target: Path, outputs: Sequence[Path]) -> None:
    """Note what a finished step wrote, so that later damage is noticed."""
    digests = {os.path.relpath(path, target.parent): sha256(path) for path in outputs}
    write_json(_digest_file(target), digests)


def forget_digests(folder: Path, outputs: Iterable[Path]) -> None:
    """Drop what is noted of files that a step is about to write.

    Until it has finished, what it writes is nobody's to check. And a step of another
    plan (of one domain, of all) may have made the same files: its note says what they
    were.
    """
    written = {path.resolve() for path in outputs}
    for record in _records(folder):
        said = _said(record)
        kept = {n: d for n, d in said.items() if _path(record, n) not in written}
        if not kept:
            record.unlink(missing_ok=True)
        elif kept != said:
            write_json(record, kept)


def remove_damaged(folder: Path) -> Iterator[Path]:
    """Delete outputs that no longer are what their step wrote; yield their paths."""
    for record in _records(folder):
        for name, digest in _said(record).items():
            path = _path(record, name)
            damaged = path.exists() and sha256(path) != digest
            # Asked again: a run may go on beside this one, and make it anew.
            if damaged and _said(record).get(name) == digest:
                path.unlink()
                yield path


def _records(folder: Path) -> list[Path]:
    return sorted(folder.glob("[!.]*.digests.json"))


def _said(record: Path) -> dict[str, str]:
    """What a record says; nothing, if a step has dropped it meanwhile."""
    with suppress(FileNotFoundError):
        text = record.read_bytes()
        with reading(record, json.JSONDecodeError, UnicodeDecodeError):
            return json.loads(text)
    return {}


def _path(record: Path, name: str) -> Path:
    return (record.parent / name).resolve()


def _digest_file(target: Path) -> Path:
    return target.with_suffix(".digests.json")
