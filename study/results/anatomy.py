"""The words of the tables that take a rewriting apart (notebook 08)."""

from __future__ import annotations

from study.results.selected import BASE

# Column ``choice``, of which weights are changed or read. Of k of them: none; the
# largest, as many any, and these with the norm of the largest.
NOTHING = BASE
LARGEST, RANDOM, SCALED = "largest", "random", "random, equal norm"
# Of a place: its own, all others, as many any with its norm (:data:`SCALED`).
ONLY, WITHOUT = "only these", "all but these"
ALL = "all weights"
# Column ``kind`` of a place.
LAYER, COMPONENT = "layer", "component"
# Of the column ``component``: what has no layer of its own to be told by.
NORM, OTHER = "norm", "other"
# Of the column ``quantity``: the weights themselves.
WEIGHTS = "W"
# Column ``what``, of what few weights suffice for.
WRITING, READING = "rewriting: gap", "reading: Pearson"
