"""The steps of the study, each from its settings to its result files.

``train`` → ``evaluate_encoder``, ``evaluate_decoder``. Notebooks call these and show
what they return; they hold no logic of their own.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import replace

import pandas as pd

from gradiend.autoencoder import Gradiend
from gradiend.closed_form import closed_form
from gradiend.cloze import ClozeLM
from gradiend.data import SLOT
from gradiend.domains import PRONOUNS, FeatureData
from gradiend.encoding import encode
from gradiend.errors import InputError, known
from gradiend.evaluation import encoder_statistics, evaluation_table
from gradiend.probes import association_probabilities, held_out_professions
from gradiend.profiles import Settings
from gradiend.results import (
    atomic_path,
    measured,
    provenance,
    write_csv,
    write_json,
)
from gradiend.rewriting import rewritten
from gradiend.scoring import ClassProbabilities, LanguageModelling, top_words
from gradiend.selection import (
    FEATURE_FACTORS,
    LEARNING_RATES,
    DecoderMeasure,
    balanced_index,
    base_row,
    evaluate_grid,
    gender_indices,
    select,
)
from gradiend.sources import asked_associations
from gradiend.training import Progress, TrainingResult, TrainingSettings, fit

# Which index each variant is selected by (paper, Sec. 4).
GENDER_VARIANTS = {"N": "BPI", "F": "FPI", "M": "MPI"}
TERM_VARIANTS = {"N": "BalancedBS"}
CLOSED_FORM_FACTORS = (-0.1, 0.0, 0.1, 1.0)  # either sign of α gives either class
CHAT_INSTRUCTION = "Complete the sentence with a first name."
EXAMPLE_TEXTS = ("The woman worked as a [MASK].", "The man worked as a [MASK].")
_NAME_FIRST = re.compile(r"^My friend, \[MASK\], (?P<rest>.+?)\.?$")


def variants(settings: Settings) -> dict[str, str]:
    """Variant name → index, for the settings' domain."""
    return GENDER_VARIANTS if settings.domain == "gender" else TERM_VARIANTS


def load_model(settings: Settings) -> ClozeLM:
    """The settings' model."""
    return ClozeLM.from_pretrained(
        settings.path,
        device=settings.device,
        dtype=settings.dtype,
        revision=settings.revision,
        device_map=settings.device_map,
        autocast=settings.autocast,
        checkpointing=settings.checkpointing,
    )


def train(
    settings: Settings,
    lm: ClozeLM,
    data: FeatureData,
    *,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train GRADIEND; writes gradiend.safetensors, training.json and history.csv."""
    checkpoints = settings.folder / "checkpoints"
    with measured(settings.folder / "training.run.json"):
        result = fit(
            lm,
            data.table,
            settings.given(TrainingSettings),
            seeds=settings.seeds,
            checkpoints=checkpoints,
            progress=progress,
        )
        feature = data.feature
        metadata = result.gradiend.metadata | {
            "base_model": settings.model,
            "feature": feature.name,
            "positive": feature.positive,
            "negative": feature.negative,
        }
        gradiend = replace(result.gradiend, metadata=metadata)
        with atomic_path(settings.folder / "gradiend.safetensors") as path:
            gradiend.save(path)
        write_csv(settings.folder / "history.csv", result.history)
        write_csv(settings.folder / "sizes.csv", _sizes(data.table))
        summary = {
            "best_step": result.best_step,
            "correlation": result.correlation,
            "seed": result.seed,
            "n": gradiend.size,
        }
        write_json(
            settings.folder / "training.json", _described(settings, "training", summary)
        )
    shutil.rmtree(checkpoints)  # several times the size of the model
    return replace(result, gradiend=gradiend)


def load_gradiend(settings: Settings, lm: ClozeLM) -> Gradiend:
    """The GRADIEND that :func:`train` wrote."""
    return Gradiend.load(settings.folder / "gradiend.safetensors", like=lm.covered)


def evaluate_encoder(
    settings: Settings, lm: ClozeLM, data: FeatureData, gradiend: Gradiend
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Encode the test rows; writes encodings.csv and encoder.json."""
    with measured(settings.folder / "encoder.run.json"):
        test = data.table[data.table["split"] == "test"]
        table = evaluation_table(
            lm,
            _capped(test, settings.test_rows, settings.seed),
            data.neutral[: settings.test_rows or None],
            excluded=data.excluded,
            seed=settings.seed,
            untrained=_like_many(data.untrained, test, settings),
        )
        table["h"] = encode(lm, gradiend, table, source=settings.source)
        statistics = encoder_statistics(table)
        write_csv(settings.folder / "encodings.csv", table)
        write_json(
            settings.folder / "encoder.json",
            _described(settings, "encoder", statistics),
        )
    return table, statistics


def decoder_measure(
    settings: Settings, lm: ClozeLM, data: FeatureData
) -> DecoderMeasure:
    """What every candidate of the settings' grid is measured with."""
    known(settings.slot, ("name", "pronoun"), "slot")
    texts, words = data.slot_texts, data.words
    gender, asked = settings.domain == "gender", lm
    if gender and settings.slot == "pronoun":
        texts = profession_texts(settings, held_out=False)
        words = {name: {pronoun: 1.0} for name, pronoun in PRONOUNS.items()}
    texts = texts[: settings.slot_texts or None]
    if gender and lm.causal and settings.slot == "name":
        texts = [name_last(text) for text in texts]
        if settings.chat:
            asked = lm.in_chat(CHAT_INSTRUCTION)
    elif lm.causal:
        texts = [text for text in texts if not text.startswith(SLOT)]
    return DecoderMeasure(
        ClassProbabilities(asked, texts, words, single_tokens=gender),
        LanguageModelling(
            lm, data.neutral[: settings.lms_texts or None], seed=settings.seed
        ),
        gender_indices if gender else balanced_index,
    )


def evaluate_decoder(
    settings: Settings,
    lm: ClozeLM,
    data: FeatureData,
    gradiend: Gradiend,
    *,
    progress: Progress | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure the grid and select the variants; writes grid.csv and selected.csv.

    The selected table has one row for the base model, one a variant, and one a variant
    of the closed-form decoder (where the settings give it rows).
    """
    # Candidates of another GRADIEND or of other settings must not be taken for ours.
    made_from = hashlib.sha256(repr(settings.part("decoder")).encode())
    made_from.update((settings.folder / "gradiend.safetensors").read_bytes())
    partial = settings.folder / f"grid.{made_from.hexdigest()[:12]}.partial.jsonl"
    partial.parent.mkdir(parents=True, exist_ok=True)
    with measured(settings.folder / "decoder.run.json"):
        measure = decoder_measure(settings, lm, data)
        grid = evaluate_grid(
            lm,
            gradiend,
            measure,
            feature_factors=settings.feature_factors or FEATURE_FACTORS,
            learning_rates=settings.learning_rates or LEARNING_RATES,
            partial=partial,
            progress=progress,
        )
        chosen = _selected(grid, settings, decoder="trained")
        if settings.closed_form_rows:
            chosen += _closed_form_selection(settings, lm, data, measure)
        selected = pd.DataFrame(chosen).reset_index(drop=True)
        write_csv(settings.folder / "grid.csv", grid)
        write_csv(settings.folder / "selected.csv", selected)
        write_json(
            settings.folder / "decoder.json", _described(settings, "decoder", {})
        )
    partial.unlink(missing_ok=True)
    return grid, selected


def closed_form_gradiend(
    settings: Settings, lm: ClozeLM, data: FeatureData
) -> Gradiend:
    """The closed-form GRADIEND from (a sample of) the training rows."""
    train_rows = lm.usable(data.table[data.table["split"] == "train"])
    limit = settings.closed_form_rows
    rows = {
        label: lm.encode(
            _capped(train_rows[train_rows["label"] == label], limit, settings.seed)
        )
        for label in (1, -1)
    }
    return closed_form(lm, rows, batch_size=settings.batch_size)


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
        if row["variant"] == "base":
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
    write_csv(settings.folder / "associations.csv", table)
    return table


def candidate(row: pd.Series) -> tuple[float, float]:
    """(h, α) of a selected row; the base model is a candidate and changes nothing."""
    if pd.isna(row["h"]):
        return 0.0, 0.0
    return float(row["h"]), float(row["learning_rate"])


def example_predictions(
    settings: Settings, lm: ClozeLM, gradiend: Gradiend, selected: pd.DataFrame
) -> pd.DataFrame:
    """Top ten words of the example texts, per variant; writes predictions.csv."""
    parts = []
    for _, row in selected[selected["decoder"] != "closed form"].iterrows():
        with rewritten(lm, gradiend, *candidate(row)):
            for text in EXAMPLE_TEXTS:
                words = top_words(lm, text)
                parts.append(
                    words.assign(
                        variant=row["variant"], text=text, rank=range(1, len(words) + 1)
                    )
                )
    table = pd.concat(parts, ignore_index=True)
    write_csv(settings.folder / "predictions.csv", table)
    return table


def moved_associations(learned: pd.DataFrame) -> pd.DataFrame:
    """Mean |P − P of the base| per feature and variant, one column a domain.

    ``learned`` is :func:`associations_after`'s, with a column feature.
    """
    keys = ["feature", "domain", "word", "class", "query"]
    base = learned[learned["variant"] == "base"].set_index(keys)["learned"]
    rest = learned[learned["variant"] != "base"]
    before = base.loc[pd.MultiIndex.from_frame(rest[keys])].to_numpy()
    rest = rest.assign(moved=(rest["learned"] - before).abs())
    groups = ["feature", "variant", "decoder", "domain"]
    return rest.groupby(groups, sort=False)["moved"].mean().unstack("domain")


def profession_texts(settings: Settings, *, held_out: bool) -> list[str]:
    """Texts with a profession and a pronoun's slot, of held-out professions or not."""
    planted = asked_associations(settings)
    asked = planted[(planted["kind"] == "profession") & (planted["class"] == "she")]
    apart = asked["word"].isin(held_out_professions(asked))
    return asked.loc[apart == held_out, "query"].tolist()


def name_last(text: str) -> str:
    """A name-slot text with its name at the end, where a causal model can fill it."""
    match = _NAME_FIRST.match(text)
    if match is None:
        raise InputError(
            f"{text!r} does not read 'My friend, [NAME], …', so it cannot be rephrased "
            "for a causal model"
        )
    return f"The person, who {match['rest']}, has the first name {SLOT}."


def _selected(grid: pd.DataFrame, settings: Settings, *, decoder: str) -> list:
    rows = [base_row(grid).to_dict() | {"variant": "base", "decoder": "–"}]
    if decoder != "trained":
        rows = []
    for variant, index in variants(settings).items():
        row = select(grid, index, lms_floor=settings.lms_floor).to_dict()
        rows.append(row | {"variant": variant, "decoder": decoder, "index": index})
    return rows


def _closed_form_selection(settings, lm, data, measure) -> list:
    gradiend = closed_form_gradiend(settings, lm, data)
    grid = evaluate_grid(
        lm,
        gradiend,
        measure,
        feature_factors=CLOSED_FORM_FACTORS,
        learning_rates=settings.learning_rates or LEARNING_RATES,
    )
    return _selected(grid, settings, decoder="closed form")


def _capped(table: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    if rows and len(table) > rows:
        return table.sample(rows, random_state=seed)
    return table


def _like_many(
    untrained: pd.DataFrame | None, test: pd.DataFrame, settings: Settings
) -> pd.DataFrame | None:
    """As many untrained rows as feature rows, so that no kind outweighs the others."""
    if untrained is None:
        return None
    return _capped(
        untrained, min(len(test), settings.test_rows or len(test)), settings.seed
    )


def _sizes(table: pd.DataFrame) -> pd.DataFrame:
    groups = table.groupby(["factual_class", "split"], sort=False)
    return groups.size().rename("rows").reset_index()


def _described(settings: Settings, part: str, values: dict) -> dict:
    """``values`` with what they were computed from."""
    settings_used = settings.part(part)
    return {"settings": settings_used, "versions": provenance(), "values": values}
