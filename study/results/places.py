"""Where the repository and the results are."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def results_root() -> Path:
    """``$GRADIEND_RESULTS``, or ``results/`` of the repository."""
    return Path(os.environ.get("GRADIEND_RESULTS") or REPOSITORY / "results")


def resolved(path: str) -> str:
    """Paths in the repository and in the results as such, anything else as it is."""
    if path.startswith("results:"):
        return str(results_root() / path.removeprefix("results:"))
    there = REPOSITORY / path
    return str(there) if there.exists() else path
