"""The schema of a contest between optimizers: who searched where, and how its error fell; plain values."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from harness.records.schema import Error, ModelIdentity, Provenance, SpecFacts
from harness.records.text import Line, Name

CONTEST_VERSION: Final = 2
Evaluations = Annotated[float, Field(ge=0, le=1e12)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Entrant(_Frozen):
    """An optimizer with its settings, under the name that tables and plots give it.

    Attributes:
        label: unique in a contest.
        optimizer: name in the catalog.
        settings: the whole run specification as JSON, with all regions and seeds of the contest.
    """

    label: Name
    optimizer: Name
    settings: dict[str, Any]

    @field_validator("settings")
    @classmethod
    def _readable(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Those that a report reads must be of their kind where they stand."""
        SpecFacts.model_validate(settings)
        return settings


class ContestSpec(_Frozen):
    """Everything that decides the numbers of a contest: every entrant runs on every region with every seed."""

    title: Line = ""
    regions: tuple[Name, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    entrants: tuple[Entrant, ...] = Field(min_length=1)

    @property
    def digest(self) -> str:
        """SHA-256 of the specification without its title, hexadecimal."""
        plain = self.model_dump(mode="json", exclude={"title"})
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    @property
    def labels(self) -> tuple[str, ...]:
        """The entrants' names, in the order they were given."""
        return tuple(entrant.label for entrant in self.entrants)


class Cell(_Frozen):
    """One entrant on one region with one seed; errors in index points, lower is better.

    Attributes:
        entrant: its label.
        curve: (evaluations, best error so far on the tuning wordings) at each improvement, the first one after the
            first sample; where regions shared a search, the evaluations of all of them dealt out evenly.
        mae_tuned: error of the final prompt on the tuning wordings.
        mae: the same on the held-out wordings.
        option_mass: probability on the five options, held-out wordings.
        evaluations: candidate evaluations spent; shared ones dealt out evenly.
        seconds: of the search without scoring its result; those of a shared one dealt out evenly.
        failed: candidates whose answers were not finite.
    """

    entrant: Name
    region: Name
    seed: int
    curve: tuple[tuple[Evaluations, Error], ...] = Field(min_length=1)
    mae_tuned: Error
    mae: Error
    option_mass: float | None = None
    evaluations: Evaluations
    seconds: Annotated[float, Field(ge=0)]
    failed: int = 0

    @property
    def key(self) -> tuple[str, str, int]:
        """Entrant, region and seed."""
        return self.entrant, self.region, self.seed


class LogLine(_Frozen):
    """A line of a contest's log: a process that began, how it asks the model, or one finished search.

    Attributes:
        model: that answers, in the first line of a process.
        provenance: of that process.
        tokens: virtual tokens for which `plan` was chosen.
        plan: layout of the questions, kept so that a resumed contest asks in the same way.
        cells: of a search, one per region that took part.
    """

    model: ModelIdentity | None = None
    provenance: Provenance | None = None
    tokens: int | None = None
    plan: dict[str, Any] | None = None
    cells: tuple[Cell, ...] = ()


class Contest(_Frozen):
    """A finished contest.

    Attributes:
        spec_digest: names the specification.
        provenance: of each process that worked on it, equal ones once.
        references: error of methods that need no model, per region: "null" answers 3 to everything.
        missing: dimensions without a published score, for regions that have any; the errors leave them out.
        cells: every entrant on every region with every seed, in the order of the specification.
    """

    schema_version: Literal[2] = CONTEST_VERSION
    spec: ContestSpec
    spec_digest: str
    model: ModelIdentity
    provenance: tuple[Provenance, ...] = Field(min_length=1)
    references: dict[Name, dict[Name, Error]] = {}
    missing: dict[Name, tuple[Name, ...]] = {}
    cells: tuple[Cell, ...]

    @model_validator(mode="after")
    def _complete(self) -> Contest:
        expected = [
            (label, region, seed)
            for label in self.spec.labels
            for region in self.spec.regions
            for seed in self.spec.seeds
        ]
        if [cell.key for cell in self.cells] != expected:
            raise ValueError(f"expected {len(expected)} cells in the order of the specification, got {len(self.cells)}")
        return self
