"""Noticing results that changed since their step wrote them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from gradiend.files import sha256, write_json


def record_digests(target: Path, outputs: Sequence[Path]) -> None:
    """Note what a finished step wrote, so that later damage is noticed."""
    digests = {os.path.relpath(path, target.parent): sha256(path) for path in outputs}
    write_json(_digest_file(target), digests)


def remove_damaged(folder: Path) -> Iterator[Path]:
    """Delete outputs that no longer are what their step wrote; yield their paths."""
    for record in sorted(folder.glob("[!.]*.digests.json")):
        for name, digest in json.loads(record.read_text(encoding="utf-8")).items():
            path = (record.parent / name).resolve()
            if path.exists() and sha256(path) != digest:
                path.unlink()
                yield path


def _digest_file(target: Path) -> Path:
    return target.with_suffix(".digests.json")
