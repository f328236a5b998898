"""A row of the comparison: methods that are applied to a model, one after another.

GRADIEND's own rows come from the decoder evaluation; the others are methods of
:data:`study.comparison.methods.METHODS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from study.comparison.methods import METHODS, RECENT, Method
from study.domains.domain import OURS
from study.results import selected
from study.results.selected import BASE, called

ANY = "any"  # the domain of what is the same for every domain
# What follows a variant's name where its decoder is another than the trained one.
REFINED, CLOSED_FORM, CLOSED_FORM_REFINED, AUTHORS = DECODERS = tuple(
    called("", name) for name in (selected.REFINED, *selected.NOT_OURS)
)
_OURS = Method(True, False, stored=False)  # kept by the steps before


@dataclass(frozen=True)
class Variant:
    """Methods applied one after the other; none of them is the base model."""

    domain: str  # gender, race, religion or ``any``
    parts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As tables show it."""
        return " + ".join(self.parts) or BASE

    @property
    def slug(self) -> str:
        """As files are called."""
        said = f"{self.domain} {self.name}".lower()
        return re.sub(r"[^a-z0-9]+", "-", said).strip("-")

    @property
    def methods(self) -> list[Method]:
        """What is known of its parts."""
        return [_OURS if is_ours(part) else METHODS[part] for part in self.parts]

    @property
    def before(self) -> Variant:
        """What its last part is applied to."""
        rest = Variant(self.domain, self.parts[:-1])
        agnostic = all(method.bias_agnostic for method in rest.methods)
        return Variant(ANY, rest.parts) if agnostic else rest

    @property
    def stored(self) -> bool:
        """Whether its last part has a file of its own beside GRADIEND's results."""
        return bool(self.parts) and self.methods[-1].stored

    @property
    def head_only(self) -> bool:
        """Whether sentence vectors and fine-tuning do not know it."""
        return any(method.head_only for method in self.methods)


def is_ours(part: str) -> bool:
    """Whether a part is a GRADIEND variant."""
    return part.startswith(OURS)


def is_recent(name: str) -> bool:
    """Whether a row has a method that the paper does not compare with.

    Only some models are asked for these: what all models have is counted without.
    """
    return any(part in RECENT for part in name.split(" + "))


def single(domain: str, part: str) -> Variant:
    """A method on its own; where it knows no domain, it is the same for all."""
    agnostic = not is_ours(part) and METHODS[part].bias_agnostic
    return Variant(ANY if agnostic else domain, (part,))


def overview(found: list[Variant]) -> pd.DataFrame:
    """One row a variant: what it changes."""
    rows = [
        {
            "domain": variant.domain,
            "variant": variant.name,
            "changes weights": any(m.changes_weights for m in variant.methods),
            "post-processing": any(m.post_processing for m in variant.methods),
        }
        for variant in found
    ]
    return pd.DataFrame(rows)


def of_domain(found: list[Variant], domain: str) -> list[Variant]:
    """Those that stand in a domain's tables."""
    return [variant for variant in found if variant.domain in (ANY, domain)]
