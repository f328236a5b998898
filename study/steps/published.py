"""A checkpoint that others published of the same base model, as a decoder.

What it changes is ΔW = W̃ − W. A GRADIEND with W_d = 0 and b_d = ΔW decodes it: at
h = 0 and α = 1, W + α·dec(h) is the published model. So it is selected, rewritten to
and compared like ours, with nothing of its own behind this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import pandas as pd
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.files import write_csv
from gradiend.lm.cloze import ClozeLM
from gradiend.vectors import ParameterDict, cosine, inner
from study.domains.domain import BALANCED
from study.profiles.settings import Settings
from study.results import files
from study.results.published import fetched_revision
from study.results.selected import AUTHORS, candidate

WHOLE = (0.0, 1.0)  # (h, α) at which the published model is decoded
RANDOM = "random direction"
_COLUMNS = ("decoder", "norm", "relative", "changed", "cosine")
_WAY_OUT = "in a profile of your own say decoder: {published: null} for this model"


def published_gradiend(settings: Settings, lm: ClozeLM) -> Gradiend:
    """The run's published checkpoint as a GRADIEND: W_d = 0, b_d = W̃ − W.

    Raises
    ------
    InputError
        if it is not of this base model: parameters are missing or of another shape, or
        differ where a rewriting changes nothing (the prediction head).
    """
    path, commit = fetched_revision(settings.folder / files.PUBLISHED)
    theirs = _loaded(path, commit, lm)
    changes = difference(theirs, lm, path)
    nothing = {name: _zero(change) for name, change in changes.items()}
    bias = _zero(next(iter(changes.values()))).flatten()[0]
    return Gradiend(nothing, bias, nothing, changes, {"base_model": path})


def difference(theirs: nn.Module, lm: ClozeLM, path: str) -> ParameterDict:
    """W̃ − W of every covered parameter, on its device; see above for what is refused.

    Rows of the input embeddings beyond the base's are of tokens that were added, which
    no text here has; they are not read.
    """
    own = dict(lm.model.named_parameters())
    other = dict(theirs.named_parameters())
    vocabulary = lm.model.get_input_embeddings().weight.shape[0]
    changes: ParameterDict = {}
    for name, parameter in own.items():
        value = _fitting(other.get(name), parameter, vocabulary, name, path)
        if name in lm.covered:
            changes[name] = value - parameter.detach()
        elif not torch.equal(value, parameter.detach()):
            raise InputError(
                f"{path}: {name} is not {lm.name}'s, and no rewriting changes it, so "
                f"the published model cannot stand beside ours; {_WAY_OUT}"
            )
    return changes


def write_differences(
    settings: Settings,
    lm: ClozeLM,
    decoders: Mapping[str, Gradiend],
    selected: pd.DataFrame,
) -> pd.DataFrame:
    """:func:`differences` of every balanced variant; writes differences.csv.

    It has no rows where the published checkpoint could not be had.
    """
    rows = selected[selected["variant"] == BALANCED]
    table = pd.DataFrame(columns=list(_COLUMNS))
    if AUTHORS in decoders:
        changes = (
            (row["decoder"], _decoded(decoders[row["decoder"]], *candidate(row)))
            for _, row in rows.iterrows()
        )
        table = differences(lm, decoders[AUTHORS].decoder_bias, changes)
    write_csv(settings.folder / files.DIFFERENCES, table)
    return table


def differences(
    lm: ClozeLM,
    theirs: ParameterDict,
    changes: Iterable[tuple[str, ParameterDict]],
) -> pd.DataFrame:
    """How far each change ΔW goes, and its direction beside the published one's.

    ``changes`` are (decoder, ΔW), one at a time. Columns: decoder, norm (‖ΔW‖),
    relative (‖ΔW‖ / ‖W‖), changed (share of the covered weights that are another number
    afterwards) and cosine (with the published ΔW). The last row is a random direction
    of the published norm: its cosine is what chance gives.
    """
    weights = {name: p.detach() for name, p in lm.covered.items()}
    size = inner(weights, weights).sqrt()
    rows = []
    for decoder, change in chain(changes, _random(theirs)):
        norm = inner(change, change).sqrt()
        rows.append(
            {
                "decoder": decoder,
                "norm": float(norm),
                "relative": float(norm / size),
                "changed": _share_changed(weights, change),
                "cosine": cosine(change, theirs),
            }
        )
    return pd.DataFrame(rows)[list(_COLUMNS)]


def _loaded(path: str, commit: str, lm: ClozeLM) -> PreTrainedModel:
    """The checkpoint as the base model's class; a head it lacks is the base's."""
    model, loading = type(lm.model).from_pretrained(
        path,
        revision=commit,
        dtype=lm.model.dtype,
        use_safetensors=True,
        output_loading_info=True,
    )
    missing = set(loading["missing_keys"])
    lacking = sorted(missing & lm.covered.keys())
    if lacking:
        raise InputError(
            f"{path} has no weights for {lacking[0]} (one of {len(lacking)}): not a "
            f"checkpoint of {lm.name}; {_WAY_OUT}"
        )
    own, other = (dict(m.named_parameters()) for m in (lm.model, model))
    for name in missing & own.keys() & other.keys():
        other[name].data = own[name].detach().to(other[name].device)
    return model


def _fitting(
    value: Tensor | None, like: Tensor, vocabulary: int, name: str, path: str
) -> Tensor:
    """A parameter of the checkpoint where the base's is, cut to the base's tokens."""
    if value is not None and like.shape[0] == vocabulary:
        value = value[:vocabulary]
    if value is None or value.shape != like.shape:
        found = "missing" if value is None else f"of shape {tuple(value.shape)}"
        raise InputError(
            f"{path}: {name} is {found}, expected {tuple(like.shape)}: not a "
            f"checkpoint of the same base model; {_WAY_OUT}"
        )
    return value.detach().to(like.device, like.dtype)


def _zero(like: Tensor) -> Tensor:
    """Zeros of that shape that take no room."""
    return like.new_zeros(()).expand(like.shape)


def _decoded(gradiend: Gradiend, h: float, learning_rate: float) -> ParameterDict:
    """α·dec(h)."""
    decoded = gradiend.decode(h)
    return {name: tensor * learning_rate for name, tensor in decoded.items()}


def _random(like: Mapping[str, Tensor]) -> Iterator[tuple[str, ParameterDict]]:
    """A seeded random direction of the same norm, once it is asked for."""
    generator = torch.Generator().manual_seed(0)
    drawn = {
        name: torch.empty(t.shape).normal_(generator=generator).to(t.device, t.dtype)
        for name, t in like.items()
    }
    scale = (inner(like, like) / inner(drawn, drawn)).sqrt()
    yield RANDOM, {name: tensor * scale.to(tensor) for name, tensor in drawn.items()}


def _share_changed(
    weights: Mapping[str, Tensor], change: Mapping[str, Tensor]
) -> float:
    """Share of weights that W + ΔW rounds to another number."""
    changed = sum(int((w + change[name] != w).sum()) for name, w in weights.items())
    return changed / sum(w.numel() for w in weights.values())
