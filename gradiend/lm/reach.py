"""How many tokens a model reads, at which position a text begins, and how far it looks.

Read off a model's configuration and modules, whatever its family is called.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from gradiend.lm.sparse import sparse_behind

UNBOUNDED = 2**31 - 1  # what a model reads that has no bound
_BOUNDS = ("max_position_embeddings", "max_seq_len")
_WINDOWS = (
    *("window", "window_size", "window_len"),
    *("local_attention", "chunk_length", "attention_chunk_size"),
)


def text_config(model: PreTrainedModel) -> PretrainedConfig:
    """The configuration of the part that reads text (models of images have others)."""
    try:
        return model.config.get_text_config()
    except ValueError:  # several parts read text
        return model.config


def first_position(model: PreTrainedModel) -> int:
    """The position of a first token.

    A table of positions with a padding index keeps the numbers up to it for padding:
    a text begins behind it.
    """
    for name, module in model.base_model.named_modules():
        if (
            name.endswith("position_embeddings")
            and isinstance(module, nn.Embedding)
            and module.padding_idx is not None
        ):
            return module.padding_idx + 1
    return 0


def max_length(model: PreTrainedModel) -> int:
    """Tokens that the model can read."""
    config = text_config(model)
    bounds = [getattr(config, name, None) for name in _BOUNDS]
    # Relative positions are unbounded where the configuration says -1 or nothing.
    bound = min((b for b in bounds if b is not None and b > 0), default=None)
    return UNBOUNDED if bound is None else bound - first_position(model)


def reach(model: PreTrainedModel) -> int:
    """Tokens of a row up to which it may share a forward pass with other rows.

    Attention within a window would see farther in a packed line, whose mask is ours;
    positions that are scaled by the longest row would be scaled for all rows. Half of a
    window: some look that far to either side.
    """
    config = text_config(model)
    bounds = [*(width // 2 for width in windows(model)), *_scaled(config)]
    return min(bounds, default=UNBOUNDED)


def windows(model: PreTrainedModel) -> list[int]:
    """Tokens behind which attention no longer sees all; empty where it always does."""
    config = text_config(model)
    values = [
        width
        for name, value in config.to_dict().items()
        if name.endswith(_WINDOWS)
        for width in (value if isinstance(value, list) else [value])
    ]
    widths = [width for width in values if type(width) is int and width > 1]
    sparse = sparse_behind(model)
    return widths if sparse is None else [*widths, sparse]


def _scaled(config: PretrainedConfig) -> Iterator[int]:
    rope = getattr(config, "rope_parameters", None) or {}
    layers = [part for part in rope.values() if isinstance(part, dict)]
    for part in (rope, *layers):
        kind = str(part.get("rope_type"))
        if "dynamic" in kind or kind == "longrope":
            yield (
                part.get("original_max_position_embeddings")
                or config.max_position_embeddings
            )
