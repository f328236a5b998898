"""All bias benchmarks of a model state at once, and their results on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from gradiend.errors import InputError
from gradiend.files import atomic_path, reading, write_csv
from gradiend.lm.cloze import ClozeLM
from gradiend.sampling import balanced_sample
from study.comparison.benchmarks import crows, stereoset
from study.comparison.benchmarks.crows import SENTENCES, crows_scores, read_crows
from study.comparison.benchmarks.perplexity import text_likelihoods
from study.comparison.benchmarks.seat import (
    SeatScores,
    SeatTest,
    read_seat,
    seat_scores,
)
from study.comparison.benchmarks.sides import differing, named_classes
from study.comparison.benchmarks.stereoset import (
    LABELS,
    read_stereoset,
    stereoset_scores,
)
from study.comparison.settings import Begun
from study.domains import DOMAINS
from study.results.files import RESULT_TABLES, SEAT_RESULTS
from study.results.reading import made, read_csv


@dataclass(frozen=True)
class Suite:
    """The benchmarks' examples.

    Those of StereoSet and CrowS-Pairs with the classes that they speak of, in the
    columns ``CLASSES`` of either module.
    """

    stereoset: pd.DataFrame
    crows: pd.DataFrame
    seat: Mapping[str, SeatTest]
    texts: Sequence[str]  # for perplexity
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)  # and why


@dataclass(frozen=True)
class Scores:
    """A model state's results, one row an example; ``seat`` by the test's name."""

    stereoset: pd.DataFrame
    crows: pd.DataFrame
    likelihoods: pd.DataFrame
    seat: Mapping[str, SeatScores]


def read_suite(folder: str | Path, texts: Sequence[str], *, odd: bool = False) -> Suite:
    """stereoset.json, crows.csv and the tests in seat/ of a folder.

    ``odd`` says that the files are the public ones: a few examples of StereoSet are not
    what they should be and are left out; elsewhere they are errors.
    """
    folder = Path(folder)
    known = {name for domain in DOMAINS.values() for name in domain.seat}
    files = [f for f in sorted((folder / "seat").glob("*.json")) if f.stem in known]
    if not files:
        raise InputError(f"{folder / 'seat'}: none of the paper's tests is there")
    left_out: list[str] | None = [] if odd else None
    return Suite(
        _with_named_blanks(
            read_stereoset(folder / "stereoset.json", left_out=left_out), folder
        ),
        _with_named_pairs(read_crows(folder / "crows.csv"), folder),
        {path.stem: read_seat(path) for path in files},
        texts,
        {"stereoset": left_out} if left_out else {},
    )


def of_domains(suite: Suite, domains: Sequence[str]) -> Suite:
    """The suite with StereoSet's examples of these domains alone."""
    own = suite.stereoset["bias_type"].isin(domains)
    return replace(suite, stereoset=suite.stereoset[own].reset_index(drop=True))


def sampled(suite: Suite, pairs: int, *, seed: int) -> Suite:
    """The suite with at most ``pairs`` of CrowS-Pairs a kind of bias (0: all).

    They are balanced over the class that the more stereotyping sentence names.
    """
    rows: list[int] = []
    for _, part in suite.crows.groupby("bias_type"):
        kept = balanced_sample(part, pairs, by=crows.CLASSES[0], seed=seed)
        rows.extend(kept.index)
    return replace(suite, crows=suite.crows.loc[sorted(rows)].reset_index(drop=True))


def suite_scores(
    lm: ClozeLM,
    suite: Suite,
    domains: Sequence[str],
    *,
    begun: Begun = "all",
    vectors: bool = True,
) -> Scores:
    """Score a model; StereoSet whole (LMS asks all of it), the rest for ``domains``.

    ``begun`` says which tokens of a causal sentence follow a begin-of-sentence token.
    SEAT is left out if the model has no ``vectors`` of its own.
    """
    tests = [name for domain in domains for name in DOMAINS[domain].seat]
    own = suite.crows["bias_type"].isin([DOMAINS[domain].crows for domain in domains])
    pairs = suite.crows[own].reset_index(drop=True)
    return Scores(
        stereoset_scores(lm, suite.stereoset, begun=begun).join(
            suite.stereoset[[*stereoset.CLASSES]]
        ),
        crows_scores(lm, pairs, begun=begun).join(pairs[[*crows.CLASSES]]),
        text_likelihoods(lm, suite.texts, begun=begun),
        {
            name: seat_scores(lm, suite.seat[name])
            for name in tests
            if vectors and name in suite.seat
        },
    )


def _with_named_blanks(examples: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """StereoSet's examples with the classes that the words in their blanks name."""
    named = {
        column: named_classes(
            examples[f"{label} word"], examples["bias_type"], DOMAINS, folder
        )
        for column, label in zip(stereoset.CLASSES, LABELS, strict=False)
    }
    return examples.assign(**named)


def _with_named_pairs(pairs: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """CrowS-Pairs with the classes that the words in which a pair differs name."""
    domains = {domain.crows: domain for domain in DOMAINS.values()}
    apart = [differing(*both) for both in pairs[list(SENTENCES)].to_numpy()]
    named = {
        column: named_classes(words, pairs["bias_type"], domains, folder)
        for column, words in zip(crows.CLASSES, zip(*apart, strict=True), strict=True)
    }
    return pairs.assign(**named)


def write_scores(folder: Path, scores: Mapping[str, Scores]) -> None:
    """Write the results of several states, by name, into one file a benchmark."""
    for table in RESULT_TABLES:
        parts = [getattr(s, table).assign(state=name) for name, s in scores.items()]
        write_csv(folder / f"{table}.csv", pd.concat(parts, ignore_index=True))
    found = {
        json.dumps([name, test, *s.targets, *s.attributes]): s.cosines
        for name, score in scores.items()
        for test, s in score.seat.items()
    }
    with atomic_path(folder / SEAT_RESULTS) as unfinished:
        save_file(found, unfinished)


def read_scores(folder: Path) -> dict[str, Scores]:
    """Read what :func:`write_scores` wrote."""
    tables = {name: read_csv(folder / f"{name}.csv") for name in RESULT_TABLES}
    seat = _read_seat(made(folder / SEAT_RESULTS))
    groups = {
        name: dict(list(table.groupby("state", sort=False)))
        for name, table in tables.items()
    }
    return {
        state: Scores(
            *(groups[name][state].reset_index(drop=True) for name in RESULT_TABLES),
            seat.get(state, {}),
        )
        for state in groups["stereoset"]
    }


def _read_seat(path: Path) -> dict[str, dict[str, SeatScores]]:
    found: dict[str, dict[str, SeatScores]] = {}
    with (
        reading(path, SafetensorError, ValueError),
        safe_open(path, framework="np") as file,
    ):
        for key in file.keys():  # noqa: SIM118 (not a mapping)
            state, test, *sizes = json.loads(key)
            scores = SeatScores(file.get_tensor(key), (*sizes[:2],), (*sizes[2:],))
            found.setdefault(state, {})[test] = scores
    return found
