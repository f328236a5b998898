"""SEAT, the sentence encoder association test (May et al. 2019).

With sentence vectors w (mean of the last hidden state over all tokens, of length 1) and
s(w, A, B) = mean cos(w, a) − mean cos(w, b), the effect size of targets X, Y and
attributes A, B is

    d = (mean_X s − mean_Y s) / sd_{X∪Y}(s)        (ddof 1; best: 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np

from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM
from study.comparison.benchmarks.files import need, read_json
from study.comparison.sentence_vectors import sentence_means

SETS = ("targ1", "targ2", "attr1", "attr2")
PERMUTATIONS = 10_000


@dataclass(frozen=True)
class SeatTest:
    """One test: its name and the sentences of its four sets."""

    name: str
    sentences: dict[str, list[str]]


@dataclass(frozen=True)
class SeatScores:
    """Cosines [targets, attributes] of one test, targets X before Y, A before B."""

    cosines: np.ndarray
    targets: tuple[int, int]  # |X|, |Y|
    attributes: tuple[int, int]  # |A|, |B|


def read_seat(path: str | Path) -> SeatTest:
    """A test in the public schema: {targ1, …: {category, examples}}.

    Raises
    ------
    InputError
        for a missing set or one with fewer than two sentences.
    """
    path = Path(path)
    content = read_json(path)
    need(content, SETS, str(path))
    for name in SETS:
        need(content[name], ("examples",), f"{path}, {name}")
        if len(content[name]["examples"]) < 2:
            raise InputError(f"{path}, {name}: fewer than two sentences; add some")
    sentences = {name: list(content[name]["examples"]) for name in SETS}
    return SeatTest(path.stem, sentences)


def sentence_vectors(lm: ClozeLM, sentences: list[str]) -> np.ndarray:
    """Mean of the last hidden state over all tokens, of length 1, [sentences, H]."""
    means = sentence_means(lm, sentences)
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def seat_scores(lm: ClozeLM, test: SeatTest) -> SeatScores:
    """Cosines between the targets' and the attributes' sentences."""
    vectors = {name: sentence_vectors(lm, test.sentences[name]) for name in SETS}
    targets = np.concatenate([vectors["targ1"], vectors["targ2"]])
    attributes = np.concatenate([vectors["attr1"], vectors["attr2"]])
    sizes = [len(vectors[name]) for name in SETS]
    return SeatScores(targets @ attributes.T, (*sizes[:2],), (*sizes[2:],))


def effect_size(
    scores: SeatScores,
    *,
    targets: np.ndarray | None = None,
    attributes: np.ndarray | None = None,
) -> np.ndarray:
    """d, [R]; ``targets`` [R, |X|+|Y|] and ``attributes`` [R, |A|+|B|] count draws.

    A test whose targets are all alike has no spread to measure by: d is 0.
    """
    if targets is None:
        targets = np.ones((1, sum(scores.targets)))
    if attributes is None:
        attributes = np.ones((1, sum(scores.attributes)))
    association = _association(scores, attributes)  # [R, X+Y]
    first = scores.targets[0]
    x, y = (
        _weighted_mean(association[:, part], targets[:, part])
        for part in (slice(first), slice(first, None))
    )
    mean = _weighted_mean(association, targets)
    total = targets.sum(axis=1)
    spread = ((association - mean[:, None]) ** 2 * targets).sum(axis=1) / (total - 1)
    difference = x - y
    flat = np.isclose(difference, 0, atol=1e-12)
    return np.where(flat, 0.0, difference / np.sqrt(np.where(flat, 1.0, spread)))


def p_value(scores: SeatScores, *, seed: int) -> float:
    """One-sided permutation p-value of mean_X s − mean_Y s.

    Over all divisions of the targets if there are at most ``PERMUTATIONS``, else over
    that many drawn with ``seed``; the observed one counts among them.
    """
    values = _association(scores, np.ones((1, sum(scores.attributes))))[0]
    size, first = len(values), scores.targets[0]
    observed = values[:first].sum()
    if comb(size, first) <= PERMUTATIONS:
        sums = np.array(
            [values[list(chosen)].sum() for chosen in combinations(range(size), first)]
        )
        return float(np.mean(sums >= observed - 1e-12))
    generator = np.random.default_rng(seed)
    drawn = generator.permuted(np.tile(values, (PERMUTATIONS - 1, 1)), axis=1)
    above = np.sum(drawn[:, :first].sum(axis=1) >= observed - 1e-12)
    return float((above + 1) / PERMUTATIONS)


def _association(scores: SeatScores, attributes: np.ndarray) -> np.ndarray:
    """s(w, A, B) of every target, [R, X+Y]."""
    first = scores.attributes[0]
    parts = (slice(first), slice(first, None))
    a, b = (
        attributes[:, part]
        @ scores.cosines[:, part].T
        / attributes[:, part].sum(axis=1, keepdims=True)
        for part in parts
    )
    return a - b


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (values * weights).sum(axis=1) / weights.sum(axis=1)
