"""The schema of what workers on a cluster gain and what the driver of a run costs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.records.benchmark import Spread
from harness.records.schema import Provenance


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScalingRow(_Frozen):
    """So many workers with the model.

    Attributes:
        workers: of one thread each.
        candidates_per_second: over the rounds.
        of_linear: rate over that of one worker in the same round times the number of workers.
        utilisation: part of the workers' time in which they worked.
        driver_ms: of the driver's own time for a candidate.
        alone: rate of as many processes that search apart, without a driver, over that of one: what the machine has.
    """

    workers: int
    candidates_per_second: Spread
    of_linear: Spread
    utilisation: Spread
    driver_ms: Spread
    alone: Spread


class OverheadRow(_Frozen):
    """What a candidate costs the driver where workers answer at once; milliseconds.

    Attributes:
        dimensions: of a candidate.
        seam: to digest, keep, send and receive it.
        search: the same with an optimizer that asks and is told, all that the driver does.
    """

    dimensions: int
    candidates: int
    seam: Spread
    search: Spread


class CurvePoint(_Frozen):
    """The driver after so many candidates.

    Attributes:
        candidates: so far.
        driver_ms: for each of them since the point before.
        memory_mb: of the driver's process, 10^6 bytes.
        utilisation: of the workers so far, 0 to 1.
    """

    candidates: int
    driver_ms: float
    memory_mb: float
    utilisation: float


class Load(_Frozen):
    """A simulated run.

    Attributes:
        workers: that answer.
        candidates: in all.
        latency: seconds of a candidate, median; log-normal.
        spread: standard deviation of its logarithm.
        dimensions: of a candidate.
        searches: that went on at once, at most, of all of them.
        utilisation: part of the workers' time in which they worked.
        seconds: that all took.
        driver_ms: for a candidate.
        bytes_per_candidate: by which the driver's memory grew over the second half.
        curve: on the way.
    """

    workers: int
    candidates: int
    latency: float
    spread: float
    dimensions: int
    searches: int
    utilisation: float
    seconds: float
    driver_ms: float
    bytes_per_candidate: float
    curve: tuple[CurvePoint, ...]


class ExecutorBenchmark(_Frozen):
    """The whole benchmark; parts that were not asked for are missing."""

    schema_version: Literal[1] = 1
    provenance: Provenance
    scaling: tuple[ScalingRow, ...] = ()
    overhead: tuple[OverheadRow, ...] = ()
    load: Load | None = None
