"""Slopes and curvatures of a model along a change of its weights."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gradiend.errors import InputError
from gradiend.lm.ways import Ways
from study.analysis.probes import LOG_SAID, cloze_quantity
from study.analysis.taylor import Quantity, check_curvature
from tests.conftest import tiny_lm


def toy(read) -> Quantity:
    """A 'model' whose log-probabilities are its two weights, whatever is read."""
    weights = torch.nn.Parameter(torch.tensor([0.5, -0.25], dtype=torch.float64))
    lm = SimpleNamespace(
        covered={"w": weights},
        ways=Ways(),
        device=torch.device("cpu"),
        model=SimpleNamespace(dtype=torch.float64),
        name="toy",
    )
    lm.logits = lambda _inputs, moved=None: (moved or lm.covered)["w"][None]
    lm.log_probabilities = lambda inputs: lm.logits(inputs).log_softmax(-1)
    return Quantity(lm, ("said",), 1, [([0], None, read)])


def test_first_order_is_exact_where_what_is_said_is_linear():
    # The difference of two log-probabilities is that of the weights.
    quantity = toy(lambda log_p: (log_p[:, 0] - log_p[:, 1])[None])
    found = quantity.taylor({"w": torch.tensor([2.0, -1.0])})
    assert found.slope == pytest.approx(np.array([[3.0]]))
    assert found.curvature == pytest.approx(np.array([[0.0]]), abs=1e-12)
    assert found.change(0.7, order=1) == pytest.approx(np.array([[2.1]]))


def test_second_order_is_exact_where_what_is_said_is_quadratic():
    quantity = toy(lambda log_p: ((log_p[:, 0] - log_p[:, 1]) ** 2)[None])
    direction = {"w": torch.tensor([2.0, -1.0], dtype=torch.float64)}
    found = quantity.taylor(direction)
    assert found.curvature == pytest.approx(np.array([[18.0]]))
    moved = (0.75 + 0.7 * 3) ** 2 - 0.75**2
    assert found.change(0.7, order=2) == pytest.approx(np.array([[moved]]))
    # At another place of the line the slope is that of the place.
    there = quantity.taylor(direction, at=0.7)
    assert there.slope == pytest.approx(np.array([[2 * (0.75 + 2.1) * 3]]))


def random_direction(lm) -> dict[str, torch.Tensor]:
    drawn = torch.Generator().manual_seed(0)
    return {
        name: 0.1 * torch.randn(p.shape, generator=drawn).to(p)
        for name, p in lm.covered.items()
    }


def moved(lm, direction, rate, quantity) -> np.ndarray:
    """What is said with the weights moved for good, and moved back."""
    kept = [p.detach().clone() for p in lm.covered.values()]
    with torch.no_grad():
        for name, parameter in lm.covered.items():
            parameter.add_(direction[name], alpha=rate)
        values = quantity.values()
        for parameter, old in zip(lm.covered.values(), kept, strict=True):
            parameter.copy_(old)
    return values


def test_every_architecture_against_finite_differences(lm64, table):
    rows = lm64.usable(table).iloc[::3].reset_index(drop=True)
    quantity, direction = cloze_quantity(lm64, rows), random_direction(lm64)
    found = quantity.taylor(direction)
    step = 1e-3 if lm64.model.config.model_type == "llama" else 1e-4
    ahead, here, behind = (
        moved(lm64, direction, rate, quantity) for rate in (step, 0.0, -step)
    )
    assert found.value == pytest.approx(here)
    slope, curvature = (ahead - behind) / (2 * step), ahead - 2 * here + behind
    size = np.abs(found.curvature).max()
    # Llama's norms compute in float32 whatever the weights are.
    near = 0.05 if lm64.model.config.model_type == "llama" else 1e-4
    assert found.slope == pytest.approx(slope, rel=1e-3, abs=1e-3)
    assert found.curvature == pytest.approx(curvature / step**2, abs=near * size)
    assert quantity.slopes(direction) == pytest.approx(found.slope)


def test_a_wrong_second_derivative_is_refused(table, monkeypatch):
    # Without what is written out, torch's own rule of layer norms is used.
    from study.analysis import composite

    lm = tiny_lm("bert", dtype=torch.float64)
    quantity, direction = cloze_quantity(lm, table.head(4)), random_direction(lm)
    assert check_curvature(quantity, direction, step=1e-3) < 1e-3
    monkeypatch.setattr(composite, "_WRITTEN_OUT", {})
    with pytest.raises(InputError, match="one of its operations has no right rule"):
        check_curvature(quantity, direction, step=1e-3)


def test_the_gradient_is_the_slope(table):
    lm = tiny_lm("gpt2", dtype=torch.float64)
    rows = lm.usable(table).iloc[::2].reset_index(drop=True)
    quantity, direction = cloze_quantity(lm, rows, batch_size=3), random_direction(lm)
    weights = np.arange(1.0, len(rows) + 1)
    gradient = quantity.gradient(LOG_SAID, weights)
    along = sum(float((gradient[n] * direction[n]).sum()) for n in gradient)
    slopes = quantity.slopes(direction)[quantity.kinds.index(LOG_SAID)]
    assert along == pytest.approx(float(np.average(slopes, weights=weights)))


def test_a_model_without_forward_mode_is_refused(table):
    import dataclasses

    lm = dataclasses.replace(tiny_lm("gpt2"), ways=Ways(forward=False))
    rows = lm.usable(table).head(2)
    with pytest.raises(InputError, match="without forward-mode derivatives"):
        cloze_quantity(lm, rows).taylor({})
