"""What others published, to stand beside what is measured here.

The numbers are those of ``data/published``, each with its source. Where a model is none
of the profile ``paper`` it keeps the name it was published by.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from gradiend.errors import check_choice
from gradiend.evaluation.decoder import select
from gradiend.files import read_csv
from study.domains.gender import GENDER
from study.profiles.reading import load_profile
from study.report.source import read_source
from study.results.places import REPOSITORY
from study.results.selected import BASE, TRAINED, UNCHANGED, candidate

FOLDER = REPOSITORY / "data" / "published"
TABLES = ("encoder", "seeds", "decoder", "predictions", "benchmarks")
NOT_READ = (
    "The paper's main tables (SS, SEAT, LMS, GLUE and SuperGLUE of all models) could "
    "not be read from here, so they are missing."
)


def published(
    table: str | None = None, *, metrics: Collection[str] | None = None
) -> pd.DataFrame:
    """Published numbers, a row each: model, domain, variant, metric, value, source, …

    ``table`` is one of :data:`TABLES` (None: all). Columns besides: h and learning_rate
    of a chosen candidate (NaN elsewhere). Models are called as figures call them, a
    variant as in our tables: base, N, F, M, CDA, …
    """
    found = read_csv(FOLDER / "numbers.csv")
    if table is not None:
        check_choice(table, TABLES, "published table")
        found = found[found["table"] == table]
    called = read_csv(FOLDER / "sources.csv").set_index("source")["called"]
    found = found.assign(
        model=found["model"].map(display_name), source=found["source"].map(called)
    )
    if metrics is not None:
        found = found[found["metric"].isin(metrics)]
    return found.reset_index(drop=True)


def beside(ours: pd.DataFrame, table: str) -> pd.DataFrame:
    """``ours`` (a row a model, variant and metric) with what was published of the same.

    Adds the columns published (NaN where nobody published it) and source. Of several
    sources the first in ``sources.csv`` counts: the nearest to the paper.
    """
    keys = ["model", "variant", "metric"]
    known = published(table).drop_duplicates(keys)
    known = known.rename(columns={"value": "published"})
    return ours.merge(known[[*keys, "published", "source"]], how="left", on=keys)


def ours_and_published(encoder: pd.DataFrame, selected: pd.DataFrame) -> pd.DataFrame:
    """Gender's numbers of the profile's models of which the authors published theirs.

    ``encoder`` and ``selected`` are the gathered tables; of the selected models those
    of the trained decoder, as the paper's are. Columns: model, variant, metric, here,
    published, source; no rows: none of these models has published numbers.
    """
    gender = GENDER.features[0].name
    read = encoder[encoder["feature"] == gender].rename(columns={"statistic": "metric"})
    kept = selected["decoder"].isin([TRAINED, UNCHANGED])
    written = selected[kept & (selected["feature"] == gender)].melt(
        ["model", "variant"],
        ["P(female)", "P(male)", "LMS", *GENDER.variants.values()],
        var_name="metric",
    )
    parts = [beside(read.assign(variant=BASE), "encoder"), beside(written, "decoder")]
    both = pd.concat(parts, ignore_index=True).dropna(subset="published")
    columns = ["model", "variant", "metric", "here", "published", "source"]
    return both.rename(columns={"value": "here"})[columns].reset_index(drop=True)


def sources() -> pd.DataFrame:
    """What each source is: columns called, from."""
    return read_csv(FOLDER / "sources.csv")[["called", "from"]]


def differences(source: Path) -> pd.DataFrame:
    """How the authors' checkpoints and our balanced variants change the weights.

    A row a model and decoder: norm (‖ΔW‖), relative (‖ΔW‖ / ‖W‖), changed (share of the
    covered weights) and cosine (with the authors' ΔW). ``source`` is the folder of the
    gathered tables; no rows: no model of the profile has such a checkpoint.
    """
    if not (source / "differences.parquet").exists():
        return pd.DataFrame()
    return read_source(source, "differences").drop(columns="feature")


def published_grid() -> pd.DataFrame:
    """The authors' decoder grid of BERT and gender, in the columns of our ``grid.csv``.

    The base model's row has neither h nor learning_rate.
    """
    return read_csv(FOLDER / "grid_bert-base-cased.csv")


def chosen_cells(grid: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Index of gender → (h, α) that our selection takes from a grid.

    This is the paper's rule: the highest index, no floor on LMS.
    """
    rows = {index: select(grid, index) for index in GENDER.variants.values()}
    return {index: candidate(row) for index, row in rows.items()}


def display_name(model: str) -> str:
    """How figures call a model of the hub, if the profile ``paper`` has it."""
    paper = load_profile("paper").entries
    return paper[model].display if model in paper else model
