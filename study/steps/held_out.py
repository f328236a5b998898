"""What a state of a model says of texts that nothing was selected by (notebook 11)."""

from __future__ import annotations

import numpy as np

from study.analysis.probes import LOG_ODDS, OTHER, tokens_asked
from study.steps.studied import Studied


def reported(studied: Studied, others: np.ndarray) -> dict[str, float]:
    """Numbers of the model as it is.

    ``offset``, ``gap`` and ``said`` are of the slot that is balanced, ``loss`` (nats a
    token) and ``said elsewhere`` (P of the classes' words where none stands) of neutral
    texts, ``others moved`` is the mean |change| of P of the first of two words of other
    domains; ``others`` is what the base model says of them (:func:`others_say`).
    """
    found = studied.held_out()
    loss, elsewhere = studied.held_out_texts.values()
    asked = tokens_asked(studied.held_out.modelling)
    row = {"offset": abs(found["share"] - 0.5)}
    row |= {name: found[name] for name in ("gap", "said", "LMS")}
    return row | {
        "loss": float(np.average(loss, weights=asked)),
        "said elsewhere": float(np.average(elsewhere, weights=asked)),
        "others moved": float(np.abs(others_say(studied) - others).mean()),
    }


def others_say(studied: Studied) -> np.ndarray:
    """P of the first of two words, of the probes of other domains, [probes]."""
    odds = [
        quantity.values()[quantity.kinds.index(LOG_ODDS)]
        for name, quantity in studied.probes.items()
        if name.startswith(OTHER)
    ]
    return 1 / (1 + np.exp(-np.concatenate(odds))) if odds else np.array([np.nan])
