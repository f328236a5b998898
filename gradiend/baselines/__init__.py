"""The debiasing methods that GRADIEND is compared with.

One interface: a fitter takes a model, a domain's data and settings and gives an
:class:`~gradiend.edits.Edit`. The model may carry another edit already, which is how
combinations are fitted. What tables and plans know of a method is in
:data:`gradiend.methods.METHODS`.
"""

from __future__ import annotations

from collections.abc import Callable

from gradiend.baselines.data import BaselineData, BaselineSettings, filled_texts
from gradiend.baselines.inlp import inlp
from gradiend.baselines.leace import leace
from gradiend.baselines.pretraining import cda, dropout
from gradiend.baselines.rlace import rlace
from gradiend.baselines.self_debias import self_debias
from gradiend.baselines.sentence_debias import sentence_debias
from gradiend.cloze import ClozeLM
from gradiend.edits import Edit

FITTERS: dict[str, Callable[[ClozeLM, BaselineData, BaselineSettings], Edit]] = {
    "CDA": cda,
    "Dropout": dropout,
    "INLP": inlp,
    "RLACE": rlace,
    "LEACE": leace,
    "SentenceDebias": sentence_debias,
    "SelfDebias": self_debias,
}

__all__ = ["FITTERS", "BaselineData", "BaselineSettings", "filled_texts"]
