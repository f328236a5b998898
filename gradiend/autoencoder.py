"""GRADIEND's encoder–decoder, shaped like the model (paper, Sec. 3).

===========================  ==================================================
symbol                       name here
===========================  ==================================================
W                            the covered parameters, ``ClozeLM.covered``
n                            their number, ``Gradiend.size``
∇⁺W, ∇⁻W, ∇±W                sources ``factual``, ``counterfactual``, ``difference``
W_e, b_e                     ``encoder``, ``encoder_bias``
W_d, b_d                     ``decoder_weight``, ``decoder_bias``
h = tanh(⟨W_e, ∇W⟩ + b_e)    ``Gradiend.encode``; ``h`` or *feature factor*
dec(h) = h·W_d + b_d         ``Gradiend.decode``
W̃ = W + α·dec(h)             :func:`gradiend.rewriting.rewritten`; α = *learning rate*
===========================  ==================================================

W_e, W_d and b_d are mappings from parameter name to a tensor of that parameter's shape
on that parameter's device. Nothing is flattened: an encoding is a sum of inner
products and a file can be opened by parameter name.

The paper's has one neuron, for two classes. One of k neurons, for k + 1 classes, has
h [k], b_e [k] and, of every parameter, k rows of W_e and W_d; b_d is the same. That
is all the difference: ``encoder_bias.shape``, () or (k,), comes before the shape of the
parameter.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gradiend.errors import InputError
from gradiend.files import atomic_path
from gradiend.vectors import ParameterDict, inner

# The parts that have the model's shape, by the paper's symbols.
PARTS = {"W_e": "encoder", "W_d": "decoder_weight", "b_d": "decoder_bias"}
Factors = float | tuple[float, ...]  # h: a number or, of several neurons, one each


@dataclass(frozen=True)
class Gradiend:
    """A learned feature: (2k + 1)·n + k numbers, 3n + 1 of the paper's one neuron.

    ``metadata`` says of what and how.
    """

    encoder: ParameterDict  # of one neuron the parameter's shape; of k, k of them
    encoder_bias: Tensor  # of one neuron a scalar; of k, [k]
    decoder_weight: ParameterDict  # as the encoder
    decoder_bias: ParameterDict  # the parameter's shape
    metadata: dict = field(default_factory=dict)

    @classmethod
    def initialise(
        cls, parameters: Mapping[str, Tensor], *, seed: int, neurons: int = 1
    ) -> Gradiend:
        """Random start: W_e, b_e ~ U(−1/√n, 1/√n); W_d, b_d ~ U(−x, x), x = max W_e.

        Numbers are drawn on the CPU in parameter order, so that a seed means the same
        start on every device.
        """
        generator = torch.Generator().manual_seed(seed)
        size = sum(parameter.numel() for parameter in parameters.values())
        each = (neurons,) if neurons > 1 else ()

        def uniform(bound: float, rows: tuple[int, ...] = each) -> ParameterDict:
            return {
                name: torch.empty((*rows, *parameter.shape))
                .uniform_(-bound, bound, generator=generator)
                .to(parameter.device, parameter.dtype)
                for name, parameter in parameters.items()
            }

        bound = 1 / math.sqrt(size)
        encoder = uniform(bound)
        bias = torch.empty(each).uniform_(-bound, bound, generator=generator)
        largest = max(float(tensor.max()) for tensor in encoder.values())
        first = next(iter(encoder.values()))
        return cls(
            encoder,
            bias.to(first.device, first.dtype),
            uniform(largest),
            uniform(largest, rows=()),
        )

    @property
    def size(self) -> int:
        """n, the number of covered parameters."""
        return sum(tensor.numel() for tensor in self.decoder_bias.values())

    @cached_property
    def neurons(self) -> list[Gradiend]:
        """Each neuron as a GRADIEND of its own, of the same b_d; tensors are views."""
        count = self.encoder_bias.numel()

        def rows(tensors: ParameterDict) -> list[ParameterDict]:
            split = {
                name: tensor.view(count, *self.decoder_bias[name].shape).unbind()
                for name, tensor in tensors.items()
            }
            return [{name: split[name][row] for name in split} for row in range(count)]

        return [
            replace(self, encoder=encoder, encoder_bias=bias, decoder_weight=weight)
            for encoder, bias, weight in zip(
                rows(self.encoder),
                self.encoder_bias.view(-1).unbind(),
                rows(self.decoder_weight),
                strict=True,
            )
        ]

    def encode(self, gradient: Mapping[str, Tensor]) -> Tensor:
        """h = tanh(⟨W_e, ∇W⟩ + b_e) in (−1, 1), a number a neuron: a scalar or [k]."""
        slopes = [inner(neuron.encoder, gradient) for neuron in self.neurons]
        bias = self.encoder_bias
        return torch.tanh(torch.stack(slopes).view(bias.shape) + bias)

    def decode(self, h: Factors | Tensor) -> ParameterDict:
        """dec(h) = Σ h_i·W_d,i + b_d, in the model's shape.

        Raises
        ------
        InputError
            if ``h`` has not a number for each neuron.
        """
        factors = h.reshape(-1).tolist() if isinstance(h, Tensor) else np.ravel(h)
        if len(factors) != self.encoder_bias.numel():
            raise InputError(
                f"h has {len(factors)} numbers and this GRADIEND has "
                f"{self.encoder_bias.numel()} neurons; give a number for each"
            )
        decoded = self.decoder_bias
        for factor, neuron in zip(factors, self.neurons, strict=True):
            decoded = {
                name: torch.add(decoded[name], weight, alpha=float(factor))
                for name, weight in neuron.decoder_weight.items()
            }
        return decoded

    def misfit(self, like: Mapping[str, Tensor]) -> str | None:
        """The first parameter of ``like`` that a part lacks, or has in another shape,
        or that is left over; None: every part is of these parameters."""
        for part in PARTS.values():
            rows = () if part == "decoder_bias" else tuple(self.encoder_bias.shape)
            tensors = getattr(self, part)
            shapes = {name: (*rows, *tensor.shape) for name, tensor in like.items()}
            for name in (*shapes, *tensors):
                if name not in tensors or tensors[name].shape != shapes.get(name):
                    return name
        return None

    def placed(self, parameters: Mapping[str, Tensor]) -> Gradiend:
        """The same in the order of ``parameters``, each on the device of its own."""
        first = next(iter(parameters.values()))
        parts = {
            part: {
                name: getattr(self, part)[name].to(parameter.device)
                for name, parameter in parameters.items()
            }
            for part in PARTS.values()
        }
        return replace(self, encoder_bias=self.encoder_bias.to(first.device), **parts)

    def flipped(self, signs: float | Sequence[float] = -1) -> Gradiend:
        """The same decoder output with h times ``signs`` (±1, a number a neuron).

        Of one neuron: class +1 ↔ class −1.
        """
        bias = self.encoder_bias
        signs = torch.as_tensor(signs).to(bias).view(bias.shape)

        def times_signs(tensors: ParameterDict) -> ParameterDict:
            return {
                name: tensor
                * signs.to(tensor).view(
                    *signs.shape, *[1] * (tensor.dim() - bias.dim())
                )
                for name, tensor in tensors.items()
            }

        return replace(
            self,
            encoder=times_signs(self.encoder),
            encoder_bias=bias * signs,
            decoder_weight=times_signs(self.decoder_weight),
        )

    def tensors(self) -> dict[str, Tensor]:
        """All, by ``<part>/<parameter name>`` (b_e: ``encoder_bias``); no copies."""
        named = {
            f"{part}/{name}": tensor
            for part in PARTS.values()
            for name, tensor in getattr(self, part).items()
        }
        return named | {"encoder_bias": self.encoder_bias}

    def save(self, path: str | Path) -> None:
        """Write :meth:`tensors` and what is said of them as safetensors.

        It appears when it is whole; its folder is made. Of a full disk: InputError.
        """
        tensors = {n: tensor.contiguous() for n, tensor in self.tensors().items()}
        header = {"gradiend": json.dumps(self.metadata, sort_keys=True)}
        with atomic_path(path) as unfinished:
            save_file(tensors, unfinished, metadata=header)

    @classmethod
    def load(
        cls, path: str | Path, *, like: Mapping[str, Tensor] | None = None
    ) -> Gradiend:
        """Read a file of :meth:`save`.

        With ``like`` (a model's covered parameters) each tensor is put on the device
        of its parameter, and names and shapes must agree.

        Raises
        ------
        InputError
            for any other file, a folder, and one that does not fit ``like``.
        """
        found = cls(**_read(path))
        name = found.misfit(found.decoder_bias)
        if name is not None:
            raise InputError(
                f"{path}: its parts do not cover the same parameters ({name}); give "
                "what Gradiend.save has written"
            )
        if like is None:
            return found
        name = found.misfit(like)
        if name is not None:
            raise InputError(
                f"{path} does not fit this model (parameter {name}); it was trained on "
                "another one"
            )
        return found.placed(like)


def _read(path: str | Path) -> dict[str, Any]:
    """The fields of a GRADIEND, of a file of :meth:`Gradiend.save`."""
    parts: dict[str, ParameterDict] = {part: {} for part in PARTS.values()}
    if Path(path).is_dir():
        raise InputError(
            f"{path} is a folder; give the GRADIEND file in it (of debias it is "
            "gradiend.safetensors)"
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {})["gradiend"])
            for key in file.keys():  # noqa: SIM118 (not a mapping)
                part, _, name = key.partition("/")
                if name:
                    parts[part][name] = file.get_tensor(key)
            bias = file.get_tensor("encoder_bias")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such GRADIEND file") from error
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        why = f"no {error} in it" if isinstance(error, KeyError) else error
        raise InputError(
            f"{path}: not a GRADIEND file, or an incomplete one ({why}); give the "
            "gradiend.safetensors of debias, or what Gradiend.save has written"
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error})") from error
    return {"encoder_bias": bias, "metadata": metadata, **parts}
