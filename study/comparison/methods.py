"""The methods GRADIEND is compared with, as far as plans and tables need to know them.

How each is fitted is in :mod:`study.comparison.baselines`, which takes seconds to
import.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """What a method is like."""

    changes_weights: bool
    post_processing: bool
    bias_agnostic: bool = False  # one model for all domains
    stored: bool = True  # has a fit to be kept
    head_only: bool = False  # acts on what the LM head says: no SEAT, no fine-tuning
    recent: bool = False  # not of the paper's comparison; profiles ask for it by name


METHODS = {
    "CDA": Method(True, False),
    "Dropout": Method(True, False, bias_agnostic=True),
    "INLP": Method(False, True),
    "RLACE": Method(False, True),
    "LEACE": Method(False, True),
    "SentenceDebias": Method(False, True),
    "SelfDebias": Method(False, True, stored=False, head_only=True),
    "SteeringVector": Method(False, True, recent=True),
    "TaskVector": Method(True, False, recent=True),
    "DPO": Method(True, False, recent=True),
}
RECENT = frozenset(name for name, method in METHODS.items() if method.recent)
PAPER = tuple(name for name in METHODS if name not in RECENT)
