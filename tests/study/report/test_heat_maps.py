"""Heat maps: the grid of candidates, matrices of signed and of bounded numbers."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from study.report import plots
from study.report.plots.decoder import marks

BASE = {"P(female)": 0.4, "P(male)": 0.6, "LMS": 0.5, "BPI": 0.2}


def grid() -> pd.DataFrame:
    """LMS falls with |α|; above 0.1 it is below .97 of the base's."""
    rows = [{"h": None, "learning_rate": None, **BASE}]
    for h, rate in itertools.product((-1.0, 0.0, 1.0), (-0.3, 0.1, 0.3)):
        own = {"LMS": 0.5 * (1 - rate**2), "BPI": 0.3 if rate > 0 else 0.1}
        rows.append({"h": h, "learning_rate": rate, **BASE, **own})
    return pd.DataFrame(rows)


def selected(**refined: float) -> pd.DataFrame:
    rows = [
        ("base", "–", None, None),
        ("N", "trained", 0.0, 0.1),
        ("F", "trained", None, None),
        ("N", "refined", refined["h"], refined["rate"]),
    ]
    columns = ["variant", "decoder", "h", "learning_rate"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(model="A", feature="gender_MF")


def drawn(**refined: float):
    """The panels of a model's grid, without the colour bars."""
    figure = plots.candidate_grid(
        grid().assign(model="A", feature="gender_MF"),
        selected(**refined),
        model="A",
        feature="gender_MF",
        lms_floor=0.97,
    )
    return [axis for axis in figure.axes if axis.get_title()]


def boxes(axis, *, hatched: bool) -> list[tuple[float, float]]:
    patches = [p for p in axis.patches if isinstance(p, Rectangle)]
    return [p.get_xy() for p in patches if bool(p.get_hatch()) == hatched]


def test_marks_are_where_an_index_chose_a_cell():
    assert marks(selected(h=-0.2, rate=0.2)) == ({"N": (0.0, 0.1)}, (-0.2, 0.2))


def test_every_panel_marks_what_was_chosen_and_hatches_what_was_lost():
    panels = drawn(h=-0.5, rate=0.2)
    assert [axis.get_title() for axis in panels][2:] == [
        "LMS / base's (0.500)",
        "BPI / base's (0.200)",
    ]
    for axis in panels:
        assert boxes(axis, hatched=False) == [(0.5, 0.5)]
        lost = {(column, row) for column in (-0.5, 1.5) for row in (-0.5, 0.5, 1.5)}
        assert set(boxes(axis, hatched=True)) == lost
        (star,) = axis.collections
        assert tuple(star.get_offsets()[0]) == pytest.approx((1.5, 1.5))


def test_ratios_are_shown_around_one():
    lms, index = (axis.images[0] for axis in drawn(h=0, rate=0.1)[2:])
    assert lms.get_clim() == (0.9, 1.1) and index.get_clim() == (0, 2)
    assert index.get_array()[0].tolist() == pytest.approx([0.5, 1.5, 1.5])


def test_a_refined_candidate_beyond_the_grid_has_an_arrow():
    arrows = [
        [text.get_text() for text in drawn(h=0, rate=rate)[0].texts].count("→")
        for rate in (0.2, 0.4)
    ]
    assert arrows == [0, 1]


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
