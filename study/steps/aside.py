"""Where what is finished of a step lies until all of it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_CALLED = "partial-"


def aside(folder: Path, digest: str) -> Path:
    """The folder in ``folder`` of parts that depend on ``digest``.

    Those of other digests go: nothing will take them up, and a fitted part may be as
    large as the model.
    """
    own = folder / f"{_CALLED}{digest}"
    for other in folder.glob(f"{_CALLED}*"):
        if other != own:
            shutil.rmtree(other, ignore_errors=True)
    return own


def link(existing: Path, path: Path) -> None:
    """The same file under a second name; a copy, where the disk has no links."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    try:
        os.link(existing, path)
    except OSError:
        shutil.copyfile(existing, path)
