"""Does this model give the numbers of its own plain forward pass, row by row?

What :class:`~gradiend.lm.cloze.ClozeLM` does to be quick – padding, packing, the slots
alone, forward mode – supposes how a model is built. Here each of it is tried once, on a
few rows of random tokens, and what gives other numbers is not done with this model.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from gradiend.encoding import directional_derivatives
from gradiend.errors import InputError, first_line
from gradiend.gradients import differentiable, gradients
from gradiend.lm.probe import (
    Probe,
    comparable,
    long_rows,
    near,
    plain_logits,
    probe_rows,
    tolerance,
)
from gradiend.lm.ways import Ways
from gradiend.vectors import ParameterDict, inner

if TYPE_CHECKING:
    from gradiend.lm.cloze import ClozeLM
    from gradiend.lm.tokens import EncodedRow

_OTHER = "take a model of another family"
_AGAIN = "it draws at random, or the machine made a mistake: try again"
_READING = ("padded", "head", "feed_forward", "packed")
Answer = TypeVar("Answer")
_logger = logging.getLogger(__name__)


def checked(lm: ClozeLM) -> ClozeLM:
    """The same model with the quick ways that give the plain way's numbers.

    It takes a handful of forward and two backward passes over 70 tokens at most, two
    forward passes over a row longer than the attention window, unless that is much
    work, and memory of twice the covered parameters. Weights, hooks and the state of
    torch's generators stay as they are. What is given up is logged, in one line.

    Raises
    ------
    InputError
        naming the model's family, if the plain way itself gives no numbers or no
        gradients, or if the model does not read what its class says it reads (the left
        context, or both sides).
    """
    devices = {p.device for p in lm.model.parameters() if p.device.type == "cuda"}
    with torch.random.fork_rng(devices), torch.enable_grad():
        rows = _or_refuse(lm, "takes no text", lambda: probe_rows(lm))
        # Before any short row: some models read long ones otherwise after that.
        long = _long_probe(lm)
        lm = replace(lm, ways=_reading_ways(lm, rows))
        if long is not None:
            lm = replace(lm, ways=_long_ways(lm, long))
        _check_context(lm, rows[1])
        lm = replace(lm, ways=_slope_ways(lm, rows[2:]))
    if list(lm.ways.without()):
        _logger.warning("%s (%s): %s", lm.name, _family(lm), lm.ways)
    return lm


@torch.no_grad()
def _reading_ways(lm: ClozeLM, rows: Sequence[EncodedRow]) -> Ways:
    """The ways of a forward pass, that give the logits of each row alone."""
    probe = _or_refuse(lm, "cannot be read row by row", lambda: Probe.of(lm, rows))

    def agrees(ways: Ways, *, packed: bool) -> bool:
        trial = replace(lm, ways=ways)
        return _holds(lambda: probe.agrees(trial, packed=packed))

    plain = Ways.plain()
    quick = replace(plain, **dict.fromkeys(_READING, True))
    if agrees(quick, packed=False) and agrees(quick, packed=True):
        return quick
    # Here an error is told: it need not be the model's (a full memory, for one).
    why = "cannot be read in a batch"
    trial = replace(lm, ways=plain)
    if not _or_refuse(lm, why, lambda: probe.agrees(trial, packed=False)):
        if not near(lm, Probe.of(lm, rows).expected, probe.expected):
            raise _refusal(lm, "says something else when asked the same", _AGAIN)
        raise _refusal(lm, "predicts at other places than its tokens")
    for name in _READING:
        more = replace(plain, **{name: True})
        if agrees(more, packed=name == "packed"):
            plain = more
    return plain


@torch.no_grad()
def _long_probe(lm: ClozeLM) -> Probe | None:
    """What the plain model says of a row longer than its window, if it has one."""
    rows = long_rows(lm)
    why = "cannot read a row longer than its attention window"
    return _or_refuse(lm, why, lambda: Probe.of(lm, rows)) if rows else None


@torch.no_grad()
def _long_ways(lm: ClozeLM, probe: Probe) -> Ways:
    """The ways, as few as need be given up, that give the numbers of long rows too."""
    for quick in (_READING, ("head", "feed_forward"), ()):
        ways = replace(lm.ways, **{n: False for n in _READING if n not in quick})
        trial = replace(lm, ways=ways)
        if _holds(lambda trial=trial: probe.agrees(trial, packed=False)):
            return ways
    raise _refusal(lm, "says something else of a row longer than its window")


def _slope_ways(lm: ClozeLM, rows: Sequence[EncodedRow]) -> Ways:
    """The ways of derivatives, that give those of each row by plain backward mode."""
    slopes = _or_refuse(lm, "cannot be differentiated", lambda: _Slopes.of(lm, rows))
    if not slopes.moves(lm):
        raise _refusal(lm, "says the same whatever its parameters are")
    ways = lm.ways
    for name, agrees in (("embedding", slopes.of_mean), ("forward", slopes.of_rows)):
        for value in (True, False):
            ways = replace(ways, **{name: value})
            trial = replace(lm, ways=ways)
            if _holds(lambda agrees=agrees, trial=trial: agrees(trial)):
                break
        else:
            raise _refusal(lm, "has other gradients in a batch than row by row")
    return ways


@dataclass(frozen=True)
class _Slopes:
    """⟨direction, ∇±L⟩ of R rows, each by itself in the model as it is."""

    rows: Sequence[EncodedRow]
    direction: ParameterDict
    parts: Tensor  # [R, parameters], what each parameter adds

    @classmethod
    def of(cls, lm: ClozeLM, rows: Sequence[EncodedRow]) -> _Slopes:
        # Any direction does; this one needs no generator and fits the weights' sizes.
        direction = {name: p.detach().roll(1) for name, p in lm.covered.items()}
        parts = [_parts(direction, _plain_gradient(lm, row)) for row in rows]
        return cls(rows, direction, torch.stack(parts))

    def of_rows(self, lm: ClozeLM) -> bool:
        """Whether encodings of a batch come from these slopes."""
        batch = lm.batch(self.rows)
        found = directional_derivatives(lm, self.direction, batch, source="difference")
        return self._near(lm, found.cpu().double(), self.parts.sum(1))

    def of_mean(self, lm: ClozeLM) -> bool:
        """Whether the gradient of a batch has the mean of these slopes."""
        for packed in (False, True):
            batch = lm.batch(self.rows, packed=packed)
            (found,) = gradients(lm, batch, sources=("difference",)).values()
            slope = _parts(self.direction, found).sum()
            if not self._near(lm, slope, self.parts.sum(1).mean()):
                return False
        return True

    def _near(self, lm: ClozeLM, found: Tensor, expected: Tensor) -> bool:
        allowed = tolerance(lm) * self.parts.abs().sum(1).max()
        return bool(((found - expected).abs() <= allowed).all())

    @torch.no_grad()
    def moves(self, lm: ClozeLM) -> bool:
        """Whether the model says something else when a parameter is changed."""
        name = list(lm.covered)[int(self.parts[-1].abs().argmax())]
        parameter, kept = lm.covered[name], lm.covered[name].clone()
        ids = self.rows[-1].sequences[0]
        before = plain_logits(lm, ids)
        try:
            parameter.add_(self.direction[name], alpha=0.1)
            return not torch.equal(before, plain_logits(lm, ids))
        finally:
            parameter.copy_(kept)


def _plain_gradient(lm: ClozeLM, row: EncodedRow) -> ParameterDict:
    """∇±W of a row, by the model's own full forward pass."""
    with differentiable(lm):
        said = plain_logits(lm, row.sequences[0]).log_softmax(-1)
        plus, minus = (
            said[side.positions[0], side.tokens[0]]
            for side in (row.factual, row.counterfactual)
        )
        parameters = list(lm.covered.values())
        found = torch.autograd.grad(minus - plus, parameters, materialize_grads=True)
    return dict(zip(lm.covered, found, strict=True))


def _parts(left: ParameterDict, right: ParameterDict) -> Tensor:
    each = [inner({name: left[name]}, {name: right[name]}) for name in left]
    return torch.stack([part.cpu().double() for part in each])


@torch.no_grad()
def _check_context(lm: ClozeLM, row: EncodedRow) -> None:
    """Refuse a model that looks where its class does not, or not where it does.

    That is, one of which the first half of a row shows what stands in the second. Where
    experts read their tokens together, other tokens round otherwise, and no more.
    """
    ids = row.sequences[0]
    half = len(ids) // 2
    other = [*ids[:half], *row.factual.tokens * (len(ids) - half)]
    expected, found = (
        comparable(plain_logits(lm, each)[:half]) for each in (ids, other)
    )
    if lm.causal and not near(lm, found, expected):
        raise _refusal(
            lm, "reads what follows a word, although it is loaded as a causal model"
        )
    if not lm.causal and torch.equal(found, expected):
        raise _refusal(
            lm,
            "does not read what follows a word, although it is loaded as a masked "
            "model",
        )


def _or_refuse(lm: ClozeLM, why: str, work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise _refusal(lm, f"{why}: {first_line(error)}") from error


def _holds(claim: Callable[[], bool]) -> bool:
    """Whether it does; what a family does not support raises all kinds of errors."""
    try:
        return claim()
    except torch.OutOfMemoryError:
        raise
    except Exception:
        return False


def _refusal(lm: ClozeLM, why: str, way_out: str = _OTHER) -> InputError:
    return InputError(f"model {lm.name!r} (family {_family(lm)}) {why}; {way_out}")


def _family(lm: ClozeLM) -> str:
    return lm.model.config.model_type
