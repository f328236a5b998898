"""Figures of the comparison: methods by kind, what they leave and what it costs."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from study.comparison.methods import METHODS
from study.report import plots
from study.report.plots.methods import (
    ADDED,
    LOOKS,
    OTHERS,
    PAPERS,
    VARIANT_LOOKS,
    kind,
)

DECODERS = ("", " (refined)", " (closed form)", " (closed form, refined)")
OURS = tuple(f"GRADIEND-N{decoder}" for decoder in DECODERS)


def test_what_is_in_the_paper_looks_unlike_what_is_ours():
    found = {
        name: kind(name) for name in (*OURS, "GRADIEND-AB", "GRADIEND-AB (refined)")
    }
    assert [name for name, own in found.items() if own == PAPERS] == [
        "GRADIEND-N",
        "GRADIEND-AB",
    ]
    assert set(found.values()) == {PAPERS, ADDED}
    assert kind("GRADIEND-N (the authors' checkpoint)") == PAPERS
    assert {kind(name) for name in (*METHODS, f"{OURS[1]} + INLP")} == {OTHERS}
    assert len(set(LOOKS.values())) == len(LOOKS)


def test_a_variant_looks_the_same_in_figures_of_jobs():
    assert VARIANT_LOOKS["N, trained"] == LOOKS[PAPERS]
    assert VARIANT_LOOKS["N, refined"] == LOOKS[ADDED]
    assert len(set(VARIANT_LOOKS.values())) == len(VARIANT_LOOKS)


NUMBERS = ["value", "change", "change_margin"]


def long(values: dict[tuple[str, str], dict[str, tuple[float, ...]]]) -> pd.DataFrame:
    rows = [(*key, m, *v) for key, own in values.items() for m, v in own.items()]
    return pd.DataFrame(rows, columns=["model", "variant", "metric", *NUMBERS])


def one_model() -> pd.DataFrame:
    base = {"bias left": (100, 0, 0), "PPL": (2, 0, 0), "offset": (0.1, 0, 0)}
    n = {"bias left": (60, -40, 5), "PPL": (2.2, 0.2, 0.1), "offset": (0.2, 0.1, 0)}
    far = {"bias left": (270, 170, 9), "PPL": (4, 2, 0.5), "offset": (0.1, 0, 0)}
    rows = {"base": base, "GRADIEND-F": far, "INLP": far, "DPO": base, OURS[0]: n}
    return long({("A", name): own for name, own in rows.items()})


def dots(axis) -> dict[float, tuple[float, str]]:
    """Row → value and colour of the dots of an axis."""
    drawn = [bars.lines[0] for bars in axis.containers]
    return {
        line.get_ydata()[0]: (line.get_xdata()[0], to_hex(line.get_color()))
        for line in drawn
    }


def test_methods_stand_in_the_order_of_the_bias_left_with_their_paired_intervals():
    figure = plots.trade_off(one_model())
    left, price, offset = figure.axes
    # F leans as it is meant to; what changes nothing says so.
    named = [tick.get_text() for tick in left.get_yticklabels()]
    assert named == ["GRADIEND-N", "base", "DPO = base", "INLP"]
    assert dots(left)[0] == (60, LOOKS[PAPERS][0].lower())
    assert dots(left)[1] == (100, LOOKS["base"][0])
    assert dots(price)[0][0] == pytest.approx(10)
    assert dots(offset)[0][0] == 0.2
    ((low, _), (high, _)) = left.containers[0].lines[2][0].get_segments()[0]
    assert (low, high) == (55, 65)
    assert 3 not in dots(left) and [t.get_text() for t in left.texts] == ["270 →"]
    assert [t.get_text() for t in price.texts] == ["100 →"]
    assert any("no candidate" in text for text in legend(figure))


def test_other_sentences_stand_beside_if_all_models_were_asked_there():
    asked = one_model()
    elsewhere = asked[asked["metric"] == "bias left"].assign(
        metric="bias left elsewhere", value=lambda rows: rows["value"] + 7
    )
    both = pd.concat([asked, elsewhere])
    _, other, _, _ = plots.trade_off(both).axes
    # In the order of the first, and without names of its own.
    assert {row: at for row, (at, _) in dots(other).items()} == {0: 67, 1: 107, 2: 107}
    assert not any(label.get_text() for label in other.get_yticklabels())
    two = pd.concat([both.assign(model="A"), asked.assign(model="B")])
    assert len(plots.trade_off(two).axes) == 2 * 3


def test_where_no_bias_is_known_benchmarks_stand_for_it():
    base = {"SS": (65, 0, 0), "CrowS": (38, 0, 0), "PPL": (4, 0, 0)}
    own = {"SS": (52, -13, 2), "CrowS": (50, 12, 3), "PPL": (4, 0, 0)}
    ss, crows, _ = plots.trade_off(long({("A", "base"): base, ("A", "X"): own})).axes
    assert [tick.get_text() for tick in ss.get_yticklabels()] == ["X", "base"]
    assert dots(ss)[0][0] == 52 and dots(crows)[0][0] == 50
    assert [t.get_text() for t in crows.texts] == ["← 38"]


def test_of_many_models_a_map_shows_what_is_left_and_its_price():
    rows = [one_model().assign(model=name) for name in "ABC"]
    table = pd.concat([rows[0], rows[1][rows[1]["variant"] != "DPO"], rows[2]])
    axis, _ = plots.trade_off(table).axes
    named = [tick.get_text() for tick in axis.get_yticklabels()]
    # What not all common models were asked comes last.
    assert named == ["GRADIEND-N", "INLP", "DPO"]
    texts = [text.get_text() for text in axis.texts]
    assert texts[:2] == ["60", "+10 %"] and len(texts) == 2 * 8


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


def jobs() -> pd.DataFrame:
    rows = [
        ("A", "base", "x", 0.9, 0.8),
        ("A", "base", "y", 0.2, 0.3),
        ("A", "N, trained", "x", 0.8, 0.8),
        ("A", "N, trained", "y", 0.2, 0.3),
        ("A", "N, refined", "x", 0.6, 0.8),
        ("A", "N, refined", "y", 0.5, 0.3),
    ]
    names = ["model", "variant", "word", "share", "rating"]
    table = pd.DataFrame(rows, columns=names)
    return pd.concat([table, table.assign(model="B", share=1 - table["share"])])


def test_a_line_leads_from_each_models_base_to_its_last_variant():
    first, second = plots.shares_by_word(jobs(), label="share").axes
    for axis, words in ((first, ["y", "x"]), (second, ["x", "y"])):
        assert [tick.get_text() for tick in axis.get_yticklabels()] == words
    ends = [segment[:, 0].tolist() for segment in first.collections[0].get_segments()]
    assert ends == [[0.2, 0.5], [0.9, 0.6]]
    base, paper, refined = first.collections[1:]
    assert refined.get_label() == "N, refined (ours)"
    assert paper.get_sizes()[0] < base.get_sizes()[0] == refined.get_sizes()[0]


def test_jobs_and_ratings_have_a_row_a_model_and_a_column_a_variant():
    figure = plots.shares_by_rating(jobs(), label="share")
    grid = [(*axis.get_subplotspec().rowspan, axis) for axis in figure.axes]
    assert [row for row, _ in grid] == [0, 0, 0, 1, 1, 1]
    titles = ["base", "N by the paper's index", "N, refined (ours)"]
    assert [axis.get_title() for axis in figure.axes] == 2 * titles
    assert figure.axes[3].get_ylabel() == "B\nshare"


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
