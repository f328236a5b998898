"""A checkpoint's model and tokenizer, or one line that says why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoModelForMaskedLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from gradiend.errors import InputError
from gradiend.lm.caching import cache_off
from gradiend.lm.sparse import keep_sparse

_WHOLE = "see that its files are whole and go together"


def load_checkpoint(
    name: str,
    *,
    dtype: torch.dtype | Literal["auto"],
    revision: str | None = None,
    device_map: str | dict | None = None,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, bool]:
    """Model, tokenizer and whether the model is causal, from a folder or the hub.

    Attention and mixtures of experts are the plain ("eager") ones: encodings are
    forward-mode derivatives (:mod:`gradiend.encoding`), for which fused kernels have no
    rule.

    Raises
    ------
    InputError
        if the name is unknown, the checkpoint cannot be read, or it has no
        language-modelling head.
    """
    config = _config(name, revision)
    causal = _is_causal(config, name)
    with _reasons(name):
        model, loading = _loader(config, causal).from_pretrained(
            name,
            revision=revision,
            dtype=dtype,
            attn_implementation="eager",
            experts_implementation="eager",
            device_map=device_map,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # they are refused below, by their names
            output_loading_info=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(
            name, revision=revision, trust_remote_code=False
        )
    _check_weights(loading, name)
    return model, tokenizer, causal


@contextmanager
def _reasons(name: str) -> Iterator[None]:
    """Errors of loading as one line; a checkpoint's files cause all kinds of them."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        # Of what transformers foresees it says the way out itself.
        foreseen = isinstance(error, (OSError, ValueError, ImportError))
        remedy = "" if foreseen else f"; {_WHOLE}"
        raise InputError(
            f"model {name!r} cannot be loaded: {_reason(error)}{remedy}"
        ) from error


def _reason(error: Exception) -> str:
    """What an error says, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = (
        " ".join(lines[:2]) if lines and lines[0].endswith(":") else "".join(lines[:1])
    )
    named = said and not isinstance(error, KeyError)
    return (said if named else f"{type(error).__name__} {said}").strip(" .")[:200]


def _check_weights(loading: Mapping, name: str) -> None:
    """Refuse weights that do not fit config.json, or leave some of it without any."""
    for key, found, expected in sorted(loading["mismatched_keys"]):
        raise InputError(
            f"model {name!r} cannot be loaded: {key} is of shape {tuple(found)} in its "
            f"weights and of {tuple(expected)} by its config.json; {_WHOLE}"
        )
    missing = sorted(loading["missing_keys"])
    if missing:
        raise InputError(
            f"model {name!r} has no weights for {missing[0]} (one of "
            f"{len(missing)}): a base model without a language-modelling head; give a "
            "checkpoint saved with one, or train a head first"
        )


def prepared(model: PreTrainedModel) -> PreTrainedModel:
    """The model itself, as a ClozeLM uses it, and as it stays.

    It is in evaluation mode, none of its parameters asks for a gradient,
    ``use_cache`` is off (:mod:`gradiend.lm.caching`), and short rows leave its
    attention as it is (:mod:`gradiend.lm.sparse`).
    """
    model.eval()
    model.requires_grad_(False)
    cache_off(model)
    keep_sparse(model)
    return model


def _config(name: str, revision: str | None) -> PretrainedConfig:
    try:
        return AutoConfig.from_pretrained(
            name, revision=revision, trust_remote_code=False
        )
    except Exception as error:  # a configuration's values cause all kinds of them
        raise InputError(_why_no_config(name, revision, error)) from error


def _why_no_config(name: str, revision: str | None, error: Exception) -> str:
    try:
        said, _ = PretrainedConfig.get_config_dict(name, revision=revision)
    except Exception:
        if (Path(name) / "config.json").is_file():
            return f"model {name!r} cannot be loaded: {_reason(error)}; {_WHOLE}"
        return (
            f"model {name!r} is neither a folder with a transformers checkpoint nor a "
            "model the hub (or its local cache) knows; check the name"
        )
    family = said.get("model_type")
    if family in CONFIG_MAPPING:
        return (
            f"model {name!r} (family {family}) cannot be loaded: {_reason(error)}; "
            f"{_WHOLE}"
        )
    own = ", whose code comes with it and is not run here" if "auto_map" in said else ""
    return (
        f"model {name!r} is of the family {family!r}{own}: this transformers has no "
        "such family; take a model of one it has, or install a newer transformers"
    )


def _is_causal(config: PretrainedConfig, name: str) -> bool:
    """Whether the checkpoint is read as a causal model; else as a masked one.

    What it was saved as decides. A class that is neither (a pre-training class with
    more heads, or none given) is read as what its family has; where it has both, only
    a decoder is causal.
    """
    masked = _class_names(MODEL_FOR_MASKED_LM_MAPPING_NAMES, config.model_type)
    causal = _class_names(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, config.model_type)
    saved_as = set(config.architectures or ())
    kind = ", ".join(sorted(saved_as)) or config.model_type
    if config.is_encoder_decoder and not saved_as & causal:
        raise InputError(
            f"model {name!r} ({kind}) is a sequence-to-sequence model, which has no "
            "slot to ask; give a masked or a causal language model"
        )
    if saved_as & (masked | causal):
        return not saved_as & masked
    if _reads_images(config):
        return True
    if not masked | causal:
        raise InputError(
            f"model {name!r} ({kind}) is of a family without a language-modelling "
            "head; give a checkpoint saved as a masked or causal language model"
        )
    return not masked or bool(causal and getattr(config, "is_decoder", False))


def _reads_images(config: PretrainedConfig) -> bool:
    """Whether it was saved as a model that goes on from images and text.

    Without an image it is a causal model of its text.
    """
    images = MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    saved_as = set(config.architectures or ())
    return bool(saved_as & _class_names(images, config.model_type))


def _loader(config: PretrainedConfig, causal: bool) -> type:
    if not causal:
        return AutoModelForMaskedLM
    text = _class_names(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, config.model_type)
    if _reads_images(config) and not text & set(config.architectures):
        return AutoModelForImageTextToText
    return AutoModelForCausalLM


def _class_names(mapping: Mapping, model_type: str) -> set[str]:
    names = mapping.get(model_type, ())
    return {names} if isinstance(names, str) else set(names)
