"""Every number in the tables of README and docs/ is one of figures/."""

from __future__ import annotations

import pandas as pd
import pytest

from study.report.readme import FIGURES, documents, faults


@pytest.mark.parametrize("file", documents(), ids=lambda f: f.parent.name + f.name)
def test_tables_say_what_figures_say(file):
    assert faults(file, FIGURES) == []


@pytest.mark.parametrize("folder", [FIGURES, FIGURES / "real"], ids=lambda f: f.name)
def test_every_bound_that_fails_is_told_among_the_findings(folder):
    claims = pd.concat(
        pd.read_csv(folder / f"claims_{of}.csv") for of in ("method", "comparison")
    )
    (findings,) = (file for file in documents() if file.name == "findings.md")
    told = findings.read_text()
    failed = claims.loc[claims["holds"] == "no", "id"]
    assert [name for name in failed if name not in told] == []
