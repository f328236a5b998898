"""What GRADIEND is compared with: the variants of a model, fitted.

Each variant is an edit of the base model. GRADIEND's come from the decoder evaluation;
the other methods are fitted here, the later part of a combination on the model that the
earlier part has changed. Finished variants of a run that was cut short are kept aside
under a name that says what they depend on, and used when it goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.files import digest, sha256
from gradiend.lm.cloze import ClozeLM
from gradiend.progress import Progress
from study.comparison.baselines import FITTERS
from study.comparison.baselines.data import BaselineData
from study.comparison.baselines.selection import Validation
from study.comparison.benchmarks.lengths import readable
from study.comparison.benchmarks.suite import Suite, of_domains, read_suite, sampled
from study.comparison.edits import Chain, Edit, Rewriting, load_edit, save_edit
from study.comparison.variants import ANY, Variant, is_ours
from study.domains import FeatureData
from study.profiles.profile import Profile
from study.profiles.settings import Settings
from study.profiles.variants import gradiend_parts, variants
from study.results import files
from study.results.making import code_digest, measured
from study.results.reading import made
from study.results.selected import (
    AUTHORS,
    UNTRAINED,
    candidate,
    read_selected,
    selected_row,
)
from study.sources.chosen import perplexity_texts, source_of
from study.sources.source import Source
from study.steps.aside import aside
from study.steps.costs import costed
from study.steps.data import data_for, test_sample
from study.steps.decoder import decoder_measure
from study.steps.models import load_model
from study.steps.published import published_gradiend
from study.steps.training import closed_form_gradiend, load_gradiend

NAMED = 200  # texts that name a person, as many of either gender


class Workbench:
    """A model and the edits that make its variants.

    An edit is loaded when it is asked for and not kept: a few of them are as large as
    the model.
    """

    def __init__(self, profile: Profile, model: str, domain: str = "all") -> None:
        whole = domain == "all"
        runs = profile.compared(model) if whole else profile.runs(model, domain)
        self.runs = {run.feature: run for run in runs}
        self.settings = next(iter(self.runs.values()))
        self.variants = variants(profile, model, domain)
        self.folder = self.settings.model_folder
        self._data: dict[str, BaselineData] = {}

    @cached_property
    def lm(self) -> ClozeLM:
        """The base model."""
        return load_model(self.settings)

    @property
    def domains(self) -> list[str]:
        """The domains of its variants."""
        return list(dict.fromkeys(run.domain.name for run in self.runs.values()))

    @property
    def source(self) -> Source:
        """Where its data come from."""
        return source_of(self.settings.data)

    def suite(self) -> Suite:
        """The benchmarks' examples, and the texts perplexity is asked of."""
        texts, planted = perplexity_texts(self.settings), self.source.planted
        suite = read_suite(self.source.folder, texts, odd=not planted)
        suite = suite if planted else readable(self.lm, suite)
        asked = self.settings.benchmarks
        if asked.stereoset == "own":
            suite = of_domains(suite, self.domains)
        return sampled(suite, asked.crows_pairs, seed=self.settings.seed)

    def named_rows(self) -> pd.DataFrame:
        """At most :data:`NAMED` test rows whose text names a person.

        No rows where no domain has names.
        """
        for run in self.runs.values():
            if run.domain.has_names:
                data = data_for(run, self.lm)
                return test_sample(run, self.lm, data, NAMED)
        return pd.DataFrame(columns=["masked", "name", "factual_class"])

    def fit(self, *, progress: Progress = iter) -> None:
        """Fit every method that has something to fit; writes one file a variant."""
        with measured(self.folder / "methods.run.json"):
            stored = [variant for variant in self.variants if variant.stored]
            parts = aside(self._methods, self.digest("methods"))

            def partial(variant: Variant) -> Path:
                return parts / self.file(variant).name

            for variant in progress(stored):
                if not partial(variant).exists():
                    self.data(variant.domain)  # read once for all, at nobody's cost
                    with costed(files.cost_of(partial(variant)), self.lm):
                        edit = self._fitted(variant, partial)
                    save_edit(edit, partial(variant))
            for variant in stored:
                for file in (files.cost_of, Path):
                    file(partial(variant)).replace(file(self.file(variant)))
            shutil.rmtree(parts, ignore_errors=True)

    def file(self, variant: Variant) -> Path:
        """Where a fitted variant's own part is kept."""
        return self._methods / f"{variant.slug}.safetensors"

    def edit(self, variant: Variant) -> Edit:
        """The edit that turns the base model into ``variant``, once it is fitted."""
        return self._edit(variant, self.file)

    def run_of(self, domain: str) -> Settings:
        """The first run of a domain, whose settings hold for its fits."""
        return next(r for r in self.runs.values() if domain in (ANY, r.domain.name))

    def data(self, domain: str) -> BaselineData:
        """What the other methods of a domain are fitted on.

        A bias-agnostic method needs the texts alone; it gets those of any domain.
        """
        if domain not in self._data:
            run = self.run_of(domain)
            data = data_for(run, self.lm)
            table = data.table
            self._data[domain] = BaselineData(
                domain=run.domain,
                words=self.source.attribute_words(run.domain.name),
                texts=self.source.corpus(run.methods.texts, seed=run.seed),
                seed=run.seed,
                rows=table[table["split"] == "train"],
                validation=self._validation(run, data),
            )
        return self._data[domain]

    def digest(self, part: str) -> str:
        """Of what all variants depend on; results of another are not taken for ours.

        Of settings, data, code and files; what was asked of fitted methods depends on
        theirs, too.
        """
        data = self.source.folder.name  # says what is in it
        made_from: list[object] = [self.settings.path, data, code_digest()]
        for run in self.runs.values():
            made_from.append(run.part(part))
            made_from.append(sha256(made(run.folder / files.GRADIEND)))
            made_from.append(sha256(made(run.folder / files.SELECTED)))
        if part != "methods":
            fitted = [self.file(v) for v in self.variants if v.stored]
            made_from += [sha256(made(path)) for path in fitted]
        return digest(*made_from)

    def _validation(self, run: Settings, data: FeatureData) -> Validation:
        """Texts, measure and floors that GRADIEND's refined variant is chosen by."""
        return Validation(
            lambda lm: decoder_measure(run, lm, data, balance=True),
            **run.decoder.refinement.floors,
        )

    @property
    def _methods(self) -> Path:
        return self.folder / files.METHODS_FOLDER

    def _edit(self, variant: Variant, where: Callable[[Variant], Path]) -> Chain:
        """The same, fitted parts being at ``where``."""
        if not variant.parts:
            return Chain()
        if variant.stored:
            own: Edit = load_edit(made(where(variant)))
        else:
            own = self._fitted(variant, where)
        return Chain((*self._edit(variant.before, where).edits, own))

    def _fitted(self, variant: Variant, where: Callable[[Variant], Path]) -> Edit:
        """The variant's last part, fitted on what the parts before it have made."""
        last = variant.parts[-1]
        if is_ours(last):
            return self._rewriting(variant.domain, last)
        data = self.data(variant.domain)
        with self._edit(variant.before, where).on(self.lm) as changed:
            fit = self.run_of(variant.domain).methods.fit
            return FITTERS[last](changed, data, fit)

    def _rewriting(self, domain: str, name: str) -> Rewriting:
        run, (variant, decoder) = self._ours(domain, name)
        row = selected_row(read_selected(run.folder), variant, decoder)
        return Rewriting(self._gradiend(run, decoder), *candidate(row))

    def _ours(self, domain: str, name: str) -> tuple[Settings, tuple[str, str]]:
        for run in self.runs.values():
            if run.domain.name == domain and name in gradiend_parts(run):
                return run, gradiend_parts(run)[name]
        raise KeyError(name)

    def _gradiend(self, run: Settings, decoder: str) -> Gradiend:
        if decoder == AUTHORS:
            return published_gradiend(run, self.lm)
        if decoder in UNTRAINED:
            return closed_form_gradiend(run, self.lm, data_for(run, self.lm))
        return load_gradiend(run, self.lm)
