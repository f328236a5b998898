"""What is claimed: each with its value, its bound and whether it holds.

``claim`` says what a claim is, how claims are shown and asserted, ``models`` over which
models it is made; ``method`` and ``comparison`` are those of notebooks 10 and 10b, and
name the modules that make them of the gathered tables, without running a model.
"""

from study.report.claims.claim import (
    Claim,
    assert_claims,
    claims_in_brief,
    claims_table,
)
from study.report.claims.comparison import comparison_claims
from study.report.claims.method import method_claims
from study.report.claims.models import Models

__all__ = [
    "Claim",
    "Models",
    "assert_claims",
    "claims_in_brief",
    "claims_table",
    "comparison_claims",
    "method_claims",
]
