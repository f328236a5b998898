"""Heat maps: the grid of candidates, matrices of signed and of bounded numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from study.report import plots
from study.report.plots.decoder import marks

BASE = {"P(female)": 0.4, "P(male)": 0.6, "LMS": 0.5, "BPI": 0.2}


def grid(*, finer: int = 1) -> pd.DataFrame:
    """LMS falls with |α|; above 0.1 it is below .97 of the base's.

    Its h are -1, 0, 1 and, if ``finer``, so many steps from one to the next.
    """
    rows = [{"h": None, "learning_rate": None, **BASE}]
    factors = np.linspace(-1, 1, 2 * finer + 1)
    for h, rate in itertools.product(factors, (-0.3, 0.1, 0.3)):
        own = {"LMS": 0.5 * (1 - rate**2), "BPI": 0.3 if rate > 0 else 0.1}
        rows.append({"h": h, "learning_rate": rate, **BASE, **own})
    return pd.DataFrame(rows)


def selected(*, h: float, rate: float) -> pd.DataFrame:
    """On texts of which the base knows other words better than on the grid's."""
    rows = [
        ("base", "–", None, None, 0.3, 0.5, 0.6, 0.4),
        ("N", "trained", 0.0, 0.1, 0.3, 0.5, 0.6, 0.4),
        ("F", "trained", None, None, 0.3, 0.5, 0.6, 0.4),
        ("N", "refined", h, rate, 0.33, 0.35, 0.588, 0.34),
    ]
    columns = ["variant", "decoder", "h", "learning_rate", *BASE]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(model="A", feature="gender_MF")


def drawn(*, finer: int = 1, metrics: tuple[str, ...] = (), **refined: float):
    """The panels of a model's grid, without the colour bars."""
    figure = plots.candidate_grid(
        grid(finer=finer).assign(model="A", feature="gender_MF"),
        selected(**refined),
        model="A",
        feature="gender_MF",
        metrics=metrics,
        lms_floor=0.97,
    )
    return [axis for axis in figure.axes if axis.get_title()]


def texts(axis) -> list[str]:
    return [text.get_text() for text in axis.texts]


def boxes(axis, *, hatched: bool) -> list[tuple[float, float]]:
    patches = [p for p in axis.patches if isinstance(p, Rectangle)]
    return [p.get_xy() for p in patches if bool(p.get_hatch()) == hatched]


def test_marks_are_where_an_index_chose_a_cell():
    chosen, refined = marks(selected(h=-0.2, rate=0.2))
    assert chosen == {"N": (0.0, 0.1)} and refined.cell == (-0.2, 0.2)


def test_nothing_is_marked_where_the_base_model_was_the_best():
    table = selected(h=-0.2, rate=0.2).assign(h=None, learning_rate=None)
    assert marks(table) == ({}, None)


def test_every_panel_marks_what_was_chosen_and_hatches_what_was_lost():
    panels = drawn(h=-0.5, rate=0.2)
    assert [axis.get_title() for axis in panels][2:] == [
        "LMS / base's (0.500)",
        "BPI / base's (0.200)",
    ]
    for axis in panels:
        assert boxes(axis, hatched=False)[0] == (0.5, 0.5)
        lost = {(column, row) for column in (-0.5, 1.5) for row in (-0.5, 0.5, 1.5)}
        assert set(boxes(axis, hatched=True)) == lost


def test_panels_are_of_the_metrics_asked_for():
    panels = drawn(h=0, rate=0.2, metrics=("BPI", "P(male)"))
    titles = ["BPI / base's (0.200)", "P(male)  (base 0.600)"]
    assert [axis.get_title() for axis in panels] == titles


@pytest.mark.parametrize("rate", [0.2, 0.4])
def test_beside_numbers_the_refined_model_is_a_column_of_its_own(rate):
    panels = drawn(h=-0.5, rate=rate)
    for axis in panels:
        (_, own) = boxes(axis, hatched=False)
        left, right = axis.get_xlim()
        assert 2.5 < own[0] < own[0] + 1 < right and left == -0.5
        assert own[1] == pytest.approx(1.0)  # between the rows of h = 0 and -1
        (star,) = axis.collections
        assert own[0] < star.get_offsets()[0][0] < own[0] + 1
        assert axis.get_xticklabels()[-1].get_text() == f"{rate:g}"


def test_the_refined_models_values_are_told_beside_the_base_of_its_own_texts():
    female, _, lms, index = (texts(axis)[-2:] for axis in drawn(h=-0.5, rate=0.4))
    assert female == ["0.33", "h -0.5\nbase\n0.30"]
    assert lms == ["0.980", "h -0.5"] and index == ["0.85", "h -0.5"]


def test_between_cells_without_numbers_the_refined_model_is_a_star():
    for axis in drawn(h=-0.5, rate=0.2, finer=10):
        assert len(boxes(axis, hatched=False)) == 1 and texts(axis) == ["N"]
        (star,) = axis.collections
        assert tuple(star.get_offsets()[0]) == pytest.approx((1.5, 15))


def test_beyond_cells_without_numbers_it_is_a_column_all_the_same():
    for axis in drawn(h=-0.5, rate=0.4, finer=10):
        assert len(boxes(axis, hatched=False)) == 2
        assert axis.get_xticklabels()[-1].get_text() == "0.4"


def test_ratios_are_shown_around_one():
    lms, index = (axis.images[0] for axis in drawn(h=0, rate=0.1)[2:])
    assert lms.get_clim() == (0.9, 1.1) and index.get_clim() == (0.5, 1.5)
    assert index.get_array()[0].tolist() == pytest.approx([0.5, 1.5, 1.5])


@pytest.mark.parametrize(
    ("most", "limits"), [(1.01, (0.9, 1.1)), (1.2, (0.75, 1.25)), (4, (0, 2))]
)
def test_colours_of_ratios_reach_as_far_as_nine_tenths_of_them(most, limits):
    """One cell of twenty is far away, which moves no limit."""
    rates = [k / 10 for k in range(1, 11)]
    rows = [
        {"h": h, "learning_rate": rate, "LMS": 0.5, "BPI": 0.2 * most}
        for h, rate in itertools.product((-1.0, 1.0), rates)
    ]
    rows[0]["BPI"] = 2.0
    base = pd.DataFrame([{"h": None, "learning_rate": None, **BASE}])
    figure = plots.decoder_heatmaps(pd.concat([base, pd.DataFrame(rows)]), ["BPI"])
    assert figure.axes[0].images[0].get_clim() == limits


def test_signed_numbers_next_to_nothing_are_colour_alone():
    table = pd.DataFrame({"x": [0.05, -0.4]}, index=["a", "b"])
    axis = plots.matrix(table, label="r", low=-1).axes[0]
    assert [text.get_text() for text in axis.texts] == ["", "-0.40"]
    (mesh,) = axis.collections
    assert mesh.get_clim() == (-1, 1)


def test_what_can_be_reached_stands_below_and_is_what_colour_measures():
    table = pd.DataFrame({"x": [0.6, 0.7]}, index=["a", "b"])
    most = pd.DataFrame({"x": [1.0, 0.8]}, index=["a", "b"])
    axis = plots.matrix(table, label="r", most=most).axes[0]
    texts = [text.get_text() for text in axis.texts]
    assert texts == ["0.60\nof 1.00", "0.70\nof 0.80"]
    shares = axis.collections[0].get_array().ravel().tolist()
    assert shares == pytest.approx([0.6, 0.875])
