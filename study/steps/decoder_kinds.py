"""Decoders side by side: are they alike, and what do they do (notebook 11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.evaluation.decoder import class_statistics
from gradiend.files import write_csv
from gradiend.gradients import gradients
from gradiend.projection import without
from gradiend.rewriting import Rewriter
from gradiend.sampling import balanced_sample
from gradiend.vectors import cosine, norm
from study.analysis.directions import (
    explained,
    logit_difference_gradient,
    replaced_as_much,
    signs_of,
)
from study.analysis.equal import EqualGap
from study.analysis.probes import (
    LOG_ODDS,
    LOG_SAID,
    LOSS,
    class_quantity,
    text_quantity,
    tokens_asked,
)
from study.results import files
from study.results.reading import read_json
from study.results.selected import BASE, CLOSED_FORM, TRAINED
from study.steps.held_out import others_say, reported
from study.steps.studied import MEANS, RANDOM, SENTENCES, Studied

SIGNS = f"signs of the {CLOSED_FORM}"
PROJECTED, NOISED = "projected", "changed as much at random"


def compared_decoders(studied: Studied) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What each decoder is made of, and N of it on held-out texts.

    decoders.csv: ``gradients`` is how many examples' gradients it took, ``explained``
    the share of the gradients of held-out batches that it explains; then its selected
    (h, α) and what is measured there. cosines.csv: of the W_d and b_d of every two.
    """
    alike = studied.decoders | {SIGNS: signs_of(studied.decoders[CLOSED_FORM])}
    cosines, others = _cosines(alike), others_say(studied)
    rows = [{"decoder": BASE} | reported(studied, others)]
    taken = _gradients_taken(studied)
    for name, gradiend in studied.decoders.items():
        h, rate = studied.candidates[name]
        with Rewriter(studied.lm, gradiend) as rewriter:
            rewriter.apply(h, rate)
            result = reported(studied, others)
        made = {
            "gradients": taken[name],
            "explained": _explained(studied, gradiend),
            "length": norm(gradiend.decode(h)) * abs(rate),
        }
        place = {"h": h, "learning_rate": rate}
        rows.append({"decoder": name} | made | place | result)
    table = pd.DataFrame(rows).astype({"gradients": "Int64"})
    write_csv(studied.folder / files.DECODERS, table)
    write_csv(studied.folder / files.COSINES, cosines)
    return table, cosines


def identity_error(studied: Studied) -> float:
    """‖∇±W − ∇(difference of two logits)‖ / ‖∇±W‖, of a batch of test sentences."""
    lm, size = studied.lm, studied.settings.training.batch_size
    batch = lm.batch(lm.encode(studied.rows[SENTENCES].head(size)))
    found = gradients(lm, batch, sources=("difference",))["difference"]
    plain = logit_difference_gradient(lm, batch)
    return norm({n: t - plain[n] for n, t in found.items()}) / norm(found)


def pushes(studied: Studied) -> pd.DataFrame:
    """Slopes of log P(+1) − log P(−1) along W_d and b_d, by what a text leans to.

    Of the associations of the feature's own domain and of its test sentences. Writes
    pushes.csv.
    """
    rows = []
    probes = {**{n: studied.probes[n] for n in studied.own}}
    probes[SENTENCES] = studied.probes[SENTENCES]
    for decoder in (TRAINED, CLOSED_FORM, RANDOM):
        gradiend = studied.decoders[decoder]
        for name, quantity in probes.items():
            which = quantity.kinds.index(LOG_ODDS)
            odds = quantity.values()[which]
            # Of vectors of length 1, as a decoder's scale says nothing.
            weight, bias = (
                quantity.slopes(part)[which] / norm(part)
                for part in (gradiend.decoder_weight, gradiend.decoder_bias)
            )
            for side, kept in (("+1", odds > 0), ("−1", odds <= 0)):
                if kept.any():
                    rows.append(
                        {
                            "decoder": decoder,
                            "set": name,
                            "leans to": side,
                            "probes": int(kept.sum()),
                            "log-odds": odds[kept].mean(),
                            "along W_d": weight[kept].mean(),
                            "along b_d": bias[kept].mean(),
                            "r of b_d and log-odds": np.corrcoef(bias, odds)[0, 1],
                        }
                    )
    table = pd.DataFrame(rows)
    write_csv(studied.folder / files.PUSHES, table)
    return table


def projected_decoders(studied: Studied) -> pd.DataFrame:
    """What it costs to leave the same gap, with and without what loss and P lie along.

    The components of W_d and b_d along the gradients of the neutral texts' loss and of
    log(P(+1) + P(−1)) are taken out, both of texts of the selection; beside it, as much
    is changed at random; and of the closed form the signs alone are kept. (h, α) is
    what leaves a given gap there, centred; the numbers are of the held-out texts.
    Writes projected.csv.
    """
    others = others_say(studied)
    rows = [{"decoder": BASE} | reported(studied, others)]
    base = class_statistics(studied.measure.probabilities())["gap"]
    for called, plain, gradiend in _changed(studied):
        kept = {
            "kept W_d": cosine(plain.decoder_weight, gradiend.decoder_weight),
            "kept b_d": cosine(plain.decoder_bias, gradiend.decoder_bias),
        }
        rows += [
            {"decoder": called} | kept | row
            for row in _at_gaps(studied, gradiend, base, others)
        ]
    table = pd.DataFrame(rows)
    write_csv(studied.folder / files.PROJECTED, table)
    return table


def _changed(studied: Studied) -> Iterator[tuple[str, Gradiend, Gradiend]]:
    """Name, a decoder as it is, and what becomes of it: one at a time in memory."""
    leave = _to_leave(studied)
    for name in (TRAINED, CLOSED_FORM):
        plain = studied.decoders[name]
        yield name, plain, plain
        projected = without(plain, leave)
        yield f"{name}, {PROJECTED}", plain, projected
        noised = replaced_as_much(plain, projected, seed=studied.settings.seed)
        yield f"{name}, {NOISED}", plain, noised
    signs = signs_of(studied.decoders[CLOSED_FORM])
    yield SIGNS, signs, signs


def _at_gaps(
    studied: Studied, gradiend: Gradiend, base: float, others: np.ndarray
) -> list[dict]:
    """Held-out numbers at each gap that is asked for, shares of the ``base``'s."""
    start, rise = studied.levelling(gradiend), studied.rise(gradiend)
    rows = []
    with Rewriter(studied.lm, gradiend) as rewriter:
        search = EqualGap(rewriter, studied.measure.probabilities, rise)
        for share in studied.asked.gaps:
            found = search.find(share * base, start)
            rewriter.apply(found.h, found.rate)
            place = {"asked": share, "h": found.h, "learning_rate": found.rate}
            place["found"] = found.gap / base
            rows.append(place | reported(studied, others))
    return rows


def _to_leave(studied: Studied) -> list[dict]:
    """Gradients of the loss and of log(P(+1) + P(−1)), on texts of the selection."""
    modelling = studied.neutral(held_out=False)
    texts = text_quantity(modelling, studied.words)
    said = class_quantity(studied.measure.probabilities)
    return [
        texts.gradient(LOSS, tokens_asked(modelling)),
        said.gradient(LOG_SAID),
    ]


def _cosines(decoders: Mapping[str, Gradiend]) -> pd.DataFrame:
    """Of each pair of decoders."""
    rows = [
        {
            "decoder": one,
            "other": other,
            "W_d": cosine(left.decoder_weight, right.decoder_weight),
            "b_d": cosine(left.decoder_bias, right.decoder_bias),
        }
        for (one, left), (other, right) in combinations(decoders.items(), 2)
    ]
    return pd.DataFrame(rows)


def _gradients_taken(studied: Studied) -> dict[str, int]:
    """Examples of which a gradient was taken, all seeds' together."""
    settings = studied.settings
    trained = read_json(settings.folder / files.TRAINING)["values"]["seeds"]
    steps = len(trained) * settings.training.steps
    means = studied.class_mean_rows
    return {
        TRAINED: steps * settings.training.batch_size,
        CLOSED_FORM: means,
        MEANS: means,
        RANDOM: 0,
    }


def _explained(studied: Studied, gradiend: Gradiend) -> float:
    """Of batches of test rows, as many of either class."""
    size = studied.settings.training.batch_size
    test = studied.test_rows
    rows = {
        label: studied.lm.encode(
            balanced_sample(
                test[test["label"] == label],
                4 * size,
                by="factual_class",
                seed=studied.settings.seed,
            )
        )
        for label in (1, -1)
    }
    return explained(studied.lm, gradiend, rows, batch_size=size)
