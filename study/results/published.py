"""What fetching a published checkpoint leaves: which it was, or why there is none."""

from __future__ import annotations

from pathlib import Path

from gradiend.files import read_json, write_json
from study.results.reading import made

_LEFT_OUT = "left out"


def write_left_out(mark: Path, path: str, reason: str) -> None:
    """Say in ``mark`` that the checkpoint ``path`` could not be had, and why."""
    write_json(mark, {"path": path, _LEFT_OUT: reason})


def reason_left_out(mark: Path) -> str | None:
    """Why a checkpoint could not be had; None if it could, or nobody tried yet."""
    return read_json(mark).get(_LEFT_OUT) if mark.exists() else None


def fetched_revision(mark: Path) -> tuple[str, str]:
    """The hub's name of a fetched checkpoint, and its commit."""
    said = read_json(made(mark))
    return said["path"], said["commit"]
