"""What a finished run says: a schema-versioned, validated record."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from harness.records.execution import ExecutionFacts
from harness.records.text import Inside, Line, Name

SCHEMA_VERSION: Final = 3
BOOTSTRAP_SEED: Final = 20130
Group = Literal["null", "baseline", "tuned", "reference"]
GROUPS: Final[dict[str, Group]] = {
    "null": "null",
    "world-mean": "null",
    "wrong-region": "null",
    "random-prompt": "null",
    "naive": "baseline",
    "persona": "baseline",
    "icl": "baseline",
}
DERIVED: Final = ("wrong-region", "random-prompt")
"""Null rows made of tuned prompts."""
DIMENSIONS: Final = ("pdi", "idv", "mas", "uai", "lto", "ivr")
Error = Annotated[float, Field(ge=0, le=1e6)]
Points = Annotated[float, Field(ge=-1e6, le=1e6)]
"""Index points: beyond these limits sums of them are no numbers any more."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null", allow_inf_nan=False)


class RegionResult(_Frozen):
    """One region under one method and seed; errors and indices in index points.

    Attributes:
        region: the region's code.
        indices: per dimension, on the held-out wordings.
        mae: mean absolute error on the held-out wordings: the headline.
        mae_tuned: the same on the tuning wordings.
        option_mass: probability on the five options, held-out wordings; None where no model was asked.
        order_gap: per dimension, forward minus reversed option order; None where no model was asked.
        evaluations: candidate evaluations spent on this region; shared ones are dealt out evenly.
        seed: which repetition, or sample of respondents; None for methods without search whose answers are not drawn.
        adapter: folder of the tuned prompt, relative to the run directory.
        curve: best tuned error so far after each number of evaluations spent on this region: (evaluations, error).
        failed: candidates whose answers were not finite.
        mae_validation: mean absolute error on the validation wording, which chose among the finalists; None where there
            was nothing to choose.
        finalist: rank of the chosen one by tuned loss, 0 for the first.
        missing: dimensions that are aimed at and have no published score, which the errors leave out.
        entropy: how evenly answers spread over the options, held-out wordings, 0 sure to 1 uniform; None where no
            model was asked.
        sampling_error: per dimension, standard deviation of the index between samples of respondents; None where
            answers are not drawn.
        source: whose prompt answered, where it is another region's.
        mae_instrument, indices_instrument: on another questionnaire, None where there was none.
    """

    region: Name
    indices: dict[str, Points]
    mae: Error
    mae_tuned: Error
    option_mass: float | None = None
    order_gap: dict[str, Points] | None = None
    evaluations: float
    seed: int | None = None
    adapter: Inside | None = None
    curve: tuple[tuple[float, float], ...] = ()
    failed: int = 0
    mae_validation: Error | None = None
    finalist: int = 0
    missing: tuple[Name, ...] = ()
    entropy: float | None = None
    sampling_error: dict[str, Points] | None = None
    source: Name | None = None
    mae_instrument: Error | None = None
    indices_instrument: dict[str, Points] | None = None

    @field_validator("indices", "indices_instrument", "order_gap", "sampling_error")
    @classmethod
    def _six(cls, indices: dict[str, float] | None) -> dict[str, float] | None:
        if indices is not None and tuple(indices) != DIMENSIONS:
            raise ValueError(f"expected the keys {', '.join(DIMENSIONS)}")
        return indices


class MethodResult(_Frozen):
    """All regions and seeds of one method."""

    method: Name
    group: Group
    results: tuple[RegionResult, ...] = Field(min_length=1)


class Provenance(_Frozen):
    """Where the numbers come from.

    Attributes:
        versions: of this package, Python and the libraries that decide numbers.
        git_revision: commit of the source tree the package runs from, None outside one.
        git_dirty: whether that tree had changes.
        machine: processor, cores, memory, operating system, GPU.
        threads: of the numerical library.
        earlier: machines and threads of earlier processes of a resumed run where they differ from this one's, in their
            order.
    """

    versions: dict[Line, Line]
    git_revision: Line | None
    git_dirty: bool | None
    machine: dict[Line, Line | int | float | None]
    threads: int
    earlier: tuple[dict[Line, Line | int | float | None], ...] = ()


class ModelIdentity(_Frozen):
    """The model that answered; `random_weights` marks benchmarks, which are never results."""

    name: Line
    digest: Line
    parameters: int
    dtype: Line
    device: Line
    random_weights: bool
    note: Line = ""


class ScorerFacts(_Frozen):
    """How the model was asked while tuning, which changes numbers by no more than `tolerance`.

    Attributes:
        kind: "packed" or "branches".
        micro_batch: candidates in one forward pass, as planned.
        workers: forward passes side by side.
        product: who multiplied matrices: "torch", or "onednn" on a CPU.
        tokens: of all prompts together, without the soft prompt.
        distinct_tokens: that remain when what prompts share is stored once.
        tolerance: nats by which answers may differ from the model's own forward pass, checked when it was loaded.
        gap: nats by which they did; None where it was not recorded.
    """

    kind: Line
    micro_batch: int
    workers: int
    product: Line
    tokens: int
    distinct_tokens: int
    tolerance: float
    gap: float | None


class TargetFacts(_Frozen):
    """What the answers are compared with.

    Attributes:
        scores: published, per region of the run and dimension, None where there is none.
        spread: standard deviation of each dimension between all complete regions of the table, index points.
        mean: of each dimension over the same regions.
    """

    scores: dict[Name, dict[Name, Points | None]]
    spread: dict[str, Points]
    mean: dict[str, Points]

    @field_validator("spread", "mean")
    @classmethod
    def _six(cls, values: dict[str, float]) -> dict[str, float]:
        if not values.keys() >= set(DIMENSIONS):
            raise ValueError(f"expected the keys {', '.join(DIMENSIONS)}")
        return values


class SplitFacts(_Frozen):
    """Which wordings a split asked.

    Attributes:
        wordings: how many different ones.
        prompts: how many questions they were asked in.
        orders: of the options.
        digest: SHA-256 of the wordings, in their order.
    """

    wordings: int
    prompts: int
    orders: tuple[Line, ...]
    digest: Line


class NamedSettings(BaseModel):
    """An optimizer of the spec."""

    name: str
    parameters: dict[str, Any] = {}


class SpecFacts(BaseModel):
    """What reports read of a run's specification; the rest of it is not looked at."""

    regions: tuple[str, ...] = ()
    optimizers: tuple[NamedSettings, ...] = ()
    budget: int | None = None
    seeds: int | None = None
    share: bool = False
    dimensions: tuple[str, ...] = DIMENSIONS
    response: str = "expected"
    respondents: int = 50
    wordings: int = 2


class Record(_Frozen):
    """A finished run.

    Attributes:
        spec: the frozen run specification as JSON.
        spec_digest: its SHA-256.
        targets: published scores of the run's regions.
        splits: by name; no two share a wording.
        bootstrap_seed: of the intervals that reports compute from this record.
        execution: the workers that answered while the run searched; None where its own process did.
    """

    schema_version: Literal[3] = SCHEMA_VERSION
    run_id: Line
    spec: dict[str, Any]
    spec_digest: Line
    model: ModelIdentity
    scorer: ScorerFacts | None = None
    targets: TargetFacts | None = None
    splits: dict[Line, SplitFacts] = {}
    bootstrap_seed: Annotated[int, Field(ge=0)] = BOOTSTRAP_SEED
    provenance: Provenance
    methods: tuple[MethodResult, ...] = Field(min_length=1)
    started: Line = Field(description="UTC, ISO 8601")
    execution: ExecutionFacts | None = None
    timings: dict[Line, float] = Field(
        description="seconds per phase and of the calibration loop, candidates per second, loops per candidate"
    )

    @field_validator("methods")
    @classmethod
    def _once(cls, methods: tuple[MethodResult, ...]) -> tuple[MethodResult, ...]:
        """A method that stood there twice would have two places in one ranking."""
        names = [one.method for one in methods]
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            raise ValueError(f"expected every method once, found {twice[0]} {names.count(twice[0])} times")
        return methods

    @field_validator("spec")
    @classmethod
    def _readable(cls, spec: dict[str, Any]) -> dict[str, Any]:
        """The settings that a report reads must be of their kind where they stand."""
        SpecFacts.model_validate(spec)
        return spec
