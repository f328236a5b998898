"""What notebook 11 asks of a model, on a stand-in whose decoder is its class means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from gradiend.files import write_csv, write_json
from study.analysis.probes import LOG_ODDS
from study.profiles.reading import load_profile
from study.results import files
from study.steps.decoder_kinds import compared_decoders, identity_error, pushes
from study.steps.first_order import losses_along, predicted_changes
from study.steps.held_out import others_say
from study.steps.last_norm import states
from study.steps.shuffled import shuffled_decoders
from study.steps.studied import RANDOM, TEXTS, Studied
from study.steps.training import closed_form_gradiend
from tests.study.changes import own_profile

RATE = 0.01
SMALL = {"probes": 8, "texts": 8, "candidates": 1, "shares": [0.1, 1.0], "gaps": [0.5]}
SMALL["shuffles"] = 1


@pytest.fixture(scope="module")
def studied(tmp_path_factory) -> Studied:
    """N is the class means at h = 0; F and M are the base model."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("results")
    patch.setenv("GRADIEND_RESULTS", str(folder))
    own = own_profile(
        folder, like="smoke", models=["standin-gpt2"], defaults={"first_order": SMALL}
    )
    found = Studied(load_profile(own), "standin-gpt2")
    place = found.settings.folder
    place.mkdir(parents=True)
    means = closed_form_gradiend(found.settings, found.lm, found.data)
    means.save(place / files.GRADIEND)
    write_json(place / files.TRAINING, {"values": {"seeds": {"0": 0.9, "1": 0.8}}})
    rows = [("N", "refined", 0.0, RATE), ("F", "trained", None, None)]
    rows.append(("M", "trained", None, None))
    selected = pd.DataFrame(rows, columns=["variant", "decoder", "h", "learning_rate"])
    write_csv(place / files.SELECTED, selected)
    # Derivatives of a few sets, along one change: each takes a second of overhead.
    few = ("profession", "pastime", "other: race", "sentences", TEXTS)
    found.probes = {name: found.probes[name] for name in few}
    found.variants = found.variants[:1]
    yield found
    patch.undo()


@pytest.fixture(autouse=True)
def untouched(studied):
    """Whatever is asked, the model is the same after it."""
    before = [p.detach().clone() for p in studied.lm.covered.values()]
    yield
    for tensor, parameter in zip(before, studied.lm.covered.values(), strict=True):
        assert torch.equal(tensor, parameter)


def test_the_gradient_difference_is_that_of_the_log_odds(studied):
    assert identity_error(studied) < 1e-4


def test_first_order_holds_near_the_model_and_is_measured_by_rewriting(studied):
    changes, agreement, holds = predicted_changes(studied)
    near = agreement[(agreement["share"] == 0.1) & (agreement["set"] == "all")]
    near = near.set_index(["variant", "quantity"])
    assert near.loc[("N, trained", LOG_ODDS), "R2"] > 0.98
    assert (near["R2 second order"] >= near["R2"] - 1e-3).all()
    assert set(changes["quantity"]) == {LOG_ODDS}
    # Of pairs of words: he and she, and one row for each other class of a query.
    assert {"profession", "pastime", "other: race", "sentences"} <= set(changes["set"])
    assert (holds["selected α"] > 0).all()


def test_no_probe_is_a_text_of_the_selection(studied):
    seen = {
        text for _, group in studied.measure.probabilities.groups for text in group.rows
    }
    for name, rows in studied.own.items():
        asked = set(studied.lm.encode(rows)) if name == "profession" else set()
        assert not {row.sequences for row in asked} & {row.sequences for row in seen}


def test_the_loss_is_bounded_and_a_random_direction_costs_least(studied):
    losses, limits = losses_along(studied)
    assert (losses["bound"] >= losses["loss"] - 1e-4).all()
    rise = losses.groupby("variant")["loss"].agg(lambda x: x.iloc[-1] - x.iloc[0])
    assert abs(rise[RANDOM]) < rise.drop(RANDOM).abs().min()
    assert limits["variant"].tolist() == losses["variant"].unique().tolist()


def test_b_d_moves_texts_back_and_w_d_all_to_one_side(studied):
    table = pushes(studied)
    ours = table[(table["decoder"] == "trained") & (table["set"] == "sentences")]
    lean = ours.set_index("leans to")
    assert lean.loc["+1", "along b_d"] < 0 < lean.loc["−1", "along b_d"]
    assert np.sign(lean["along W_d"]).nunique() == 1


def test_what_a_decoder_took_is_counted(studied):
    decoders, cosines = compared_decoders(studied)
    taken = decoders.set_index("decoder")["gradients"]
    training = studied.settings.training
    assert taken["trained"] == 2 * training.steps * training.batch_size
    assert taken["closed form"] == 2 * studied.settings.decoder.closed_form_rows
    same = cosines[
        (cosines["decoder"] == "trained") & (cosines["other"] == "closed form")
    ]
    # What stands in for a trained one here is the closed form itself.
    assert same[["W_d", "b_d"]].to_numpy() == pytest.approx(np.ones((1, 2)), abs=1e-4)
    assert decoders.loc[0, "others moved"] == 0


def test_shuffled_rows_keep_one_of_the_two_means_and_are_asked_the_same(studied):
    table, said = shuffled_decoders(studied)
    names = ["base", "closed form", "classes shuffled, 0", "right words shuffled, 0"]
    assert table["decoder"].tolist() == said["decoder"].unique().tolist() == names
    by_name = table.set_index("decoder")
    assert by_name.loc[names[2], "cosine b_d"] == pytest.approx(1, abs=1e-4)
    assert by_name.loc[names[3], "cosine W_d"] == pytest.approx(1, abs=1e-4)
    assert by_name.loc[names[2], "cosine W_d"] < 0.9
    assert by_name.loc[names[3], "cosine b_d"] < 0.9
    assert by_name.loc["base", "gap"] == studied.held_out()["gap"]
    assert by_name.loc["closed form", ["h", "learning_rate"]].tolist() == list(
        studied.candidates["closed form"]
    )
    assert said["held_out"].all() and set(said["domain"]) == {"gender"}
    assert said.groupby("decoder")["query"].nunique().nunique() == 1
    for file in (files.SHUFFLED, files.SHUFFLED_SAID):
        assert (studied.folder / file).exists()


def test_each_shuffled_decoder_may_try_as_many_candidates_twice(studied, monkeypatch):
    tried = []
    search = Studied.tried

    def counted(self, gradiend, start, candidates):
        tried.append((start, candidates))
        return search(self, gradiend, start, candidates)

    own = studied.candidates["closed form"]
    monkeypatch.setattr(Studied, "tried", counted)
    shuffled_decoders(studied)
    assert {count for _, count in tried} == {SMALL["candidates"]}
    starts = [start for start, _ in tried]
    assert len(starts) == 2 * (1 + bool(own[1]))
    assert starts.count(own) == 2 * bool(own[1])


def test_states_are_of_the_base_and_of_n(studied):
    parts, norm = states(studied)
    assert norm["variant"].tolist() == ["base", "N, trained"]
    assert (parts.groupby("variant")["base"].sum().diff().dropna() == 0).all()
    assert norm.loc[1, "apart"] < norm.loc[0, "apart"]
    assert len(others_say(studied)) == SMALL["probes"]
