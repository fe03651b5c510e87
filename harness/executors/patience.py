"""How long no worker was ready, what is said of that meanwhile, and when it is too long."""

from __future__ import annotations

import math

from harness.errors import RunError
from harness.executors.crew import Crew
from harness.executors.limits import Limits


class Patience:
    """Waits for workers, of which none is ready: longer for those that are being made than for a place.

    Args:
        limits: say how long.
        crew: of workers.
        now: seconds of the clock.
    """

    def __init__(self, limits: Limits, crew: Crew, now: float) -> None:
        self._limits = limits
        self._crew = crew
        self.begin(now)

    def begin(self, now: float) -> None:
        """None is ready from here on."""
        self._began = now
        self._told = 0

    def due(self) -> float:
        """When something is to be said or done, in seconds of the clock; infinite while a worker is ready."""
        if self._crew.ready:
            return math.inf
        return min(self._end, self._began + (self._told + 1) * self._limits.news)

    def news(self, now: float) -> str:
        """What is to be said now, "" for nothing.

        Raises:
            RunError: it took too long.
        """
        if self._crew.ready:
            return ""
        waited = now - self._began
        if now >= self._end:
            what = (
                f"no worker was made within {_time(self._limits.loading)}: expected its model to be there by then; see "
                "the logs of its node, or bring the model there before"
                if self._placed
                else f"no node had room for a worker within {_time(waited)}: expected room for one; see 'ray status', "
                "or ask for less"
            )
            raise RunError(what)
        if waited < (self._told + 1) * self._limits.news:
            return ""
        self._told = int(waited / self._limits.news)
        doing = f"{len(self._placed)} being made" if self._placed else "no node has room for one"
        return f"no worker is ready after {_time(waited)}: {doing}"

    @property
    def _placed(self) -> list[float]:
        """When those were placed that are being made."""
        return [member.placed for member in self._crew if member.placed is not None]

    @property
    def _end(self) -> float:
        if self._placed:
            return max(self._began, *self._placed) + self._limits.loading
        return self._began + self._limits.room


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
