"""A model with the GRADIENDs of its features, and what is trained of three classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.data import SLOT
from gradiend.encoding import encode
from gradiend.errors import check_choice
from gradiend.lm.cloze import ClozeLM
from gradiend.lm.tokens import EncodedRow
from gradiend.progress import Progress
from gradiend.sampling import balanced_sample, drawn
from gradiend.training import fit
from study.analysis.trios import Trio, numbered
from study.domains import DOMAINS, Domain, FeatureData
from study.domains.gender import profession_texts
from study.domains.pronouns import PRONOUN_TRIO, PRONOUNS, pronoun_rows
from study.profiles.settings import Settings
from study.results import files
from study.sources.chosen import asked_associations, source_of
from study.steps.data import data_for
from study.steps.decoder import evaluate_decoder
from study.steps.kept_gradiends import KeptGradiends
from study.steps.models import load_model
from study.steps.training import load_gradiend, train


@dataclass
class Bench:
    """A model with the GRADIENDs of its features, and the groups of three classes."""

    lm: ClozeLM
    runs: dict[str, Settings]
    data: dict[str, FeatureData]
    gradiends: KeptGradiends  # of one neuron, by feature
    two: KeptGradiends  # trio → two neurons
    trios: dict[str, Trio]
    pairs: dict[str, dict[tuple[str, str], str]]  # trio → (class, class) → feature
    rows: dict[str, pd.DataFrame]  # feature → test rows

    @property
    def first(self) -> Settings:
        """The settings that hold for the whole analysis."""
        return next(iter(self.runs.values()))


def set_up(
    runs: Mapping[str, Settings], folder: Path, *, progress: Progress = iter
) -> Bench:
    """Load the model and its features; train what no run has trained, into ``folder``.

    Raises
    ------
    InputError
        if the settings name a group of three classes that there is not.
    """
    first = next(iter(runs.values()))
    domains = dict.fromkeys(run.domain.name for run in runs.values())
    for name in first.classes.trios:
        check_choice(name, [PRONOUN_TRIO, *domains], "three classes (classes.trios)")
    lm = load_model(first)
    data = {name: data_for(run, lm) for name, run in runs.items()}
    gradiends, two = (KeptGradiends(lm, folder / part) for part in ("one", "two"))
    for name, run in runs.items():
        gradiends.paths[name] = _of_run(run, lm, data[name], progress)
    tests = {name: _tests(first, d.table) for name, d in data.items()}
    bench = Bench(lm, dict(runs), data, gradiends, two, {}, {}, tests)
    for domain in domains:
        _add_trio(bench, DOMAINS[domain], progress)
    for name, trio in bench.trios.items():
        two.keep(name, _trained(bench, trio.table, progress))
    return bench


def _of_run(run: Settings, lm: ClozeLM, data: FeatureData, progress: Progress) -> Path:
    """The file of a run's GRADIEND, whose models are chosen.

    A run of a profile has them by then. Who opens the notebooks one by one may have
    those of one domain alone: the others are made here.
    """
    path = run.folder / files.GRADIEND
    if not path.exists():
        train(run, lm, data, progress=progress)
    if not (run.folder / files.SELECTED).exists():
        evaluate_decoder(run, lm, data, load_gradiend(run, lm), progress=progress)
    return path


def _add_trio(bench: Bench, domain: Domain, progress: Progress) -> None:
    name = PRONOUN_TRIO if domain.has_names else domain.name
    asked = bench.first.classes.trios
    if asked and name not in asked:
        return
    own = {n: r for n, r in bench.runs.items() if r.domain.name == domain.name}
    if domain.has_names:
        trio = _pronouns(bench)
        features = {(PRONOUNS[0], PRONOUNS[1]): next(iter(own))}
        for pair in trio.pairs()[1:]:
            feature = "/".join(pair)
            table = trio.pair_table(*pair)
            bench.gradiends.keep(feature, _trained(bench, table, progress))
            bench.rows[feature] = _tests(bench.first, table)
            features[pair] = feature
    elif len(own) == len(domain.classes):
        trio = _terms(bench, domain, own)
        features = {bench.data[n].feature.classes: n for n in own}
    else:
        return
    bench.trios[name], bench.pairs[name] = trio, features


def _pronouns(bench: Bench) -> Trio:
    asked, lm = bench.first.classes, bench.lm
    texts = source_of(bench.first.data).corpus(asked.texts, seed=bench.first.seed + 1)
    table = pronoun_rows(texts, per_class=asked.rows, seed=bench.first.seed)
    table = lm.readable(lm.usable(table)).reset_index(drop=True)
    associations = asked_associations(bench.first)
    selecting, held_out = (
        drawn(
            profession_texts(associations, held_out=held),
            asked.slot_texts,
            seed=bench.first.seed,
        )
        for held in (False, True)
    )
    words = {word: {word: 1.0} for word in PRONOUNS}
    return Trio(PRONOUN_TRIO, table, words, selecting, held_out)


def _terms(bench: Bench, domain: Domain, own: Mapping[str, Settings]) -> Trio:
    found = [bench.data[name] for name in own]
    texts = pd.concat([data.slot_texts for data in found]).drop_duplicates("text")
    if bench.lm.causal:
        texts = texts[~texts["text"].str.startswith(SLOT)]
    selecting, held_out = (
        balanced_sample(
            texts[texts["held_out"] == held],
            bench.first.classes.slot_texts,
            by="class",
            seed=bench.first.seed,
        )["text"].tolist()
        for held in (False, True)
    )
    every = {name: words for data in found for name, words in data.words.items()}
    table = numbered([data.table for data in found], domain.classes)
    words = {name: every[name] for name in domain.classes}
    return Trio(domain.name, table, words, selecting, held_out)


def _trained(bench: Bench, table: pd.DataFrame, progress: Progress) -> Gradiend:
    """Trained here: as many steps a class, whatever the number of classes."""
    settings = bench.first
    steps = settings.classes.steps_a_class * table["label"].nunique()
    training = replace(
        settings.training, steps=steps, evaluate_every=max(1, steps // 4)
    )
    result = fit(bench.lm, table, training, seeds=(settings.seed,), progress=progress)
    return result.gradiend


def _tests(settings: Settings, table: pd.DataFrame) -> pd.DataFrame:
    rows, limit = table[table["split"] == "test"], settings.classes.test_rows
    return balanced_sample(rows, limit, by="factual_class", seed=settings.seed)


def pair_gradiends(bench: Bench, trio: str) -> dict[tuple[str, str], Gradiend]:
    """Of each pair, in the order of the classes: class +1 first."""
    signed = {}
    for first, second in bench.trios[trio].pairs():
        features = bench.pairs[trio]
        if (first, second) in features:
            signed[first, second] = bench.gradiends[features[first, second]]
        else:
            found = bench.gradiends[features[second, first]]
            signed[first, second] = found.flipped()
    return signed


def h_of(bench: Bench, gradiend: Gradiend, rows: list[EncodedRow]) -> np.ndarray:
    """h of encoded rows, read as training has read them."""
    return encode(bench.lm, gradiend, rows, source=bench.first.training.source)


def validation_and_test(
    bench: Bench, trio: Trio
) -> list[tuple[list[EncodedRow], np.ndarray]]:
    """Encoded rows and labels of validation and test; each text once."""
    found = []
    table = bench.lm.usable(trio.table).drop_duplicates(["masked", "factual"])
    for split in ("validation", "test"):
        rows = balanced_sample(
            table[table["split"] == split],
            2 * bench.first.classes.test_rows,
            by="label",
            seed=bench.first.seed,
        )
        found.append((bench.lm.encode(rows), rows["label"].to_numpy()))
    return found
