"""Profiles: which models and features a run covers, and with which settings.

A profile is a YAML file, in ``notebooks/profiles`` or anywhere: ``defaults`` hold for
every run, a ``domains`` entry overrides them for a domain, a model's own entries for
that model, and its ``domains`` entry for that model on that domain. Whatever a value
decides, it is a field of :class:`Settings`; an unknown key is refused. With ``like`` a
profile takes over another one and says what differs; its ``models`` may then be a list:
those of the other profile's that it wants, by name or as ``name: {changes}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import yaml

from gradiend.domains import FEATURES
from gradiend.errors import InputError, known
from gradiend.methods import METHODS
from gradiend.results import REPOSITORY, resolved, results_root

PROFILE_FOLDER = REPOSITORY / "notebooks" / "profiles"
WORLD = "world"
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything one run of one model on one feature depends on.

    The defaults are the paper's (Sec. 3 and 4).
    """

    profile: str
    model: str
    feature: str
    path: str  # folder or hub name
    display: str  # how figures and tables call the model
    data: str = WORLD  # or the manifest of public files
    stand_in: bool = False
    revision: str | None = None
    device: str = "cpu"
    device_map: str | None = None  # auto: spread over all GPUs
    dtype: str = "float32"
    autocast: bool = False  # matrix products in bfloat16
    checkpointing: bool = False  # compute activations twice, keep few of them
    chat: bool = False  # name-slot texts go through the chat template
    seed: int = 0  # of data, evaluation rows and masks
    # training
    seeds: tuple[int, ...] = (0,)
    steps: int = 2_500
    batch_size: int = 32
    learning_rate: float = 1e-5
    weight_decay: float = 1e-2
    epsilon: float = 1e-8
    evaluate_every: int = 250
    source: str = "factual"
    moments: str = "full"
    validation_rows: int = 0
    # encoder evaluation
    test_rows: int = 0  # feature rows; 0 = all
    neutral_texts: int = 1_000
    # decoder evaluation
    feature_factors: tuple[float, ...] = ()  # empty: the paper's grid
    learning_rates: tuple[float, ...] = ()
    slot: str = "name"  # what the gender variants are selected on: name | pronoun
    slot_texts: int = 0  # 0 = all
    lms_texts: int = 1_000
    lms_floor: float = 0.0
    closed_form_rows: int = 0
    # methods to compare with, and the sizes of their fits
    methods: tuple[str, ...] = tuple(METHODS)
    baseline_texts: int = 100_000  # of the corpus
    pretraining_steps: int = 2_000
    pretraining_batch: int = 32
    pretraining_accumulation: int = 16
    pretraining_length: int = 512
    pretraining_rate: float = 5e-5
    inlp_classifiers: int = 80
    fit_sentences: int = 10_000
    rlace_steps: int = 2_000
    # benchmarks
    perplexity_texts: int = 0  # 0 = all
    # fine-tuning
    tasks: tuple[str, ...] = ()  # empty: none
    zero_shot: bool = False  # ask for the tasks' answers instead of fine-tuning
    task_rows: int = 0  # of a task's training rows; 0 = all
    task_seeds: tuple[int, ...] = (0, 1, 2)
    task_epochs: int = 3
    task_batch: int = 32
    task_length: int = 128
    task_rate: float = 2e-5

    def part(self, name: str) -> dict:
        """The values a step reads, e.g. ``training`` or ``decoder``.

        Results carry these, and a change of them is what makes the step run again.
        """
        return {key: getattr(self, key) for key in (*_IDENTITY, *_PARTS[name])}

    def given(self, kind: type[T]) -> T:
        """The settings dataclass ``kind`` with the values that have its names here."""
        names = kind.__dataclass_fields__
        return kind(**{n: getattr(self, n) for n in names if hasattr(self, n)})

    @property
    def domain(self) -> str:
        """gender, race or religion."""
        return FEATURES[self.feature].domain

    @property
    def folder(self) -> Path:
        """Where this run's result files are."""
        return results_root() / self.profile / self.model / self.feature


_IDENTITY = ("model", "feature", "display", "data", "revision", "seed")
_IDENTITY += ("device", "device_map", "dtype", "autocast", "checkpointing")
_TRAINING = (
    "seeds",
    "steps",
    "batch_size",
    "learning_rate",
    "weight_decay",
    "epsilon",
    "evaluate_every",
    "source",
    "moments",
    "validation_rows",
)
_METHODS = (
    "methods",
    "closed_form_rows",
    "baseline_texts",
    "pretraining_steps",
    "pretraining_batch",
    "pretraining_accumulation",
    "pretraining_length",
    "pretraining_rate",
    "inlp_classifiers",
    "fit_sentences",
    "rlace_steps",
)
_PARTS = {
    "training": _TRAINING,
    "encoder": ("source", "test_rows", "neutral_texts"),
    "decoder": (
        "chat",
        "slot",
        "neutral_texts",
        "feature_factors",
        "learning_rates",
        "slot_texts",
        "lms_texts",
        "lms_floor",
        "closed_form_rows",
    ),
    "methods": _METHODS,
    "benchmarks": (*_METHODS, "neutral_texts", "perplexity_texts"),
    "tasks": (
        *_METHODS,
        "chat",
        "tasks",
        "zero_shot",
        "task_rows",
        "task_seeds",
        "task_epochs",
        "task_batch",
        "task_length",
        "task_rate",
    ),
}
_FIELDS = {field.name for field in fields(Settings)}
_PROFILE_KEYS = {
    "like",
    "claims",
    "description",
    "data",
    "features",
    "jobs",
    "resources",
    "defaults",
    "domains",
    "models",
}


@dataclass(frozen=True)
class Profile:
    """A checked profile file; ``source`` is what :func:`load_profile` was given."""

    name: str
    content: Mapping
    source: str

    @cached_property
    def models(self) -> list[str]:
        """Model ids, in the order of the file, without those :attr:`left_out`."""
        return [name for name in self.content["models"] if name not in self.left_out]

    @cached_property
    def left_out(self) -> list[str]:
        """Gated models that nobody here may fetch and no cache has."""
        return [
            name
            for name, entry in self.content["models"].items()
            if entry.get("gated") and not _allowed(entry)
        ]

    @property
    def features(self) -> list[str]:
        """Feature names, in the order of the file."""
        return list(self.content["features"])

    @property
    def data(self) -> str:
        """``world`` (the planted world) or the manifest of public files to fetch."""
        return self.content.get("data", WORLD)

    def resources(self, model: str) -> dict[str, int]:
        """What a job of a model takes: ``gpu``, ``mem_mb``, ``runtime`` (minutes), …"""
        own = self.content["models"][model].get("resources", {})
        return dict(self.content.get("resources", {})) | own

    @property
    def claims(self) -> bool:
        """Whether its sizes suffice for what the notebooks assert of their results."""
        return self.content.get("claims", True)

    @property
    def domains(self) -> list[str]:
        """The domains of the profile's features."""
        return list(dict.fromkeys(FEATURES[name].domain for name in self.features))

    def features_of(self, domain: str, model: str | None = None) -> list[str]:
        """The profile's features of a domain, or of ``all`` of them.

        With ``model``, only those that the profile asks of it (all, unless its entry
        has ``features``).
        """
        known(domain, [*self.domains, "all"], "domain")
        asked = self.features
        if model is not None:
            known(model, self.content["models"], f"model of profile {self.name}")
            asked = self.content["models"][model].get("features", asked)
        return [n for n in asked if domain in ("all", FEATURES[n].domain)]

    def settings(self, model: str, feature: str) -> Settings:
        """The settings of a model and feature, all overrides applied."""
        known(model, self.content["models"], f"model of profile {self.name}")
        known(feature, self.features, f"feature of profile {self.name}")
        domain = FEATURES[feature].domain
        entry = self.content["models"][model]
        values: dict = dict(self.content.get("defaults") or {})
        values |= (self.content.get("domains") or {}).get(domain, {})
        values |= _model_values(entry)
        values |= (entry.get("domains") or {}).get(domain, {})
        values = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in values.items()
        }
        values["path"] = resolved(values["path"])
        values["data"] = self.data
        return Settings(profile=self.name, model=model, feature=feature, **values)

    @property
    def figures(self) -> Path:
        """Where figures and tables land: committed ones for the default profile."""
        if self.name == "mini":
            return REPOSITORY / "figures"
        return results_root() / self.name / "figures"


def profile_names() -> list[str]:
    """The profiles there are."""
    return sorted(path.stem for path in PROFILE_FOLDER.glob("*.yaml"))


def load_profile(source: str) -> Profile:
    """Read and check a profile: a name in ``notebooks/profiles``, or a YAML file."""
    path = _profile_path(source)
    content = _content(path)
    profile = Profile(path.stem, content, source)
    _check(profile, path)
    return profile


def _profile_path(source: str) -> Path:
    if not source.endswith(".yaml"):
        known(source, profile_names(), "profile")
        return PROFILE_FOLDER / f"{source}.yaml"
    if not Path(source).is_file():
        raise InputError(f"{source}: no such profile; check the path")
    return Path(source)


def _content(path: Path) -> dict:
    """What a profile says, with what it takes over from the one it is like."""
    try:
        own = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML ({error})") from error
    if "like" not in own:
        return own
    base = _content(_profile_path(own["like"]))
    if isinstance(own.get("models"), list):  # a choice of the other profile's
        base["models"] = dict(_chosen(own.pop("models"), base["models"], own["like"]))
    return _merged(base, own)


def _chosen(
    models: list[str | Mapping], there: Mapping, source: str
) -> Iterator[tuple[str, Mapping]]:
    """The entries of the models named, each with the changes given: ``name: {…}``."""
    for item in models:
        name, changes = (
            (item, {}) if isinstance(item, str) else next(iter(item.items()))
        )
        known(name, there, f"model of profile {source}")
        yield name, _merged(there[name], changes)


def _merged(base: Mapping, own: Mapping) -> dict:
    """``base`` with what ``own`` says otherwise, level by level."""
    merged = dict(base)
    for key, value in own.items():
        both = isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        merged[key] = _merged(base[key], value) if both else value
    return merged


def _check(profile: Profile, path: Path) -> None:
    for key in profile.content:
        known(key, _PROFILE_KEYS, f"key in {path.name}:")
    for feature in profile.features:
        known(feature, FEATURES, f"feature in {path.name}:")
    groups = {"defaults": profile.content.get("defaults") or {}}
    domains = {"gender", "race", "religion"}
    for domain, values in (profile.content.get("domains") or {}).items():
        known(domain, domains, f"domain in {path.name}:")
        groups[f"domains.{domain}"] = values
    for model, entry in profile.content["models"].items():
        groups[model] = _model_values(entry)
        for feature in entry.get("features", ()):
            known(feature, profile.features, f"feature in {path.name}, {model}:")
        for domain, values in (entry.get("domains") or {}).items():
            known(domain, domains, f"domain in {path.name}, {model}:")
            groups[f"{model}.{domain}"] = values
        if "path" not in entry or "display" not in entry:
            raise InputError(f"{path.name}, {model}: needs path and display")
    for where, values in groups.items():
        for key in values:
            known(key, _FIELDS, f"key in {path.name}, {where}:")
        for method in values.get("methods", ()):
            known(method, METHODS, f"method in {path.name}, {where}:")


def _model_values(entry: Mapping) -> dict:
    """The settings a model's entry gives by itself."""
    other = ("domains", "features", "gated", "resources")
    return {key: value for key, value in entry.items() if key not in other}


def _allowed(entry: Mapping) -> bool:
    """Whether a gated model can be had: with a token, or from the cache."""
    # Imported here: most profiles have no gated model.
    from huggingface_hub import get_token, try_to_load_from_cache

    cached = try_to_load_from_cache(
        entry["path"], "config.json", revision=entry.get("revision")
    )
    return isinstance(cached, str) or get_token() is not None
