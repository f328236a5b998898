"""Choosing (h, α) from what first order predicts, against the grid and its refinement.

``./run_all.sh bench search [--profile mini] [--models …]`` reads the results of a run
of the profile, searches every model and feature again from the candidate that first
order predicts (:mod:`gradiend.evaluation.first_order`), and sets index, candidates and
time beside those of the run. Both are measured on the texts that selection sees.
``--check`` fails if what was written misses a bar.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bars
import pandas as pd
from measuring import RESULTS

from gradiend.errors import exit_status
from gradiend.evaluation.decoder import base_row
from gradiend.evaluation.first_order import levelling_candidate, log_odds_slopes
from gradiend.evaluation.indices import BALANCE
from gradiend.evaluation.refinement import select_centred
from gradiend.evaluation.search import search
from gradiend.files import read_json, write_json
from gradiend.sampling import balanced_sample
from study.profiles.profile import Profile
from study.profiles.reading import load_profile
from study.profiles.settings import Settings
from study.results import files
from study.results.reading import read_csv
from study.results.selected import REFINED
from study.steps.data import data_for
from study.steps.decoder import decoder_measure
from study.steps.models import load_model
from study.steps.training import load_gradiend

ROWS = 60  # validation rows whose slopes say where to begin


def reached(
    found: pd.Series, best: pd.Series, base: pd.Series, said_floor: float | None
) -> float:
    """What ``found`` reaches of ``best``, as a share.

    Of Balance or, where a floor of what is said makes the gap alone count, of how far
    the gap falls below the base's.
    """
    if said_floor is None:
        return found[BALANCE] / best[BALANCE]
    return (base["gap"] - found["gap"]) / (base["gap"] - best["gap"])


def compared(run: Settings, lm, candidates: int) -> dict:
    """One model and feature: the search, and what the run had found."""
    data, gradiend = data_for(run, lm), load_gradiend(run, lm)
    asked = run.decoder.refinement
    measure = decoder_measure(run, lm, data, balance=True)
    rows = lm.usable(data.table[data.table["split"] == "validation"])
    rows = balanced_sample(rows, ROWS, by="label", seed=run.seed)
    began = time.process_time()  # a machine may be shared
    slopes = log_odds_slopes(lm, gradiend, rows)
    path = search(lm, gradiend, measure, slopes, candidates=candidates, **asked.floors)
    seconds = time.process_time() - began
    start = levelling_candidate(slopes)
    found = select_centred(path, **asked.floors)
    full = read_csv(run.folder / files.REFINED)
    full = full[full["decoder"] == REFINED] if "decoder" in full else full
    best, grid = select_centred(full, **asked.floors), read_csv(run.folder / files.GRID)
    return {
        "model": run.display,
        "feature": run.feature,
        "predicted h": start[0],
        "predicted α": start[1],
        "h": found["h"],
        "α": found["learning_rate"],
        "full h": best["h"],
        "full α": best["learning_rate"],
        "index": found[BALANCE],
        "reached": reached(found, best, base_row(full), asked.said_floor),
        "offset": abs(found["share"] - 0.5),
        "full offset": abs(best["share"] - 0.5),
        "candidates": len(path) - 1,
        "full candidates": len(grid) - 1 + len(full) - 1,
        "processor seconds": seconds,
    }


def measures(profile: Profile, models: list[str], candidates: int) -> Iterator[dict]:
    """Every model and feature of the profile."""
    for model in models:
        runs = profile.runs(model)
        lm = load_model(runs[0])
        for run in runs:
            yield compared(run, lm, candidates)


def figures(table: pd.DataFrame) -> dict[str, float]:
    """What the bars are of."""
    reached, fewest, fewer = (bar.name for bar in bars.SEARCH)
    return {
        reached: float((table["reached"] >= bars.KEPT).mean()),
        fewest: int(table["candidates"].max()),
        fewer: float((table["full candidates"] / table["candidates"]).median()),
    }


def run(options: argparse.Namespace) -> None:
    """Measure, print and keep; or check what was kept."""
    if options.check:
        kept = pd.DataFrame(read_json(options.out / "search.json")["measures"])
        bars.hold(bars.SEARCH, figures(kept))
        return
    profile = load_profile(options.profile)
    found = []
    for row in measures(profile, options.models or profile.models, options.candidates):
        found.append(row)
        print(pd.DataFrame([row]).to_string(header=len(found) == 1, index=False))
    for name, value in figures(pd.DataFrame(found)).items():
        print(f"{name}: {value:.3g}")
    write_json(options.out / "search.json", {"measures": found})


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="mini")
    parser.add_argument("--models", nargs="+")
    parser.add_argument("--candidates", type=int, default=24)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON")
    text = "measure nothing; fail if a bar is missed"
    parser.add_argument("--check", action="store_true", help=text)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    chosen = parse()
    sys.exit(exit_status(lambda: run(chosen)))
