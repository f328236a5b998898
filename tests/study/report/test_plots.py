"""Figures of the comparison: a method looks the same in all of them."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from study.comparison.methods import METHODS
from study.report import plots
from study.report.plots.methods import LOOKS, balanced_look, looks

DECODERS = ("", " (refined)", " (closed form)", " (closed form, refined)")
OURS = tuple(f"GRADIEND-N{decoder}" for decoder in DECODERS)


def test_a_method_looks_the_same_whatever_stands_beside_it():
    assert looks(["INLP", "CDA"])["CDA"] == looks(["CDA", *OURS])["CDA"] == LOOKS["CDA"]
    assert len(set(looks([*OURS, *METHODS]).values())) == len(OURS) + len(METHODS)


def test_a_variant_looks_the_same_in_figures_of_jobs():
    assert balanced_look("trained") == LOOKS["GRADIEND-N"]
    assert balanced_look("closed form, refined") == LOOKS[OURS[-1]]
    # A feature of another domain is drawn as gender's balanced variant is.
    for name, decoder in zip(OURS, DECODERS, strict=True):
        assert LOOKS[f"GRADIEND{decoder}"] == LOOKS[name]


def test_no_two_methods_of_a_figure_look_alike():
    features = {f"GRADIEND{decoder}" for decoder in DECODERS}
    own = [look for name, look in LOOKS.items() if name not in features]
    assert len(own) == len(set(own))


def test_unknown_methods_get_free_looks_in_the_order_of_their_names():
    found = looks(["Zed", "CDA", "Abc"])
    assert found == looks(["Abc", "Zed", "CDA"])
    assert list(found) == ["CDA", "Abc", "Zed"]
    taken = {*LOOKS.values()}
    assert len({found["Abc"], found["Zed"]} - taken) == 2


def test_combinations_share_a_look():
    assert list(looks(["CDA + INLP", "Dropout + INLP"])) == ["combinations"]


def long(values: dict[tuple[str, str], dict[str, float]]) -> pd.DataFrame:
    rows = [(*key, m, v) for key, own in values.items() for m, v in own.items()]
    return pd.DataFrame(rows, columns=["model", "variant", "metric", "value"])


def points(axis) -> dict[str, tuple[float, float, float]]:
    """Colour → x, y and size of the points drawn in an axis."""
    return {
        to_hex(dots.get_facecolor()[0]): (*dots.get_offsets()[0], dots.get_sizes()[0])
        for dots in axis.collections
        if len(dots.get_offsets())
    }


def test_the_trade_off_is_of_bias_left_and_shows_the_offset():
    table = long(
        {
            ("A", "base"): {"bias left": 100, "offset": 0.0, "PPL": 2, "SS": 90},
            ("A", "GRADIEND-N"): {"bias left": 5, "offset": 0.5, "PPL": 3, "SS": 50},
            ("A", "CDA"): {"bias left": 50, "offset": 0.25, "PPL": 2, "SS": 80},
            ("B", "base"): {"PPL": 4.0, "SS": 80},
            ("B", "CDA"): {"PPL": 5.0, "SS": 45},
        }
    )
    known, other = plots.trade_off(table).axes
    found = points(known)
    n, cda = (found[LOOKS[name][0].lower()] for name in ("GRADIEND-N", "CDA"))
    assert n[:2] == (5, 50) and cda[:2] == (50, 0)
    base = found[LOOKS["base"][0]]
    assert n[2] > cda[2] > base[2]
    assert known.get_xlabel() == "bias left (%)"
    assert points(other)[LOOKS["CDA"][0].lower()][:2] == (5, 25)
    assert other.get_xlabel() == "|SS − 50|"


def test_mean_and_spread_stand_around_a_half():
    rows = [
        (model, variant, word, share)
        for model in ("A", "B")
        for variant, shares in (("base", (0.1, 0.9)), ("N", (0.2, 0.4)))
        for word, share in zip("xy", shares, strict=True)
    ]
    shares = pd.DataFrame(rows, columns=["model", "variant", "word", "share"])
    figure = plots.offset_and_spread(shares)
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["A", "B"]
    drawn = dict(zip(("base", "N"), axis.containers, strict=True))
    for variant, mean, spread in (
        ("base", 0.5, 0.8 / 2**0.5),
        ("N", 0.3, 0.2 / 2**0.5),
    ):
        dots, _, (bars,) = drawn[variant].lines
        assert dots.get_xdata() == pytest.approx([mean] * 2)
        for (low, _), (high, _) in bars.get_segments():
            assert high - low == pytest.approx(2 * spread)
    heights = [
        drawn[name].lines[0].get_ydata()[model] for model in (0, 1) for name in drawn
    ]
    assert heights == sorted(heights)


def test_words_stand_in_the_order_of_what_was_said_before():
    table = pd.DataFrame({"word": ["a", "b"], "base": [0.9, 0.2], "N": [0.6, 0.5]})
    figure = plots.shifts_by_word(table, before="base", after="N", label="share")
    (axis,) = figure.axes
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["b", "a"]
    base, after = (dots.get_offsets()[:, 0].tolist() for dots in axis.collections[-2:])
    assert base == [0.2, 0.9] and after == [0.5, 0.6]


def legend(figure) -> list[str]:
    return [text.get_text() for own in figure.legends for text in own.get_texts()]


def test_bars_of_ours_have_a_colour_that_a_legend_names():
    table = pd.DataFrame({"row": ["base", OURS[0], "CDA"], "value": [3.0, 1.0, 2.0]})
    figure = plots.horizontal_bars(table, y="row", x="value", label="value")
    (axis,) = figure.axes
    named = [tick.get_text() for tick in axis.get_yticklabels()]
    at = dict(zip(axis.get_yticks(), named, strict=True))
    drawn = {
        at[bar.get_y() + bar.get_height() / 2]: (bar.get_width(), bars.get_label())
        for bars in axis.containers
        for bar in bars
    }
    assert drawn == {
        "base": (3, "others"),
        OURS[0]: (1, "GRADIEND"),
        "CDA": (2, "others"),
    }
    assert legend(figure) == ["GRADIEND", "others"]
    without = plots.horizontal_bars(table[::2], y="row", x="value", label="value")
    assert not legend(without)


def test_before_and_after_are_the_axes_and_what_is_the_same_a_named_line():
    table = pd.DataFrame({"before": [0.1], "after": [0.4]})
    figure = plots.dot_pairs(table, x="before", ys=["after"], label="share")
    (axis,) = figure.axes
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("before", "after")
    assert axis.get_title() == "share"
    assert legend(figure) == ["unchanged"]
