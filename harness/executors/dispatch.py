"""Which worker is given which task, and when: what is queued, and what another worker is late with."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.executors.crew import Crew, Member
from harness.executors.limits import Limits
from harness.executors.pace import Pace
from harness.executors.pool import Pool
from harness.executors.tasks import Task, Tasks


class Dispatch:
    """Gives tasks to workers.

    Args:
        pool: carries them.
        tasks: that are open.
        crew: of workers.
        pace: says what is late.
        limits: say how many tasks a worker has.
        clock: seconds that only grow.
    """

    def __init__(
        self, pool: Pool, tasks: Tasks, crew: Crew, pace: Pace, limits: Limits, clock: Callable[[], float]
    ) -> None:
        self._pool = pool
        self._tasks = tasks
        self._crew = crew
        self._pace = pace
        self._limits = limits
        self._clock = clock
        self.retried = 0
        self.resubmitted = 0

    def assign(self) -> None:
        """Gives out what is queued, to those first that have nothing; then, to those, what others are late with.

        Nothing waits behind a task that may take long: it would wait while others have nothing to do.
        """
        for holds in range(self._limits.in_flight):
            for member in self._crew.ready:
                if len(member.holds) != holds or not all(map(self._soon, member.holds)):
                    continue
                if (task := self._next(member)) is not None:
                    self._send(member, task)
        if self._tasks.queue:
            return
        idle = [member for member in self._crew.ready if not member.holds]
        if not idle:
            return
        now = self._clock()
        late = [task for when, task in sorted(self._late(), key=lambda one: one[0]) if when <= now]
        for member in idle:
            task = next((task for task in late if len(task.at) == 1 and self._may(member, task)), None)
            if task is not None:
                self.resubmitted += 1
                self._send(member, task)

    def again(self, tasks: Iterable[Task]) -> int:
        """Queues those that are open and that nobody has, before all others; returns how many."""
        again = [task for task in tasks if task.number in self._tasks.open and not task.at]
        self._tasks.again(again)
        self.retried += len(again)
        return len(again)

    def stuck(self) -> list[tuple[Member, float]]:
        """Workers that have been at one task for too long, and for how many seconds."""
        now = self._clock()
        return [(member, now - member.since) for member, when in self._ends() if now >= when]

    def due(self) -> list[float]:
        """When something has to be done even if nothing happens, in seconds of the clock."""
        due = [when for _, when in self._ends()]
        idle = [member for member in self._crew.ready if not member.holds]
        if idle and not self._tasks.queue:
            due += [when for when, task in self._late() if any(self._may(member, task) for member in idle)]
        return due

    def _ends(self) -> list[tuple[Member, float]]:
        return [
            (member, member.since + self._pace.stuck(member.holds[0].job))
            for member in self._crew.ready
            if member.holds
        ]

    def _next(self, member: Member) -> Task | None:
        """Takes from the queue the first task that is not left to another worker because it failed on this one."""
        for task in self._tasks.queue:
            if self._may(member, task):
                self._tasks.queue.remove(task)
                return task
        return None

    def _soon(self, task: Task) -> bool:
        expected = self._pace.expected(task.job)
        return expected is not None and expected <= self._limits.soon

    def _may(self, member: Member, task: Task) -> bool:
        if member.number not in task.failed:
            return True
        return all(other.number in task.failed for other in self._crew.ready)

    def _late(self) -> list[tuple[float, Task]]:
        """When each task that one worker has is late; one that waits begins when that before it should be done."""
        found = []
        for member in self._crew.ready:
            begins = member.since
            for task in member.holds:
                expected, after = self._pace.expected(task.job), self._pace.late(task.job)
                if expected is None or after is None:
                    break
                if len(task.at) == 1 and task.number in self._tasks.open:
                    found.append((begins + after, task))
                begins += expected
        return found

    def _send(self, member: Member, task: Task) -> None:
        member.take(task, self._clock())
        self._pool.send(member.number, task.number, task.job)
