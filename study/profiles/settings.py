"""Everything one run of one model on one feature depends on.

Settings are groups of values, each checked where it is read and each with one default:
the paper's (Sec. 3 and 4).
"""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass as checked

from gradiend.settings import TrainingSettings
from study.comparison.methods import METHODS
from study.comparison.settings import FineTuning, FitSettings
from study.domains import Domain, domain_of
from study.profiles.ranges import (
    Count,
    Device,
    Distinct,
    MaySayNothing,
    NotNegative,
    Positive,
    Rate,
    Real,
    Seeds,
    Share,
    said,
    within,
)
from study.results.places import results_root

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_Training = checked(
    within(
        TrainingSettings,
        steps=Positive,
        batch_size=Positive,
        learning_rate=Rate,
        weight_decay=NotNegative,
        epsilon=Rate,
        evaluate_every=Positive,
        validation_rows=Count,
        min_rows=Count,
    ),
    config=_STRICT,
)
_Fit = checked(
    within(
        FitSettings,
        pretraining_steps=Positive,
        pretraining_batch=Positive,
        pretraining_accumulation=Positive,
        pretraining_length=Positive,
        pretraining_rate=Rate,
        inlp_classifiers=Positive,
        fit_sentences=Positive,
        rlace_steps=Positive,
    ),
    config=_STRICT,
)
_FineTuning = checked(
    within(
        FineTuning,
        epochs=Positive,
        batch_size=Positive,
        max_length=Positive,
        learning_rate=Rate,
    ),
    config=_STRICT,
)
DeviceMap = Literal["auto", "balanced", "balanced_low_0", "sequential"]
Names = Annotated[tuple[str, ...], Distinct]


class _Group(BaseModel):
    model_config = _STRICT

    @model_validator(mode="before")
    @classmethod
    def _may_say_nothing(cls, values: Any) -> Any:
        return said(values)


class Loading(_Group):
    """How a model is loaded: what :meth:`ClozeLM.from_pretrained` is given."""

    device: Device = "cpu"  # auto: a GPU where there is one
    device_map: DeviceMap | None = None  # auto: spread over all GPUs
    dtype: Literal["float32", "bfloat16", "float16", "float64"] = "float32"
    autocast: bool = False  # matrix products in bfloat16
    checkpointing: bool = False  # compute activations twice, keep few of them


class EncoderEvaluation(_Group):
    """What h is asked of."""

    test_rows: Count = 0  # feature rows; 0 = all
    neutral_texts: Count = 1_000
    names: Count = 0  # that variants are asked the gender of; 0 = all


class Refinement(_Group):
    """How far the balanced variant's candidate is refined behind the grid."""

    candidates: Count = 40  # at most; 0: no refined variant
    lms_texts: Count = 1_000  # to refine by; as many others are reported on
    lms_floor: Share = 0.98  # of the base's; on texts not seen .02 less may be left
    said_floor: Share | None = None  # of the base's P of both classes; None: see refine
    closed_form: bool = False  # refine the closed form's choice as well


class DecoderEvaluation(_Group):
    """The grid of rewritten models and what they are asked."""

    feature_factors: tuple[Real, ...] = ()  # empty: the paper's grid
    learning_rates: tuple[Real, ...] = ()
    slot: str | None = None  # one of the domain's slots; None: its first
    slot_texts: Count = 0  # 0 = all
    lms_texts: Count = 1_000  # that a candidate of the grid is asked; 0 = all
    lms_floor: Share = 0.0
    closed_form_rows: Count = 0  # 0: no closed-form decoder
    refinement: Refinement = Field(default_factory=Refinement)

    @property
    def refines_closed_form(self) -> bool:
        """Whether the closed form has a refined choice beside the grid's."""
        asked = self.refinement
        return bool(self.closed_form_rows and asked.candidates and asked.closed_form)


class Methods(_Group):
    """The methods to compare with, and how they are fitted."""

    names: Names = tuple(METHODS)
    texts: Positive = 100_000  # of the corpus
    fit: Annotated[_Fit, MaySayNothing] = Field(default_factory=_Fit)


class Benchmarks(_Group):
    """What the benchmarks ask besides their files."""

    perplexity_texts: Count = 0  # 0 = all
    crows_pairs: Count = 0  # of CrowS-Pairs, each kind of bias; 0 = all
    stereoset: Literal["all", "own"] = "all"  # its domains, or the profile's alone


class Tasks(_Group):
    """The tasks that show what debiasing costs."""

    names: Names = ()  # empty: none
    variants: Names = ()  # by the names of their rows; empty: all
    zero_shot: bool = False  # ask for the answers instead of fine-tuning
    questions: Count = 0  # asked of a task, zero-shot: the first so many; 0 = all
    survival: bool = True  # also ask whether debiasing survives fine-tuning
    rows: Count = 0  # of a task's training rows; 0 = all
    seeds: Seeds = (0, 1, 2)
    training: Annotated[_FineTuning, MaySayNothing] = Field(default_factory=_FineTuning)


class RunSettings(_Group):
    """What a profile may say of a run, for all runs or for some of them."""

    seed: Count = 0  # of data, evaluation rows and masks
    seeds: Seeds = (0,)  # of training; the best run is kept
    chat: bool = False  # name-slot texts go through the chat template
    load: Loading = Field(default_factory=Loading)
    training: Annotated[_Training, MaySayNothing] = Field(default_factory=_Training)
    encoder: EncoderEvaluation = Field(default_factory=EncoderEvaluation)
    decoder: DecoderEvaluation = Field(default_factory=DecoderEvaluation)
    methods: Methods = Field(default_factory=Methods)
    benchmarks: Benchmarks = Field(default_factory=Benchmarks)
    tasks: Tasks = Field(default_factory=Tasks)


class Settings(RunSettings):
    """The settings of one model and feature."""

    profile: str
    model: str
    feature: str
    path: str  # folder or hub name
    display: str  # how figures and tables call the model
    data: str  # a source's name, or the manifest of public files
    stand_in: bool = False
    revision: str | None = None

    def part(self, name: str) -> dict[str, Any]:
        """The values a step reads, e.g. ``training`` or ``decoder``, by dotted name.

        Results carry these, and a change of them is what makes the step run again.
        """
        values = self.model_dump(mode="json")
        return {
            key: reduce(lambda group, part: group[part], key.split("."), values)
            for key in (*_IDENTITY, *_PARTS[name])
        }

    @property
    def domain(self) -> Domain:
        """The feature's domain."""
        return domain_of(self.feature)

    @property
    def model_folder(self) -> Path:
        """Where the result files of all runs of the model are."""
        return results_root() / self.profile / self.model

    @property
    def folder(self) -> Path:
        """Where this run's result files are."""
        return self.model_folder / self.feature


_IDENTITY = ("model", "feature", "display", "data", "revision", "seed", "load")
_FITS = ("methods", "decoder.closed_form_rows")
_NEUTRAL = ("encoder.neutral_texts", "decoder.lms_texts", "decoder.refinement")
# Step → what it reads.
_PARTS = {
    "training": ("seeds", "training"),
    "encoder": ("training.source", "encoder"),
    "decoder": ("chat", "encoder.neutral_texts", "decoder"),
    "methods": _FITS,
    "benchmarks": (*_FITS, *_NEUTRAL, "benchmarks"),
    "tasks": (*_FITS, "chat", "tasks"),
}
