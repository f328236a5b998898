"""What GRADIEND is compared with: the variants of a model, fitted and benchmarked.

Each variant is an edit of the base model. GRADIEND's come from the decoder evaluation;
the other methods are fitted here, the later part of a combination on the model that the
earlier part has changed. Finished variants of a run that was cut short are kept aside
under a name that says what they depend on, and used when it goes on.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pandas as pd

from gradiend import comparison_data, sources, study
from gradiend.autoencoder import Gradiend
from gradiend.baselines import FITTERS, BaselineData, BaselineSettings, filled_texts
from gradiend.benchmarks.suite import (
    Scores,
    Suite,
    read_scores,
    read_suite,
    suite_scores,
    write_scores,
)
from gradiend.cloze import ClozeLM
from gradiend.comparison_results import domain_estimates
from gradiend.edits import Chain, Edit, Rewriting, load_edit, save_edit
from gradiend.probes import association_probabilities
from gradiend.profiles import Profile, Settings
from gradiend.results import measured, read_csv, write_csv
from gradiend.training import Progress
from gradiend.variants import (
    ANY,
    Variant,
    gradiend_parts,
    is_ours,
    of_domain,
    variants,
)


class Workbench:
    """A model and the edits that make its variants.

    An edit is loaded when it is asked for and not kept: a few of them are as large as
    the model.
    """

    def __init__(self, profile: Profile, model: str, domain: str = "all") -> None:
        features = profile.features_of(domain, model)
        self.runs = {name: profile.settings(model, name) for name in features}
        self.settings = next(iter(self.runs.values()))
        self.variants = variants(profile, model, domain)
        self.folder = self.settings.folder.parent
        self._data: dict[str, BaselineData] = {}

    @cached_property
    def lm(self) -> ClozeLM:
        """The base model."""
        return study.load_model(self.settings)

    @property
    def domains(self) -> list[str]:
        """The domains of its variants."""
        return list(dict.fromkeys(run.domain for run in self.runs.values()))

    def estimates(self, domain: str) -> pd.DataFrame:
        """The bias benchmarks' estimates of a domain, once they have been run."""
        features = [name for name, run in self.runs.items() if run.domain == domain]
        found = of_domain(self.variants, domain)
        return domain_estimates(self.runs[features[0]], found, features)

    def suite(self) -> Suite:
        """The benchmarks' examples, and the texts perplexity is asked of."""
        texts = comparison_data.perplexity_texts(self.settings)
        return read_suite(sources.data_folder(self.settings), texts)

    def fit(self, *, progress: Progress | None = None) -> None:
        """Fit every method that has something to fit; writes one file a variant."""
        with measured(self.folder / "methods.run.json"):
            stored = [variant for variant in self.variants if variant.stored]
            aside = self.folder / "methods" / f"partial-{self.digest('methods')}"

            def partial(variant: Variant) -> Path:
                return aside / self.file(variant).name

            for done, variant in enumerate(stored, start=1):
                if not partial(variant).exists():
                    save_edit(self._fitted(variant, partial), partial(variant))
                if progress is not None:
                    progress(done, len(stored))
            for variant in stored:
                partial(variant).replace(self.file(variant))
            shutil.rmtree(aside, ignore_errors=True)

    def file(self, variant: Variant) -> Path:
        """Where a fitted variant's own part is kept."""
        return self.folder / "methods" / f"{variant.slug}.safetensors"

    def edit(self, variant: Variant) -> Edit:
        """The edit that turns the base model into ``variant``, once it is fitted."""
        return self._edit(variant, self.file)

    def data(self, domain: str) -> BaselineData:
        """What the other methods of a domain are fitted on.

        A bias-agnostic method needs the texts alone; it gets those of any domain.
        """
        if domain not in self._data:
            runs = [r for r in self.runs.values() if domain in (ANY, r.domain)]
            table = sources.load_data(runs[0]).table
            self._data[domain] = BaselineData(
                domain=runs[0].domain,
                words=comparison_data.attribute_words(self.settings, runs[0].domain),
                texts=comparison_data.baseline_texts(self.settings),
                labelled=filled_texts(table[table["split"] == "train"]),
            )
        return self._data[domain]

    def _edit(self, variant: Variant, where: Callable[[Variant], Path]) -> Chain:
        """The same, fitted parts being at ``where``."""
        if not variant.parts:
            return Chain()
        if variant.stored:
            own: Edit = load_edit(where(variant))
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
            return FITTERS[last](changed, data, self.settings.given(BaselineSettings))

    def _rewriting(self, domain: str, name: str) -> Rewriting:
        run, (variant, decoder) = self._ours(domain, name)
        selected = read_csv(run.folder / "selected.csv")
        rows = (selected["variant"] == variant) & (selected["decoder"] == decoder)
        h, learning_rate = study.candidate(selected[rows].iloc[0])
        return Rewriting(self._gradiend(run, decoder), h, learning_rate)

    def _ours(self, domain: str, name: str) -> tuple[Settings, tuple[str, str]]:
        for run in self.runs.values():
            if run.domain == domain and name in gradiend_parts(run):
                return run, gradiend_parts(run)[name]
        raise KeyError(name)

    def _gradiend(self, run: Settings, decoder: str) -> Gradiend:
        if decoder == "trained":
            return study.load_gradiend(run, self.lm)
        return study.closed_form_gradiend(run, self.lm, sources.load_data(run))

    def digest(self, part: str) -> str:
        """Of what all variants depend on; results of another are not taken for ours."""
        made_from = [repr(self.settings.part(part)), self.settings.path]
        for run in self.runs.values():
            made_from.append((run.folder / "selected.csv").read_text(encoding="utf-8"))
        return hashlib.sha256(repr(made_from).encode()).hexdigest()[:12]


def run_benchmarks(
    bench: Workbench, *, progress: Progress | None = None
) -> dict[str, Scores]:
    """Score every variant on every benchmark; writes one row an example.

    StereoSet, CrowS-Pairs, SEAT (of the variant's own domain), perplexity, and what is
    left of the associations that are asked for.
    """
    folder, suite = bench.folder / "benchmarks", bench.suite()
    aside = folder / f"partial-{bench.digest('benchmarks')}"
    scores: dict[str, Scores] = {}
    learned: list[pd.DataFrame] = []
    with measured(bench.folder / "benchmarks.run.json"):
        for done, variant in enumerate(bench.variants, start=1):
            finished = aside / variant.slug
            if not (finished / "associations.csv").exists():
                _benchmark(bench, variant, suite, finished)
            scores |= read_scores(finished)
            learned.append(read_csv(finished / "associations.csv"))
            if progress is not None:
                progress(done, len(bench.variants))
        write_scores(folder, scores)
        write_csv(folder / "associations.csv", pd.concat(learned, ignore_index=True))
    shutil.rmtree(aside)
    return scores


def _benchmark(bench: Workbench, variant: Variant, suite: Suite, folder: Path) -> None:
    domains = bench.domains
    own = domains if variant.domain == ANY else [variant.domain]
    planted = sources.asked_associations(bench.settings)
    planted = planted[planted["domain"].isin(domains)]
    with bench.edit(variant).on(bench.lm) as changed:
        found = suite_scores(changed, suite, own, vectors=not variant.head_only)
        learned = association_probabilities(changed, planted)
    write_scores(folder, {variant.slug: found})
    write_csv(
        folder / "associations.csv", planted.assign(learned=learned, state=variant.slug)
    )
