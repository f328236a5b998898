"""What a run ends with, on a small profile whose results are made up."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from rocrate.rocrate import ROCrate

from study.domains import DOMAINS, FEATURES
from study.profiles.profile import Profile
from study.profiles.reading import load_profile
from study.report import estimates, gather, plots
from study.report.__main__ import report
from study.report.gallery import Gallery, readme
from study.report.tables import save_table, styled
from study.report.tables.reading import ShownTable, read_table
from study.results.files import INDEXES
from study.results.places import REPOSITORY, results_root

FIGURES = REPOSITORY / "figures"
TEXT = """# 02 · A title

Where $h\\in(-1,1)$ and `$HOME` stays; see [notebook 10](10_tables_and_figures.ipynb).
"""


class Page(HTMLParser):
    """The tags of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text = path.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def values(self, attribute: str, tag: str | None = None) -> list[str]:
        return [
            a[attribute] for t, a in self.tags if attribute in a and tag in (None, t)
        ]


@pytest.fixture
def profile(tmp_path, monkeypatch) -> Profile:
    """A profile with two models, its gallery, notebooks and results."""
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path / "results"))
    path = tmp_path / "own.yaml"
    path.write_text("like: smoke\n")
    profile = load_profile(str(path))
    for file in (*gather.inputs(profile), *estimates.inputs(profile)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(file.relative_to(tmp_path)))
    draw(profile)
    names = [*INDEXES, *(f"02_train--{model}--all" for model in profile.models)]
    for name in names:
        write_notebook(results_root() / profile.name / "notebooks" / f"{name}.ipynb")
    return profile


def draw(profile: Profile) -> None:
    """Two claims, a figure of all models, one of each, and tables with bold cells."""
    table = pd.DataFrame({"model": ["A", "B"], "value": [1.0, 2.0]})
    caption = "What it shows: |a| < b & c, for two models that are made up."
    for index in INDEXES.values():
        gallery = Gallery(profile, index)
        start = index.removesuffix(".json")
        for name, best, said in (
            ("claims", "max", {"claim": True}),
            ("main", "min", {"domain": profile.domains[0]}),
        ):
            gallery.table(
                f"{start}_{name}",
                styled(table, best={"value": best}),
                title=f"Table {name}",
                caption=caption,
                **said,
            )
        for model in ("", *profile.models):
            gallery.figure(
                f"{start}_figure_{model}",
                plots.horizontal_bars(table, y="model", x="value", label="value"),
                title=f"Figure {model}",
                caption=caption,
                model=model,
                shown=not model,
            )
        gallery.write()


def write_notebook(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = styled(pd.DataFrame({"value": [1.0]})).to_html()
    output = nbformat.v4.new_output("display_data", {"text/html": table})
    cells = [
        nbformat.v4.new_markdown_cell(TEXT.replace("02 · A title", path.stem[:8])),
        nbformat.v4.new_code_cell("1 < 2", outputs=[output, output]),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.fixture
def folder(profile) -> Path:
    """The results of the profile, with the report."""
    report(profile)
    return results_root() / profile.name


def test_links_lead_somewhere_and_ids_stand_once(folder):
    page = Page(folder / "report.html")
    ids = page.values("id")
    assert len(ids) == len(set(ids)) > 10
    inside = [href[1:] for href in page.values("href") if href.startswith("#")]
    outside = [href for href in page.values("href") if not href.startswith("#")]
    assert set(inside) <= set(ids) and len(inside) > 10
    assert all((folder / href).exists() for href in outside)
    assert {"ro-crate-metadata.json"} < set(outside)


def test_every_executed_notebook_is_linked_as_a_page(folder):
    linked = set(Page(folder / "report.html").values("href"))
    executed = {
        f"notebooks/{p.stem}.html" for p in (folder / "notebooks").glob("*.ipynb")
    }
    assert executed <= linked and len(executed) == 4
    for name in executed:
        page = Page(folder / name)
        assert "<math" in page.text and "$HOME" in page.text
        assert "$h" not in page.text
        assert "../report.html" in page.values("href")
        assert "10_tables_and_figures.html" in page.values("href")
        ids = page.values("id")
        assert len(ids) == len(set(ids))


def test_nothing_is_fetched_and_nothing_is_run(folder):
    for path in (folder / "report.html", *(folder / "notebooks").glob("*.html")):
        page = Page(path)
        assert not {"script", "link", "iframe", "object"} & {
            tag for tag, _ in page.tags
        }
        assert all(source.startswith("data:") for source in page.values("src"))
        assert not re.search(r"url\(|@import", page.text)


def test_images_are_described_lazy_and_of_known_size(folder):
    page = Page(folder / "report.html")
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 6
    for image in images:
        assert len(image["alt"]) > 20 and "|a| < b & c" in image["alt"]
        assert image["loading"] == "lazy"
        assert int(image["width"]) > int(image["height"]) > 0
    kinds = [source.split(";")[0] for source in page.values("src")]
    assert kinds == ["data:image/svg+xml"] * 2 + ["data:image/webp"] * 4


def test_what_is_of_one_model_is_folded_and_claims_come_first(folder, profile):
    page = Page(folder / "report.html")
    folded = re.findall(r"<summary>(.+?)<", page.text)
    assert folded == [*profile.models] * 2
    sections = [a["id"] for tag, a in page.tags if tag == "section"]
    domain = f"domain-{profile.domains[0]}"
    assert sections == ["claims", "figures", domain, "grids", *sections[-2:]]
    # The largest of the claims, the least of the domain's: no table styles another.
    bold = re.findall(r"<b>(.+?)</b>", page.text)
    assert bold == ["2.000", "2.000", "1.000", "1.000"]


def test_a_real_model_comes_before_the_claims_and_nowhere_else(profile):
    for index in INDEXES.values():
        gallery = Gallery(profile, index)
        gallery.table(
            f"{index}_real",
            styled(pd.DataFrame({"value": [3.0]})),
            title="Real",
            caption="Of another profile.",
            domain=profile.domains[0],
            real=True,
            shown=False,
        )
        gallery.write()
    report(profile)
    page = Page(results_root() / profile.name / "report.html")
    sections = [a["id"] for tag, a in page.tags if tag == "section"]
    assert sections[0] == "real"
    assert page.text.count("Of another profile.") == len(INDEXES)


def test_what_a_table_says_of_itself_follows_its_caption(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIEND_RESULTS", str(tmp_path / "results"))
    path = tmp_path / "own.yaml"
    path.write_text("like: smoke\n")
    gallery = Gallery(load_profile(str(path)), "index.json")
    table = pd.DataFrame({"value": [1.0]})
    for name, own in (("plain", ""), ("said", "LMS is 100.0 everywhere.")):
        gallery.table(name, styled(table, caption=own), title="T", caption="What.")
    captions = [entry.caption for entry in gallery.entries]
    assert captions == ["What.", "What. LMS is 100.0 everywhere."]


def test_tables_are_read_as_they_were_written(folder):
    table = read_table(folder / "figures" / "index_main.html")
    assert table.head == ["model", "value"] and table.numeric == [False, True]
    assert said(table) == {"": [["A", "1.000"], ["B", "2.000"]]}


def test_rows_are_grouped_where_the_first_column_repeats_itself(tmp_path):
    table = pd.DataFrame(
        {"model": list("AAB"), "variant": list("xyx"), "SS → 50": ["1 ± 2 (+3)"] * 3}
    )
    save_table(styled(table), tmp_path / "table")
    table = read_table(tmp_path / "table.html")
    # A value breaks before what is in brackets, and nowhere else.
    value = "1\u00a0±\u00a02 (+3)"
    assert table.head == ["variant", "SS\u00a0→\u00a050"]
    assert table.numeric == [False, True]
    assert said(table) == {"A": [["x", value], ["y", value]], "B": [["x", value]]}


def said(table: ShownTable) -> dict[str, list[list[str]]]:
    return {
        group.title: [[cell.text for cell in row] for row in group.rows]
        for group in table.groups
    }


def test_the_crate_says_where_each_figure_comes_from(folder, profile):
    crate = json.loads((folder / "ro-crate-metadata.json").read_text())
    items = {item["@id"]: item for item in crate["@graph"]}
    assert len(items) == len(crate["@graph"])
    assert set(references(crate["@graph"])) <= set(items)
    drawn = {
        result["@id"]: item["instrument"]["@id"]
        for item in items.values()
        if item["@type"] == "CreateAction"
        for result in item["result"]
    }
    files = {path for path in (folder / "figures").iterdir() if path.suffix != ".json"}
    files = {path for path in files if path.name != "README.md"}
    assert set(drawn) == {f"figures/{path.name}" for path in files}
    for name, notebook in drawn.items():
        start = INDEXES[Path(notebook).stem].removesuffix(".json")
        assert Path(name).name.startswith(start) and (folder / notebook).exists()
    for name, item in items.items():
        if "File" in item["@type"]:
            digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            assert item["sha256"] == digest
    taken = {o["@id"] for o in items["#10b_comparison_tables"]["object"]}
    expected = {str(p.relative_to(folder)) for p in estimates.inputs(profile)}
    assert taken == expected | {"#profile-own", "#profile-smoke"}
    assert items["#package-torch"]["version"]
    # A library reads it, too.
    assert len(ROCrate(folder).get_entities()) == len(items)


def references(value) -> list[str]:
    """Whatever is only referred to, and within the crate."""
    if isinstance(value, list):
        return [name for part in value for name in references(part)]
    if not isinstance(value, dict):
        return []
    if set(value) == {"@id"}:
        return [value["@id"]] if not value["@id"].startswith("https://w3id.org") else []
    return [name for part in value.values() for name in references(part)]


def test_the_same_run_gives_the_same_bytes_without_paths(folder, profile, tmp_path):
    names = ("report.html", "ro-crate-metadata.json", "figures/README.md")
    first = [(folder / name).read_bytes() for name in names]
    # Half a notebook that a killed run left behind is not one of the run's.
    (folder / "notebooks" / ".unfinished-7-02_train.ipynb").write_text('{"cells": [')
    report(profile)
    assert [(folder / name).read_bytes() for name in names] == first
    assert not any(str(tmp_path).encode() in content for content in first)


def test_the_committed_figures_are_few_and_their_index_is_current():
    assert readme(FIGURES, "mini") == (FIGURES / "README.md").read_text("utf-8")
    files = [path for path in FIGURES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 15e6
    listed = _listed(FIGURES, "mini")
    grids = {name.removesuffix(".png") for name in listed if name.startswith("grid_")}
    domains = [
        feature.domain
        for name, feature in FEATURES.items()
        if any(grid.startswith(f"grid_{name}_") for grid in grids)
    ]
    assert sorted(domains) == sorted(DOMAINS)


def test_no_figure_of_the_real_models_is_left_of_an_earlier_run():
    assert _listed(FIGURES / "real", "real")


def _listed(folder: Path, profile: str) -> set[str]:
    """The files that a folder's index lists: all that lie in it."""
    listed = set(re.findall(r"\]\(([^)]+)\)", readme(folder, profile)))
    own = {"README.md", *INDEXES.values()}
    assert {path.name for path in folder.iterdir() if path.is_file()} - own == listed
    return listed
