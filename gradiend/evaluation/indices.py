"""What variants are selected by (paper, Sec. 4): indices of each text's probabilities.

=============  ===============================================  ==================
BPI            (1 − |P(M) − P(F)|) · (P(M) + P(F))              balanced names
FPI            (1 − P(M)) · P(F)                                female names
MPI            (1 − P(F)) · P(M)                                male names
BalancedBS     (1 − |p_i − p_j|) · min(p_i, p_j)                balanced terms
Balance        2 · min(p_i, p_j)                                refined: ours
=============  ===============================================  ==================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

BALANCE = "Balance"

# P(class) of each text [texts], by class → indices of each text [texts], by name.
Indices = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]


def gender_indices(p: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """BPI, FPI and MPI of each text from P(female) and P(male) of its name slot."""
    female, male = p["female"], p["male"]
    return {
        "BPI": (1 - np.abs(male - female)) * (male + female),
        "FPI": (1 - male) * female,
        "MPI": (1 - female) * male,
    }


def balance(p: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What two classes have in common of each text's probability.

    It is p_i + p_j less |p_i − p_j|: 1 for classes that are alike and all there is.
    """
    first, second = p.values()
    return {BALANCE: 2 * np.minimum(first, second)}


def balanced_index(p: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """BalancedBS of each text from the probabilities of the two trained classes."""
    first, second = p.values()
    return {"BalancedBS": (1 - np.abs(first - second)) * np.minimum(first, second)}
