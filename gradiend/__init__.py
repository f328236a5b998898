"""GRADIEND: learn one feature of a language model from its gradients, and rewrite it.

Reference implementation of Drechsel and Herbold, *GRADIEND: Feature Learning within
Neural Networks Exemplified through Biases* (ICLR 2026). What a user needs:

=========================  ===========================================================
``debias``                 all of it in one call: a file and a model → a levelled model
``rows_from_texts``        a feature out of plain texts and two words
``read_cloze_table``       a feature: texts with a slot, its word and the other class's
``ClozeLM``                a language model of transformers that answers such texts
``TrainingSettings``       how to train; the defaults are the paper's
``fit``                    train on a model and a feature, keep the best run
``closed_form``            the same without training, from two class means
``Gradiend``               what that gives: an encoder and a decoder, saved and loaded
``encode``                 read: *h* of each text, in (−1, 1)
``evaluate_grid``          measure the models that pairs of *h* and learning rate give
``select``                 the best of them by an index
``refine``                 candidates around it, until the classes are alike
``rewritten``              write: the changed model, inside a ``with`` block
``save_rewritten``         the changed model as a checkpoint
=========================  ===========================================================

To read the method, go gradients → autoencoder → update → training → encoding →
rewriting; :mod:`gradiend.autoencoder` has the table of symbols. Each name above is
loaded when it is first asked for, so that ``import gradiend`` takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradiend.autoencoder import Gradiend
    from gradiend.class_means import closed_form
    from gradiend.data import read_cloze_table
    from gradiend.debiasing import debias
    from gradiend.encoding import encode
    from gradiend.evaluation.decoder import evaluate_grid, select
    from gradiend.evaluation.refinement import refine
    from gradiend.from_texts import rows_from_texts
    from gradiend.lm.cloze import ClozeLM
    from gradiend.rewriting import rewritten, save_rewritten
    from gradiend.settings import TrainingSettings
    from gradiend.training import fit

__version__ = "0.1.0"
__all__ = [
    "ClozeLM",
    "Gradiend",
    "TrainingSettings",
    "closed_form",
    "debias",
    "encode",
    "evaluate_grid",
    "fit",
    "read_cloze_table",
    "refine",
    "rewritten",
    "rows_from_texts",
    "save_rewritten",
    "select",
]

# Where each name is defined. No module bears the name of an export: importing it would
# put the module in the export's place.
EXPORTS = {
    "ClozeLM": "gradiend.lm.cloze",
    "Gradiend": "gradiend.autoencoder",
    "TrainingSettings": "gradiend.settings",
    "closed_form": "gradiend.class_means",
    "debias": "gradiend.debiasing",
    "encode": "gradiend.encoding",
    "evaluate_grid": "gradiend.evaluation.decoder",
    "fit": "gradiend.training",
    "read_cloze_table": "gradiend.data",
    "refine": "gradiend.evaluation.refinement",
    "rewritten": "gradiend.rewriting",
    "rows_from_texts": "gradiend.from_texts",
    "save_rewritten": "gradiend.rewriting",
    "select": "gradiend.evaluation.decoder",
}


def __getattr__(name: str) -> Any:
    """Load an export (PEP 562)."""
    if name not in EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *EXPORTS})
