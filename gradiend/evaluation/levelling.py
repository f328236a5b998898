"""What candidates are asked when two classes are to be level, split by split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.data import SLOT
from gradiend.errors import InputError
from gradiend.evaluation.decoder import DecoderMeasure, class_statistics, shares
from gradiend.evaluation.first_order import log_odds_slopes
from gradiend.evaluation.indices import balance
from gradiend.evaluation.scoring import ClassProbabilities, LanguageModelling
from gradiend.evaluation.search import search
from gradiend.lm.cloze import ClozeLM
from gradiend.progress import Progress
from gradiend.rewriting import Rewriter
from gradiend.sampling import balanced_sample, drawn


@dataclass(frozen=True)
class Words:
    """Whose words compete in a slot: class +1 and −1, and the words of each."""

    positive: str
    negative: str
    of: dict[str, dict[str, float]]  # class → word → 1


def words_of(table: pd.DataFrame) -> Words:
    """The two classes of a cloze table, label +1 first, and their factual words.

    Raises
    ------
    InputError
        if a label has several classes.
    """
    of, names = {}, []
    for label in (1, -1):
        rows = table[table["label"] == label]
        classes = rows["factual_class"].unique()
        if len(classes) != 1:
            raise InputError(
                f"label {label:+d} has the classes {', '.join(classes)}; level two "
                "classes at a time: keep the rows of one pair"
            )
        names.append(classes[0])
        of[classes[0]] = dict.fromkeys(sorted(rows["factual"].unique()), 1.0)
    return Words(*names, of)


@dataclass(frozen=True)
class Report:
    """What a base and a rewritten model say of texts that nothing was chosen by."""

    before: dict[str, float]  # class_statistics, and LMS
    after: dict[str, float]
    texts: pd.DataFrame  # text, before and after (its share of class +1)


@dataclass(frozen=True)
class Levelling:
    """Texts of a split at whose slots the classes compete, and neutral ones.

    At most ``texts`` of a split: of ``probes`` (:mod:`gradiend.probes`) or, without
    them, of the rows that are of a class. ``neutral`` are the texts of ``validation``
    and ``test`` for the language-modelling score.
    """

    lm: ClozeLM
    table: pd.DataFrame
    words: Words
    neutral: dict[str, list[str]]  # by split
    texts: int
    seed: int
    probes: pd.DataFrame | None = None

    def measure(self, split: str) -> DecoderMeasure:
        """On the texts of ``validation`` or ``test``."""
        return DecoderMeasure(
            self._said(self.asked(split)), self._modelling(split), balance
        )

    def search(
        self, gradiend: Gradiend, candidates: int, *, progress: Progress = iter
    ) -> pd.DataFrame:
        """The candidates that were measured, the base model first."""
        rows = self.asked("validation")
        rows = balanced_sample(rows, self.texts, by="label", seed=self.seed)
        slopes = log_odds_slopes(self.lm, gradiend, rows)
        measure = self.measure("validation")
        options = {"candidates": candidates, "progress": progress}
        return search(self.lm, gradiend, measure, slopes, **options)

    def report(self, gradiend: Gradiend, h: float, rate: float) -> list[Report]:
        """Of test texts; where these are probes, of the rows' behind them, too."""
        asked = [self.asked("test")]
        if self.probes is not None:
            asked.append(self.rows("test"))
        scorers, modelling = [*map(self._said, asked)], self._modelling("test")
        found = []
        with Rewriter(self.lm, gradiend) as rewriter:
            for change in (rewriter.restore, partial(rewriter.apply, h, rate)):
                change()
                found.append(([scorer() for scorer in scorers], modelling()))
        (before, lms), (after, changed) = found
        return [
            Report(
                class_statistics(p) | {"LMS": lms},
                class_statistics(q) | {"LMS": changed},
                pd.DataFrame(
                    {
                        "text": self._texts(rows),
                        "before": shares(p),
                        "after": shares(q),
                    }
                ),
            )
            for rows, p, q in zip(asked, before, after, strict=True)
        ]

    def asked(self, split: str) -> pd.DataFrame:
        """Rows of a split at whose slots the classes compete."""
        if self.probes is None:
            return self.rows(split)
        return self.probes[self.probes["split"] == split]

    def rows(self, split: str) -> pd.DataFrame:
        """Rows of a split that are of a class; neutral ones (label 0) are of none."""
        table = self.table
        return table[(table["split"] == split) & (table["label"] != 0)]

    def counts(self) -> dict[str, int]:
        """Rows and probes by split, and what of them was changed or left out."""
        found = self.table["split"].value_counts().to_dict()
        found |= self.table.attrs.get("changed", {})
        if self.probes is not None:
            of = self.probes["split"].value_counts()
            found |= {"probes to choose by": int(of["validation"])}
            found |= {"probes to report on": int(of["test"])}
        return found

    def _said(self, rows: pd.DataFrame) -> ClassProbabilities:
        return ClassProbabilities(self.lm, self._texts(rows), self.words.of)

    def _modelling(self, split: str) -> LanguageModelling:
        return LanguageModelling(self.lm, self.neutral[split], seed=self.seed)

    def _texts(self, rows: pd.DataFrame) -> list[str]:
        own = dict.fromkeys(rows["masked"])
        return drawn(list(own), self.texts, seed=self.seed)


def cut_short(lm: ClozeLM, texts: Sequence[str]) -> int:
    """How many of the texts are longer than the model reads, and are cut."""
    encoding = lm.tokenizer(list(texts), verbose=False)
    return sum(len(ids) > lm.max_length for ids in encoding["input_ids"])


def neutral_parts(
    table: pd.DataFrame, neutral: Sequence[str] | None, count: int, seed: int
) -> dict[str, list[str]]:
    """``count`` texts to choose by (validation), and as many to report on (test).

    Equal texts are one. Without neutral texts, the file's own: of its training split,
    and of its test split those that no other split has, whatever their slots are.

    Raises
    ------
    InputError
        if there are fewer than two, or none for one of the parts.
    """
    if neutral is not None:
        distinct = list(dict.fromkeys(neutral))
        if len(distinct) < 2:
            raise InputError("fewer than two neutral texts; give some dozens, or none")
        some = drawn(distinct, 2 * count, seed=seed)
        return {"validation": some[::2], "test": some[1::2]}
    filled = [
        masked.replace(SLOT, word)
        for masked, word in zip(table["masked"], table["factual"], strict=True)
    ]
    own = pd.Series(filled).groupby(table["split"].to_numpy()).unique()
    seen = set().union(*own.drop("test"))
    held_out = [text for text in own["test"] if text not in seen]
    if not held_out:
        raise InputError(
            "every text of the test split is in another split too, once its slot is "
            "filled; give neutral texts, or keep equal texts in one split"
        )
    return {
        "validation": drawn(list(own["train"]), count, seed=seed),
        "test": drawn(held_out, count, seed=seed),
    }
