"""What each method cost to fit: time, memory and passes, from the notes of its fit.

Times and memory differ from run to run, and with them the bytes of what shows them.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gradiend.files import read_json
from study.comparison.variants import Variant
from study.domains.domain import OURS
from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.profiles.variants import variants
from study.results import files
from study.results.reading import made

_ANALYSIS = "first_order"  # in which the class means of the closed form are taken
COLUMNS = ("seconds", "peak_MiB", "forward", "backward", "tokens")


def costs(
    profile: Profile, model: str, domain: str = "all", *, means: bool = False
) -> pd.DataFrame:
    """A row a method that is fitted: :data:`COLUMNS`, and on which device.

    Of a domain's, or of all that are compared. GRADIEND's rows are its training (all
    seeds), the class means that the closed form takes instead (``means``, where
    notebook 11 is asked and was run) and the choice of its variants, of the first
    feature. A combination's is that of its last part. What was resumed after a kill
    has no numbers: those of the part before it are lost.
    """
    whole = domain == "all"
    run = (profile.compared(model) if whole else profile.runs(model, domain))[0]
    notes = {"training": run.folder / files.TRAINING_COST}
    asked = _ANALYSIS in profile.entry(model).analyses
    if means and asked and run == profile.runs(model)[0]:
        path = run.model_folder / _ANALYSIS / files.MEANS_COST
        notes["class means"] = path
    notes["choice"] = run.folder / files.DECODER_COST
    rows = [
        _row(run, run.domain.name, f"{OURS} ({called})", path)
        for called, path in notes.items()
    ]
    for variant in variants(profile, model, domain):
        if variant.stored:
            path = _cost_file(run, variant)
            rows.append(_row(run, variant.domain, variant.name, path))
    return pd.DataFrame(rows)


def _cost_file(run: Settings, variant: Variant) -> Path:
    fitted = run.model_folder / files.METHODS_FOLDER / f"{variant.slug}.safetensors"
    return files.cost_of(fitted)


def _row(run: Settings, domain: str, called: str, path: Path) -> dict[str, str | float]:
    found = read_json(made(path))
    known = {} if found.get("resumed") else found  # of a part alone
    numbers = {name: known.get(name, float("nan")) for name in COLUMNS}
    if "peak_GPU_MiB" in known:  # where it was fitted is what counts
        numbers["peak_MiB"] = known["peak_GPU_MiB"]
    names = {"model": run.display, "domain": domain, "method": called}
    return names | numbers | {"device": found.get("device", "–")}
