"""What a scheduler puts up with, and what it calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.records.execution import ExecutionFacts


@dataclass(frozen=True)
class Limits:
    """What a scheduler puts up with.

    Attributes:
        tries: of a task, of a place among the workers, before a run ends; at least 1.
        in_flight: tasks that a worker has, those included that wait behind the one it does.
        ahead: tasks for each worker, those that it has included, below which more are wanted: searches that wait for
            each other's last answers leave workers idle when they are few, and each takes memory.
        known: tasks to be done before anything is expected of others.
        late: times what is expected, plus `floor`, after which a task is given to a second worker.
        floor: seconds.
        stuck: times what is expected, and at least `stuck_floor`, after which a worker is replaced.
        stuck_floor: seconds.
        unknown: seconds after which a worker is replaced while nothing is expected.
        soon: seconds within which what a worker is at has to be expected to end for another task to wait behind it.
        room: seconds that no worker need have a place on a node, while none is ready.
        loading: seconds that a worker may take to be made on its node, while none is ready.
        news: seconds after which it is told that none is ready, again and again.
        failures: tasks in a row that fail on a worker before it is replaced.
    """

    tries: int = 3
    in_flight: int = 2
    ahead: int = 4
    known: int = 5
    late: float = 2.0
    floor: float = 1.0
    stuck: float = 20.0
    stuck_floor: float = 60.0
    unknown: float = 3600.0
    soon: float = 30.0
    room: float = 3600.0
    loading: float = 4 * 3600.0
    news: float = 60.0
    failures: int = 3


def _nothing(remark: str) -> None:
    """Tells nobody."""


def _all_alike(first: Any, other: Any) -> list[str]:
    """Takes any worker."""
    return []


@dataclass(frozen=True)
class Hooks:
    """What a scheduler calls.

    Attributes:
        told: is given a line on what happened to a worker.
        same: is given the facts of the first worker and of another, and returns what differs that changes answers.
        describe: turns facts into fields of `WorkerFacts`: node, device, machine, threads.
        watch: is given the statistics while jobs are collected, a few times a second at most.
        clock: seconds that only grow.
    """

    told: Callable[[str], None] = _nothing
    same: Callable[[Any, Any], list[str]] = _all_alike
    describe: Callable[[Any], Mapping[str, Any]] | None = None
    watch: Callable[[ExecutionFacts], None] | None = None
    clock: Callable[[], float] = time.monotonic
