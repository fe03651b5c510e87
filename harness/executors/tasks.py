"""Jobs cut into tasks, the tasks that nobody has yet, and what the done ones gave."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from harness.executors.job import Finished, Job

_FIRST: Final = -1
"""Turn of a task that is asked again."""


@dataclass(eq=False)
class Task:
    """A part of a job that one worker does.

    Attributes:
        number: told from all others by it.
        ticket: of its job.
        place: among the parts of its job, from 0.
        job: the part.
        turn: tasks of a lower one go first.
        tries: that came to nothing.
        at: workers that have it.
        failed: workers on which it raised an error.
    """

    number: int
    ticket: int
    place: int
    job: Job
    turn: int = 0
    tries: int = 0
    at: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)


@dataclass
class _Ticket:
    job: Job
    found: list[Any]
    missing: int


class Tasks:
    """Everything that was submitted and is not collected."""

    def __init__(self) -> None:
        self.queue: list[Task] = []
        self.open: dict[int, Task] = {}
        self._tickets: dict[int, _Ticket] = {}
        self._whole: list[int] = []
        self._next = 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to collect, now or later."""
        return not self._tickets

    def add(self, ticket: int, job: Job, most: int, turn: int = 0) -> None:
        """Queues the parts of a job.

        Args:
            ticket: it is collected with.
            job: is split.
            most: candidates of a part.
            turn: jobs of a lower one go first; at least 0.

        Raises:
            ValueError: the ticket is one of a job that was not collected.
        """
        if ticket in self._tickets:
            raise ValueError(f"expected a ticket of no job that is not collected, got {ticket} again")
        parts = job.split(most)
        self._tickets[ticket] = _Ticket(job, [None] * len(parts), len(parts))
        for place, part in enumerate(parts):
            task = Task(self._next, ticket, place, part, turn)
            self._next += 1
            self.open[task.number] = task
            insort(self.queue, task, key=lambda one: one.turn)

    def answer(self, task: Task, value: Any) -> None:
        """Keeps what an open task gave that is not in the queue, and closes it."""
        del self.open[task.number]
        ticket = self._tickets[task.ticket]
        ticket.found[task.place] = value
        ticket.missing -= 1
        if not ticket.missing:
            self._whole.append(task.ticket)

    def again(self, tasks: Iterable[Task]) -> None:
        """Puts tasks before all others, in the order given."""
        first = list(tasks)
        for task in first:
            task.turn = _FIRST
        self.queue[:0] = first

    def whole(self) -> list[Finished]:
        """Jobs of which every part is done, in the order in which they became so; each is returned once."""
        found = []
        for number in self._whole:
            ticket = self._tickets.pop(number)
            found.append(Finished(number, ticket.job.join(ticket.found)))
        self._whole = []
        return found
