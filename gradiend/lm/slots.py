"""What a model computes at the slots alone.

A prediction depends on the other positions through attention only. What stands behind
the last attention – the last layer's feed-forward part and the prediction head – is
therefore computed at the positions that are read, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

# First and last module of a layer's feed-forward part, as layers name them; the first
# pair that a layer has is taken. Layers with other names run it everywhere.
_FEED_FORWARD = (("intermediate", "output.dense"), ("ffn", "ffn"), ("mlp", "mlp"))


@contextmanager
def at_slots(
    model: PreTrainedModel, slots: Tensor, *, head: bool, feed_forward: bool
) -> Iterator[None]:
    """Let ``model`` predict at ``slots`` [S, 2] (line, position), each of them once.

    ``head``: its prediction head alone; the logits are [1, S, V]. ``feed_forward``: the
    last layer's feed-forward part; what the model gives elsewhere then means nothing.
    """
    with ExitStack() as stack:
        if feed_forward:
            _shorten_feed_forward(model, slots, stack)
        if head:
            hook = model.base_model.register_forward_hook(_head_reads(slots))
            stack.callback(hook.remove)
        yield


def _head_reads(slots: Tensor):
    def gather(_module: nn.Module, _args: tuple, output):
        output.last_hidden_state = _gathered(output.last_hidden_state, slots)
        return output

    return gather


def _shorten_feed_forward(
    model: PreTrainedModel, slots: Tensor, stack: ExitStack
) -> None:
    modules = model.base_model.modules()
    layers = [m for m in modules if isinstance(m, GradientCheckpointingLayer)]
    parts = _feed_forward(layers[-1]) if layers else None
    if parts is None:
        return
    first, final = parts
    shape = torch.Size()

    def gather(_module: nn.Module, args: tuple) -> tuple:
        nonlocal shape
        shape = args[0].shape
        return _gathered(args[0], slots), *args[1:]

    def scatter(_module: nn.Module, _args: tuple, output: Tensor) -> Tensor:
        index = tuple(slots.to(output.device).unbind(1))
        return output.new_zeros(shape).index_put(index, output[0])

    stack.callback(first.register_forward_pre_hook(gather).remove)
    stack.callback(final.register_forward_hook(scatter).remove)


def _feed_forward(layer: nn.Module) -> tuple[nn.Module, nn.Module] | None:
    own = dict(layer.named_modules())
    for first, final in _FEED_FORWARD:
        if first in own and final in own:
            return own[first], own[final]
    return None


def _gathered(hidden: Tensor, slots: Tensor) -> Tensor:
    line, position = slots.to(hidden.device).unbind(1)
    return hidden[line, position].unsqueeze(0)
