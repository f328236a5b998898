"""Executed notebooks as pages of HTML: no server, no scripts, nothing fetched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from latex2mathml.converter import convert as mathml
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from study.profiles.profile import Profile
from study.report.rendering import write_page
from study.results.places import REPOSITORY

NOTEBOOKS = REPOSITORY / "notebooks"
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
# $$…$$ or $…$, and code, in which a dollar is a dollar.
_MATH = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$\n]+?)\$",
    re.DOTALL,
)
_LINK = re.compile(r' href="(?P<file>[^":#]+)"')  # to a file


@dataclass(frozen=True)
class NotebookPage:
    """An executed notebook and its page."""

    source: Path
    title: str
    model: str = ""  # as figures and tables call it, where it was run on one
    domain: str = ""  # where it was run on one

    @property
    def path(self) -> Path:
        """The page's file."""
        return self.source.with_suffix(".html")

    @property
    def notebook(self) -> str:
        """Which notebook was run."""
        return self.source.stem.split("--")[0]


def notebook_pages(profile: Profile, notebooks: Iterable[Path]) -> list[NotebookPage]:
    """The pages of executed notebooks, which :func:`write_notebook_pages` writes.

    In the notebooks' order, and of each in the profile's order of models.
    """
    found = {}
    for source in notebooks:
        notebook, *parameters = source.stem.split("--")
        model = next((p for p in parameters if p in profile.entries), "")
        domain = next((p for p in parameters if p in profile.domains), "")
        display = profile.entry(model).display if model else ""
        place = notebook, [*profile.entries, ""].index(model), source.name
        found[place] = NotebookPage(source, _title(source), display, domain)
    return [found[place] for place in sorted(found)]


def write_notebook_pages(pages: Sequence[NotebookPage]) -> None:
    """Write each page beside its notebook."""
    exporter = HTMLExporter(template_name="basic")
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    colours = HtmlFormatter(style="default").get_style_defs(".highlight")
    for page in pages:
        notebook = nbformat.read(page.source, as_version=4)
        _prepare(notebook)
        body, _ = exporter.from_notebook_node(notebook)
        body = _LINK.sub(lambda link, page=page: _target(link, page, pages), body)
        write_page(
            page.path, "notebook.html.jinja", page=page, body=body, colours=colours
        )


def _title(source: Path) -> str:
    for cell in nbformat.read(source, as_version=4).cells:
        heading = _HEADING.search(cell.source)
        if cell.cell_type == "markdown" and heading:
            return heading["text"]
    return source.stem


def _prepare(notebook) -> None:
    """Formulas that need no script, ids that stand once, images described."""
    section, tables = "", 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            *_, section = section, *_HEADING.findall(cell.source)
            cell.source = _MATH.sub(_formula, cell.source)
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/html" in data:
                tables += 1
                data["text/html"] = data["text/html"].replace("T_table", f"T_{tables}")
            if "image/png" in data:
                alt = f"Figure of the section “{section}”, drawn by the cell above"
                output.metadata["image/png"] = {"alt": alt}


def _formula(match: re.Match[str]) -> str:
    if match["code"]:
        return match["code"]
    if match["block"]:
        # One line: in Markdown an empty one would end the paragraph.
        return mathml(" ".join(match["block"].split()), display="block")
    return mathml(match["inline"])


def _target(
    link: re.Match[str], page: NotebookPage, pages: Sequence[NotebookPage]
) -> str:
    """Where a link of a notebook leads from its page, or nothing.

    To another notebook's page, of the same model if there is one; else to a file of the
    repository, as far as the results are in it.
    """
    linked = NOTEBOOKS / link["file"]
    found = [other for other in pages if other.notebook == linked.stem]
    if linked.suffix == ".ipynb" and found:
        same = [other for other in found if other.model == page.model]
        return f' href="{(same or found)[0].path.name}"'
    if linked.exists() and page.path.is_relative_to(REPOSITORY):
        return f' href="{os.path.relpath(linked, page.path.parent)}"'
    return ""
