"""What models say of the associations that they are asked for."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.evaluation.scoring import ClassProbabilities
from gradiend.files import write_csv
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten
from study.domains.gender import PRONOUNS
from study.domains.gender_probes import pronouns_by_frame
from study.profiles.settings import Settings
from study.results import files
from study.results.selected import BASE, candidate
from study.sources.chosen import asked_associations


def association_probabilities(lm: ClozeLM, associations: pd.DataFrame) -> np.ndarray:
    """P(word) in each query, normalised over the query's candidates, [rows].

    ``associations`` has the columns query (one slot), class (the word asked for) and
    candidates (JSON list of the words that compete).
    """
    found = np.empty(len(associations))
    for candidates, group in associations.groupby("candidates", sort=False):
        words = json.loads(candidates)
        queries = list(dict.fromkeys(group["query"]))
        scores = ClassProbabilities(lm, queries, {w: {w: 1.0} for w in words})()
        total = np.sum(list(scores.values()), axis=0)
        shares = {word: values / total for word, values in scores.items()}
        place = {query: index for index, query in enumerate(queries)}
        rows = associations.index.get_indexer(group.index)
        found[rows] = [
            shares[word][place[query]]
            for word, query in zip(group["class"], group["query"], strict=True)
        ]
    return found


def associations_after(
    settings: Settings,
    lm: ClozeLM,
    gradiends: dict[str, Gradiend],
    selected: pd.DataFrame,
) -> pd.DataFrame:
    """What base and selected models say of every association that is asked for.

    ``gradiends`` maps the selected table's decoder names to GRADIENDs. Columns: those
    of the associations, variant, decoder, learned. Writes associations.csv.
    """
    planted = asked_associations(settings)
    parts = []
    for _, row in selected.iterrows():
        if row["variant"] == BASE:
            learned = association_probabilities(lm, planted)
        else:
            chosen = gradiends[row["decoder"]]
            with rewritten(lm, chosen, *candidate(row)):
                learned = association_probabilities(lm, planted)
        parts.append(
            planted.assign(
                variant=row["variant"], decoder=row["decoder"], learned=learned
            )
        )
    table = pd.concat(parts, ignore_index=True)
    write_csv(settings.folder / files.ASSOCIATIONS, table)
    return table


def jobs_in_other_sentences(lm: ClozeLM, associations: pd.DataFrame) -> pd.DataFrame:
    """Pronouns after the held-out jobs among ``associations``, in other sentences.

    Variants are chosen, and jobs otherwise asked, in one sentence; these are others.
    Columns: those of :func:`~study.domains.gender_probes.pronouns_by_frame` and
    stereotype (how female the world or people say that the job is, 0 to 1).
    """
    jobs = associations[
        (associations["kind"] == "profession")
        & (associations["class"] == PRONOUNS["female"])
        & associations["held_out"]
    ].set_index("word")["probability"]
    table = pronouns_by_frame(lm, list(jobs.index))
    return table.assign(stereotype=jobs[table["word"]].to_numpy())


def moved_associations(learned: pd.DataFrame) -> pd.DataFrame:
    """Mean |P − P of the base| per feature and variant, one column a domain.

    ``learned`` is :func:`associations_after`'s, with a column feature.
    """
    keys = ["feature", "domain", "word", "class", "query"]
    base = learned[learned["variant"] == BASE].set_index(keys)["learned"]
    rest = learned[learned["variant"] != BASE]
    before = base.loc[pd.MultiIndex.from_frame(rest[keys])].to_numpy()
    rest = rest.assign(moved=(rest["learned"] - before).abs())
    groups = ["feature", "variant", "decoder", "domain"]
    return rest.groupby(groups, sort=False)["moved"].mean().unstack("domain")
