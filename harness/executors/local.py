"""Jobs that this process does itself, one at a time."""

from __future__ import annotations

from collections import deque
from typing import Any

from harness.executors.job import Finished, Job, Onlooker


class Local:
    """Does jobs in the order in which they come.

    Args:
        worker: does them.
    """

    def __init__(self, worker: Any) -> None:
        self.worker = worker
        self._waiting: deque[tuple[int, Job]] = deque()

    @property
    def hungry(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def submit(self, ticket: int, job: Job, turn: int = 0) -> None:
        """Keeps a job until it is collected."""
        self._waiting.append((ticket, job))

    def collect(self) -> list[Finished]:
        """Does the first job that waits."""
        ticket, job = self._waiting.popleft()
        return [Finished(ticket, job.do(self.worker))]

    def attend(self, onlooker: Onlooker) -> None:
        """Nothing is told."""

    def begin(self) -> None:
        """Nothing is measured."""

    def facts(self) -> None:
        """Nothing that a run does not say anyway."""

    def close(self) -> None:
        """Nothing is held."""
