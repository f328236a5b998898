"""Would any decoder do? Closed forms of shuffled rows, asked like the own one.

A control of notebook 11, sharper than a random direction: the same words, texts and
number of rows, and the same search, without what the rows say of the feature.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.evaluation.refinement import select_centred
from gradiend.files import write_csv
from gradiend.progress import Progress
from gradiend.rewriting import rewritten
from gradiend.vectors import cosine
from study.analysis.shuffled import classes_shuffled, words_shuffled
from study.results import files
from study.results.first_order import CLASSES_SHUFFLED, WORDS_SHUFFLED
from study.results.selected import BASE, CLOSED_FORM, candidate
from study.sources.chosen import asked_associations
from study.steps.associations import association_probabilities
from study.steps.studied import Studied
from study.steps.training import class_means_gradiend, closed_form_rows

_KINDS = {CLASSES_SHUFFLED: classes_shuffled, WORDS_SHUFFLED: words_shuffled}


def shuffled_decoders(
    studied: Studied, *, progress: Progress = iter
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """N of the closed form, and of closed forms of shuffled rows, on held-out texts.

    shuffled.csv has a row a decoder: cosines of its W_d and b_d with the own closed
    form's, its (h, α), and ``offset``, ``gap``, ``said`` and LMS of the held-out texts.
    shuffled_said.csv has what each says of the held-out associations of the feature's
    domain.
    """
    own, rows, said = studied.decoders[CLOSED_FORM], [], []
    asked = asked_associations(studied.settings)
    asked = asked[(asked["domain"] == studied.settings.domain.name) & asked["held_out"]]
    for name, gradiend, (h, rate) in _chosen(studied, progress):
        with rewritten(studied.lm, gradiend, h, rate):
            found = studied.held_out()
            learned = association_probabilities(studied.lm, asked)
        alike = {
            "cosine W_d": cosine(own.decoder_weight, gradiend.decoder_weight),
            "cosine b_d": cosine(own.decoder_bias, gradiend.decoder_bias),
        }
        numbers = {"offset": abs(found["share"] - 0.5)}
        numbers |= {key: found[key] for key in ("gap", "said", "LMS")}
        place = {"h": h, "learning_rate": rate}
        rows.append({"decoder": name, **alike, **place, **numbers})
        said.append(asked.assign(decoder=name, learned=learned))
    table = pd.DataFrame(rows)
    answers = pd.concat(said, ignore_index=True).drop(columns="candidates")
    write_csv(studied.folder / files.SHUFFLED, table)
    write_csv(studied.folder / files.SHUFFLED_SAID, answers)
    return table, answers


def _chosen(
    studied: Studied, progress: Progress
) -> Iterator[tuple[str, Gradiend, tuple[float, float]]]:
    """Name, decoder and (h, α): the base, the own N, and those of shuffled rows."""
    own, place = studied.decoders[CLOSED_FORM], studied.candidates[CLOSED_FORM]
    yield BASE, own, (0.0, 0.0)
    yield CLOSED_FORM, own, place
    rows = closed_form_rows(studied.settings, studied.lm, studied.data)
    draws = [(kind, seed) for kind in _KINDS for seed in range(studied.asked.shuffles)]
    for kind, seed in progress(draws):
        drawn = _KINDS[kind](rows, seed=studied.settings.seed + seed)
        gradiend = class_means_gradiend(studied.settings, studied.lm, drawn)
        yield f"{kind}, {seed}", gradiend, _searched(studied, gradiend, place)


def _searched(
    studied: Studied, gradiend: Gradiend, own: tuple[float, float]
) -> tuple[float, float]:
    """The best of as many candidates as the own N was chosen of, twice.

    From where first order says that the texts are level, as every search here; and from
    the own N's place, so that no search fails for beginning far away.
    """
    decoder = studied.settings.decoder
    count = studied.asked.candidates
    if decoder.refines_closed_form:
        count = decoder.refinement.candidates
    starts = [studied.levelling(gradiend)] + [own] * bool(own[1])
    tried = [studied.tried(gradiend, start, count) for start in starts]
    # The base's row is the first of each.
    rows = pd.concat([tried[0], *(table[1:] for table in tried[1:])], ignore_index=True)
    return candidate(select_centred(rows, **decoder.refinement.floors))
