"""What a run ends with: ``python -m study.report PROFILE``.

The executed notebooks as pages, the report with every figure and table, where all of it
comes from, and the index of the folder of figures.
"""

from __future__ import annotations

import sys

from gradiend.errors import exit_status
from study.profiles.profile import Profile
from study.profiles.reading import load_profile
from study.report.gallery import write_readme
from study.report.notebook_pages import notebook_pages, write_notebook_pages
from study.report.page import write_report
from study.report.provenance import write_provenance
from study.results.places import results_root


def report(profile: Profile) -> None:
    """Write all of it; the profile's notebooks have been executed."""
    folder = results_root() / profile.name / "notebooks"
    # Not those that a killed run left half written, which are hidden.
    done = [p for p in folder.glob("[!.]*.ipynb") if ".failed" not in p.suffixes]
    pages = notebook_pages(profile, done)
    write_notebook_pages(pages)
    write_report(profile, pages)
    write_provenance(profile, pages)
    write_readme(profile.figures, profile.name)


def main() -> int:
    """Command line of the package."""
    return exit_status(lambda: report(load_profile(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
