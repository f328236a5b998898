"""What the study knows of gender, race and religion: one Domain object each.

No module outside this package names a domain or a feature of one: they ask the object.
A new domain is a module with a :class:`~study.domains.domain.Domain` and a line here.

| domain   | feature: class +1 / class −1                                           |
|----------|------------------------------------------------------------------------|
| gender   | ``gender_MF`` female / male                                            |
| race     | ``race_AB`` asian / black, ``race_AW`` asian / white, ``race_BW`` …     |
| religion | ``religion_CJ`` christian / jewish, ``religion_CM`` …, ``religion_MJ`` … |
"""

from __future__ import annotations

from pathlib import Path

from gradiend.errors import check_choice
from study.domains.domain import Domain, Feature, FeatureData
from study.domains.gender import GENDER
from study.domains.race import RACE
from study.domains.religion import RELIGION

DOMAINS: dict[str, Domain] = {d.name: d for d in (GENDER, RACE, RELIGION)}
FEATURES: dict[str, Feature] = {
    feature.name: feature for domain in DOMAINS.values() for feature in domain.features
}

__all__ = [
    "DOMAINS",
    "FEATURES",
    "Domain",
    "Feature",
    "FeatureData",
    "domain_of",
    "load_feature",
]


def domain_of(feature: str) -> Domain:
    """The domain of a feature, by the feature's name."""
    check_choice(feature, FEATURES, "feature")
    return DOMAINS[FEATURES[feature].domain]


def load_feature(
    name: str, folder: str | Path, *, seed: int = 0, neutral_texts: int = 1_000
) -> FeatureData:
    """Load a feature from a folder of files in the public data sets' schemas.

    ``neutral_texts`` caps the neutral texts kept (a seeded sample).
    """
    domain = domain_of(name)
    return domain.load(
        FEATURES[name], Path(folder), seed=seed, neutral_texts=neutral_texts
    )
