"""A checked profile: its models, its features, and the settings of each run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gradiend.errors import check_choice
from study.domains import FEATURES
from study.profiles.origins import Origin
from study.profiles.ranges import Distinct, MaySayNothing, Names, Resources, Whole, said
from study.profiles.settings import RunSettings, Settings
from study.results.places import results_root

# Sources of data that are named; any other is the manifest of public files to fetch.
WORLD, CARRIED = "world", "carried"
_STRICT = ConfigDict(extra="forbid", ignored_types=(cached_property,))
# Part of a RunSettings, group by group.
Values = Annotated[dict[str, Any], MaySayNothing]
DomainValues = Annotated[dict[str, Values], MaySayNothing]


class ModelEntry(Origin):
    """What a profile says of a model; ``settings`` are what it says of its runs."""

    display: str
    stand_in: bool = False
    data: str | None = None  # None: the profile's
    features: Names | None = None  # of the profile's; None: all
    compares: Annotated[list[str], Distinct] | None = (
        None  # domains, with other methods; None: all
    )
    # of study.results.files.ANALYSES, asked of it
    analyses: Annotated[list[str], Distinct] = Field(default_factory=list)
    resources: Resources = Field(default_factory=dict)
    priority: Whole = 0  # the longest chain of steps starts first
    settings: Values = Field(default_factory=dict)
    domains: DomainValues = Field(default_factory=dict)


class Profile(BaseModel):
    """A checked profile file; ``source`` is what it was loaded by."""

    model_config = _STRICT
    name: str
    source: str
    path: Path
    description: str
    features: Names
    entries: dict[str, ModelEntry] = Field(alias="models", min_length=1)
    claims: bool = True  # do its sizes suffice for what the notebooks assert
    data: str = WORLD  # a source's name, or the manifest of public files to fetch;
    # its models' unless they name another
    figures_folder: str | None = Field(default=None, alias="figures")
    introduces: str | None = None  # the profile whose stand-ins notebook 00 shows
    walks: bool = True  # through notebooks 01 and 12 too, which need nothing of a run
    jobs: Literal["model", "domain"] = "model"
    resources: Resources = Field(default_factory=dict)
    defaults: Values = Field(default_factory=dict)
    domain_values: DomainValues = Field(default_factory=dict, alias="domains")

    @cached_property
    def models(self) -> list[str]:
        """Model ids, in the order of the file, without those :attr:`left_out`."""
        return [name for name in self.entries if name not in self.left_out]

    @cached_property
    def left_out(self) -> list[str]:
        """Gated models that nobody here may fetch and no cache has."""
        return [n for n, e in self.entries.items() if e.gated and not _allowed(e)]

    @property
    def domains(self) -> list[str]:
        """The domains of the profile's features."""
        return list(dict.fromkeys(FEATURES[name].domain for name in self.features))

    @property
    def sources(self) -> list[str]:
        """Where its models' data come from, each once."""
        return list(dict.fromkeys(map(self.data_of, self.models)))

    def data_of(self, model: str) -> str:
        """Where a model's data come from."""
        return self.entry(model).data or self.data

    def entry(self, model: str) -> ModelEntry:
        """What the profile says of a model."""
        check_choice(model, self.entries, f"model of profile {self.name}")
        return self.entries[model]

    def job_resources(self, model: str) -> dict[str, int]:
        """What a job of a model takes: ``gpu``, ``mem_mb``, ``runtime`` (minutes), …"""
        return self.resources | self.entry(model).resources

    def features_of(self, domain: str, model: str | None = None) -> list[str]:
        """The profile's features of a domain, or of ``all`` of them.

        With ``model``, only those that the profile asks of it (all, unless its entry
        has ``features``).
        """
        check_choice(domain, [*self.domains, "all"], "domain")
        asked = self.features
        if model is not None and self.entry(model).features is not None:
            asked = self.entry(model).features
        return [n for n in asked if domain in ("all", FEATURES[n].domain)]

    def runs(self, model: str, domain: str = "all") -> list[Settings]:
        """The settings of a model's features, in the profile's order."""
        return [self.settings(model, f) for f in self.features_of(domain, model)]

    def compared(self, model: str) -> list[Settings]:
        """The settings of the features whose variants are compared with others."""
        asked = self.entry(model).compares
        runs = self.runs(model)
        return [run for run in runs if asked is None or run.domain.name in asked]

    def settings(self, model: str, feature: str) -> Settings:
        """The settings of a model and feature, all overrides applied."""
        check_choice(feature, self.features, f"feature of profile {self.name}")
        entry, domain = self.entry(model), FEATURES[feature].domain
        values = self.defaults
        for more in (
            self.domain_values.get(domain, {}),
            entry.settings,
            entry.domains.get(domain, {}),
        ):
            values = merged(values, more)
        return Settings(
            **values,
            profile=self.name,
            model=model,
            feature=feature,
            path=entry.path(model),
            revision=entry.revision,
            display=entry.display,
            stand_in=entry.stand_in,
            data=self.data_of(model),
        )

    @property
    def figures(self) -> Path:
        """Where a reader finds figures and tables, and the data they are drawn from.

        A profile may name a folder beside it; else it is :attr:`report_figures`.
        """
        if self.figures_folder is not None:
            return (self.path.parent / self.figures_folder).resolve()
        return self.report_figures

    @property
    def report_figures(self) -> Path:
        """Where every figure and table lands, for the report."""
        return results_root() / self.name / "figures"


def merged(base: Mapping, own: Mapping) -> dict:
    """``base`` with what ``own`` says otherwise, level by level.

    A group of ``own`` that is empty says nothing.
    """
    result = dict(base)
    for key, value in own.items():
        group = isinstance(base.get(key), Mapping)
        value = said(value) if group else value
        both = group and isinstance(value, Mapping)
        result[key] = merged(base[key], value) if both else value
    return result


def checked_values(values: Values) -> RunSettings:
    """A part of a RunSettings; an unknown key or a wrong value is refused."""
    return RunSettings.model_validate(values)


def _allowed(entry: Origin) -> bool:
    """Whether a gated model can be had: with a token, or from the cache."""
    # Imported here: most profiles have no gated model.
    from huggingface_hub import get_token, try_to_load_from_cache

    cached = try_to_load_from_cache(entry.hub, "config.json", revision=entry.revision)
    return isinstance(cached, str) or get_token() is not None
