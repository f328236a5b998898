"""The rows of the comparison: which methods are applied to a model, one after another.

GRADIEND's own rows come from the decoder evaluation, one a balanced feature and, for
gender, one a class; the others are what a profile names under ``methods``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from gradiend.methods import METHODS, Method
from gradiend.profiles import Profile, Settings

ANY = "any"  # the domain of what is the same for every domain
BASE = "base"
OURS = "GRADIEND"
CLOSED_FORM = " (closed form)"
_OURS = Method(True, False, stored=False)  # kept by the steps before
# The paper's (gender): a method that changes weights, then a projection.
COMBINATIONS = tuple(
    (first, second)
    for first in (f"{OURS}-N", "CDA", "Dropout")
    for second in ("INLP", "SentenceDebias")
)


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


def variants(profile: Profile, model: str, domain: str = "all") -> list[Variant]:
    """Every variant of a model, the base model first; those of a domain, or of all."""
    found = [Variant(ANY)]
    for name in profile.domains if domain == "all" else [domain]:
        features = profile.features_of(name, model)
        if not features:
            continue
        runs = [profile.settings(model, feature) for feature in features]
        there = [part for run in runs for part in gradiend_parts(run)]
        there += [m for m in runs[0].methods if name in METHODS[m].domains]
        found += [_single(name, part) for part in there]
        if name == "gender":
            found += [Variant(name, c) for c in COMBINATIONS if set(c) <= set(there)]
    return list(dict.fromkeys(found))


def gradiend_parts(run: Settings) -> dict[str, tuple[str, str]]:
    """GRADIEND's rows of one feature: name → (variant, decoder) of selected.csv."""
    if run.domain == "gender":
        rows = {f"{OURS}-{variant}": (variant, "trained") for variant in "NFM"}
        balanced = f"{OURS}-N"
    else:
        balanced = f"{OURS}-{run.feature.split('_')[1]}"
        rows = {balanced: ("N", "trained")}
    if run.closed_form_rows:
        rows[f"{balanced}{CLOSED_FORM}"] = ("N", "closed form")
    return rows


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


def _single(domain: str, part: str) -> Variant:
    agnostic = not is_ours(part) and METHODS[part].bias_agnostic
    return Variant(ANY if agnostic else domain, (part,))
