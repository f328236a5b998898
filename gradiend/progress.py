"""What shows how far a long loop is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

# What long loops iterate through, such as ``tqdm``: yields what it is given.
Progress = Callable[[Sequence], Iterable]
