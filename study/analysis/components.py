"""Where in a model a weight sits: its layer, and which component it is part of.

Read off the modules' kinds and names. What is not known is *other*: a name that two
families use differently is taken only together with what it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from gradiend.lm.cloze import ClozeLM
from gradiend.vectors import ParameterDict
from study.results.anatomy import NORM, OTHER

TOKENS, EMBEDDINGS = "token embeddings", "other embeddings"  # of positions, types
QUERY, KEY, VALUE, FUSED = "query", "key", "value", "query, key, value"
OUTPUT, FEED_FORWARD = "attention output", "feed-forward"
OUTSIDE = "outside"  # of the layers
# A layer's number, the last of what is before it, and what is behind it.
_LAYER = re.compile(r"(?P<stack>.*?)\.(?P<number>\d+)(\.(?P<inner>.*))?")
_ATTENTION = r"(attention|attn|self_attn|self_attention|attn\.attention)"
# What a linear map of a layer is called in it → its component.
_LINEAR = (
    (rf"{_ATTENTION}\.(q_lin|q_proj|query_proj)", QUERY),
    (rf"{_ATTENTION}\.(k_lin|k_proj|key_proj)", KEY),
    (rf"{_ATTENTION}\.(v_lin|v_proj|value_proj)", VALUE),
    (r"attention\.self(_attention)?\.(query|query_proj)", QUERY),
    (r"attention\.self(_attention)?\.(key|key_proj)", KEY),
    (r"attention\.self(_attention)?\.(value|value_proj)", VALUE),
    (rf"{_ATTENTION}\.(c_attn|qkv_proj|query_key_value|Wqkv)", FUSED),
    (rf"{_ATTENTION}\.(output\.dense|dense|out_lin|o_proj|out_proj|c_proj|Wo)", OUTPUT),
    (r"(intermediate|output)\.dense|fc1|fc2", FEED_FORWARD),
    (
        r"(mlp|ffn|feed_forward)\."
        r"(lin1|lin2|c_fc|c_proj|fc1|fc2|fc_in|fc_out|Wi|Wo"
        r"|gate_proj|up_proj|down_proj|gate_up_proj|dense_h_to_4h|dense_4h_to_h)",
        FEED_FORWARD,
    ),
)


@dataclass(frozen=True)
class Part:
    """A parameter, or columns of one, with its layer (``outside`` of them) and kind."""

    parameter: str
    layer: str
    component: str
    columns: slice | None = None  # of the last dimension; None: all

    def of(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Its numbers, a view."""
        whole = tensors[self.parameter]
        return whole if self.columns is None else whole[..., self.columns]


def parts_of(lm: ClozeLM) -> list[Part]:
    """Every covered weight in exactly one part, in the model's order.

    A layer goes by its number; in a model with several stacks of layers (an encoder and
    a decoder, a part that sees images) by the stack's path and its number.
    """
    modules = dict(lm.model.named_modules())
    words = lm.model.get_input_embeddings().weight
    found: list[Part] = []
    for name, parameter in lm.covered.items():
        path = name.rpartition(".")[0]
        if parameter is words:
            found.append(Part(name, OUTSIDE, TOKENS))
            continue
        match = _LAYER.fullmatch(path)
        layer = OUTSIDE if match is None else f"{match['stack']} {match['number']}"
        inner = None if match is None else match["inner"] or ""
        component = _component(path, modules[path], inner)
        found += _split(Part(name, layer, component), modules[path])
    return _renamed(found)


def layers_of(parts: Sequence[Part]) -> list[str]:
    """The names of the layers, in the model's order."""
    names = dict.fromkeys(part.layer for part in parts)
    return [name for name in names if name != OUTSIDE]


def only(tensors: ParameterDict, parts: Sequence[Part]) -> ParameterDict:
    """The same tensors, zero outside of ``parts``."""
    kept = {name: tensor.new_zeros(tensor.shape) for name, tensor in tensors.items()}
    for part in parts:
        part.of(kept).copy_(part.of(tensors))
    return kept


def _component(path: str, module: nn.Module, inner: str | None) -> str:
    """``inner`` is the module's name in its layer; None: it is in none."""
    if isinstance(module, nn.Embedding):
        plain = inner is None and not path.endswith("bias")
        return EMBEDDINGS if plain else OTHER
    if type(module).__name__.endswith("Norm"):
        return NORM
    if inner is None or not isinstance(module, nn.Linear | Conv1D):
        return OTHER
    return next((c for name, c in _LINEAR if re.fullmatch(name, inner)), OTHER)


def _split(part: Part, module: nn.Module) -> Iterator[Part]:
    """Query, key and value where GPT-2's layer has them side by side; else as it is.

    Other families interleave them by head, or have fewer keys than queries.
    """
    beside = part.component == FUSED and isinstance(module, Conv1D)
    if not beside or module.nf != 3 * module.nx:
        yield part
        return
    for place, component in enumerate((QUERY, KEY, VALUE)):
        columns = slice(place * module.nx, (place + 1) * module.nx)
        yield Part(part.parameter, part.layer, component, columns)


def _renamed(parts: list[Part]) -> list[Part]:
    """Layers by their number alone, where there is one stack of them."""
    stacks = {layer.rpartition(" ")[0] for layer in layers_of(parts)}
    if len(stacks) > 1:
        return parts
    return [replace(part, layer=part.layer.rpartition(" ")[2]) for part in parts]
