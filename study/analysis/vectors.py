"""How alike the learned vectors of several features are, beside chance.

Chance is one of the two vectors with its numbers in random order within each
parameter: where large numbers sit, by layer and component, two unrelated vectors of a
model have in common. Its mean and standard deviation are computed, not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import pandas as pd
import torch
from torch import Tensor

from gradiend.autoencoder import PARTS, Gradiend
from gradiend.vectors import ParameterDict, cosine, scaled
from study.analysis.few_weights import largest

TOP = 1e-3  # share of the weights that count as the largest


def similarities(gradiends: Mapping[str, Gradiend]) -> pd.DataFrame:
    """Every pair of one-neuron GRADIENDs: cosine and overlap of the largest weights.

    Columns: first, second, part, cosine, overlap (share of the :data:`TOP` weights that
    both have, as many of either whatever ties there are); of chance: chance_cosine
    (mean), chance_sd (of the cosine) and chance_overlap (mean).
    """
    rows = []
    for part, name in PARTS.items():
        vectors = {key: _Vector.of(getattr(g, name)) for key, g in gradiends.items()}
        for first, second in combinations(vectors, 2):
            alike = _alike(vectors[first], vectors[second])
            rows.append({"first": first, "second": second, "part": part, **alike})
    return pd.DataFrame(rows)


def closure(pairs: Mapping[tuple[str, str], Gradiend]) -> Iterator[dict]:
    """Of three classes A, B, C: is (A−B) + (B−C) the direction of (A−C)?

    ``pairs`` has AB, AC and BC, in this order. A row a part that has a sign; both
    summands have norm 1.
    """
    (a, b), (_, c), _ = pairs
    ab, ac, bc = pairs.values()
    for part in ("W_e", "W_d"):
        one, whole, other = (getattr(g, PARTS[part]) for g in (ab, ac, bc))
        first, second = scaled(one, 1.0), scaled(other, 1.0)
        both = {name: first[name] + second[name] for name in whole}
        yield {
            "sum": f"{a}−{b} + {b}−{c}",
            "whole": f"{a}−{c}",
            "part": part,
            "cosine": cosine(both, whole),
            "cosine_first": cosine(one, whole),
            "cosine_second": cosine(other, whole),
        }


@dataclass(frozen=True)
class _Vector:
    """A vector in the model's shape; of each parameter what chance needs to know."""

    tensors: ParameterDict
    top: ParameterDict  # which numbers are among the largest, flat
    norm: float
    means: Tensor  # [parameters], on the CPU
    squares: Tensor  # Σ (x − mean)²
    sizes: Tensor
    counts: Tensor  # of top

    @classmethod
    def of(cls, tensors: ParameterDict) -> _Vector:
        flat = {name: tensor.flatten() for name, tensor in tensors.items()}
        sizes = _told(len(t) for t in flat.values())
        top = largest(flat, max(1, round(TOP * int(sizes.sum()))))
        means = _told(t.double().mean() for t in flat.values())
        squares = _told(t.double().square().sum() for t in flat.values())
        return cls(
            tensors,
            top,
            float(squares.sum().sqrt()),
            means,
            (squares - sizes * means**2).clamp_min(0),
            sizes,
            _told(t.sum() for t in top.values()),
        )


def _alike(first: _Vector, second: _Vector) -> dict[str, float]:
    both = sum(int((first.top[n] & second.top[n]).sum()) for n in first.top)
    norms, sizes = first.norm * second.norm, first.sizes
    spread = first.squares * second.squares / (sizes - 1).clamp_min(1)
    by_chance = (first.counts * second.counts / sizes).sum()
    return {
        "cosine": cosine(first.tensors, second.tensors),
        "overlap": both / float(first.counts.sum()),
        "chance_cosine": float((sizes * first.means * second.means).sum()) / norms,
        "chance_sd": float(spread.sum().sqrt()) / norms,
        "chance_overlap": float(by_chance / first.counts.sum()),
    }


def _told(values) -> Tensor:
    return torch.tensor([float(value) for value in values], dtype=torch.float64)
