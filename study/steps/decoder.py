"""A feature's grid of rewritten models, and the best of them (notebook 04)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.errors import check_choice
from gradiend.evaluation.decoder import (
    FEATURE_FACTORS,
    LEARNING_RATES,
    DecoderMeasure,
    class_statistics,
    evaluate_grid,
    keeping_lms,
    select,
)
from gradiend.evaluation.indices import BALANCE
from gradiend.evaluation.indices import balance as balance_index
from gradiend.evaluation.refinement import refine, select_centred
from gradiend.evaluation.scoring import (
    ClassProbabilities,
    LanguageModelling,
)
from gradiend.files import digest, sha256, write_csv, write_json
from gradiend.lm.cloze import ClozeLM
from gradiend.progress import Progress
from gradiend.rewriting import rewritten
from study.domains import FeatureData
from study.domains.domain import BALANCED
from study.profiles.settings import Settings
from study.results import files
from study.results.making import code_digest
from study.results.selected import (
    AUTHORS,
    BASE,
    CLOSED_FORM,
    CLOSED_FORM_REFINED,
    REFINED,
    TRAINED,
    UNCHANGED,
    candidate,
)
from study.sources.chosen import asked_associations, neutral_parts, source_of
from study.steps.costs import costed
from study.steps.described import described
from study.steps.published import WHOLE, write_differences
from study.steps.training import decoders_of

# Whose grid → the refined candidates that begin at its choice.
_REFINEMENTS = {TRAINED: REFINED, CLOSED_FORM: CLOSED_FORM_REFINED}
CLOSED_FORM_FACTORS = (-0.1, 0.0, 0.1, 1.0)  # either sign of α gives either class


def decoder_measure(
    settings: Settings,
    lm: ClozeLM,
    data: FeatureData,
    *,
    balance: bool = False,
    held_out: bool = False,
    lms_texts: int = 0,
) -> DecoderMeasure:
    """What candidates are measured with, on texts to select by or on others.

    The grid's are asked at the settings' slot for the domain's indices; with
    ``balance``, as refined ones are, at the domain's slot for it. ``lms_texts`` is of
    whoever asks fewer neutral texts than the settings (0).

    Raises
    ------
    InputError
        if the domain has no such slot.
    """
    few, many = settings.decoder.lms_texts, settings.decoder.refinement.lms_texts
    neutral = neutral_parts(settings, data.neutral)[held_out]
    count = lms_texts or (many if balance or held_out else few)
    return DecoderMeasure(
        _class_probabilities(settings, lm, data, balance=balance, held_out=held_out),
        LanguageModelling(lm, neutral[:count], seed=settings.seed),
        balance_index if balance else settings.domain.indices,
    )


def _class_probabilities(
    settings: Settings,
    lm: ClozeLM,
    data: FeatureData,
    *,
    balance: bool,
    held_out: bool,
) -> ClassProbabilities:
    """What is asked at the slot; see :func:`decoder_measure`."""
    domain, asked = settings.domain, settings.decoder
    slot = asked.slot or domain.slots[0]
    check_choice(slot, domain.slots, "slot")
    question = domain.question(
        data,
        domain.balanced_slot if balance else slot,
        limit=asked.slot_texts,
        seed=settings.seed,
        held_out=held_out,
        causal=lm.causal,
        chat=settings.chat,
        associations=lambda: asked_associations(settings),
    )
    return ClassProbabilities(
        lm.in_chat(question.instruction) if question.instruction else lm,
        question.texts,
        question.words,
        single_tokens=question.single_tokens,
    )


def evaluate_decoder(
    settings: Settings,
    lm: ClozeLM,
    data: FeatureData,
    gradiend: Gradiend,
    *,
    progress: Progress = iter,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure the grid and select; writes grid.csv, refined.csv and selected.csv.

    The selected table has one row for the base model, one a variant, one for the
    refined balanced variant, one a variant of the closed-form decoder (where the
    settings give it rows) and one for a published checkpoint (where they name it, with
    differences.csv). Its numbers are of texts that selection has not seen.
    """
    folder = settings.folder
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"grid.{grid_digest(settings)}.partial.jsonl"
    with costed(folder / files.DECODER_COST, lm):
        measure = decoder_measure(settings, lm, data)
        grid = evaluate_grid(
            lm,
            gradiend,
            measure,
            feature_factors=settings.decoder.feature_factors or FEATURE_FACTORS,
            learning_rates=settings.decoder.learning_rates or LEARNING_RATES,
            partial=partial,
            progress=progress,
        )
        decoders = decoders_of(settings, lm, data, gradiend)
        grids = {TRAINED: grid}
        if CLOSED_FORM in decoders:
            own = decoders[CLOSED_FORM]
            grids[CLOSED_FORM] = _closed_form_grid(settings, lm, own, measure)
        refined = {
            own: _refined(settings, lm, data, decoders[own], grids[begun])
            for begun, own in _REFINEMENTS.items()
            if own in decoders
        }
        chosen = _chosen(settings, decoders, grids, refined)
        selected = _reported(settings, lm, data, decoders, chosen)
        if settings.decoder.published is not None:
            write_differences(settings, lm, decoders, selected)
        write_csv(folder / files.GRID, grid)
        tried = [table.assign(decoder=name) for name, table in refined.items()]
        write_csv(folder / files.REFINED, pd.concat(tried, ignore_index=True))
        write_csv(folder / files.SELECTED, selected)
        write_json(folder / files.DECODER, described(settings, "decoder", {}))
    partial.unlink(missing_ok=True)
    return grid, selected


def _chosen(
    settings: Settings,
    decoders: Mapping[str, Gradiend],
    grids: Mapping[str, pd.DataFrame],
    refined: Mapping[str, pd.DataFrame],
) -> list[_Choice]:
    """What stands in the selected table: each grid's choices, and behind them its own
    refined one; a published checkpoint is as it is."""
    found = [_Choice(BASE, UNCHANGED)]
    for decoder, grid in grids.items():
        found += _choices(grid, settings, decoder)
        if _REFINEMENTS[decoder] in refined:
            found += _refined_choice(refined, settings, _REFINEMENTS[decoder])
    if AUTHORS in decoders:
        found.append(_Choice(BALANCED, AUTHORS, None, *WHOLE))
    return found


def grid_digest(settings: Settings) -> str:
    """Of what a grid depends on: candidates of another one are not taken for ours."""
    return digest(
        settings.part("decoder"),
        source_of(settings.data).folder.name,
        code_digest(),
        sha256(settings.folder / files.GRADIEND),
    )


@dataclass(frozen=True)
class _Choice:
    """A candidate that stands in the selected table; the base model has none."""

    variant: str
    decoder: str
    index: str | None = None
    h: float | None = None
    learning_rate: float | None = None


def _choices(grid: pd.DataFrame, settings: Settings, decoder: str) -> list[_Choice]:
    """One a variant: the candidate that its index chooses."""
    floor = settings.decoder.lms_floor
    found = []
    for variant, index in settings.domain.variants.items():
        row = select(grid, index, lms_floor=floor)
        place = row["h"], row["learning_rate"]
        found.append(_Choice(variant, decoder, index, *place))
    return found


def _refined(
    settings: Settings,
    lm: ClozeLM,
    data: FeatureData,
    gradiend: Gradiend,
    grid: pd.DataFrame,
) -> pd.DataFrame:
    """Candidates around the grid's choice of the balanced variant."""
    index = settings.domain.variants[BALANCED]
    # The base model is no place to go on from.
    moved = grid.dropna(subset="h")
    kept = keeping_lms(grid, settings.decoder.lms_floor).dropna(subset="h")
    start = (kept if len(kept) else moved)[index].idxmax()
    return refine(
        lm,
        gradiend,
        decoder_measure(settings, lm, data, balance=True),
        candidate(grid.loc[start]),
        candidates=settings.decoder.refinement.candidates,
        **settings.decoder.refinement.floors,
    )


def _refined_choice(
    refined: Mapping[str, pd.DataFrame], settings: Settings, decoder: str
) -> list[_Choice]:
    asked = settings.decoder.refinement
    if not asked.candidates:
        return []
    row = select_centred(refined[decoder], **asked.floors)
    place = row["h"], row["learning_rate"]
    return [_Choice(BALANCED, decoder, BALANCE, *place)]


def _closed_form_grid(
    settings: Settings, lm: ClozeLM, closed_form: Gradiend, measure: DecoderMeasure
) -> pd.DataFrame:
    return evaluate_grid(
        lm,
        closed_form,
        measure,
        feature_factors=CLOSED_FORM_FACTORS,
        learning_rates=settings.decoder.learning_rates or LEARNING_RATES,
    )


def _reported(
    settings: Settings,
    lm: ClozeLM,
    data: FeatureData,
    decoders: Mapping[str, Gradiend],
    chosen: Sequence[_Choice],
) -> pd.DataFrame:
    """The selected table: what is chosen, measured on texts it was not chosen by.

    ``share``, ``offset`` (of the mean share from a half), ``said`` and ``balance gap``
    are asked at the slot for balance, the rest at that of the grid.
    """
    measure = decoder_measure(settings, lm, data, held_out=True)
    balance = _class_probabilities(settings, lm, data, balance=True, held_out=True)
    rows = []
    for choice in chosen:
        row = asdict(choice)
        place = candidate(pd.Series(row))
        with rewritten(lm, decoders[choice.decoder], *place):
            asked, even = measure(), class_statistics(balance())
        row |= {**asked, "share": even["share"], "said": even["said"]}
        row |= {"offset": abs(even["share"] - 0.5), "balance gap": even["gap"]}
        rows.append(row)
    numbers = {"h": float, "learning_rate": float}
    return pd.DataFrame(rows).astype(numbers)
