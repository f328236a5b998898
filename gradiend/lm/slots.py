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

# Model type → first and last module of a layer's feed-forward part. Other models run it
# everywhere.
_FEED_FORWARD = {
    "bert": ("intermediate", "output.dense"),
    "roberta": ("intermediate", "output.dense"),
    "distilbert": ("ffn", "ffn"),
    "gpt2": ("mlp", "mlp"),
    "llama": ("mlp", "mlp"),
}


@contextmanager
def at_slots(
    model: PreTrainedModel, slots: Tensor, *, recomputes: bool = False
) -> Iterator[None]:
    """Let ``model`` predict at ``slots`` [S, 2] (line, position), each of them once.

    Its logits are [1, S, V]. ``recomputes`` says that layers run again in the backward
    pass, when this context has ended: they then stay as they are.
    """
    with ExitStack() as stack:
        if not recomputes:
            _shorten_feed_forward(model, slots, stack)
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
    names = _FEED_FORWARD.get(model.config.model_type)
    if names is None:
        return
    modules = model.base_model.modules()
    *_, last = (m for m in modules if isinstance(m, GradientCheckpointingLayer))
    first, final = (last.get_submodule(name) for name in names)
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


def _gathered(hidden: Tensor, slots: Tensor) -> Tensor:
    line, position = slots.to(hidden.device).unbind(1)
    return hidden[line, position].unsqueeze(0)
