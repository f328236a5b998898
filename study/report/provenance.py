"""Where every figure and table comes from, as an RO-Crate beside the report.

``ro-crate-metadata.json`` describes the profile's folder of results: a notebook draws
(``CreateAction``) figures and tables from result files, each with its SHA-256. It says
nothing of times and machines: the same run gives the same bytes.
"""

from __future__ import annotations

import platform
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from rocrate.model import ContextEntity, Entity
from rocrate.rocrate import ROCrate

from gradiend.files import sha256, write_json
from study.profiles.profile import Profile
from study.profiles.reading import profile_files
from study.report import estimates, gather
from study.report.gallery import read_entries
from study.report.notebook_pages import NotebookPage
from study.report.page import page_path
from study.results.places import REPOSITORY, results_root
from study.results.reading import made

# What each notebook draws from.
_INPUTS = {
    "10_tables_and_figures": gather.inputs,
    "10b_comparison_tables": estimates.inputs,
}
_CODE = ("gradiend", "study", "notebooks", "data")  # what results depend on
_FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
}


def crate_path(profile: Profile) -> Path:
    """Where a profile's crate is described."""
    return results_root() / profile.name / "ro-crate-metadata.json"


def write_provenance(profile: Profile, pages: Iterable[NotebookPage]) -> Path:
    """Describe the profile's folder; returns the path of the description."""
    path = crate_path(profile)
    write_json(path, describe(profile, pages))
    return path


def describe(profile: Profile, pages: Iterable[NotebookPage]) -> dict:
    """The RO-Crate of a profile whose notebooks and report are there."""
    crate = _Crate(results_root() / profile.name)
    crate.describe_root(profile)
    profiles = [crate.add_profile(path) for path in profile_files(profile.path)]
    notebooks = crate.add_notebooks(pages)
    crate.add_file(page_path(profile), name="Every figure and table of the run")
    folder = profile.report_figures
    for notebook, entries in read_entries(folder).items():
        inputs = [crate.add_file(path) for path in _INPUTS[notebook](profile)]
        drawn = [
            crate.add_file(path, name=entry.title, description=entry.caption)
            for entry in entries
            for path in entry.files(folder)
        ]
        crate.add_action(
            notebooks[notebook],
            identifier=f"#{notebook}",
            object=[*profiles, *inputs],
            result=drawn,
            properties={"name": f"Notebook {notebook} draws figures and tables"},
        )
    return crate.metadata.generate()


class _Crate(ROCrate):
    """A crate of files that stay where they are, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(gen_preview=False)
        self.folder = folder

    def describe_root(self, profile: Profile) -> None:
        """What the folder is; instead of the time of the run, the release's date."""
        about = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text("utf-8"))
        paper = about["preferred-citation"]
        self.name = f"{about['title']}: results of the profile {profile.name}"
        self.description = profile.description
        self.license = f"https://spdx.org/licenses/{about['license']}"
        self.root_dataset["datePublished"] = str(
            about.get("date-released", paper["year"])
        )
        self.root_dataset["citation"] = self.add_context(
            paper["url"], "ScholarlyArticle", name=paper["title"]
        )

    def add_context(self, identifier: str, kind: str, **properties) -> ContextEntity:
        """What is not a file of the folder."""
        given = {"@type": kind, **properties}
        return self.add(ContextEntity(self, identifier, properties=given))

    def add_file(self, path: Path, **properties):
        """A file of the folder, once."""
        name = path.relative_to(self.folder).as_posix()
        known = self.dereference(name)
        if known is not None:
            return known
        given = {"sha256": sha256(made(path)), **properties}
        if path.suffix in _FORMATS:
            given["encodingFormat"] = _FORMATS[path.suffix]
        return super().add_file(dest_path=name, properties=given)

    def add_profile(self, path: Path) -> ContextEntity:
        """A profile's file; it is not among the results."""
        return self.add_context(
            f"#profile-{path.stem}",
            "CreativeWork",
            name=path.name,
            sha256=sha256(path),
            encodingFormat="application/yaml",
        )

    def add_notebooks(self, pages: Iterable[NotebookPage]) -> dict[str, Entity]:
        """The executed notebooks by name, with the code and packages they ran on."""
        packages = [
            self.add_context(
                f"#package-{name}", "SoftwareApplication", name=name, version=number
            )
            for name, number in _versions()
        ]
        code = self.add_context(
            "#code", "SoftwareSourceCode", name="gradiend-artifact", **_commit()
        )
        code["softwareRequirements"] = packages
        notebooks = {}
        for page in pages:
            kind = {"@type": ["File", "SoftwareSourceCode"]}
            notebook = self.add_file(page.source, name=page.title, **kind)
            notebook["isPartOf"] = code
            self.add_file(page.path, name=page.title)["isBasedOn"] = notebook
            notebooks[page.source.stem] = notebook
        return notebooks


def _versions() -> Iterator[tuple[str, str]]:
    """Python and the packages that this one asks for, as they are installed."""
    yield "python", platform.python_version()
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    project = project["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["study"]]
    for name in sorted(Requirement(text).name for text in asked):
        try:
            yield name, version(name)
        except PackageNotFoundError:  # of the cluster's executors, say
            continue


def _commit() -> dict[str, str]:
    """The commit of the code, where there is one, and whether it was changed since."""
    if not (REPOSITORY / ".git").exists():  # an archive, perhaps in another checkout
        return {}
    try:
        commit = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--", *_CODE)
    except (OSError, subprocess.CalledProcessError):  # no git here, or none it trusts
        return {}
    return {"version": f"{commit}, changed since" if changed else commit}


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(REPOSITORY), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()
