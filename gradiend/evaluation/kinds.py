"""The kinds of rows that an encoder is asked of, in the column ``kind``.

What they are, :mod:`gradiend.evaluation.encoder` says.
"""

from __future__ import annotations

FEATURE, NEUTRAL = "feature", "neutral"
FEATURE_NEUTRAL = "feature-neutral"
UNTRAINED = "untrained"


def mean_size(kind: str) -> str:
    """The name of the statistic that is the mean \\|h\\| of a kind."""
    return f"mean_abs_h[{kind}]"
