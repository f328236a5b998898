"""How tables are written: ids, bold cells, escapes, hidden rows' numbers."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.report.tables import Folded, save_table, styled
from study.report.tables.reading import read_table
from study.results.places import REPOSITORY

_BOLD = re.compile(r"([^{}]+)\{\s*font-weight: bold;\s*\}")
MAIN = sorted((REPOSITORY / "figures").glob("main_*.html"))


class Tables(HTMLParser):
    """The tables of a page as a browser shows them: cells, and whether they are bold.

    Every style of the page holds for every cell that has its id.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        styles = re.findall(r"<style.*?</style>", text, re.DOTALL)
        rules = " ".join(rule for style in styles for rule in _BOLD.findall(style))
        self.bold = set(re.findall(r"#(\w+)", rules))
        self.ids: list[str] = []
        self.tables: list[list[list[tuple[str, bool]]]] = []
        self.cell: tuple[str, bool] | None = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        own = dict(attributes)
        if "id" in own:
            self.ids.append(own["id"])
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.cell = ("", own.get("id") in self.bold)

    def handle_data(self, data):
        if self.cell is not None:
            self.cell = (self.cell[0] + data, self.cell[1])

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[-1][-1].append(self.cell)
            self.cell = None


def shown(table: list[list[tuple[str, bool]]]) -> set[tuple[str, str]]:
    """(first cell, text) of each bold cell."""
    return {(row[0][0], text) for row in table for text, bold in row if bold}


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame({"name": list("abc"), "x": [1.0, 3, 2], "y": [5.0, 4, 6]})


def hidden(styler):
    return styler.hide(axis="index")


def test_tables_of_one_page_do_not_style_each_other(table):
    first = hidden(styled(table, best={"x": "max"}))
    second = hidden(styled(table, best={"y": "min", "x": "min"}))
    third = hidden(styled(table.assign(x=-table["x"]), best={"x": "max", "y": "max"}))
    page = Tables("".join(styler.to_html() for styler in (first, second, third)))
    assert [shown(table) for table in page.tables] == [
        {("b", "3.000")},
        {("b", "4.000"), ("a", "1.000")},
        {("a", "-1.000"), ("c", "6.000")},
    ]
    assert len(page.ids) == len(set(page.ids)) > 20


def test_the_id_is_made_of_what_is_shown(table):
    def html(**options) -> str:
        return styled(table, **options).to_html()

    assert html() == html()
    texts = [html(), html(digits=2), html(caption="c"), html(best={"x": "max"})]
    ids = [re.search(r'id="(T_table_\w+)"', text)[1] for text in texts]
    assert len(set(ids)) == 4


def test_a_mask_and_the_best_add_up(table):
    mask = np.zeros(table.shape, dtype=bool)
    mask[2, 0] = True
    styler = hidden(styled(table, best={"x": "max"}, bold=mask))
    (own,) = Tables(styler.to_html()).tables
    assert shown(own) == {("b", "3.000"), ("c", "c")}
    assert mask.sum() == 1


def test_a_folded_table_says_how_long_it_is_and_is_there(table):
    shown = Folded(styled(table), "words")
    assert repr(shown) == f"words ({len(table)} rows)"
    html = shown._repr_html_()
    assert html.startswith(f"<details><summary>{shown!r}</summary>")
    assert len(Tables(html).tables) == 1


def test_missing_values_are_dashes_and_never_best(table):
    table.loc[1, "x"] = np.nan
    (own,) = Tables(hidden(styled(table, best={"x": "max"})).to_html()).tables
    assert shown(own) == {("c", "2.000")}
    assert [row[1][0] for row in own[1:]] == ["1.000", "–", "2.000"]


ODD = pd.DataFrame(
    {"a_b & {c}": [r"x & y|z", r"50 % of $5 #1 \ ~^"], "v": ["1 ± 2 (+3)*°", "4"]}
)


def written(styler, folder: Path, suffix: str) -> str:
    paths = {path.suffix: path for path in save_table(styler, folder / "t")}
    assert set(paths) == {".csv", ".html", ".tex", ".md"}
    return paths[suffix].read_text(encoding="utf-8")


def test_latex_escapes_what_it_reads_as_its_own(tmp_path):
    text = written(hidden(styled(ODD, bold=np.eye(2) > 0)), tmp_path, ".tex")
    head, first, second = (line for line in text.split("\n") if line.endswith(r"\\"))
    assert head == r"a\_b \& \{c\} & v \\"
    assert first == r"\bfseries x \& y|z & 1 $\pm$ 2 (+3)*$^\circ$ \\"
    assert second.startswith(r"50 \% of \$5 \#1 \textbackslash  \textasciitilde ")
    assert second.endswith(r"\textasciicircum  & \bfseries 4 \\")
    assert "table" not in text and r"\toprule" in text


def test_markdown_keeps_its_pipes_and_stars_and_says_bold_without_styles(tmp_path):
    text = written(hidden(styled(ODD, bold=np.eye(2) > 0)), tmp_path, ".md")
    head, rule, first, second = text.splitlines()
    assert head == "| a_b & {c} | v |" and rule == "| --- | --- |"
    assert first == r"| **x & y\|z** | 1 ± 2 (+3)\*° |"
    assert second == r"| 50 % of $5 #1 \ ~^ | **4** |"


def test_markdown_has_no_rows_numbers_and_no_hidden_columns(tmp_path, table):
    styler = styled(table, best={"y": "max"}, digits=0)
    assert written(styler, tmp_path, ".md").splitlines()[2:] == [
        "| a | 1 | 5 |",
        "| b | 3 | 4 |",
        "| c | 2 | **6** |",
    ]
    styler = hidden(styler).hide(["x"], axis="columns")
    assert written(styler, tmp_path, ".md").splitlines() == [
        "| name | y |",
        "| --- | --- |",
        "| a | 5 |",
        "| b | 4 |",
        "| c | **6** |",
    ]


def test_the_csv_keeps_full_precision(tmp_path, table):
    table["x"] /= 3
    text = written(styled(table, digits=1), tmp_path, ".csv")
    assert text.splitlines()[0] == "name,x,y" and "0.3333333333333333" in text


# --- The committed tables


@pytest.mark.parametrize("path", MAIN, ids=lambda path: path.stem)
def test_bold_cells_of_the_committed_tables_are_the_best(path: Path):
    (rows,) = Tables(path.read_text(encoding="utf-8")).tables
    head, *body = rows
    csv = pd.read_csv(path.with_suffix(".csv"), dtype=str)
    assert [text for text, _ in head] == list(csv)
    assert [[text for text, _ in row] for row in body] == csv.to_numpy().tolist()
    for column in range(2, len(head)):
        for model in csv["model"].unique():
            _, *own = [row for row in body if row[0][0] == model]
            rows = [row for row in own if not changes_nothing(row)]
            assert_best_is_bold(head[column][0], [row[column] for row in rows])


def changes_nothing(row: list[tuple[str, bool]]) -> bool:
    """Whether a variant is the base model itself, which is never bold."""
    changes = [c for text, _ in row for c in re.findall(r"\(([+-][\d.]+)\)", text)]
    return not any(map(float, changes)) and not any(bold for _, bold in row)


def assert_best_is_bold(heading: str, cells: list[tuple[str, bool]]) -> None:
    """``cells`` are those of a model's variants; what is bold differs beyond chance."""
    known = [
        (float(text.split(" ")[0]), text, best) for text, best in cells if text != "–"
    ]
    bold = [(value, text) for value, text, best in known if best]
    _, _, aim = heading.rpartition(" → ")
    if heading == "said":
        assert not bold
    for value, text in bold:
        assert text.endswith("°"), text
        if heading != aim:
            apart = (abs(v - float(aim)) for v, *_ in known)
            assert round(abs(value - float(aim)), 6) == round(min(apart), 6)
        else:
            best = min if heading.endswith("↓") else max
            assert value == best(v for v, *_ in known)


def test_there_are_committed_main_tables():
    assert len(MAIN) >= 3


def test_rows_of_one_name_are_shown():
    table = pd.DataFrame({"word": ["a", "b"]}, index=[0, 0])
    assert styled(table).to_html().count("<tr>") == 3


def test_a_table_without_rows_is_shown(tmp_path):
    save_table(styled(pd.DataFrame({"claim": [], "value": []})), tmp_path / "none")
    shown = read_table(tmp_path / "none.html")
    assert shown.head == ["claim", "value"] and shown.numeric == [False, False]
    assert [group.rows for group in shown.groups] == [[]]


def test_only_cells_with_a_style_have_a_name_on_disk(tmp_path):
    table = styled(pd.DataFrame({"a": [1.0, 2.0]}), best={"a": "max"})
    save_table(table, tmp_path / "lean")
    lean = (tmp_path / "lean.html").read_text()
    assert re.findall(r'<td id="T_\w+_(row\d_col\d)"', lean) == ["row1_col0"]
    shown = read_table(tmp_path / "lean.html")
    assert [[cell.bold for cell in row] for row in shown.groups[0].rows] == [
        [False],
        [True],
    ]
