"""Where searches meet those who answer: many searches wait at once, so that whoever answers is never idle.

Searches are begun in their order, as many as keep the executor busy. Which of them goes on first depends on who answers
when; what each of them finds does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, TypeVar

from harness.executors.job import Executor, Finished, Job
from harness.tuning.ledger import Ledger, Unkept
from harness.tuning.query import Query, Search

Found = TypeVar("Found")


class Dispatcher:
    """Has questions answered: by the ledger, or else by the executor, whose answers the ledger is told.

    Args:
        executor: has jobs done.
        ledger: knows what was answered before.
        clock: seconds.
    """

    def __init__(
        self, executor: Executor, ledger: Ledger | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.executor = executor
        self.ledger: Ledger = ledger or Unkept()
        self._clock = clock
        self._tickets = count()
        self._kept = float("-inf")

    def run(self, searches: Iterable[Search[Found]]) -> list[Found]:
        """What each search finds, in their order.

        Raises:
            HarnessError: a search, a job or the ledger cannot go on.
        """
        waiting = enumerate(searches)
        flow: _Flow[Found] = _Flow({}, [], {}, {})
        while True:
            more = self._begin(waiting, flow)
            if flow.open:
                for done in self.executor.collect():
                    asked = flow.open.pop(done.ticket)
                    flow.answered[asked.place] = flow.answered.get(asked.place, 0) + asked.query.job.size
                    self._advance(flow, asked.place, asked.search, self._read(asked, done))
            elif not more and not flow.paused:
                return [flow.found[place] for place in range(len(flow.found))]
            self._wake(flow)

    def ask(self, query: Query) -> Any:
        """What was read of the answer to a single question."""

        def alone() -> Search[Any]:
            return (yield query)

        return self.run([alone()])[0]

    def do(self, job: Job) -> Any:
        """What a job gives that is not kept; nothing else may be under way."""
        self.executor.submit(next(self._tickets), job)
        (done,) = self.executor.collect()
        return done.value

    def _begin(self, waiting: Iterator[tuple[int, Search[Found]]], flow: _Flow[Found]) -> bool:
        """Begins searches until the executor has enough; whether there may be more.

        Those that wait for each other will ask too, and each takes memory: no more of them than of those that ask.
        """
        while self.executor.hungry and len(flow.paused) <= len(flow.open):
            following = next(waiting, None)
            if following is None:
                return False
            self._advance(flow, *following, None)
        return True

    def _wake(self, flow: _Flow[Found]) -> None:
        """Lets those that waited for another search look again."""
        paused, flow.paused = flow.paused, []
        for place, search in paused:
            self._advance(flow, place, search, None)
        if paused and paused == flow.paused and not flow.open:
            raise RuntimeError("searches wait for each other, and none is answered: expected one that goes on")

    def _advance(self, flow: _Flow[Found], place: int, search: Search[Found], value: Any) -> None:
        """Lets a search go on until it waits for an answer, or is over."""
        while True:
            try:
                query = search.send(value)
            except StopIteration as over:
                flow.found[place] = over.value
                return
            if query is None:
                flow.paused.append((place, search))
                return
            known = self.ledger.recall(query.asked, query.read)
            if known is None:
                break
            (value,) = known
        ticket = next(self._tickets)
        flow.open[ticket] = _Open(place, search, query, self._clock())
        # Those that are behind go first, so that all end at about the same time and leave no worker idle.
        self.executor.submit(ticket, query.job, flow.answered.get(place, 0))

    def _read(self, asked: _Open[Found], done: Finished) -> Any:
        """What a search wants of an answer, which is kept; moments in which several were waited for count once."""
        value = asked.query.read(done.value)
        now = self._clock()
        self.ledger.keep(asked.query.asked, done.value, now - max(asked.began, self._kept))
        self._kept = now
        return value


@dataclass(frozen=True)
class _Open(Generic[Found]):
    """A search that waits for an answer; `place` among all."""

    place: int
    search: Search[Found]
    query: Query
    began: float


@dataclass
class _Flow(Generic[Found]):
    """Searches that wait for answers, by ticket, or for each other.

    Attributes:
        found: what those found that are over, by place.
        answered: candidates that each has had answered, by place.
    """

    open: dict[int, _Open[Found]]
    paused: list[tuple[int, Search[Found]]]
    found: dict[int, Found]
    answered: dict[int, int]
