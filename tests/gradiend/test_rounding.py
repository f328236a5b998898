"""Numbers in bfloat16: rounded at random, so that small steps are taken on average."""

from __future__ import annotations

import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.rounding import Rounding, widened
from gradiend.settings import TrainingSettings
from gradiend.update import Update, copied

SIZE, STEPS = 200_000, 20


def rounded(value: torch.Tensor, rounding: Rounding) -> torch.Tensor:
    stored = torch.zeros_like(value, dtype=torch.bfloat16)
    rounding.keep(stored, value)
    return stored.float()


@pytest.mark.parametrize("place", [0.0, 0.01, 0.25, 0.5, 0.99])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_becomes_one_of_its_neighbours_and_stays_on_average(place, sign):
    level = 2.0**-7  # between 1 and 2
    value = torch.full((100_003,), sign * (1.5 + place * level))
    found = rounded(value, Rounding())
    assert {*(found.abs() - 1.5).div(level).unique().tolist()} <= {0.0, 1.0}
    up = float((found.abs() - 1.5).div(level).double().mean())
    assert up == pytest.approx(place, abs=0.006)


def test_what_bfloat16_holds_stays_and_so_does_what_is_no_number():
    held = torch.randn(1_000).bfloat16().float()
    assert torch.equal(rounded(held, Rounding()), held)
    bits = torch.tensor([0x7FFFFFFF, -1, 0x7FC00000, 0x7F800001], dtype=torch.int32)
    assert rounded(bits.view(torch.float32), Rounding()).isnan().all()
    infinite = torch.tensor([float("inf"), -float("inf")])
    assert not rounded(infinite, Rounding()).isfinite().any()


def test_wide_numbers_are_copied():
    value = torch.randn(10)
    stored = torch.zeros(10, dtype=torch.float64)
    rounding = Rounding()
    rounding.keep(stored, value)
    assert torch.equal(stored.float(), value)
    assert rounding.state() == {}, "nothing is drawn"
    assert widened(stored) is stored


def test_the_noise_is_the_same_in_every_run_and_other_each_time():
    value, rounding = torch.randn(1_001), Rounding()
    one, other, same = (rounded(value, r) for r in (rounding, rounding, Rounding()))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.fixture(scope="module")
def start() -> Gradiend:
    return Gradiend.initialise({"w": torch.zeros(SIZE, dtype=torch.bfloat16)}, seed=0)


@pytest.fixture(scope="module")
def gradient() -> dict[str, torch.Tensor]:
    drawn = torch.Generator().manual_seed(1)
    return {"w": (1e-4 * torch.randn(SIZE, generator=drawn)).bfloat16()}


def widened_start(start: Gradiend) -> Gradiend:
    parts = (start.encoder, start.decoder_weight, start.decoder_bias)
    encoder, weight, bias = ({n: t.float() for n, t in p.items()} for p in parts)
    return Gradiend(encoder, start.encoder_bias.float(), weight, bias)


def settings(moments: str) -> TrainingSettings:
    return TrainingSettings(learning_rate=1e-4, moments=moments)


def stepped(start: Gradiend, gradient: dict, moments: str, steps: int) -> Update:
    update = Update(copied(start), settings(moments))
    for _ in range(steps):
        update(gradient, gradient)
    return update


@pytest.mark.parametrize("moments", ["full", "8bit"])
def test_bfloat16_moves_as_far_as_float32(start, gradient, moments):
    """Steps far below half of what lies between two numbers of bfloat16."""
    wide = widened_start(start)
    narrow = stepped(start, gradient, moments, STEPS).gradiend
    wanted = stepped(wide, gradient, moments, STEPS).gradiend
    for part in ("encoder", "decoder_weight", "decoder_bias"):
        before = getattr(wide, part)["w"].double()
        moved, expected = (
            getattr(g, part)["w"].double() - before for g in (narrow, wanted)
        )
        assert float(expected.abs().mean()) > 0
        along = float(moved @ expected / (expected @ expected))
        assert along == pytest.approx(1, abs=0.15), part


def test_a_second_moment_in_bfloat16_does_not_stand_still(start, gradient):
    """It falls by a thousandth a step where gradients are far smaller than it."""
    update = Update(copied(start), settings("full"))
    moment = update.moments.values["exp_avg_sq"]["decoder_bias/w"].fill_(1)
    for _ in range(STEPS):
        update(gradient, gradient)
    assert float(moment.double().mean()) == pytest.approx(0.999**STEPS, abs=5e-4)


@pytest.mark.parametrize("moments", ["full", "8bit"])
def test_the_same_bytes_again_and_from_any_state(start, gradient, moments):
    whole = stepped(start, gradient, moments, 6)
    half = stepped(start, gradient, moments, 3)
    kinds = {
        kind: {name: tensor.clone() for name, tensor in named.items()}
        for kind, named in half.state().items()
    }
    resumed = Update(copied(start), settings(moments))
    resumed.load(kinds, steps=3)
    for _ in range(3):
        resumed(gradient, gradient)
    for kind, named in whole.state().items():
        for name, tensor in named.items():
            assert torch.equal(tensor, resumed.state()[kind][name]), (kind, name)
