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
from study.comparison.methods import PAPER
from study.comparison.settings import Begun, FineTuning, FitSettings
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
from study.results.files import SEEDS_FOLDER
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
        converged=Share,
        retries=Count,
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
        steering_layers=Count,
        dpo_steps=Positive,
        dpo_batch=Positive,
        dpo_rate=Rate,
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
    neutral_texts: Positive = 1_000
    names: Count = 0  # that variants are asked the gender of; 0 = all


class Refinement(_Group):
    """How far the balanced variant's candidate is refined behind the grid."""

    candidates: Count = 40  # at most; 0: no refined variant
    lms_texts: Positive = 1_000  # to refine by; as many others are reported on
    lms_floor: Share = 0.98  # of the base's; on texts not seen .02 less may be left
    said_floor: Share | None = None  # of the base's P of both classes; None: see refine
    closed_form: bool = False  # refine the closed form's choice as well

    @property
    def floors(self) -> dict[str, float | None]:
        """What a candidate must keep of the base's, as ``refine`` is told."""
        return {"lms_floor": self.lms_floor, "said_floor": self.said_floor}


class DecoderEvaluation(_Group):
    """The grid of rewritten models and what they are asked."""

    feature_factors: tuple[Real, ...] = ()  # empty: the paper's grid
    learning_rates: tuple[Real, ...] = ()
    slot: str | None = None  # one of the domain's slots; None: its first
    slot_texts: Count = 0  # 0 = all
    lms_texts: Positive = 1_000  # that a candidate of the grid is asked
    lms_floor: Share = 0.0
    closed_form_rows: Count = 0  # 0: no closed-form decoder
    # NAME or NAME@REVISION of a debiased checkpoint on the hub that stands beside ours
    published: str | None = None
    refinement: Refinement = Field(default_factory=Refinement)

    @property
    def refines_closed_form(self) -> bool:
        """Whether the closed form has a refined choice beside the grid's."""
        asked = self.refinement
        return bool(self.closed_form_rows and asked.candidates and asked.closed_form)


class Methods(_Group):
    """The methods to compare with, and how they are fitted."""

    names: Names = PAPER
    texts: Positive = 100_000  # of the corpus
    fit: Annotated[_Fit, MaySayNothing] = Field(default_factory=_Fit)


class Benchmarks(_Group):
    """What the benchmarks ask besides their files."""

    perplexity_texts: Count = 0  # 0 = all
    crows_pairs: Count = 0  # of CrowS-Pairs, each kind of bias; 0 = all
    stereoset: Literal["all", "own"] = "all"  # its domains, or the profile's alone
    begin_of_sentence: Begun = "all"  # the tokens that are predicted behind one


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


class Anatomy(_Group):
    """How a decoder and an encoder are cut down to few of their weights."""

    features: Names = ()  # of the model's; empty: its first
    per_decade: Positive = 2  # numbers of weights asked, from 1e-6 n to n
    layer_groups: Positive = 6  # into which layers are put, where there are more
    rows: Count = 0  # that encodings are asked of; 0: as the encoder's evaluation
    draws: Positive = 3  # of random weights that are read by
    lms_texts: Count = 0  # that a cut model is asked; 0: as those that are selected
    seed_candidates: Positive = 8  # rewritten models that each seed may try


class FirstOrder(_Group):
    """What first order is asked of (notebook 11)."""

    probes: Count = 0  # of each set; 0 = all
    texts: Count = 240  # neutral ones, of either half; 0 = all
    batch_size: Positive = 32
    candidates: Positive = 16  # of a decoder that notebook 04 did not refine
    shares: tuple[Rate, ...] = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4)  # of the selected α
    dearer: Rate = 0.01  # loss of neutral texts that is a price, of the base's
    gaps: tuple[Rate, ...] = (0.5, 0.3)  # of the base's, at which costs are compared
    shuffles: Count = 3  # draws of each kind of shuffled rows


class Classes(_Group):
    """What is asked of three classes at once."""

    trios: Names = ()  # which three: pronouns, race, religion; none: all
    texts: Positive = 20_000  # of the corpus, read for sentences with a pronoun
    rows: Positive = 300  # sentences a pronoun
    steps_a_class: Positive = 60  # of what is trained here
    test_rows: Positive = 60  # of a feature that every other one's encoder reads
    slot_texts: Positive = 60  # that a candidate is asked; as many others reported
    lms_texts: Positive = 80  # likewise


class RunSettings(_Group):
    """What a profile may say of a run, for all runs or for some of them."""

    seed: Count = 0  # of data, evaluation rows and masks
    seeds: Seeds = (0,)  # of training; the best run is used
    keep_seeds: bool = False  # where there are several, keep the others' files, too
    chat: bool = False  # name-slot texts go through the chat template
    load: Loading = Field(default_factory=Loading)
    training: Annotated[_Training, MaySayNothing] = Field(default_factory=_Training)
    encoder: EncoderEvaluation = Field(default_factory=EncoderEvaluation)
    decoder: DecoderEvaluation = Field(default_factory=DecoderEvaluation)
    methods: Methods = Field(default_factory=Methods)
    benchmarks: Benchmarks = Field(default_factory=Benchmarks)
    tasks: Tasks = Field(default_factory=Tasks)
    first_order: FirstOrder = Field(default_factory=FirstOrder)
    classes: Classes = Field(default_factory=Classes)
    anatomy: Anatomy = Field(default_factory=Anatomy)


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
    def kept_seeds(self) -> list[Path]:
        """The files of the GRADIENDs of all seeds, where they are kept."""
        several = self.seeds if self.keep_seeds and len(self.seeds) > 1 else ()
        return [self.seed_file(seed) for seed in several]

    def seed_file(self, seed: int) -> Path:
        """The file of the GRADIEND of a seed."""
        return self.folder / SEEDS_FOLDER / f"{seed}.safetensors"

    @property
    def model_folder(self) -> Path:
        """Where the result files of all runs of the model are."""
        return results_root() / self.profile / self.model

    @property
    def folder(self) -> Path:
        """Where this run's result files are."""
        return self.model_folder / self.feature


_IDENTITY = ("model", "feature", "display", "data", "revision", "seed", "load")
_FITS = ("methods", "decoder.closed_form_rows", "decoder.published")
_NEUTRAL = ("encoder.neutral_texts", "decoder.lms_texts", "decoder.refinement")
_PARTS = {  # step → what it reads
    "training": ("seeds", "keep_seeds", "training"),
    "encoder": ("training.source", "encoder"),
    "decoder": ("chat", "encoder.neutral_texts", "decoder"),
    "methods": (*_FITS, *_NEUTRAL, "decoder.slot_texts", "chat"),
    "benchmarks": (*_FITS, *_NEUTRAL, "benchmarks"),
    "tasks": (*_FITS, "chat", "tasks", "benchmarks"),  # both, once fine-tuned
    "first_order": ("training", "decoder", "encoder.neutral_texts", "first_order"),
    "classes": ("training", *_NEUTRAL, "classes"),
    "anatomy": (
        *("chat", "training.source", "keep_seeds", "encoder.test_rows"),
        *(*_NEUTRAL, "decoder.slot", "decoder.slot_texts", "anatomy"),
    ),
}
