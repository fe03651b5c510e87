"""Workers on a clock of their own, and jobs that they do."""

from __future__ import annotations

import heapq
import itertools
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import ClassVar

import pytest

from harness.executors.pool import Done, Failed, Lost, Placed, Started


@dataclass(frozen=True)
class Squares:
    """Squares of numbers, plus what they share."""

    values: tuple[int, ...]
    shared: object | None = None
    grain: int = 1

    @property
    def size(self):
        return len(self.values)

    def detached(self):
        return replace(self, shared=None)

    def attached(self, shared):
        return replace(self, shared=shared)

    def split(self, most):
        return [replace(self, values=self.values[at : at + most]) for at in range(0, self.size, most)]

    def join(self, found):
        return [one for part in found for one in part]

    def do(self, worker):
        return [value * value + (self.shared[0] if self.shared else 0) for value in self.values]


@dataclass(frozen=True)
class Call:
    """One thing that a function does with the worker."""

    function: object
    shared: object | None = None
    size: int = 1
    grain: int = 1

    def detached(self):
        return replace(self, shared=None)

    def attached(self, shared):
        return replace(self, shared=shared)

    def split(self, most):
        return [self]

    def join(self, found):
        (one,) = found
        return one

    def do(self, worker):
        return self.function(worker, self.shared)


class Descent(Squares):
    """Another kind of job."""


class Respondent:
    """A worker without a model."""

    def facts(self):
        return {"process": os.getpid(), "visible": os.environ.get("CUDA_VISIBLE_DEVICES")}


class Hang:
    """Never answers."""


@dataclass(frozen=True)
class Gone:
    """The worker is lost after some seconds."""

    after: float


@dataclass(frozen=True)
class Raises:
    """The job fails after some seconds."""

    after: float
    error: BaseException


class FakePool:
    """Workers on a virtual clock.

    Args:
        behave: (worker, job, how many tasks it began before) to seconds, Hang, Gone or Raises.
        start: a worker's number to the seconds until it is ready, None for never, or a `Lost` that comes instead.
        facts: of a worker, from its number.
        places: a worker's number to the seconds until it has a place on a node, None where nothing is told of that.
        cost: seconds that each call of the scheduler costs the driver.
    """

    def __init__(self, behave, start=lambda worker: 1.0, facts=lambda worker: {}, cost=0.0, places=lambda worker: None):
        self.behave, self.start, self.facts, self.cost, self.places = behave, start, facts, cost, places
        self.now = 0.0
        self.waits = 0
        self.in_vain = 0
        self.sent = []
        self.fired = []
        self.closed = 0
        self.most_held = 0
        self._order = itertools.count()
        self._events = []
        self._queues = {}
        self._began = {}
        self._numbers = itertools.count()

    def clock(self):
        return self.now

    def hire(self):
        worker = next(self._numbers)
        start = self.start(worker)
        if isinstance(start, Lost):
            self._later(1.0, replace(start, worker=worker))
        elif start is not None:
            self._later(start, Started(worker, f"n{worker}", self.facts(worker)))
        if self.places(worker) is not None:
            self._later(self.places(worker), Placed(worker))
        self._queues[worker] = []
        self._began[worker] = 0
        return worker

    def send(self, worker, task, job):
        assert worker in self._queues, "sent to a worker that is gone"
        self.now += self.cost
        self.sent.append((self.now, worker, task))
        self._queues[worker].append((task, job))
        self.most_held = max(self.most_held, len(self._queues[worker]))
        if len(self._queues[worker]) == 1:
            self._begin(worker)

    def wait(self, seconds):
        assert seconds >= 0
        self.waits += 1
        until = self.now + seconds
        events = []
        while self._events and self._events[0][0] <= (self.now if events else until):
            when, _, event = heapq.heappop(self._events)
            if event.worker in self._queues:
                self.now = max(self.now, when)
                events.append(event)
                self._ended(event)
        if not events:
            self.now = until
            self.in_vain += 1
        return events

    def fire(self, worker):
        del self._queues[worker]
        self.fired.append(worker)

    def close(self):
        self.closed += 1
        self._queues.clear()

    def _later(self, seconds, event):
        heapq.heappush(self._events, (self.now + seconds, next(self._order), event))

    def _begin(self, worker):
        task, job = self._queues[worker][0]
        outcome = self.behave(worker, job, self._began[worker])
        self._began[worker] += 1
        if isinstance(outcome, Gone):
            self._later(outcome.after, Lost(worker, "it fell over"))
        elif isinstance(outcome, Raises):
            self._later(outcome.after, Failed(worker, task, outcome.error, outcome.after))
        elif not isinstance(outcome, Hang):
            self._later(outcome, Done(worker, task, job.do(None), outcome))

    def _ended(self, event):
        if isinstance(event, Lost):
            del self._queues[event.worker]
        elif not isinstance(event, Started | Placed):
            self._queues[event.worker].pop(0)
            if self._queues[event.worker]:
                self._begin(event.worker)


@pytest.fixture(scope="session")
def kit():
    """The classes above; tests cannot import them."""
    return SimpleNamespace(
        Squares=Squares,
        Descent=Descent,
        Call=Call,
        Respondent=Respondent,
        Hang=Hang,
        Gone=Gone,
        Raises=Raises,
        FakePool=FakePool,
        collected=collected,
    )


def collected(executor, count):
    """What so many jobs gave, by ticket."""
    found = {}
    while len(found) < count:
        for one in executor.collect():
            assert one.ticket not in found
            found[one.ticket] = one.value
    return found


@pytest.fixture(scope="session")
def ray():
    """The library; what these tests send to workers goes by value, for they cannot import it."""
    from harness.executors.ray_pool import library

    found = library()
    found.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    return found


class Nodes:
    """A cluster of three nodes on this machine, a processor each: n1, where the driver is, n2 and n3.

    By its own account n3 has two GPUs.
    """

    GPUS: ClassVar = {"n2": 0, "n3": 2}

    def __init__(self, ray):
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 1, "node_name": "n1", "include_dashboard": False}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address = self._cluster.address
        self._nodes = {}
        self.complete()

    def complete(self):
        """Starts those that are missing."""
        for name in self.GPUS.keys() - self._nodes:
            self._nodes[name] = self._cluster.add_node(
                wait=False, num_cpus=1, num_gpus=self.GPUS[name], node_name=name, include_dashboard=False
            )
        self._cluster.wait_for_nodes()

    def remove(self, name, kill=False):
        """Ends a node, or kills it."""
        self._cluster.remove_node(self._nodes.pop(name), allow_graceful=not kill)

    def shutdown(self):
        self._cluster.shutdown()


@pytest.fixture(scope="module")
def nodes(ray):
    handler = signal.getsignal(signal.SIGTERM)
    found = Nodes(ray)
    yield found
    found.shutdown()
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def soon():
    """Waits for something to become true."""

    def wait(holds, seconds=30.0):
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until
            time.sleep(0.02)

    return wait
