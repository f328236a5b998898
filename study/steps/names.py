"""Over-fitting and generalisation of a feature of names (paper, appendices)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.data import SPLITS
from gradiend.encoding import encode
from gradiend.files import write_csv
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten
from gradiend.sampling import balanced_sample, drawn
from study.domains.gender import NAME_GROUPS, crossed, read_names, read_templates
from study.domains.gender_probes import gender_word_table, man_or_woman
from study.profiles.settings import Settings
from study.results import files
from study.results.selected import NOT_OURS, called, candidate
from study.sources.chosen import asked_associations, source_of
from study.steps.associations import jobs_in_other_sentences


def names_by_split(settings: Settings, lm: ClozeLM, gradiend: Gradiend) -> pd.DataFrame:
    """h of test sentences with names of each split; writes names.csv.

    The sentences are the same for every split, so what differs is whether training
    saw the name.
    """
    folder = source_of(settings.data).folder
    names, templates = read_names(folder), read_templates(folder, "test")
    # A row a gender each; of one row at least one, as 0 are all.
    count = -(-settings.encoder.test_rows // 2)
    templates = drawn(templates, count, seed=settings.seed)
    rows = pd.concat(
        [
            crossed(
                templates, names[names["split"] == split], seed=settings.seed
            ).assign(split=split, kind="feature")
            for split in SPLITS
        ],
        ignore_index=True,
    )
    rows["h"] = encode(lm, gradiend, rows, source=settings.training.source)
    write_csv(settings.folder / files.NAMES, rows)
    return rows


def other_gender_words(
    settings: Settings, lm: ClozeLM, gradiend: Gradiend
) -> pd.DataFrame:
    """h where the slot asks for woman/man, … instead of she/he; writes words.csv."""
    names = read_names(source_of(settings.data).folder)
    rows = gender_word_table(names[names["split"] == "test"]).assign(kind="feature")
    rows["h"] = encode(lm, gradiend, rows, source=settings.training.source)
    write_csv(settings.folder / files.WORDS, rows)
    return rows


def man_or_woman_by_variant(
    settings: Settings, lm: ClozeLM, gradiend: Gradiend, selected: pd.DataFrame
) -> pd.DataFrame:
    """P(man) and P(woman) of names for base and variants; writes probe.csv.

    At most ``encoder.names`` of them, as many of each gender and split.
    """
    names = read_names(source_of(settings.data).folder)
    count = settings.encoder.names
    names = balanced_sample(names, count, by=list(NAME_GROUPS), seed=settings.seed)
    table = _by_variant(lm, gradiend, selected, partial(man_or_woman, names=names))
    write_csv(settings.folder / files.PROBE, table)
    return table


def jobs_by_variant(
    settings: Settings, lm: ClozeLM, gradiend: Gradiend, selected: pd.DataFrame
) -> pd.DataFrame:
    """Held-out jobs in other sentences, base and variants; writes frames.csv.

    Columns: those of :func:`~study.steps.associations.jobs_in_other_sentences` and
    variant. The comparison's variants are asked with the benchmarks.
    """
    asked = asked_associations(settings)
    said = partial(jobs_in_other_sentences, associations=asked)
    table = _by_variant(lm, gradiend, selected, said)
    write_csv(settings.folder / files.FRAMES, table)
    return table


def _by_variant(
    lm: ClozeLM,
    gradiend: Gradiend,
    selected: pd.DataFrame,
    ask: Callable[[ClozeLM], pd.DataFrame],
) -> pd.DataFrame:
    """What ``ask`` finds of the base and of each variant of the trained decoder."""
    parts = []
    for _, row in selected[~selected["decoder"].isin(NOT_OURS)].iterrows():
        with rewritten(lm, gradiend, *candidate(row)):
            said = ask(lm)
        parts.append(said.assign(variant=called(row["variant"], row["decoder"])))
    return pd.concat(parts, ignore_index=True)
