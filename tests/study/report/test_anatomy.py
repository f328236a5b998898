"""The map's ratios and shares, the places' effects, and what is gathered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gradiend.errors import InputError
from study.profiles.reading import load_profile
from study.report import gather, plots
from study.report.plots.anatomy import _against_all
from study.results import files
from study.results.anatomy import (
    ALL,
    LARGEST,
    LAYER,
    NOTHING,
    ONLY,
    RANDOM,
    SCALED,
    WITHOUT,
)

CHOICES = (LARGEST, RANDOM, SCALED)


def norms() -> pd.DataFrame:
    """Two places: 100 weights of 1 and 300 of 2; W is 3 and 1 there."""
    rows = [
        ("b_d", "0", "key", 100, 100**0.5 * 1),
        ("b_d", "outside", "norm", 300, 300**0.5 * 2),
        ("W", "0", "key", 100, 100**0.5 * 3),
        ("W", "outside", "norm", 300, 300**0.5 * 1),
    ]
    columns = ["quantity", "layer", "component", "numbers", "norm"]
    return pd.DataFrame(rows, columns=columns)


def test_a_place_is_set_against_the_mean_weight_or_against_the_model():
    plain = _against_all(norms(), "b_d").set_index("component")
    mean = ((100 * 1 + 300 * 4) / 400) ** 0.5
    assert plain["ratio"].to_dict() == pytest.approx(
        {"key": 1 / mean, "norm": 2 / mean}
    )
    assert plain["share"].to_dict() == pytest.approx({"key": 1 / 13, "norm": 12 / 13})
    relative = _against_all(norms(), "b_d / W").set_index("component")
    whole = (1300 / 1200) ** 0.5
    wanted = {"key": 1 / 3 / whole, "norm": 2 / whole}
    assert relative["ratio"].to_dict() == pytest.approx(wanted)


def test_the_map_has_a_panel_a_quantity_and_numbers_in_its_cells():
    figure = plots.norm_map(norms(), ["b_d", "b_d / W"])
    panels = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in panels] == ["b_d", "b_d / W"]
    texts = {text.get_text() for text in panels[0].texts}
    assert {"×0.55\n8%", "×1.1\n92%"} <= texts


def test_places_are_drawn_as_shares_of_what_all_weights_do():
    rows = [
        (NOTHING, np.nan, np.nan, 0.8),
        (ONLY, LAYER, "0", 0.6),
        (WITHOUT, LAYER, "0", 0.5),
        (ALL, np.nan, np.nan, 0.4),
    ]
    table = pd.DataFrame(rows, columns=["choice", "kind", "place", "gap"])
    (axis,) = plots.places(table).axes
    found = {line.get_label(): line.get_xdata() for line in axis.lines}
    assert found[ONLY] == pytest.approx([0.5])
    assert found[WITHOUT] == pytest.approx([0.75])
    assert axis.get_title() == "by layer"
    with pytest.raises(InputError, match="unknown choice of weights 'alone'"):
        plots.places(table.replace({ONLY: "alone"}))


def of_few(*choices: str) -> pd.DataFrame:
    """What a few weights of each choice do, and reading with them."""
    rows = [
        {"choice": name, "count": k, "gap": 0.5} for name in choices for k in (1, 9)
    ]
    return pd.DataFrame(rows).assign(said=0.9, Balance=0.1, LMS=0.5, pearson=0.8)


def test_there_is_a_line_a_choice_that_was_asked():
    figure = plots.few_weights(of_few(NOTHING, *CHOICES), of_few(LARGEST))
    panels = [axis for axis in figure.axes if axis.get_title()]
    drawn = [axis.get_legend_handles_labels()[1] for axis in panels]
    assert drawn == [[LARGEST, SCALED, RANDOM]] * 4 + [[LARGEST]]


@pytest.mark.parametrize("word", CHOICES)
def test_a_choice_of_weights_that_has_no_line_is_refused(word):
    few, other = of_few(NOTHING, *CHOICES), of_few(*CHOICES).replace({word: "others"})
    with pytest.raises(InputError, match="choice of weights 'others'"):
        plots.few_weights(few, other)
    with pytest.raises(InputError, match="choice of weights 'others'"):
        plots.few_weights(few.replace({word: "others"}), of_few(LARGEST))


def test_a_quantity_without_a_norm_is_refused():
    with pytest.raises(InputError, match="unknown quantity 'W_d'"):
        plots.norm_map(norms(), ["b_d", "W_d / W"])


def test_every_table_of_an_analysis_is_gathered_of_the_models_that_are_asked_it():
    profile = load_profile("smoke")
    found = gather._analyses(profile, profile.models)
    asked = profile.settings("standin-gpt2", "gender_MF")
    assert found["anatomy_few"] == {
        asked.display: asked.model_folder / "anatomy" / files.FEW
    }
    wanted = {name for name in files.ANATOMY if name.endswith(".csv")}
    assert {f"{name.removeprefix('anatomy_')}.csv" for name in found} >= wanted
    assert set(gather.inputs(profile)) >= {
        path for tables in found.values() for path in tables.values()
    }
