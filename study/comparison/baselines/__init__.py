"""The debiasing methods that GRADIEND is compared with.

One interface: a fitter takes a model, a domain's data and settings and gives an
:class:`~study.comparison.edits.Edit`. The model may carry another edit already: that is
how combinations are fitted. What tables and plans know of a method is in
:data:`study.comparison.methods.METHODS`.
"""

from __future__ import annotations

from collections.abc import Callable

from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData
from study.comparison.baselines.dpo import dpo
from study.comparison.baselines.inlp import inlp
from study.comparison.baselines.leace import leace
from study.comparison.baselines.pretraining import cda, dropout
from study.comparison.baselines.rlace import rlace
from study.comparison.baselines.self_debias import self_debias
from study.comparison.baselines.sentence_debias import sentence_debias
from study.comparison.baselines.steering import steering_vector
from study.comparison.baselines.task_vector import task_vector
from study.comparison.edits import Edit
from study.comparison.settings import FitSettings

FITTERS: dict[str, Callable[[ClozeLM, BaselineData, FitSettings], Edit]] = {
    "CDA": cda,
    "Dropout": dropout,
    "INLP": inlp,
    "RLACE": rlace,
    "LEACE": leace,
    "SentenceDebias": sentence_debias,
    "SelfDebias": self_debias,
    "SteeringVector": steering_vector,
    "TaskVector": task_vector,
    "DPO": dpo,
}
