"""Whether h tells the classes apart: of two classes, and of more.

A contrast is one class against the rest. Two classes have one, which is the label, and
one neuron tells it; k + 1 classes are told by k neurons if each tells another contrast.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from gradiend.evaluation.encoder import pearson


def told_apart(h: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Pearson of each neuron's h with the class that it tells from the rest.

    ``h`` is [R] or [R, k], ``labels`` [R]; the result has the shape () or [k]. No
    class is told by two neurons: of all ways to give each a class of its own, this is
    the one whose weakest |Pearson| is highest. Of two classes, the first is told from
    the second: the Pearson correlation of h and the label.
    """
    classes = sorted(set(labels.tolist()), key=abs)
    classes = [1] if set(classes) <= {1, -1} else classes
    columns = h.reshape(len(h), -1).T
    contrasts = [np.where(labels == label, 1, -1) for label in classes]
    found = np.array([[pearson(c, y) for y in contrasts] for c in columns])
    neurons = range(len(columns))
    ways = permutations(range(len(classes)), len(columns))
    best = max(ways, key=lambda way: np.abs(found[neurons, way]).min())
    return found[neurons, best].reshape(h.shape[1:])


def weakest(correlations: np.ndarray) -> float:
    """The one of :func:`told_apart`'s that is nearest to 0, with its sign."""
    flat = correlations.reshape(-1)
    return float(flat[np.abs(flat).argmin()])
