"""Changes of a model that can be undone: what every debiasing method results in.

``with edit.on(lm) as changed: …`` – inside, ``changed`` is the debiased model; outside,
``lm`` is what it was, bit for bit. No edit copies the model.

| edit                | changes                    | after fine-tuning             |
|---------------------|----------------------------|-------------------------------|
| :class:`Rewriting`  | weights, W + α·dec(h)      | weights go on from there      |
| :class:`Weights`    | weights, trained elsewhere | weights go on from there      |
| :class:`Projection` | the last hidden state      | stays on, and while it trains |
| :class:`Steering`   | what one layer gives on    | stays on, and while it trains |
| :class:`Chain`      | one edit after the other   | as its parts do               |
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from gradiend.autoencoder import Gradiend
from gradiend.errors import InputError
from gradiend.files import atomic_path, reading
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten

Note = str | int | float


@dataclass(frozen=True, kw_only=True)
class Edit(ABC):
    """A change of a model.

    ``notes`` say how it was fitted, for tables; they change nothing.
    """

    notes: Mapping[str, Note] = field(default_factory=dict, compare=False)

    @abstractmethod
    def on(self, lm: ClozeLM) -> AbstractContextManager[ClozeLM]:
        """The changed model inside the block, the original after it."""

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What must stay attached when the changed weights are used elsewhere."""
        return ()


class Attachment(Edit):
    """An edit that changes what a model's body computes, and none of its weights."""

    @abstractmethod
    def attached(self, base_model: nn.Module) -> AbstractContextManager[None]:
        """Change what a bare body computes, whatever head stands on it."""

    @contextmanager
    def on(self, lm: ClozeLM) -> Iterator[ClozeLM]:
        """See :class:`Edit`."""
        with self.attached(lm.model.base_model):
            yield lm

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Itself."""
        return (self,)


@dataclass(frozen=True)
class Rewriting(Edit):
    """GRADIEND's own: W + α·dec(h) (paper, Sec. 3)."""

    gradiend: Gradiend
    h: float
    learning_rate: float

    def on(self, lm: ClozeLM) -> AbstractContextManager[ClozeLM]:
        """See :class:`Edit`."""
        return rewritten(lm, self.gradiend, self.h, self.learning_rate)


@dataclass(frozen=True)
class Weights(Edit):
    """Other values for some parameters, by their names in ``named_parameters()``."""

    values: Mapping[str, Tensor]

    @contextmanager
    def on(self, lm: ClozeLM) -> Iterator[ClozeLM]:
        """See :class:`Edit`."""
        parameters = dict(lm.model.named_parameters())
        for name, value in self.values.items():
            if name not in parameters or parameters[name].shape != value.shape:
                raise InputError(
                    f"{lm.name!r} has no parameter {name!r} of shape "
                    f"{tuple(value.shape)}; these weights are another model's"
                )
        original = {n: parameters[n].detach().clone() for n in self.values}
        try:
            assign(lm.model, self.values)
            yield lm
        finally:
            assign(lm.model, original)


@dataclass(frozen=True)
class Projection(Attachment):
    """h ← P·h + c on every token of the last hidden state.

    ``matrix`` P is [H, H], ``offset`` c is [H] or None.
    """

    matrix: Tensor
    offset: Tensor | None = None

    @classmethod
    def about(cls, matrix: Tensor, mean: Tensor, **kwargs: Any) -> Projection:
        """h ← P·(h − m) + m: what is projected away becomes its ``mean`` m [H].

        Without m it would become 0, which moves all hidden states to one side.
        """
        mean = mean.to(matrix)
        return cls(matrix.float(), (mean - matrix @ mean).float(), **kwargs)

    @contextmanager
    def on(self, lm: ClozeLM) -> Iterator[ClozeLM]:
        """See :class:`Edit`; a model whose head reads another state is refused."""
        _need_last_state(lm)
        with super().on(lm) as changed:
            yield changed

    @contextmanager
    def attached(self, base_model: nn.Module) -> Iterator[None]:
        """See :class:`Attachment`."""
        size = base_model.config.hidden_size
        if self.matrix.shape != (size, size):
            raise InputError(
                f"a projection of {tuple(self.matrix.shape)} does not fit hidden "
                f"states of {size}; it was fitted on another model"
            )
        handles = [base_model.register_forward_hook(self._after_body)]
        pooler = getattr(base_model, "pooler", None)
        if pooler is not None:  # reads the last hidden state inside the body
            handles.append(pooler.register_forward_pre_hook(self._before_pooler))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def __call__(self, hidden: Tensor) -> Tensor:
        """P·h + c of hidden states [..., H]."""
        projected = hidden @ self.matrix.to(hidden).T
        return projected if self.offset is None else projected + self.offset.to(hidden)

    def _after_body(self, _module: nn.Module, _args: tuple, output):
        output.last_hidden_state = self(output.last_hidden_state)
        return output

    def _before_pooler(self, _module: nn.Module, args: tuple) -> tuple:
        return (self(args[0]), *args[1:])


@torch.no_grad()
def _need_last_state(lm: ClozeLM) -> None:
    """Refuse a model whose head does not read the last hidden state of its body."""
    if lm.ways.head:  # which reads it from there, as was tried at loading
        return
    ids = torch.zeros(1, 1, dtype=torch.long, device=lm.device)

    def turned(_module: nn.Module, _args: tuple, output):
        output.last_hidden_state = output.last_hidden_state.roll(1, -1)
        return output

    before = lm.model(input_ids=ids).logits
    hook = lm.model.base_model.register_forward_hook(turned)
    try:
        after = lm.model(input_ids=ids).logits
    finally:
        hook.remove()
    if torch.equal(before, after):
        raise InputError(
            f"a projection of the last hidden state changes nothing that {lm.name!r} "
            f"(family {lm.model.config.model_type}) says: its head reads another one; "
            "leave such methods (INLP, LEACE, RLACE, SentenceDebias) out for it, or "
            "take a model of another family"
        )


@dataclass(frozen=True)
class Steering(Attachment):
    """h ← h + v on every token that layer ``layer`` (from 0) gives on; v is [H]."""

    vector: Tensor
    layer: int

    @contextmanager
    def attached(self, base_model: nn.Module) -> Iterator[None]:
        """See :class:`Attachment`."""
        # Here: it loads scikit-learn, which no other edit needs.
        from steering_vectors import SteeringVector

        config = base_model.config
        size, layers = config.hidden_size, config.num_hidden_layers
        if self.vector.shape != (size,) or not 0 <= self.layer < layers:
            raise InputError(
                f"a vector of {tuple(self.vector.shape)} at layer {self.layer} does "
                f"not fit {layers} layers of {size}; it was fitted on another model"
            )
        with SteeringVector({self.layer: self.vector}).apply(base_model):
            yield


@dataclass(frozen=True)
class Chain(Edit):
    """Edits one after the other; none of them is the base model."""

    edits: tuple[Edit, ...] = ()

    @contextmanager
    def on(self, lm: ClozeLM) -> Iterator[ClozeLM]:
        """See :class:`Edit`."""
        with ExitStack() as stack:
            for edit in self.edits:
                lm = stack.enter_context(edit.on(lm))
            yield lm

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Those of its parts, in order."""
        return tuple(part for edit in self.edits for part in edit.attachments)


Stored = Weights | Projection | Steering


def save_edit(edit: Stored, path: str | Path) -> None:
    """Write an edit, its notes included, to a safetensors file."""
    kind, tensors, more = _parts(edit)
    tensors = _apart(tensors)
    header = {"kind": kind, **more, "notes": dict(edit.notes)}
    # One entry: safetensors writes several in an order that changes from run to run.
    metadata = {"edit": json.dumps(header, allow_nan=False)}
    with atomic_path(path) as unfinished:
        save_file(tensors, unfinished, metadata=metadata)


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of which none shares memory with another, as such a file wants them."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        own = tensor.clone() if place in seen else tensor
        found[name] = own.contiguous()
        seen.add(place)
    return found


def load_edit(path: str | Path) -> Stored:
    """Read an edit that :func:`save_edit` wrote."""
    with reading(path, SafetensorError), safe_open(path, framework="pt") as file:
        header = json.loads((file.metadata() or {}).get("edit", "{}"))
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    kind, notes = header.get("kind"), header.get("notes", {})
    if kind == "weights":
        return Weights(tensors, notes=notes)
    if kind == "projection":
        return Projection(tensors["matrix"], tensors.get("offset"), notes=notes)
    if kind == "steering":
        return Steering(tensors["vector"], header["layer"], notes=notes)
    raise InputError(f"{path}: holds no edit of a model; check the path")


def _parts(edit: Stored) -> tuple[str, dict[str, Tensor], dict[str, int]]:
    """Kind, tensors and numbers of an edit, as its file has them."""
    if isinstance(edit, Weights):
        return "weights", dict(edit.values), {}
    if isinstance(edit, Steering):
        return "steering", {"vector": edit.vector}, {"layer": edit.layer}
    offset = {} if edit.offset is None else {"offset": edit.offset}
    return "projection", {"matrix": edit.matrix, **offset}, {}


@torch.no_grad()
def assign(model: nn.Module, values: Mapping[str, Tensor]) -> None:
    """Copy ``values`` into the parameters of those names."""
    parameters = dict(model.named_parameters())
    for name, value in values.items():
        parameters[name].copy_(value)
