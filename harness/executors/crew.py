"""The workers of a scheduler: what each one has to do, what it has done, and what a record says of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.executors.tasks import Task
from harness.records.execution import ExecutionFacts, WorkerFacts


@dataclass(eq=False)
class Member:
    """A worker.

    Attributes:
        number: the pool's.
        losses: of workers whose place it took, one after another, none of which did a task.
        proven: whether it did one.
        placed: when it had its place on a node; None before.
        name: "w1" is the first that was ready; "" before it is.
        node: it runs on.
        facts: that it told.
        ready: when it was, in seconds of the clock; None before.
        gone: when it was; None while it is there.
        lost: why it is gone.
        holds: tasks it was sent and has not answered, the one it is at first.
        since: when it began that one.
        failures: tasks that failed on it, one after another.
        tasks: whose answer counted, since the statistics began.
        candidates: in them.
        busy: seconds that it worked, what it is at now aside.
    """

    number: int
    losses: int
    placed: float | None = None
    proven: bool = False
    name: str = ""
    node: str = ""
    facts: Any = None
    ready: float | None = None
    gone: float | None = None
    lost: str = ""
    holds: list[Task] = field(default_factory=list)
    since: float = 0.0
    failures: int = 0
    tasks: int = 0
    candidates: int = 0
    busy: float = 0.0

    @property
    def called(self) -> str:
        """How remarks name it."""
        return f"worker {self.name} on node {self.node}" if self.name else "a worker that was being started"

    def take(self, task: Task, now: float) -> None:
        """Puts a task behind those that it has."""
        if not self.holds:
            self.since = now
        self.holds.append(task)
        task.at.add(self.number)

    def leave(self, task: Task, now: float) -> None:
        """Takes a task from it; it is at the next one then."""
        self.holds.remove(task)
        task.at.discard(self.number)
        self.since = now


class Crew:
    """All workers, those too that are gone.

    Args:
        describe: turns a worker's facts into fields of `WorkerFacts`.
    """

    def __init__(self, describe: Callable[[Any], Mapping[str, Any]] | None) -> None:
        self._describe = describe
        self._members: dict[int, Member] = {}
        self._started: list[Member] = []
        self._names = 0

    def __iter__(self) -> Iterator[Member]:
        """Those that are there, or being started."""
        return iter(self._members.values())

    def __len__(self) -> int:
        """How many are there, or being started."""
        return len(self._members)

    @property
    def ready(self) -> list[Member]:
        """Those that can be given something, in the order in which they were ready."""
        return [member for member in self._started if member.gone is None]

    def get(self, number: int) -> Member | None:
        """One that is there, by the pool's number."""
        return self._members.get(number)

    def hired(self, number: int, losses: int = 0) -> None:
        """Adds one that is being started."""
        self._members[number] = Member(number, losses)

    def started(self, member: Member, node: str, facts: Any, now: float) -> None:
        """One is ready."""
        self._names += 1
        member.name, member.node, member.facts, member.ready = f"w{self._names}", node, facts, now
        self._started.append(member)

    def left(self, member: Member, reason: str, now: float) -> list[Task]:
        """One is gone; returns what it held, the task it was at first."""
        del self._members[member.number]
        member.gone, member.lost = now, reason
        held, member.holds = member.holds, []
        for task in held:
            task.at.discard(member.number)
        return held

    def reset(self) -> None:
        """Begins the statistics again, with those that are there."""
        self._started = self.ready
        for member in self._started:
            member.tasks, member.candidates, member.busy = 0, 0, 0.0

    def facts(
        self, wanted: int, began: float, now: float, driver: float, retried: int, resubmitted: int
    ) -> ExecutionFacts:
        """The statistics.

        Args:
            wanted: workers that there should be.
            began: when they did, in seconds of the clock.
            now: on the same clock.
            driver: seconds that it did not wait.
            retried: tasks that were queued again.
            resubmitted: tasks that were given to a second worker.
        """
        return ExecutionFacts(
            executor="ray",
            wanted=wanted,
            workers=tuple(self._worker(member, began, now) for member in self._started),
            seconds=now - began,
            candidates=sum(member.candidates for member in self._started),
            driver=driver,
            retried=retried,
            resubmitted=resubmitted,
        )

    def _worker(self, member: Member, began: float, now: float) -> WorkerFacts:
        there = max(member.ready if member.ready is not None else now, began)
        present = max(0.0, (now if member.gone is None else member.gone) - there)
        told = self._describe(member.facts) if self._describe else {}
        return WorkerFacts(
            **{"node": member.node, **told},
            name=member.name,
            tasks=member.tasks,
            candidates=member.candidates,
            busy=min(member.busy + (now - max(member.since, began) if member.holds else 0.0), present),
            present=present,
            lost=member.lost,
        )
