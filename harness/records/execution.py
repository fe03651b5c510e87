"""What a record says of the workers that answered a run's candidates; like times, it differs from run to run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.records.text import Line

Seconds = Annotated[float, Field(ge=0, le=1e12)]
Count = Annotated[int, Field(ge=0, le=10**12)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class WorkerFacts(_Frozen):
    """One worker.

    Attributes:
        name: "w1" is the first that was started.
        node: of the cluster, on which it ran.
        device: of its model.
        machine: processor, cores, memory, operating system, GPU.
        threads: of the numerical library.
        tasks: that it finished.
        candidates: in them.
        busy: seconds that it worked, of `present` that it was there.
        lost: why it is gone; "" where it stayed to the end.
    """

    name: Line
    node: Line
    device: Line = ""
    machine: dict[Line, Line | int | float | None] = {}
    threads: Count = 1
    tasks: Count = 0
    candidates: Count = 0
    busy: Seconds = 0.0
    present: Seconds = 0.0
    lost: Line = ""


class ExecutionFacts(_Frozen):
    """The workers of a run while it searched; of the process that ended it, where a run was resumed.

    Attributes:
        executor: that was chosen.
        wanted: workers that there should be at a time.
        workers: in the order in which they were started, lost ones too.
        seconds: that the search took.
        candidates: that were answered.
        driver: seconds in which the driver itself worked, rather than wait for workers.
        retried: tasks that were given to another worker because one was lost or failed.
        resubmitted: tasks that were given to a second worker because the first took long.
    """

    executor: Literal["ray"]
    wanted: Count
    workers: tuple[WorkerFacts, ...]
    seconds: Seconds
    candidates: Count
    driver: Seconds
    retried: Count = 0
    resubmitted: Count = 0

    @property
    def utilisation(self) -> float:
        """Part of the workers' time in which they worked, 0 to 1."""
        present = sum(one.present for one in self.workers)
        return sum(one.busy for one in self.workers) / present if present else 0.0

    @property
    def throughput(self) -> float:
        """Candidates per second."""
        return self.candidates / self.seconds if self.seconds else 0.0
