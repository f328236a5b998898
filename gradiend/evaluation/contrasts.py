"""Whether h tells the classes apart: of two classes, and of more.

A contrast is one class against the rest. Two classes have one, which is the label, and
one neuron tells it; k + 1 classes are told by k neurons if each tells another contrast.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from gradiend.errors import InputError
from gradiend.evaluation.encoder import pearson


def told_apart(h: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Pearson of each neuron's h with the class that it tells from the rest.

    ``h`` is [R] or [R, k], ``labels`` [R]; the result has the shape () or [k]. No
    class is told by two neurons: of all ways to give each a class of its own, this is
    the one whose weakest |Pearson| is highest. Of two classes, the first is told from
    the second: the Pearson correlation of h and the label.

    Raises
    ------
    InputError
        if there are more neurons than classes to tell.
    """
    classes = sorted(set(labels.tolist()), key=abs)
    classes = [1] if set(classes) <= {1, -1} else classes
    columns = h.reshape(len(h), -1).T
    contrasts = [np.where(labels == label, 1, -1) for label in classes]
    found = np.array([[pearson(c, y) for y in contrasts] for c in columns])
    if len(columns) > len(classes):
        raise InputError(
            f"{len(columns)} neurons cannot tell {len(classes)} classes apart, one "
            "each; give rows of more classes"
        )
    best = _best_way(np.abs(found))
    return found[range(len(columns)), best].reshape(h.shape[1:])


def _best_way(sizes: np.ndarray) -> list[int]:
    """The column of each row, all different, whose smallest number is largest.

    Of ways that are equally good, the first as permutations are counted. What is no
    number (NaN) counts as 0.
    """
    sizes = np.nan_to_num(sizes)
    levels = np.unique(sizes)
    # Ways there are up to the best level, and none above it.
    above = bisect_left(levels, True, key=lambda level: _way(sizes >= level) is None)
    allowed = sizes >= levels[above - 1]
    for row in range(len(allowed)):
        for column in np.flatnonzero(allowed[row]):
            fixed = allowed.copy()
            fixed[row] = np.arange(allowed.shape[1]) == column
            if _way(fixed) is not None:
                allowed = fixed
                break
    return _way(allowed)


def _way(allowed: np.ndarray) -> list[int] | None:
    """An allowed column for each row, all different; None where there is no way."""
    row_of: dict[int, int] = {}  # by column

    def placed(row: int, seen: set[int]) -> bool:
        """Whether a column is found for it, others making room where they can."""
        for column in map(int, np.flatnonzero(allowed[row])):
            if column in seen:
                continue
            seen.add(column)
            if column not in row_of or placed(row_of[column], seen):
                row_of[column] = row
                return True
        return False

    if not all(placed(row, set()) for row in range(len(allowed))):
        return None
    return sorted(row_of, key=row_of.__getitem__)


def weakest(correlations: np.ndarray) -> float:
    """The one of :func:`told_apart`'s that is nearest to 0, with its sign."""
    flat = correlations.reshape(-1)
    return float(flat[np.abs(flat).argmin()])
