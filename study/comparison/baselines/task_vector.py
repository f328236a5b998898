"""TaskVector: negation of what biased text teaches (Ilharco et al. 2023).

The model is trained on with the texts that show the bias; what that changes is the task
vector τ, and W − c·τ goes the other way. c is chosen on validation.
"""

from __future__ import annotations

import torch

from gradiend.lm.cloze import ClozeLM
from study.comparison.baselines.data import BaselineData, filled_texts
from study.comparison.baselines.pretraining import continued_pretraining
from study.comparison.baselines.selection import best_along
from study.comparison.edits import Weights
from study.comparison.settings import FitSettings

FACTORS = tuple(-(2.0**power) for power in range(-6, 2))  # −c


@torch.no_grad()
def task_vector(lm: ClozeLM, data: BaselineData, settings: FitSettings) -> Weights:
    """From the training rows with their factual words; steps are those of CDA."""
    rows, validation = data.contrasts()
    texts = filled_texts(rows)["text"].tolist()
    with torch.enable_grad():
        taught = continued_pretraining(lm, texts, settings, seed=data.seed).values
    own = dict(lm.model.named_parameters())
    change = {name: tensor - own[name] for name, tensor in taught.items()}
    return best_along(lm, change, FACTORS, validation)
