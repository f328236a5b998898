"""The states of a model that is debiased, fine-tuned or both, in either order.

The base model itself is :data:`study.results.selected.BASE` among them, too.
"""

from __future__ import annotations

DEBIASED, TUNED = "debiased", "fine-tuned"
DEBIASED_FIRST, TUNED_FIRST = f"{DEBIASED}, then {TUNED}", f"{TUNED}, then {DEBIASED}"
