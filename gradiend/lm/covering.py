"""Which of a model's parameters a GRADIEND covers."""

from __future__ import annotations

from torch import nn
from transformers import PreTrainedModel

from gradiend.lm.reach import text_config


def covered_parameters(model: PreTrainedModel) -> dict[str, nn.Parameter]:
    """All but prediction head and pooler, of what reads text.

    Keys are names in ``model.named_parameters()``.
    """
    body = {id(parameter) for parameter in _body(model).parameters()}
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if id(parameter) in body and "pooler" not in name.split(".")
    }


def _body(model: PreTrainedModel) -> nn.Module:
    """The model without its head; of one that reads images too, the text's part."""
    if text_config(model) is model.config:
        return model.base_model
    part = model.get_decoder()
    reads = model.get_input_embeddings()
    whole = part is not None and any(module is reads for module in part.modules())
    return part if whole else model.base_model
