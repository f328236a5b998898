"""A small copy of the hub's cache: the paper's names, schemas and revisions, offline.

Models have the real ones' classes and random weights; data sets hold a few hundred rows
of the planted world. Loading scripts lie where the hub has them, and raise if anything
runs them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import transformers
import yaml

from gradiend.autoencoder import Gradiend
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten
from study.profiles.reading import load_profile
from study.results.places import REPOSITORY
from study.sources.hub.manifest import Source, alternatives, read_manifest
from study.sources.world import ensure_world
from study.sources.world.corpus import corpus

MANIFEST = "data/public.yaml"
SCRIPT = "raise RuntimeError('a loading script was run')\n"
# Whose configuration and tokenizer a model of the paper gets here.
LIKE = {
    "bert-base-cased": "standin-bert-base",
    "bert-large-cased": "standin-bert-large",
    "distilbert-base-cased": "standin-distilbert",
    "roberta-large": "standin-roberta-large",
    "gpt2": "standin-gpt2",
    "llama-3.2-3b": "standin-llama",
    "llama-3.2-3b-instruct": "standin-llama-instruct",
}
SIZES = {"train": 60, "val": 20, "test": 30}
THINGS = ("lantern", "wooden boat", "map", "clay whistle", "mill", "basket")
PLACES = ("by the harbour", "behind the hill", "near the bridge", "in the barn")
TIMES = ("morning", "evening", "winter", "summer", "market day")
MOODS = ("calm", "cold", "bright")
NEUTRAL = 150


def snapshot(cache: Path, kind: str, repo: str, revision: str) -> Path:
    """The folder of a revision in the cache; a branch gets a made-up commit."""
    folder = cache / f"{kind}--{repo.replace('/', '--')}"
    commit = revision
    if len(revision) != 40:
        commit = hashlib.sha1(f"{repo} {revision}".encode()).hexdigest()
        branch = folder / "refs" / revision
        branch.parent.mkdir(parents=True, exist_ok=True)
        branch.write_text(commit)
    found = folder / "snapshots" / commit
    found.mkdir(parents=True, exist_ok=True)
    return found


def write_models(cache: Path, models: list[str]) -> None:
    """Models of the paper's profile with random weights, under their hub names."""
    paper = load_profile("paper")
    for number, name in enumerate(models):
        entry = paper.entry(name)
        folder = snapshot(cache, "models", entry.hub, entry.revision)
        like = REPOSITORY / "data" / "standins" / LIKE[name]
        config = transformers.AutoConfig.from_pretrained(like)
        # Large enough that gradients of a random model are not all noise.
        config.initializer_range = 0.2
        transformers.set_seed(number)
        getattr(transformers, config.architectures[0])(config).save_pretrained(folder)
        transformers.AutoTokenizer.from_pretrained(like).save_pretrained(folder)


def environment_of(
    root: Path, profile: Path, published: list[str], manifest: str = MANIFEST
) -> dict[str, str]:
    """A replica in ``root``, ``profile`` that reads it, and variables that lead there.

    ``published`` are the models that the authors' checkpoints are there of.
    """
    content = yaml.safe_load(profile.read_text(encoding="utf-8"))
    names = [n if isinstance(n, str) else next(iter(n)) for n in content["models"]]
    write_models(root / "hub", names)
    write_published(root / "hub", published)
    downloads = root / "results" / "public" / "downloads"
    content["data"] = str(write_public(root / "hub", downloads, manifest))
    (root / profile.name).write_text(yaml.safe_dump(content))
    return os.environ | {
        "GRADIEND_RESULTS": str(root / "results"),
        "HF_HOME": str(root),  # and no token
        "HF_HUB_CACHE": str(root / "hub"),
        "HF_HUB_OFFLINE": "1",
        "VIRTUAL_ENV": sys.prefix,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def run_profile(
    environment: Mapping[str, str], profile: str, *options: str
) -> subprocess.CompletedProcess:
    """The one entrance with the profile that :func:`environment_of` wrote."""
    return subprocess.run(
        [REPOSITORY / "run_all.sh", profile, *options],
        env=dict(environment),
        cwd=environment["HF_HOME"],
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def write_published(cache: Path, models: list[str]) -> None:
    """The authors' debiased checkpoints of models that :func:`write_models` wrote.

    As on the hub they are whole models; every weight but the head's is a little moved.
    """
    paper = load_profile("paper")
    for name in models:
        entry = paper.entry(name)
        base = snapshot(cache, "models", entry.hub, entry.revision)
        model = ClozeLM.from_pretrained(base)
        change = Gradiend.initialise(model.covered, seed=1)
        path = paper.settings(name, "gender_MF").decoder.published
        with rewritten(model, change, 0, 0.5):
            model.model.save_pretrained(snapshot(cache, "models", path, "main"))
        model.tokenizer.save_pretrained(snapshot(cache, "models", path, "main"))


def write_public(cache: Path, downloads: Path, manifest: str = MANIFEST) -> Path:
    """All sources of a manifest, small; returns a manifest of these files."""
    world = ensure_world()
    sources = read_manifest(manifest).sources
    places = {
        name: _place(source, cache, downloads) for name, source in sources.items()
    }
    if "bookcorpus" in sources:
        _write_texts(world, places)
    else:
        _write_filled(places)
    for name in ("namexact", "namextend", "gentypes"):
        table = pd.read_csv(world / f"{name}.csv", keep_default_na=False)
        _write_table(places[name], sources[name], table)
    _write_pairs(world / "race", places["race"])
    _write_classes(world / "religion", places["religion"])
    _write_benchmarks(world, places, sources)
    if "glue" in sources:
        _write_tasks(world, places)
    texts = [" = Heading = ", "", *corpus(seed=0, sentences=400)]
    for name in ("perplexity", "corpus"):
        (pattern,) = sources[name].files
        path = places[name] / pattern.replace("*", "0000")
        _write_parquet(path, {"text": texts})
    return _write_manifest(cache.parent / Path(manifest).name, sources)


def _place(source: Source, cache: Path, downloads: Path) -> Path:
    if source.repo is None:
        folder = downloads / source.place
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    folder = snapshot(cache, "datasets", source.repo, source.revision)
    (folder / f"{source.repo.split('/')[-1]}.py").write_text(SCRIPT)
    return folder


def _write_texts(world: Path, places: Mapping[str, Path]) -> None:
    """BookCorpus of two files with small row groups, and the indices into it."""
    genter = {
        key: pd.read_csv(world / "genter" / f"{split}.csv").head(SIZES[key])
        for key, split in (("train", "train"), ("val", "validation"), ("test", "test"))
    }
    neutral = {
        name: pd.read_csv(world / f"{name}.csv")["text"].head(NEUTRAL)
        for name in ("geneutral", "biasneutral")
    }
    texts = [*pd.concat([t["text"] for t in genter.values()]), *pd.concat(neutral)]
    order = np.random.default_rng(0).permutation(3 * len(texts))[: len(texts)]
    rows = np.full(3 * len(texts), "a line that nobody asks for", dtype=object)
    rows[order] = texts
    half = len(rows) // 2
    for number, part in enumerate((rows[:half], rows[half:])):
        path = places["bookcorpus"] / f"plain_text/train/{number:04d}.parquet"
        _write_parquet(path, {"text": list(part)}, row_group_size=100)
    start = 0
    for key, table in genter.items():
        index = order[start : start + len(table)]
        start += len(table)
        table = table.assign(index=index)[["index", "name", "pronoun"]]
        table.to_csv(places["genter"] / f"genter_indices_{key}.csv", index=False)
    for name, part in neutral.items():
        index = pd.DataFrame({"index": order[start : start + len(part)], "n": 1})
        start += len(part)
        index.to_csv(places[name] / "indices.csv", index=False)


def _write_filled(places: Mapping[str, Path]) -> None:
    """GENTER with its names filled in, and neutral texts, as their cards have them.

    Sentences of stories, none of the planted world's: a configuration is a folder, rows
    are blocked by split, and each says its own.
    """
    folder = places["genter"] / "n1"
    folder.mkdir(parents=True)
    rows = pd.DataFrame(_story_rows())
    rows.to_parquet(folder / "train-00000-of-00001.parquet", index=False)
    texts = [
        f"The {thing} stood {place}, and the {time} was {mood}."
        for thing, place, time, mood in product(THINGS, PLACES, TIMES, MOODS)
    ]
    path = places["biasneutral"] / "data" / "train-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    pd.DataFrame({"text": texts[:NEUTRAL], "id": range(NEUTRAL)}).to_parquet(path)


def _story_rows() -> list[dict]:
    """Rows of the card's columns, a template each."""
    names = [("Lily", "she"), ("Ben", "he"), ("Mia", "she"), ("Jack", "he")]
    splits = [split for split, count in SIZES.items() for _ in range(count)]
    scenes = product(THINGS, PLACES, TIMES)
    rows = []
    for number, (split, (thing, place, time)) in enumerate(
        zip(splits, scenes, strict=False)
    ):
        name, pronoun = names[number % len(names)]
        rows.append(
            {
                "masked": f"One {time}, {name} found a {thing} {place}, and [MASK] "
                f"hoped that it was the {thing} of the old story.",
                "label": "F" if pronoun == "she" else "M",
                "name": name,
                "pronoun": pronoun,
                "split": split,
                "template_id": number,
            }
        )
    return rows


def _write_table(folder: Path, source: Source, table: pd.DataFrame) -> None:
    """Every file of the source holds all rows, as the hub's splits do."""
    for pattern in source.files:
        path = folder / alternatives(pattern)[0].replace("*", "0000")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            table.to_parquet(path, index=False)
        else:
            table.to_csv(path, index=False)


def _write_pairs(world: Path, folder: Path) -> None:
    """The layout by ordered pair; each split holds all rows.

    As in the public files the columns source_id and target_id say which way a row goes,
    a file holds both directions, and terms stand anywhere.
    """
    tables = {path.stem: pd.read_csv(path) for path in sorted(world.glob("*.csv"))}
    for name, table in tables.items():
        back = tables["_to_".join(reversed(name.split("_to_")))]
        both = [rows.groupby("split").head(40) for rows in (table, back)]
        hard = [_hard_rows(rows) for rows in both]
        found = pd.concat([*both, *hard], ignore_index=True).drop(columns="split")
        for split in ("train", "val", "test"):
            target = folder / name / f"{split}-00000-of-00001.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            found.to_parquet(target, index=False)


def _hard_rows(table: pd.DataFrame) -> pd.DataFrame:
    """A term that begins its sentence, in brackets, in upper case; too long a row."""
    row = table.iloc[0]
    texts = (
        "[MASK] families met in May.",
        "A choir ([MASK]) sang in May.",
        "THE [MASK] CHOIR SANG IN MAY.",
        # Before its slot, where a model that reads from the left has to read it, too.
        f"In May, {'and again in May, ' * 1_000}the [MASK] choir sang.",
    )
    words = [row["source"], row["source"], row["source"].upper(), row["source"]]
    return pd.DataFrame([row] * len(texts)).assign(masked=texts, source=words)


def _write_classes(world: Path, folder: Path) -> None:
    """The newer layout by class: one column a class."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for path in sorted(world.glob("*.csv")):
        source, target = path.stem.split("_to_")
        table = pd.read_csv(path)
        table = table.rename(columns={"source": source, "target": target})
        parts.setdefault(source, []).append(
            table.set_index(["masked", "split", source])[target]
        )
    for name, columns in parts.items():
        table = pd.concat(
            [c[~c.index.duplicated()] for c in columns], axis=1, join="inner"
        ).reset_index()
        table = table.groupby("split").head(60)
        target = folder / name / "train-00000-of-00001.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(target, index=False)


def _write_benchmarks(
    world: Path, places: Mapping[str, Path], sources: Mapping[str, Source]
) -> None:
    gold = ["anti-stereotype", "stereotype", "unrelated"]
    examples = json.loads((world / "stereoset.json").read_text())
    rows = []
    for example in examples["data"]["intrasentence"][::8]:
        sentences = example["sentences"]
        rows.append(
            {key: example[key] for key in ("id", "target", "bias_type", "context")}
            | {
                "sentences": {
                    "sentence": [s["sentence"] for s in sentences],
                    "gold_label": [gold.index(s["gold_label"]) for s in sentences],
                }
            }
        )
    (pattern,) = sources["stereoset"].files
    table = pyarrow.Table.from_pylist(rows)
    path = places["stereoset"] / pattern.replace("*", "0000")
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(table, path)
    crows = pd.read_csv(world / "crows.csv", index_col=0).drop(columns="planted")
    _write_table(
        places["crows_pairs"],
        sources["crows_pairs"],
        crows.groupby("bias_type").head(20),
    )
    tests = sorted((world / "seat").glob("*.json"))
    for number, name in enumerate(sources["seat"].files):
        own = world / "seat" / f"{Path(name).stem}.json"
        source = own if own.exists() else tests[number % len(tests)]
        target = places["seat"] / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    words = {
        "gender": [["he", "she"], ["him", "her"], ["man", "woman"]],
        "race": [["Africa", "Europe", "Asia"], ["black", "white", "asian"]],
        "religion": [
            ["synagogue", "church", "mosque"],
            ["Jewish", "Christian", "Muslim"],
        ],
    }
    (name,) = sources["attribute_words"].files
    target = places["attribute_words"] / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(words), encoding="utf-8")


def _write_tasks(world: Path, places: Mapping[str, Path]) -> None:
    """The tasks that the world has; the others get a row or two of no meaning."""
    capability = world / "capability"
    own = {
        "glue": ("cola", "sst2", "mrpc", "rte"),
        "super_glue": ("boolq", "cb", "copa"),
    }
    for suite, names in own.items():
        for name in names:
            for split in ("train", "validation"):
                table = pd.read_csv(capability / f"{name}_{split}.csv").head(60)
                _write_task(places[suite], name, split, table)
    pair = pd.DataFrame({"label": [0, 1], "idx": [0, 1]})
    made_up = {
        ("glue", "stsb"): {"sentence1": "A.", "sentence2": "B."},
        ("glue", "qqp"): {"question1": "A?", "question2": "B?"},
        ("glue", "mnli"): {"premise": "A.", "hypothesis": "B."},
        ("glue", "qnli"): {"question": "A?", "sentence": "B."},
        ("glue", "wnli"): {"sentence1": "A.", "sentence2": "B."},
        ("super_glue", "rte"): {"premise": "A.", "hypothesis": "B."},
        ("super_glue", "wic"): {"word": "a", "sentence1": "A.", "sentence2": "B."},
        ("super_glue", "wsc.fixed"): {
            "text": "Ann ran.",
            "span1_text": "Ann",
            "span2_text": "Ann",
        },
        ("super_glue", "multirc"): {
            "paragraph": "A.",
            "question": "B?",
            "answer": "C",
        },
        ("super_glue", "record"): {"passage": "A.", "query": "@placeholder ran."},
    }
    for (suite, name), columns in made_up.items():
        table = pair.assign(**columns)
        if name == "multirc":
            table["idx"] = [
                {"paragraph": 0, "question": 0, "answer": number} for number in (0, 1)
            ]
        if name == "record":
            table["idx"] = [{"passage": 0, "query": number} for number in (0, 1)]
            table["entities"] = table["answers"] = [["Ann"], ["Ann"]]
        splits = ["train", "validation"]
        if name == "mnli":
            splits = ["train", "validation_matched", "validation_mismatched"]
        for split in splits:
            _write_task(places[suite], name, split, table)


def _write_task(folder: Path, name: str, split: str, table: pd.DataFrame) -> None:
    path = folder / name / f"{split}-00000-of-00001.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False)


def _write_parquet(path: Path, columns: Mapping[str, list], **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), path, **options)


def _write_manifest(path: Path, sources: Mapping[str, Source]) -> Path:
    """The manifest's places, with the replica's own numbers of rows."""
    rows = {
        ("genter", f"genter_indices_{key}.csv"): {"rows": count}
        for key, count in SIZES.items()
    }
    content = {
        name: {
            key: value
            for key, value in (
                ("repo", source.repo),
                ("url", source.url),
                ("revision", source.revision),
                ("keep", 100 if source.keep else None),
            )
            if value
        }
        | {"files": {p: rows.get((name, p), {}) for p in source.files}}
        for name, source in sources.items()
    }
    path.write_text(yaml.safe_dump({"sources": content}))
    return path
