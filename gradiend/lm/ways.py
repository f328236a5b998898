"""In which ways a model's numbers may be computed: the quick ones, or the plain ones.

Each quick way saves time and gives the numbers of the plain one, in a model that is
built as it supposes. Whether a model is, :mod:`gradiend.lm.selfcheck` tries out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields


def _way(plain: str) -> bool:
    return field(default=True, metadata={"plain": plain})


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The ways that may be taken; where one is False, the plain one is."""

    padded: bool = _way("a row at a time instead of padding")
    packed: bool = _way("padding instead of packing")
    head: bool = _way("the prediction head everywhere instead of at the slots")
    feed_forward: bool = _way(
        "the last feed-forward part everywhere instead of at the slots"
    )
    embedding: bool = _way(
        "gradients of the whole embedding table instead of the rows that are read"
    )
    forward: bool = _way("encodings by backward instead of forward mode")

    @classmethod
    def plain(cls) -> Ways:
        """None of the quick ways."""
        return cls(**{way.name: False for way in fields(cls)})

    def without(self) -> Iterator[tuple[str, str]]:
        """Name and plain counterpart of each way that is not taken."""
        for way in fields(self):
            if not getattr(self, way.name):
                yield way.name, way.metadata["plain"]

    def __str__(self) -> str:
        return "; ".join(plain for _, plain in self.without()) or "all quick ways"
