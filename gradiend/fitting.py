"""Is a feature of the model that it is to be used with?"""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import PurePath

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.lm.cloze import ClozeLM

_logger = logging.getLogger(__name__)


def need_fitting(lm: ClozeLM, gradiend: Gradiend) -> None:
    """Refuse a GRADIEND whose parameters are not those that ``lm`` covers.

    Raises
    ------
    InputError
        if a parameter is missing, left over or of another shape, in any of its parts.
    """
    if gradiend.misfit(lm.covered) is not None:
        raise InputError(
            f"this GRADIEND does not cover the parameters of {lm.name!r}; it was "
            f"trained on {gradiend.metadata.get('base_model', 'another model')!r}"
        )


def note_other_base(lm: ClozeLM, gradiend: Gradiend) -> None:
    """Say, once, that a GRADIEND names another model than the one it is used with.

    Models of one architecture take each other's features without an error. Which of
    them is meant is the user's to know: a folder may be a copy of the named one.
    """
    base = gradiend.metadata.get("base_model")
    # A hub's name and a folder's path of the same model end alike.
    if base and PurePath(str(base)).name != PurePath(lm.name).name:
        _note(str(base), lm.name)


@lru_cache(maxsize=64)
def _note(base: str, name: str) -> None:
    _logger.warning(
        "the feature is of the model %r and is used with %r: unless that is the same "
        "model in another place, its numbers mean little; train a feature of this one",
        base,
        name,
    )
