"""How the folder of a model comes about."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from study.profiles.ranges import Resources
from study.results.places import resolved, results_root


class Prepared(BaseModel):
    """A model that is made here: ``python -m MODULE FOLDER`` writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    module: str
    carrier: str | None = None  # the package of data/wheels.yaml that it reads
    needs: tuple[str, ...] = ()  # committed files that it reads
    resources: Resources = Field(default_factory=dict)


class Origin(BaseModel):
    """Exactly one of: a folder that is there, a model of the hub, one that is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    folder: str | None = None  # committed here, or anywhere on this machine
    hub: str | None = None  # fetched, at ``revision``
    prepared: Prepared | None = None
    revision: str | None = None
    gated: bool = False  # may be fetched by those alone who accepted its licence

    @model_validator(mode="after")
    def _one_place(self) -> Origin:
        places = [key for key in ("folder", "hub", "prepared") if getattr(self, key)]
        if len(places) != 1:
            raise ValueError(
                "needs one of folder (on this machine), hub (a name) and prepared (a "
                f"module), not {' and '.join(places) or 'none'}"
            )
        return self

    def path(self, model: str) -> str:
        """The folder, or the hub's name, of the model that a profile calls so."""
        if self.prepared is not None:
            return str(results_root() / "models" / model)
        return self.hub or resolved(self.folder)
