"""GRADIENDs side by side, and three classes balanced along them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.autoencoder import Gradiend
from gradiend.encoding import encode
from gradiend.evaluation.decoder import share_of
from gradiend.vectors import norm
from study.analysis import side_by_side as module
from study.analysis.side_by_side import (
    DOUBLINGS,
    Asked,
    Candidate,
    _interval,
    balanced,
    measured,
    random_change,
    side_by_side,
)
from tests.conftest import tiny_lm

WORDS = {"she": {"she": 1.0}, "he": {"he": 1.0}, "the": {"the": 1.0}}
TEXTS = ["Anna said that [MASK]", "Tom smiled and then [MASK]", "The river and [MASK]"]


@pytest.fixture(scope="module")
def lm():
    return tiny_lm("gpt2")


def test_side_by_side_decodes_the_sum_and_encodes_each(lm, table):
    pair = [Gradiend.initialise(lm.covered, seed=seed) for seed in (0, 1)]
    both = side_by_side(pair)
    first, second = pair[0].decode(0.5), pair[1].decode(-2)
    for name, change in both.decode((0.5, -2)).items():
        torch.testing.assert_close(change, first[name] + second[name])
    rows = lm.encode(table.iloc[:4])
    expected = np.stack([encode(lm, one, rows) for one in pair], axis=-1)
    np.testing.assert_allclose(encode(lm, both, rows), expected, atol=1e-7)
    assert side_by_side(pair[:1]) is pair[0]


def test_a_random_direction_has_the_norms_of_b_d(lm):
    gradiend = Gradiend.initialise(lm.covered, seed=0)
    drawn = random_change(gradiend, seed=1)
    for name, change in drawn.decode(3.0).items():
        length = gradiend.decoder_bias[name].norm()
        assert float(change.norm()) == pytest.approx(float(length), rel=1e-5)


def test_gap_and_offset_of_known_shares():
    shares = np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
    found = measured(shares, ("a", "b", "c"))
    assert found["gap"] == pytest.approx((0.5 + 0.4) / 2)
    assert found["offset"] == pytest.approx(1 / 3 - 0.25)  # means .4, .25, .35
    assert found["gap a/b"] == pytest.approx((0.3 / 0.9 + 0) / 2)
    assert measured(np.full((2, 3), 1 / 3), "abc") == pytest.approx(
        dict.fromkeys(found_keys("abc"), 0.0), abs=1e-9
    )


def test_a_model_that_says_nothing_is_not_level():
    said = np.array([[0.2, 0.1, 0.1], [0.0, 0.0, 0.0]])
    found = measured(share_of(said, said.sum(-1, keepdims=True)), "abc")
    assert np.isnan([found[name] for name in found_keys("abc")]).all()
    found = measured(np.array([[1.0, 0.0, 0.0]]), "abc")
    assert found["gap"] == found["gap a/b"] == 1 and np.isnan(found["gap b/c"])
    base = {"LMS": 0.5, "said": 0.2, "gap": 0.4}
    seen = [Candidate((0.0,), 1.0, base | {"gap": np.nan}), Candidate((0.0,), 0, base)]
    assert module._best(seen, base) is seen[1]


def found_keys(classes: str) -> list[str]:
    pairs = [f"gap {a}/{b}" for i, a in enumerate(classes) for b in classes[i + 1 :]]
    return ["gap", "offset", *pairs]


def test_the_search_keeps_the_floors_and_restores(lm):
    asked = Asked(lm, TEXTS, WORDS, ["The river runs behind the mill."], seed=0)
    gradiend = Gradiend.initialise(lm.covered, seed=3)
    before = {name: p.clone() for name, p in lm.covered.items()}
    base = asked()
    chosen, tried = balanced(lm, gradiend, [0.0], asked)
    assert all(torch.equal(before[n], p) for n, p in lm.covered.items())
    assert isinstance(tried, pd.DataFrame)
    allowed = (tried["LMS"] >= 0.97 * base["LMS"]) & (
        tried["said"] >= 0.75 * base["said"]
    )
    assert chosen.values["gap"] == tried.loc[allowed, "gap"].min() <= base["gap"]
    assert (~allowed).any(), "some candidates are too far"
    # The first step is a share of the weights' norm, doubled until it is too far.
    unit = norm(lm.covered) / norm(gradiend.decode(0.0))
    rates = tried["learning_rate"].to_numpy()[1:] / (unit * module.FIRST)
    far = int(np.flatnonzero(~allowed)[0])
    np.testing.assert_allclose(rates[:far], 2.0 ** np.arange(far), rtol=1e-6)
    assert (rates[far : far + module.HALVINGS] < rates[far - 1]).all()


@pytest.mark.parametrize(
    ("limit", "asked", "found"),
    [
        (3.0, [1, 2, 4], (2, 4)),
        (0.3, [1, 0.5, 0.25], (0.25, 0.5)),
        (1.0, [1, 2], (1, 2)),
    ],
)
def test_the_step_is_found_above_the_first_one_or_below_it(limit, asked, found):
    seen = []

    def fits(rate):
        seen.append(rate)
        return rate <= limit

    assert _interval(1.0, fits) == found
    assert seen == asked


def test_a_step_that_always_or_never_fits_is_given_up_in_time():
    assert _interval(1.0, lambda _: True) == (2.0 ** (DOUBLINGS - 1), 2.0**DOUBLINGS)
    assert _interval(1.0, lambda _: False) == (2.0**-DOUBLINGS, 2.0 ** (1 - DOUBLINGS))
