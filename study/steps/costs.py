"""What fitting or choosing a model costs: time, memory and passes through it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from gradiend.lm.cloze import ClozeLM
from study.comparison.passes import counted
from study.results.making import measured


@contextmanager
def costed(path: Path, lm: ClozeLM, *, resumed: bool = False) -> Iterator[None]:
    """Write to ``path`` what the block costs; see :func:`measured`, :class:`Passes`.

    ``resumed``: it goes on with what an earlier run has paid for, and the note says so.
    """
    with measured(path) as cost, counted(lm.model.base_model) as passes:
        yield
        cost |= asdict(passes) | ({"resumed": True} if resumed else {})
