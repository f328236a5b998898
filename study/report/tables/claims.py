"""The numbers behind docs/claims.md, as tables that the notebooks assert of.

A claim is checked on all stand-ins, whose bias is planted, and on the real models.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from study.comparison.variants import BASE, CLOSED_FORM
from study.domains.domain import BALANCED, OURS
from study.results.selected import TRAINED

HIGH, HALF, KEPT = 0.9, 0.5, 0.97  # Pearson; of the base's gap; of its LMS
# The rows of the comparison that claims are made of: ours, of either decoder.
CLAIMED = (f"{OURS}-{BALANCED}", f"{OURS}-{BALANCED}{CLOSED_FORM}")


def halved_gaps(frontier: pd.DataFrame, models: Sequence[str]) -> pd.Series:
    """Model → whether N at least halves the gap and keeps LMS.

    ``frontier`` is that of :func:`study.report.tables.method.gap_frontier`.
    """
    gaps = frontier.set_index("model").loc[list(models)]
    return (gaps["N / base"] <= HALF) & (gaps["LMS N / base"] >= KEPT)


def method_claims(
    pairs: pd.Series, overall: pd.Series, halved: pd.Series, real: pd.DataFrame
) -> pd.DataFrame:
    """Claim and value.

    ``pairs`` are the correlations on feature rows of each stand-in and feature,
    ``overall`` each stand-in's mean over all rows; ``real`` has, for each real model,
    its correlation and the spread over professions of the base and of N.
    """
    named = {"Pearson, gender": "Pearson", "spread, base": BASE}
    named[f"spread, {BALANCED}"] = f"{BALANCED}, {TRAINED}"
    rows = [
        ("pairs of stand-in and feature", len(pairs)),
        (f"of them with Pearson ≥ {HIGH} on feature rows", int((pairs >= HIGH).sum())),
        ("lowest Pearson on feature rows", pairs.min()),
        ("lowest mean Pearson over all rows of a stand-in", overall.min()),
        (
            f"stand-ins whose gender gap N at least halves, at ≥ {KEPT} of the LMS",
            int(halved.sum()),
        ),
    ]
    for said, column in named.items():
        rows += [(f"{m}: {said}", real.loc[m, column]) for m in real.index]
    return pd.DataFrame(rows, columns=["claim", "value"])


def comparison_claims(values: pd.DataFrame) -> pd.DataFrame:
    """StereoSet: is |SS − 50| halved, and at what price; a row a variant and model.

    ``values`` has a row a model and variant and a column a metric.
    """
    base = values.xs(BASE, level="variant")
    rows = {}
    for name in CLAIMED:
        ours = values.xs(name, level="variant")
        rows[name] = pd.DataFrame(
            {
                "SS base": base["SS"],
                "SS": ours["SS"],
                "halved": (ours["SS"] - 50).abs() <= HALF * (base["SS"] - 50).abs(),
                "Δ LMS": ours["LMS"] - base["LMS"],
                "Δ GLUE": (ours["GLUE"] - base["GLUE"]) if "GLUE" in ours else None,
                "bias left": ours["bias left"],
            }
        )
    return pd.concat(rows, names=["variant"]).reset_index()
