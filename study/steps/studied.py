"""What notebook 11 asks of: a model, the decoders of its first feature, and probes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.evaluation.decoder import DecoderMeasure
from gradiend.evaluation.first_order import Slopes, levelling_candidate
from gradiend.evaluation.refinement import refine, select_centred
from gradiend.evaluation.scoring import LanguageModelling
from gradiend.lm.cloze import ClozeLM
from gradiend.sampling import balanced_sample, drawn
from gradiend.vectors import norm
from study.analysis.directions import random_like, weight_alone
from study.analysis.probes import (
    LOG_ODDS,
    OTHER,
    association_rows,
    class_quantity,
    cloze_quantity,
    text_quantity,
)
from study.analysis.taylor import Quantity
from study.domains import FEATURES, FeatureData
from study.domains.domain import BALANCED
from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.results import files
from study.results.making import measured
from study.results.selected import (
    CLOSED_FORM,
    CLOSED_FORM_REFINED,
    REFINED,
    TRAINED,
    candidate,
    read_selected,
    selected_row,
)
from study.sources.chosen import asked_associations, neutral_parts
from study.steps.data import data_for
from study.steps.decoder import decoder_measure
from study.steps.models import load_model
from study.steps.training import closed_form_gradiend, load_gradiend

SENTENCES, TEXTS = "sentences", "neutral texts"
MEANS, RANDOM = "class means alone", "random"


@dataclass(frozen=True)
class Chosen:
    """A rewriting W + α·dec(h) by its name."""

    name: str
    gradiend: Gradiend
    h: float
    rate: float


class Studied:
    """A model, the decoders of its first feature and what they are asked.

    Nothing is selected on what is reported: candidates are chosen by the texts of the
    decoder evaluation's selection, everything else here is of its other half.
    """

    def __init__(self, profile: Profile, model: str) -> None:
        runs = profile.runs(model)
        self.settings: Settings = runs[0]
        self.asked = self.settings.first_order
        self.folder = self.settings.model_folder / "first_order"
        self.others = _one_a_domain(runs[1:], self.settings)
        self.feature = FEATURES[self.settings.feature]

    @cached_property
    def lm(self) -> ClozeLM:
        """The base model."""
        return load_model(self.settings)

    @cached_property
    def data(self) -> FeatureData:
        """The feature's data."""
        return data_for(self.settings, self.lm)

    @cached_property
    def selected(self) -> pd.DataFrame:
        """The candidates of notebook 04."""
        return read_selected(self.settings.folder)

    @cached_property
    def decoders(self) -> dict[str, Gradiend]:
        """The trained one, the closed form, its W_d alone, and a random one."""
        trained = load_gradiend(self.settings, self.lm)
        with measured(self.folder / files.MEANS_COST):
            closed = closed_form_gradiend(self.settings, self.lm, self.data)
        return {
            TRAINED: trained,
            CLOSED_FORM: closed,
            MEANS: weight_alone(closed),
            RANDOM: random_like(trained, seed=self.settings.seed),
        }

    @cached_property
    def measure(self) -> DecoderMeasure:
        """On the texts that candidates are selected by."""
        return decoder_measure(self.settings, self.lm, self.data, balance=True)

    @cached_property
    def held_out(self) -> DecoderMeasure:
        """On those that nothing is selected by."""
        return decoder_measure(
            self.settings, self.lm, self.data, balance=True, held_out=True
        )

    @cached_property
    def modelling(self) -> LanguageModelling:
        """Neutral texts that nothing is selected by."""
        return self.neutral(held_out=True)

    def neutral(self, *, held_out: bool) -> LanguageModelling:
        """Neutral texts of one half, in batches small enough to differentiate twice."""
        texts = neutral_parts(self.settings, self.data.neutral)[held_out]
        return LanguageModelling(
            self.lm,
            texts[: self.asked.texts or None],
            seed=self.settings.seed,
            batch_size=self.asked.batch_size,
        )

    @cached_property
    def probes(self) -> dict[str, Quantity]:
        """Probe sets by name: associations, test sentences, other domains, texts."""
        size = self.asked.batch_size
        found = {
            name: cloze_quantity(self.lm, rows, batch_size=size)
            for name, rows in self.rows.items()
        }
        return found | {TEXTS: self.texts}

    @cached_property
    def texts(self) -> Quantity:
        """The neutral texts that nothing is selected by."""
        return text_quantity(self.modelling, self.words)

    @cached_property
    def held_out_texts(self) -> Quantity:
        """All neutral texts that nothing is selected by: those of the reported LMS."""
        return text_quantity(self.held_out.modelling, self.words)

    @cached_property
    def rows(self) -> dict[str, pd.DataFrame]:
        """The cloze rows of every probe set but the texts."""
        limit, seed = self.asked.probes, self.settings.seed
        asked = association_rows(
            asked_associations(self.settings), self.feature, self.settings.domain
        )
        sets = dict(tuple(asked.groupby("set", sort=False)))
        sets[SENTENCES] = balanced_sample(self.test_rows, limit, by="label", seed=seed)
        if not any(name.startswith(OTHER) for name in sets):
            for run in self.others:
                rows = _test_rows(self.lm, data_for(run, self.lm))
                sets[f"{OTHER}{run.domain.name}"] = rows
        return {
            name: rows.loc[drawn(list(rows.index), limit, seed=seed)]
            for name, rows in sets.items()
        }

    @cached_property
    def test_rows(self) -> pd.DataFrame:
        """Examples of the feature that neither training nor selection saw."""
        return _test_rows(self.lm, self.data)

    @property
    def class_mean_rows(self) -> int:
        """How many examples the class means are taken over."""
        train = self.lm.usable(self.data.table[self.data.table["split"] == "train"])
        limit = self.settings.decoder.closed_form_rows or len(train)
        return int(train["label"].value_counts().clip(upper=limit).sum())

    @cached_property
    def pair(self) -> tuple[str, str]:
        """The commonest word of class +1 and of class −1 in the feature's examples."""
        table = self.data.table
        one, other = (
            table.loc[table["label"] == label, "factual"].mode()[0] for label in (1, -1)
        )
        return one, other

    @property
    def words(self) -> list[str]:
        """All words of both classes in the feature's examples."""
        return sorted(set(self.data.table["factual"]))

    @property
    def own(self) -> dict[str, pd.DataFrame]:
        """The associations of the feature's own domain, by set."""
        return {
            name: rows
            for name, rows in self.rows.items()
            if name != SENTENCES and not name.startswith(OTHER)
        }

    def levelling(self, gradiend: Gradiend) -> tuple[float, float]:
        """(h, α) that level the texts of the selection, to first order."""
        asked = class_quantity(self.measure.probabilities)
        which = asked.kinds.index(LOG_ODDS)
        weight = asked.slopes(gradiend.decoder_weight)[which]
        odds = asked.values()[which]
        if not norm(gradiend.decoder_bias):
            return 1.0, float(-(weight @ odds) / (weight @ weight))
        bias = asked.slopes(gradiend.decoder_bias)[which]
        return levelling_candidate(Slopes(odds, weight, bias))

    def rise(self, gradiend: Gradiend) -> float:
        """Growth of the mean share of class +1 with α·h there, to first order."""
        asked = class_quantity(self.measure.probabilities)
        which = asked.kinds.index(LOG_ODDS)
        share = 1 / (1 + np.exp(-asked.values()[which]))
        slope = asked.slopes(gradiend.decoder_weight)[which]
        return float((share * (1 - share) * slope).mean())

    def search(self, gradiend: Gradiend) -> tuple[float, float]:
        """(h, α) that is selected as the refined variant is; (0, 0) for the base."""
        rows = self.tried(gradiend, self.levelling(gradiend), self.asked.candidates)
        floors = self.settings.decoder.refinement.floors
        return candidate(select_centred(rows, **floors))

    def tried(
        self, gradiend: Gradiend, start: tuple[float, float], candidates: int
    ) -> pd.DataFrame:
        """The base and at most so many candidates, from a start on, as refined."""
        floors = self.settings.decoder.refinement.floors
        return refine(
            self.lm, gradiend, self.measure, start, candidates=candidates, **floors
        )

    @cached_property
    def candidates(self) -> dict[str, tuple[float, float]]:
        """(h, α) of N of each decoder: notebook 04's, or searched for likewise."""
        there = {TRAINED: REFINED, CLOSED_FORM: CLOSED_FORM_REFINED}
        kept = set(self.selected["decoder"])
        found = {}
        for name, gradiend in self.decoders.items():
            if there.get(name) in kept:
                row = selected_row(self.selected, BALANCED, there[name])
                found[name] = candidate(row)
            else:
                found[name] = self.search(gradiend)
        return found

    @cached_property
    def variants(self) -> list[Chosen]:
        """N of the trained decoder and of the closed form, and the other variants.

        Where the selection took the base model, the candidate that first order levels.
        """
        found = []
        for name in (TRAINED, CLOSED_FORM):
            gradiend, place = self.decoders[name], self.candidates[name]
            place = place if place[1] else self.levelling(gradiend)
            found.append(Chosen(f"{BALANCED}, {name}", gradiend, *place))
        for name in self.settings.domain.variants:
            if name != BALANCED:
                place = candidate(selected_row(self.selected, name, TRAINED))
                if place[1]:
                    found.append(Chosen(name, self.decoders[TRAINED], *place))
        return found


def _one_a_domain(runs: list[Settings], own: Settings) -> list[Settings]:
    """The first run of each other domain."""
    found = {run.domain.name: run for run in reversed(runs)}
    found.pop(own.domain.name, None)
    return list(found.values())


def _test_rows(lm: ClozeLM, data: FeatureData) -> pd.DataFrame:
    rows = data.table[data.table["split"] == "test"]
    return lm.usable(rows).reset_index(drop=True)
