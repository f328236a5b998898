"""The claims of notebook 10: encoders, rewritten models, what they leave alone."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from study.report.claims.associations import moved_claims, profession_claims
from study.report.claims.balance import balance_claims
from study.report.claims.claim import Claim
from study.report.claims.encoders import (
    encoder_claims,
    seed_claims,
    third_class_claims,
)
from study.report.claims.frames import frame_claims
from study.report.claims.indices import index_claims, planted_claims
from study.report.claims.models import Models
from study.report.claims.ratings import rating_claims
from study.report.claims.said import said_claims
from study.report.claims.words import name_claims, probe_claims, word_claims

# Table of the gathered source data → the claims that are made of it, in order.
_CLAIMED = (
    ("encoder", encoder_claims),
    ("encodings", third_class_claims),
    ("seeds", seed_claims),
    ("selected", balance_claims),
    ("selected", said_claims),
    ("selected", index_claims),
    ("associations", planted_claims),
    ("associations", profession_claims),
    ("associations", rating_claims),
    ("associations", moved_claims),
    ("frames", frame_claims),
    ("names", name_claims),
    ("probe", probe_claims),
    ("words", word_claims),
)
METHOD_TABLES = tuple(dict.fromkeys(name for name, _ in _CLAIMED))


def method_claims(tables: Mapping[str, pd.DataFrame], models: Models) -> list[Claim]:
    """All claims of the method.

    ``tables`` has the gathered tables called :data:`METHOD_TABLES`.
    """
    return [claim for name, make in _CLAIMED for claim in make(tables[name], models)]
