"""How long tasks take, from those that are done: who is late, and who does not move any more."""

from __future__ import annotations

import statistics
from collections import deque

from harness.executors.limits import Limits

_REMEMBERED = 101


class Pace:
    """The median of seconds per candidate, over the last tasks.

    Args:
        limits: say what is late.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._each: deque[float] = deque(maxlen=max(_REMEMBERED, limits.known))
        self._median: float | None = None

    def saw(self, seconds: float, size: int) -> None:
        """Takes account of a task that is done."""
        self._each.append(seconds / size)
        self._median = None

    def expected(self, size: int) -> float | None:
        """Seconds that a task of so many candidates takes; None while too few are done."""
        if len(self._each) < self._limits.known:
            return None
        if self._median is None:
            self._median = statistics.median(self._each)
        return self._median * size

    def late(self, size: int) -> float | None:
        """Seconds after which a second worker is given such a task; None while too few are done."""
        expected = self.expected(size)
        return None if expected is None else expected * self._limits.late + self._limits.floor

    def stuck(self, size: int) -> float:
        """Seconds after which a worker that is at such a task is taken to be hanging."""
        expected = self.expected(size)
        if expected is None:
            return self._limits.unknown
        return max(self._limits.stuck_floor, expected * self._limits.stuck)
