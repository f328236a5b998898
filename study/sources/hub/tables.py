"""The public benchmarks and tasks, in the files and schemas the benchmarks read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet

from gradiend.errors import InputError
from gradiend.files import atomic_path, write_csv, write_json
from study.sources.hub.suites import task_name
from study.sources.hub.terms import read_public
from study.sources.hub.texts import sampled

# StereoSet's labels on the hub, where a file does not name them.
_GOLD = ("anti-stereotype", "stereotype", "unrelated")
_PIECE = 128  # words of a text that perplexity is asked of
_DOMAIN_GROUPS = {
    "gender": ("male", "female"),
    "race": ("black", "white", "asian"),
    "religion": ("jewish", "christian", "muslim"),
}


def write_names(files: Mapping[str, Sequence[Path]], out: Path, name: str) -> None:
    """Write <name>.csv; on the hub every split holds all rows."""
    tables = [read_public(path) for group in files.values() for path in group]
    table = pd.concat(tables, ignore_index=True).drop_duplicates(ignore_index=True)
    write_csv(out / f"{name}.csv", table)


def copied(path: Path, target: Path) -> None:
    """Copy a file whose schema is the original's."""
    with atomic_path(target) as unfinished:
        shutil.copyfile(path, unfinished)


def write_stereoset(paths: Sequence[Path], out: Path) -> None:
    """Write stereoset.json in the schema of the original file."""
    examples = [
        _stereoset_example(row, gold)
        for path, gold in ((path, _gold_names(path)) for path in paths)
        for row in read_public(path).to_dict("records")
    ]
    write_json(out / "stereoset.json", {"data": {"intrasentence": examples}})


def write_tasks(files: Mapping[str, Sequence[Path]], out: Path, suite: str) -> None:
    """Copy the tasks' training and validation files to capability/<task>_<split>.

    ``files`` are by pattern ``<task>/<split>-*.parquet``, as the hub has them.
    """
    for paths in files.values():
        for path in paths:
            split, _, _ = path.name.partition("-")
            name = task_name(path.parent.name, suite)
            copied(path, out / "capability" / f"{name}_{split}.parquet")


def write_attribute_words(path: Path, out: Path) -> None:
    """Write attribute_words/<domain>.json from bias-bench's list of counterparts."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        groups = {domain: content[domain] for domain in _DOMAIN_GROUPS}
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{path}: not bias-bench's list of attribute words ({error}); delete it, "
            "fetch again"
        ) from error
    for domain, classes in _DOMAIN_GROUPS.items():
        words = {"classes": list(classes), "groups": groups[domain]}
        write_json(out / "attribute_words" / f"{domain}.json", words)


def write_perplexity_texts(paths: Sequence[Path], out: Path) -> None:
    """Write perplexity.csv: WikiText's paragraphs, in pieces of 128 words at most."""
    pieces = [
        " ".join(words[start : start + _PIECE])
        for words in map(str.split, paragraphs(paths))
        for start in range(0, len(words), _PIECE)
    ]
    write_csv(out / "perplexity.csv", pd.DataFrame({"text": pieces}))


def write_corpus(
    paths: Sequence[Path], out: Path, *, keep: int | None, seed: int
) -> None:
    """Write corpus.csv: a seeded sample of WikiText's paragraphs."""
    texts = sampled(np.array(list(paragraphs(paths)), dtype=object), keep, seed)
    write_csv(out / "corpus.csv", pd.DataFrame({"text": texts}))


def paragraphs(paths: Sequence[Path]) -> Iterator[str]:
    """WikiText's lines that are neither empty nor headings."""
    for path in paths:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=["text"]):
                for text in batch.column(0).to_pylist():
                    if text.strip() and not text.lstrip().startswith("= "):
                        yield text.strip()


def _stereoset_example(row: Mapping, gold: Sequence[str]) -> dict:
    sentences = row["sentences"]
    return {
        **{key: row[key] for key in ("id", "target", "bias_type", "context")},
        "sentences": [
            {"sentence": sentence, "gold_label": gold[int(label)]}
            for sentence, label in zip(
                sentences["sentence"], sentences["gold_label"], strict=True
            )
        ],
    }


def _gold_names(path: Path) -> Sequence[str]:
    """Names of the labels' numbers, which the hub's files carry in their metadata."""
    metadata = parquet.read_schema(path).metadata or {}
    features = json.loads(metadata.get(b"huggingface", b"{}"))
    features = features.get("info", {}).get("features", {})
    sentences = features.get("sentences", {})
    sentences = sentences.get("feature", sentences)  # a sequence of the same
    gold = sentences.get("gold_label", {})
    return gold.get("feature", gold).get("names", _GOLD)
