"""The words of the tables of what derivatives predict (notebook 11)."""

from __future__ import annotations

EVERY = "all"  # in the column ``set``: sets together
# In the column ``share`` (of the selected α): near the model, and at what was selected.
NEAR, SELECTED = 0.1, 1.0
# In the column ``decoder``, with the draw's number: whose rows it is made of.
CLASSES_SHUFFLED, WORDS_SHUFFLED = "classes shuffled", "right words shuffled"
