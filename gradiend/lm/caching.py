"""``use_cache``: off while slots are read, and as it was in what is saved.

Who reads slots needs no cache of keys and values; who generates text with a model that
is saved may.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PretrainedConfig, PreTrainedModel

from gradiend.lm.reach import text_config

_BEFORE = "_use_cache_before"  # of the model, as a configuration would save it


def cache_off(model: PreTrainedModel) -> None:
    """Turn the cache off, and keep in mind what ``use_cache`` was."""
    known = getattr(model, _BEFORE, None)
    found = []
    for place, config in enumerate(_configs(model)):
        here = getattr(config, "use_cache", None)
        # Off by an earlier call: that one knows.
        found.append(known[place] if known and here is False else here)
        config.use_cache = False
    setattr(model, _BEFORE, tuple(found))


@contextmanager
def cache_as_it_was(model: PreTrainedModel) -> Iterator[None]:
    """``use_cache`` as it was before :func:`cache_off`, inside the block."""
    before = dict(enumerate(getattr(model, _BEFORE, ())))
    configs = [c for place, c in enumerate(_configs(model)) if place in before]
    try:
        for place, config in enumerate(configs):
            if before[place] is None:  # not said
                del config.use_cache
            else:
                config.use_cache = before[place]
        yield
    finally:
        for config in configs:
            config.use_cache = False


def _configs(model: PreTrainedModel) -> list[PretrainedConfig]:
    """A model's configuration and, where that is another, the one of its text part."""
    text = text_config(model)
    return [model.config] if text is model.config else [model.config, text]
