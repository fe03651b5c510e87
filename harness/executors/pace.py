"""How long tasks take, from those that are done: who is late, and who does not move any more."""

from __future__ import annotations

import statistics
from collections import defaultdict, deque

from harness.executors.job import Job
from harness.executors.limits import Limits

_REMEMBERED = 101


class Pace:
    """The median of seconds per candidate, over the last tasks of each kind of job.

    What one kind takes says nothing of another: a plan is measured in minutes, a candidate answered in milliseconds.

    Args:
        limits: say what is late.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._each: defaultdict[type, deque[float]] = defaultdict(lambda: deque(maxlen=max(_REMEMBERED, limits.known)))
        self._medians: dict[type, float] = {}

    def saw(self, seconds: float, job: Job) -> None:
        """Takes account of a task that is done."""
        self._each[type(job)].append(seconds / job.size)
        self._medians.pop(type(job), None)

    def expected(self, job: Job) -> float | None:
        """Seconds that a task takes; None while too few of its kind are done."""
        each = self._median(type(job))
        return None if each is None else each * job.size

    def late(self, job: Job) -> float | None:
        """Seconds after which a second worker is given such a task; None while too few of its kind are done."""
        expected = self.expected(job)
        return None if expected is None else expected * self._limits.late + self._limits.floor

    def stuck(self, job: Job) -> float:
        """Seconds after which a worker that is at such a task is taken to be hanging.

        Where too few of its kind are done, a candidate may take as long as one of the slowest kind.
        """
        expected = self.expected(job)
        if expected is not None:
            return max(self._limits.stuck_floor, expected * self._limits.stuck)
        slowest = max((median for kind in self._each if (median := self._median(kind)) is not None), default=0.0)
        return max(self._limits.unknown, slowest * job.size * self._limits.stuck)

    def _median(self, kind: type) -> float | None:
        if len(self._each[kind]) < self._limits.known:
            return None
        if kind not in self._medians:
            self._medians[kind] = statistics.median(self._each[kind])
        return self._medians[kind]
