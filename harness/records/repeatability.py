"""The schemas of the regression gate: what repeated runs gave, and how a run stands beside it; plain values."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from harness.records.schema import DIMENSIONS, ModelIdentity, Provenance, SpecFacts, SplitFacts
from harness.records.text import Line, Name

AREAS: Final = ("quality", "cost", "speed")
Area = Literal["quality", "cost", "speed"]
Status = Literal["same", "better", "worse", "missing", "elsewhere"]
Value = Annotated[float, Field(ge=-1e12, le=1e12)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Metric(_Frozen):
    """What is compared.

    Attributes:
        area: what kind of number it is.
        method: on the leaderboard, "" for a number of the whole run.
        name: of the number.
        unit: of the number.
        higher_is_better: whether a lower number is the worse one.
    """

    area: Area
    method: Name | Literal[""] = ""
    name: Name
    unit: Line
    higher_is_better: bool = False

    @property
    def label(self) -> str:
        """Method and name."""
        return f"{self.method} {self.name}".strip()


class Repeated(_Frozen):
    """A metric in repeated runs.

    Attributes:
        values: of the reference run first, then of its repeats.
        arithmetic: by how much it may differ between machines for their arithmetic alone.
    """

    metric: Metric
    values: tuple[Value, ...] = Field(min_length=2)
    arithmetic: Annotated[float, Field(ge=0, le=1e6)] = 0.0


class Baseline(_Frozen):
    """A reference run and what its repeats with other seeds gave.

    Attributes:
        run_id: of the reference.
        spec: its specification as JSON.
        spec_digest: its SHA-256.
        splits: which wordings were asked.
        repeats: digests of the repeats' specifications, which differ from the reference's in the seeds alone.
        measures: the metrics.
    """

    schema_version: Literal[1] = 1
    run_id: Line
    spec: dict[str, Any]
    spec_digest: Line
    model: ModelIdentity
    splits: dict[Line, SplitFacts]
    provenance: Provenance
    repeats: tuple[Line, ...] = Field(min_length=1)
    measures: tuple[Repeated, ...] = Field(min_length=1)

    @field_validator("spec")
    @classmethod
    def _readable(cls, spec: dict[str, Any]) -> dict[str, Any]:
        """What a comparison reads must be of its kind, with regions and dimensions to take means over."""
        settings = SpecFacts.model_validate(spec)
        if not settings.regions:
            raise ValueError("names no region: expected one or more")
        if not settings.dimensions or set(settings.dimensions) - set(DIMENSIONS):
            raise ValueError(f"dimensions: expected some of {', '.join(DIMENSIONS)}")
        return spec

    @property
    def settings(self) -> SpecFacts:
        """What is read of the specification."""
        return SpecFacts.model_validate(self.spec)


class Finding(_Frozen):
    """A metric of a run beside its baseline.

    Attributes:
        mean: of the baseline's values.
        deviation: their standard deviation.
        limit: by how much a run may be worse than the mean.
        value: of the run; None where it has none.
        status: "same" within the limit, "missing" without a value, "elsewhere" for a time that was taken on a machine
            for which the limit says nothing.
        gated: whether a status of "worse" or "missing" fails the run.
    """

    metric: Metric
    mean: float
    deviation: float
    limit: float
    value: float | None
    status: Status
    gated: bool

    @property
    def failed(self) -> bool:
        """Whether it fails the run."""
        return self.gated and self.status in ("worse", "missing")


class Verdict(_Frozen):
    """How a run stands beside a baseline.

    Attributes:
        baseline: the reference's run.
        run: that was compared.
        passed: whether nothing that is gated is worse or missing.
        notes: what must be known to read it.
    """

    schema_version: Literal[1] = 1
    baseline: Line
    run: Line
    passed: bool
    findings: tuple[Finding, ...]
    notes: tuple[Line, ...]
