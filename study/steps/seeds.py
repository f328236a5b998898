"""How much a GRADIEND depends on the seed it was trained with (notebook 08)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.encoding import encode
from gradiend.evaluation.decoder import DecoderMeasure
from gradiend.evaluation.encoder import pearson
from gradiend.evaluation.first_order import levelling_candidate, log_odds_slopes
from gradiend.evaluation.refinement import refine, select_centred
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten
from gradiend.sampling import balanced_sample
from study.analysis.seeds import likeness
from study.domains import FeatureData
from study.profiles.settings import Settings
from study.results import files
from study.results.reading import read_json
from study.results.selected import candidate
from study.steps.data import test_sample
from study.steps.decoder import decoder_measure
from study.steps.training import load_gradiend, load_seed

_PAIR = ["first", "second", "part", "cosine", "cosine by chance", "overlap"]
_PAIR += ["overlap by chance", "overlap within tensors"]


def asked_rows(settings: Settings, lm: ClozeLM, data: FeatureData) -> pd.DataFrame:
    """Test rows of both classes that encoders are compared on."""
    asked = settings.anatomy.rows or settings.encoder.test_rows
    return test_sample(settings, lm, data, asked)


def seed_tables(
    settings: Settings, lm: ClozeLM, data: FeatureData
) -> dict[str, pd.DataFrame]:
    """seeds.csv, a row a seed, and seed_pairs.csv, a row a part of two seeds.

    Of a seed: |Pearson| on validation and test rows, whether it converged and is the
    one that is used, how its h differs from that one's on the same rows, and its own
    coarse choice of (h, α) with what that does on texts not seen. Where the settings
    keep no seeds there is the one.
    """
    training = read_json(settings.folder / files.TRAINING)["values"]
    used = training["seed"]
    seeds = [int(s) for s in training["seeds"]] if settings.kept_seeds else [used]
    rows = asked_rows(settings, lm, data)
    encoded = lm.encode(rows)
    h = {
        seed: encode(
            lm, _of(settings, lm, seed), encoded, source=settings.training.source
        )
        for seed in seeds
    }
    choices = _Choices(settings, lm, data)
    table = [
        {
            "seed": seed,
            "pearson": training["seeds"][str(seed)],
            "converged": training["seeds"][str(seed)] >= settings.training.converged,
            "used": seed == used,
            "pearson, test": pearson(h[seed], rows["label"].to_numpy()),
            "r of h": pearson(h[seed], h[used]),
            "mean |Δh|": float(np.abs(h[seed] - h[used]).mean()),
            **choices.of(_of(settings, lm, seed)),
        }
        for seed in seeds
    ]
    pairs = [
        {"first": one, "second": two, **row}
        for one, two in combinations(seeds, 2)
        for row in likeness(*(_of(settings, lm, seed) for seed in (one, two)))
    ]
    return {
        files.SEEDS: pd.DataFrame(table),
        files.SEED_PAIRS: pd.DataFrame(pairs, columns=_PAIR),
    }


class _Choices:
    """The (h, α) that a few candidates lead to, from where first order points.

    All seeds are treated alike, also the one whose choice was searched for at length.
    """

    def __init__(self, settings: Settings, lm: ClozeLM, data: FeatureData) -> None:
        self.settings, self.lm = settings, lm
        rows = lm.usable(data.table[data.table["split"] == "validation"])
        asked = settings.anatomy.rows or settings.encoder.test_rows
        self.rows = balanced_sample(rows, asked, by="label", seed=settings.seed)
        self.search, self.report = (self._measure(data, held_out=h) for h in (0, 1))

    def _measure(self, data: FeatureData, *, held_out: bool) -> DecoderMeasure:
        return decoder_measure(
            self.settings,
            self.lm,
            data,
            balance=True,
            held_out=bool(held_out),
            lms_texts=self.settings.anatomy.lms_texts,
        )

    def of(self, gradiend: Gradiend) -> Mapping[str, float]:
        """h, learning_rate, and the numbers of texts that they were not chosen by."""
        asked = self.settings.decoder.refinement
        found = refine(
            self.lm,
            gradiend,
            self.search,
            levelling_candidate(log_odds_slopes(self.lm, gradiend, self.rows)),
            candidates=self.settings.anatomy.seed_candidates,
            **asked.floors,
        )
        best = select_centred(found, **asked.floors)
        with rewritten(self.lm, gradiend, *candidate(best)):
            numbers = self.report()
        return {"h": best["h"], "learning_rate": best["learning_rate"], **numbers}


def _of(settings: Settings, lm: ClozeLM, seed: int) -> Gradiend:
    """A seed's GRADIEND, read when it is asked for: two are in memory at most."""
    if settings.kept_seeds:
        return load_seed(settings, lm, seed)
    return load_gradiend(settings, lm)
