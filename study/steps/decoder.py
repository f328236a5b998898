"""A feature's grid of rewritten models, and the best of them (notebook 04)."""

from __future__ import annotations

import hashlib

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.errors import check_choice
from gradiend.evaluation.decoder import (
    FEATURE_FACTORS,
    LEARNING_RATES,
    DecoderMeasure,
    base_row,
    evaluate_grid,
    select,
)
from gradiend.evaluation.scoring import (
    ClassProbabilities,
    LanguageModelling,
    top_words,
)
from gradiend.files import write_csv, write_json
from gradiend.lm.cloze import ClozeLM
from gradiend.rewriting import rewritten
from gradiend.training import Progress
from study.domains import FeatureData
from study.profiles.settings import Settings
from study.results import files
from study.results.making import measured
from study.results.selected import BASE, CLOSED_FORM, TRAINED, UNCHANGED, candidate
from study.sources.chosen import asked_associations
from study.steps.samples import described
from study.steps.training import closed_form_gradiend

CLOSED_FORM_FACTORS = (-0.1, 0.0, 0.1, 1.0)  # either sign of α gives either class


def decoder_measure(
    settings: Settings, lm: ClozeLM, data: FeatureData
) -> DecoderMeasure:
    """What every candidate of the settings' grid is measured with.

    Raises
    ------
    InputError
        if the domain has no such slot.
    """
    domain, asked = settings.domain, settings.decoder
    slot = asked.slot or domain.slots[0]
    check_choice(slot, domain.slots, "slot")
    question = domain.question(
        data,
        slot,
        limit=asked.slot_texts,
        causal=lm.causal,
        chat=settings.chat,
        associations=lambda: asked_associations(settings),
    )
    answering = lm.in_chat(question.instruction) if question.instruction else lm
    return DecoderMeasure(
        ClassProbabilities(
            answering,
            question.texts,
            question.words,
            single_tokens=question.single_tokens,
        ),
        LanguageModelling(
            lm, data.neutral[: asked.lms_texts or None], seed=settings.seed
        ),
        domain.indices,
    )


def evaluate_decoder(
    settings: Settings,
    lm: ClozeLM,
    data: FeatureData,
    gradiend: Gradiend,
    *,
    progress: Progress = iter,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure the grid and select the variants; writes grid.csv and selected.csv.

    The selected table has one row for the base model, one a variant, and one a variant
    of the closed-form decoder (where the settings give it rows).
    """
    folder = settings.folder
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"grid.{_digest(settings)}.partial.jsonl"
    with measured(folder / "decoder.run.json"):
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
        base = base_row(grid).to_dict() | {"variant": BASE, "decoder": UNCHANGED}
        chosen = [base, *_selected(grid, settings, decoder=TRAINED)]
        if settings.decoder.closed_form_rows:
            chosen += _closed_form_selection(settings, lm, data, measure)
        selected = pd.DataFrame(chosen).reset_index(drop=True)
        write_csv(folder / files.GRID, grid)
        write_csv(folder / files.SELECTED, selected)
        write_json(folder / files.DECODER, described(settings, "decoder", {}))
    partial.unlink(missing_ok=True)
    return grid, selected


def example_predictions(
    settings: Settings, lm: ClozeLM, gradiend: Gradiend, selected: pd.DataFrame
) -> pd.DataFrame:
    """Top ten words of the domain's example texts; writes predictions.csv."""
    parts = []
    for _, row in selected[selected["decoder"] != CLOSED_FORM].iterrows():
        with rewritten(lm, gradiend, *candidate(row)):
            for text in settings.domain.examples:
                words = top_words(lm, text)
                parts.append(
                    words.assign(
                        variant=row["variant"], text=text, rank=range(1, len(words) + 1)
                    )
                )
    table = pd.concat(parts, ignore_index=True)
    write_csv(settings.folder / files.PREDICTIONS, table)
    return table


def _digest(settings: Settings) -> str:
    """Of what a grid depends on: candidates of another one are not taken for ours."""
    made_from = hashlib.sha256(repr(settings.part("decoder")).encode())
    made_from.update((settings.folder / files.GRADIEND).read_bytes())
    return made_from.hexdigest()[:12]


def _selected(grid: pd.DataFrame, settings: Settings, *, decoder: str) -> list[dict]:
    """A row a variant: the candidate that its index chooses."""
    floor = settings.decoder.lms_floor
    return [
        select(grid, index, lms_floor=floor).to_dict()
        | {"variant": variant, "decoder": decoder, "index": index}
        for variant, index in settings.domain.variants.items()
    ]


def _closed_form_selection(
    settings: Settings, lm: ClozeLM, data: FeatureData, measure: DecoderMeasure
) -> list[dict]:
    grid = evaluate_grid(
        lm,
        closed_form_gradiend(settings, lm, data),
        measure,
        feature_factors=CLOSED_FORM_FACTORS,
        learning_rates=settings.decoder.learning_rates or LEARNING_RATES,
    )
    return _selected(grid, settings, decoder=CLOSED_FORM)
