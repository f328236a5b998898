"""Over-fitting and generalisation of the gender feature (paper, appendices)."""

from __future__ import annotations

import pandas as pd

from gradiend import study
from gradiend.autoencoder import Gradiend
from gradiend.cloze import ClozeLM
from gradiend.data import SPLITS
from gradiend.domains import crossed, read_names, read_templates
from gradiend.encoding import encode
from gradiend.probes import gender_word_table, man_or_woman
from gradiend.profiles import Settings
from gradiend.results import write_csv
from gradiend.rewriting import rewritten
from gradiend.sources import data_folder


def names_by_split(settings: Settings, lm: ClozeLM, gradiend: Gradiend) -> pd.DataFrame:
    """h of test sentences with names of each split; writes names.csv.

    The sentences are the same for every split, so what differs is whether training
    saw the name.
    """
    folder = data_folder(settings)
    names, templates = read_names(folder), read_templates(folder, "test")
    templates = templates[: settings.test_rows // 2 or None]  # a row a gender each
    rows = pd.concat(
        [
            crossed(
                templates, names[names["split"] == split], seed=settings.seed
            ).assign(split=split, kind="feature")
            for split in SPLITS
        ],
        ignore_index=True,
    )
    rows["h"] = encode(lm, gradiend, rows, source=settings.source)
    write_csv(settings.folder / "names.csv", rows)
    return rows


def other_gender_words(
    settings: Settings, lm: ClozeLM, gradiend: Gradiend
) -> pd.DataFrame:
    """h where the slot asks for woman/man, … instead of she/he; writes words.csv."""
    names = read_names(data_folder(settings))
    rows = gender_word_table(names[names["split"] == "test"]).assign(kind="feature")
    rows["h"] = encode(lm, gradiend, rows, source=settings.source)
    write_csv(settings.folder / "words.csv", rows)
    return rows


def man_or_woman_by_variant(
    settings: Settings, lm: ClozeLM, gradiend: Gradiend, selected: pd.DataFrame
) -> pd.DataFrame:
    """P(man) and P(woman) of every name for base and variants; writes probe.csv."""
    names = read_names(data_folder(settings))
    parts = []
    for _, row in selected[selected["decoder"] != "closed form"].iterrows():
        with rewritten(lm, gradiend, *study.candidate(row)):
            parts.append(man_or_woman(lm, names).assign(variant=row["variant"]))
    table = pd.concat(parts, ignore_index=True)
    write_csv(settings.folder / "probe.csv", table)
    return table
