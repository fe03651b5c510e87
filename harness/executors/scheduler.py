"""Jobs in tasks over workers that may be slow, fail, hang or vanish; what the jobs give does not depend on it.

A worker has one task and another that waits behind it, so that it never waits for the driver. Nothing here knows how
workers are started or reached: a `Pool` does.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from harness.errors import HarnessError, RunError
from harness.executors.crew import Crew, Member
from harness.executors.dispatch import Dispatch
from harness.executors.job import Finished, Job, Onlooker
from harness.executors.limits import Hooks, Limits
from harness.executors.pace import Pace
from harness.executors.patience import Patience
from harness.executors.pool import Done, Event, Failed, Lost, Placed, Pool, Started
from harness.executors.tasks import Task, Tasks
from harness.records.execution import ExecutionFacts

_SHOWN = 0.25
"""Seconds between two calls of a watcher, at least."""
_TICK = 1.0
_LONGEST = 60.0


class Scheduler:
    """Has jobs done by the workers of a pool.

    Args:
        pool: has no workers yet.
        workers: to be hired, at least 1.
        limits: what it puts up with.
        hooks: what it calls.
    """

    def __init__(self, pool: Pool, workers: int, limits: Limits | None = None, hooks: Hooks | None = None) -> None:
        self._pool = pool
        self._workers = workers
        self._limits = limits or Limits()
        self._hooks = hooks or Hooks()
        self._tasks = Tasks()
        self._pace = Pace(self._limits)
        self._crew = Crew(self._hooks.describe)
        self._dispatch = Dispatch(pool, self._tasks, self._crew, self._pace, self._limits, self._hooks.clock)
        self._first: Member | None = None
        self._patience = Patience(self._limits, self._crew, self._hooks.clock())
        self._closed: float | None = None
        self._shown = -math.inf
        self.begin()
        for _ in range(workers):
            self._crew.hired(pool.hire())

    @property
    def hungry(self) -> bool:
        """Whether a worker might soon have nothing to do."""
        return len(self._tasks.open) < self._limits.ahead * self._workers

    def submit(self, ticket: int, job: Job, turn: int = 0) -> None:
        """Cuts a job into tasks, as many as there are workers at most, and gives them to those that have little to do.

        Tasks of lower turns go before those that nobody has yet, and among equals those that were there first.

        Raises:
            ValueError: the ticket is one of a job that was not collected.
        """
        most = job.grain * math.ceil(job.size / (self._workers * job.grain))
        self._tasks.add(ticket, job, max(1, most), turn)
        self._dispatch.assign()

    def collect(self) -> list[Finished]:
        """Waits until a job is done and returns all that are.

        Raises:
            HarnessError: a job says that the user can mend it, workers could not be made, or they were lost too often.
            ValueError: nothing was submitted.
        """
        if self._tasks.empty:
            raise ValueError("expected a job that was submitted and not collected")
        # What happened while nobody looked comes before any verdict on those who are late.
        self._handle(0.0)
        while not (found := self._tasks.whole()):
            self._step()
        return found

    def first(self) -> Any:
        """Waits until a worker is ready and returns the facts of the first that was.

        Raises:
            HarnessError: none could be made.
        """
        while self._first is None:
            self._step()
        return self._first.facts

    def everyone(self) -> None:
        """Waits until all workers are ready.

        Raises:
            HarnessError: one could not be made, or none was ready for long.
        """
        while len(self._crew.ready) < self._workers:
            if len(self._crew) < self._workers:
                raise RunError(
                    f"{len(self._crew)} of {self._workers} workers are there, the others were lost before they did "
                    "anything: expected all; see the logs of the nodes, or ask for fewer"
                )
            self._step()

    def attend(self, onlooker: Onlooker) -> None:
        """Tells somebody else what happens to workers, and how they stand."""
        self._hooks = replace(self._hooks, told=onlooker.remark, watch=onlooker.workers)

    def begin(self) -> None:
        """Measures from here on."""
        self._crew.reset()
        self._began = self._hooks.clock()
        self._waited = 0.0
        self._dispatch.retried = self._dispatch.resubmitted = 0

    def facts(self) -> ExecutionFacts:
        """Who did how much since `begin`, up to now or to the end."""
        now = self._hooks.clock() if self._closed is None else self._closed
        driver = max(0.0, now - self._began - self._waited)
        return self._crew.facts(
            self._workers, self._began, now, driver, self._dispatch.retried, self._dispatch.resubmitted
        )

    def close(self) -> None:
        """Ends all workers, whatever they are at."""
        if self._closed is None:
            self._closed = self._hooks.clock()
            self._pool.close()

    def _step(self) -> None:
        for member, seconds in self._dispatch.stuck():
            self._replace(member, f"it hangs, at one task for {seconds:.0f} s")
        self._dispatch.assign()
        self._handle(self._idle())
        if news := self._patience.news(self._hooks.clock()):
            self._hooks.told(news)

    def _idle(self) -> float:
        """Seconds until something has to be done even though nothing happened."""
        now = self._hooks.clock()
        due = [now + (_TICK if self._hooks.watch else _LONGEST), *self._dispatch.due(), self._patience.due()]
        return max(0.0, min(due) - now)

    def _handle(self, seconds: float) -> None:
        before = self._hooks.clock()
        try:
            events = self._pool.wait(seconds)
        finally:
            self._waited += self._hooks.clock() - before
        for event in events:
            member = self._crew.get(event.worker)
            if member is not None:
                self._happened(member, event)
        self._dispatch.assign()
        if self._hooks.watch and self._hooks.clock() - self._shown >= _SHOWN:
            self._shown = self._hooks.clock()
            self._hooks.watch(self.facts())

    def _happened(self, member: Member, event: Event) -> None:
        if isinstance(event, Placed):
            member.placed = self._hooks.clock()
        elif isinstance(event, Started):
            self._started(member, event)
        elif isinstance(event, Lost):
            self._lost(member, event)
        else:
            task = next(task for task in member.holds if task.number == event.task)
            member.leave(task, self._hooks.clock())
            # What was begun before the measuring counts from there on.
            member.busy += min(event.seconds, self._hooks.clock() - self._began)
            if isinstance(event, Done):
                self._done(member, task, event)
            else:
                self._failed(member, task, event)

    def _started(self, member: Member, event: Started) -> None:
        self._crew.started(member, event.node, event.facts, self._hooks.clock())
        if self._first is None:
            self._first = member
            return
        differs = self._hooks.same(self._first.facts, event.facts)
        if differs:
            raise RunError(
                f"worker {member.name} on node {event.node} would answer otherwise than worker w1 on node "
                f"{self._first.node}: {'; '.join(differs)}; give the workers nodes that agree in this"
            )

    def _done(self, member: Member, task: Task, event: Done) -> None:
        member.proven, member.failures = True, 0
        if task.number not in self._tasks.open:
            return
        self._pace.saw(event.seconds, task.job)
        member.tasks += 1
        member.candidates += task.job.size
        self._tasks.answer(task, event.value)

    def _failed(self, member: Member, task: Task, event: Failed) -> None:
        if isinstance(event.error, HarnessError):
            raise event.error
        member.failures += 1
        task.failed.add(member.number)
        if task.number in self._tasks.open:
            task.tries += 1
            if task.tries >= self._limits.tries:
                raise event.error
            self._hooks.told(f"{member.called} failed at a task ({_named(event.error)}); it is asked again")
            self._dispatch.again([task])
        if member.failures >= self._limits.failures:
            self._replace(member, f"it failed at {member.failures} tasks in a row")

    def _lost(self, member: Member, event: Lost) -> None:
        if isinstance(event.error, HarnessError):
            raise event.error
        self._gone(member, event.reason, event.error)

    def _replace(self, member: Member, reason: str) -> None:
        self._pool.fire(member.number)
        self._gone(member, reason, None)

    def _gone(self, member: Member, reason: str, error: BaseException | None) -> None:
        now = self._hooks.clock()
        held = self._crew.left(member, reason, now)
        if not self._crew.ready:
            self._patience.begin(now)
        for task in held[:1]:
            task.tries += task.number in self._tasks.open
            if task.tries >= self._limits.tries:
                raise RunError(
                    f"a task was given up after {task.tries} tries, in the last of which {member.called} was lost: "
                    f"{reason}; see the logs of that node, and whether its memory is enough for a worker"
                ) from error
        again = self._dispatch.again(held)
        losses = 0 if member.proven else member.losses + 1
        if losses >= self._limits.tries:
            if not self._crew.ready:
                raise RunError(
                    f"{losses} workers in a row were lost before they had done anything, the last time "
                    f"{member.called}: {reason}; see the logs of that node"
                ) from error
            self._hooks.told(f"{member.called} was lost ({reason}), {losses} in a row: none takes its place")
            return
        self._crew.hired(self._pool.hire(), losses)
        queued = f"{again} of its tasks {'is' if again == 1 else 'are'} asked again, and " if again else ""
        self._hooks.told(f"{member.called} was lost ({reason}): {queued}another takes its place")


def _named(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
