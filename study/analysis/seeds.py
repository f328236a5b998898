"""How alike two GRADIENDs are that differ in nothing but their seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from gradiend.autoencoder import PARTS, Gradiend
from gradiend.vectors import cosine
from study.analysis.few_weights import largest
from study.analysis.vectors import TOP


def likeness(first: Gradiend, second: Gradiend) -> Iterator[dict]:
    """Of W_e, W_d and b_d: cosine, and overlap of the largest 0.1 % of the weights.

    Beside them what chance would give: a cosine of random directions is 0 ± 1/√n, and
    as many weights drawn at random share ``overlap by chance``, drawn anywhere, or
    ``overlap within tensors``, drawn from each tensor as often as the largest are.
    """
    count = max(1, round(TOP * first.size))
    for name, part in PARTS.items():
        one, two = getattr(first, part), getattr(second, part)
        top = [largest(own, count) for own in (one, two)]
        yield {
            "part": name,
            "cosine": cosine(one, two),
            "cosine by chance": first.size**-0.5,
            "overlap": _shared(*top) / count,
            "overlap by chance": count / first.size,
            "overlap within tensors": _expected(*top) / count,
        }


def _shared(one: Mapping[str, Tensor], two: Mapping[str, Tensor]) -> int:
    return sum(int((one[name] & two[name]).sum()) for name in one)


def _expected(one: Mapping[str, Tensor], two: Mapping[str, Tensor]) -> float:
    """Of two draws that take as many of each tensor as these."""
    return sum(
        int(one[name].sum()) * int(two[name].sum()) / one[name].numel() for name in one
    )
