"""Workers as Ray actors, each with what it needs of its node for as long as it lives; the only file that imports ray.

Faults are told, not mended: an actor that dies stays dead, and a call is never made twice.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import os
import re
import time
import traceback
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from harness.errors import RunError, UsageError
from harness.executors.job import Job
from harness.executors.pool import Done, Event, Failed, Lost, Placed, Remote, Started
from harness.executors.ray_cluster import LOOK, Cluster, Connection

_QUIET = {
    # What Ray would print to standard output between the lines of a command; who is lost is told by the scheduler.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Set where the user did not, before Ray is imported."""

_PLACE, _START = -1, -2
"""Calls that are no tasks."""
_LONGEST = 300
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MEANINGS = {
    "running low on memory": "its node ran low on memory, so Ray ended it",
    "node has died": "its node died",
    "worker process has died": "its process died",
    "is unavailable": "it does not answer",
}
"""What Ray's messages say, by words that they contain."""

_Told = tuple[BaseException | None, str]
"""An error, unless it cannot be sent, and its traceback."""


class Resident:
    """What lives in an actor: the worker, and the parts that its jobs share.

    Args:
        make: makes the worker.
        gpus: that the actor was given; without one, its libraries are shown none of the node's.
    """

    def __init__(self, make: Callable[[], Any], gpus: float) -> None:
        self._make = make
        self._gpus = gpus
        self._shared: dict[int, Any] = {}
        self._worker: Any = None

    def place(self) -> None:
        """Answers as soon as the actor has its place."""

    def start(self) -> tuple[str, int, Any, _Told | None]:
        """Makes the worker; returns the node's and the process's number, the worker's facts, or what was raised."""
        if not self._gpus:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        node = library().get_runtime_context().get_node_id()
        try:
            self._worker = self._make()
            return node, os.getpid(), self._worker.facts(), None
        except Exception as error:
            return node, os.getpid(), None, _sendable(error)

    def keep(self, key: int, shared: Any) -> None:
        """Takes a part that later jobs share."""
        self._shared[key] = shared

    def do(self, job: Job, key: int | None) -> tuple[Any, float, _Told | None]:
        """Does a job; returns what it gave and the seconds that took, or what was raised."""
        began = time.perf_counter()
        try:
            value = job.attached(None if key is None else self._shared[key]).do(self._worker)
            return value, time.perf_counter() - began, None
        except Exception as error:
            return None, time.perf_counter() - began, _sendable(error)


class RayPool:
    """Workers on the nodes of a Ray cluster.

    Args:
        cluster: which one, and what a worker is given there.
        make: makes a worker on its node: jobs do what they do with it, and `facts()` tells of it. Can be pickled.

    Raises:
        UsageError: ray is not installed, the cluster cannot be reached, or none of its nodes has what a worker needs.
        RunError: no cluster could be started here.
    """

    def __init__(self, cluster: Cluster, make: Callable[[], Any]) -> None:
        self._ray = library()
        self._connection = Connection(self._ray, cluster)
        self._cluster = cluster
        self._make = make
        self._class = self._ray.remote(Resident)
        self._handles: dict[int, Any] = {}
        self._kept: dict[int, set[int]] = {}
        self._shared: dict[int, tuple[object, Any]] = {}
        self._calls: dict[Any, tuple[int, int]] = {}
        self._numbers = itertools.count()
        self.processes: dict[int, int] = {}

    @property
    def gpus(self) -> float:
        """That each worker is given."""
        return self._connection.gpus

    @property
    def where(self) -> str:
        """Which cluster it is, in words."""
        return self._connection.where

    def room(self) -> int:
        """How many workers the cluster has room for now."""
        return self._connection.room()

    def hire(self) -> int:
        """Asks for an actor; it is ready once a node has room for it."""
        number = next(self._numbers)
        handle = self._class.options(
            num_cpus=self._cluster.cpus,
            num_gpus=self.gpus,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        ).remote(self._make, self.gpus)
        self._handles[number] = handle
        self._kept[number] = set()
        self._calls[handle.place.remote()] = (number, _PLACE)
        self._calls[handle.start.remote()] = (number, _START)
        return number

    def send(self, worker: int, task: int, job: Job) -> None:
        """Calls an actor; what a job shares with others goes there once, before the first of them."""
        handle = self._handles[worker]
        key = None
        if job.shared is not None:
            key = id(job.shared)
            if key not in self._shared:
                # The object is kept as well, so that no other one comes to have its id.
                self._shared[key] = (job.shared, self._ray.put(job.shared))
            if key not in self._kept[worker]:
                handle.keep.remote(key, self._shared[key][1])
                self._kept[worker].add(key)
        self._calls[handle.do.remote(job.detached(), key)] = (worker, task)

    def wait(self, seconds: float) -> list[Event]:
        """Waits for the first call that is answered, but not long, and tells of all that are.

        Raises:
            RunError: the cluster is gone.
        """
        self._connection.check()
        # Not past the next look at the cluster.
        seconds = min(seconds, LOOK)
        if not self._calls:
            time.sleep(seconds)
            return []
        with _signals():
            ready, _ = self._ray.wait(list(self._calls), num_returns=1, timeout=seconds)
            if ready:
                ready, _ = self._ray.wait(list(self._calls), num_returns=len(self._calls), timeout=0)
            return [event for call in ready if call in self._calls for event in [self._event(call)]]

    def fire(self, worker: int) -> None:
        """Kills an actor."""
        self._ray.kill(self._handles.pop(worker), no_restart=True)
        del self._kept[worker]
        self.processes.pop(worker, None)
        self._calls = {call: of for call, of in self._calls.items() if of[0] != worker}

    def close(self) -> None:
        """Kills all actors; ends the cluster if it was started for them."""
        for worker in list(self._handles):
            self.fire(worker)
        self._shared.clear()
        self._connection.close()

    def _event(self, call: Any) -> Event:
        worker, task = self._calls.pop(call)
        try:
            answer = self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            # Outside of the job: what it gave, or what it was sent, could not be read or written.
            return self._failed(worker, task, _received((error.cause, _COLOURS.sub("", str(error)))))
        except self._ray.exceptions.RayError as error:
            if "owner has died" in str(error):
                # This process is the owner, by the account of a cluster that has given up its node.
                raise self._connection.gone() from error
            return self._lost(worker, str(error), _unmade(str(error)))
        if task == _PLACE:
            return Placed(worker)
        *found, told = answer
        if told:
            return self._failed(worker, task, _received(told), 0.0 if task == _START else found[1])
        if task == _START:
            node, self.processes[worker], facts = found
            return Started(worker, self._connection.named(node), facts)
        value, seconds = found
        return Done(worker, task, value, seconds)

    def _failed(self, worker: int, task: int, error: BaseException, seconds: float = 0.0) -> Event:
        if task in (_PLACE, _START):
            return self._lost(worker, f"{type(error).__name__}: {error}", error)
        return Failed(worker, task, error, seconds)

    def _lost(self, worker: int, reason: str, error: BaseException | None = None) -> Lost:
        self.fire(worker)
        return Lost(worker, _shortly(reason), error)


def library() -> ModuleType:
    """Imports ray, quietly.

    Raises:
        UsageError: it is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            "workers on a cluster need ray, which is not installed: expected the extra 'ray'; "
            "run pip install 'vsm-harness[ray]'"
        ) from error
    found: ModuleType = ray
    return found


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Raises what a handler of signals raised; out of Ray's own functions it comes as the cause of something else."""
    try:
        yield
    except SystemError as error:
        if error.__cause__ is None:
            raise
        raise error.__cause__ from None


def _sendable(error: Exception) -> _Told:
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        # What cannot be copied could not be put together again where it is sent.
        copy.deepcopy(error)
    except Exception:
        return None, text
    return error, text


def _received(told: _Told) -> BaseException:
    error, text = told
    if error is None:
        error = RuntimeError(text.rstrip().rpartition("\n")[2])
    error.__cause__ = Remote(text)
    return error


def _unmade(reason: str) -> RunError | None:
    """What to do about an actor that Ray could not make, because its node knows less than this process."""
    if "raised in its creation task" not in reason:
        return None
    return RunError(
        f"a worker could not be made on its node ({reason.strip().splitlines()[-1]}): expected there what is installed "
        "here; install this version of vsm-harness, with its extra 'ray', on every node"
    )


def _shortly(reason: str) -> str:
    """Why an actor is lost, from the dozen lines and hints that Ray has for it."""
    for words, meaning in _MEANINGS.items():
        if words in reason:
            return meaning
    lines = [line.strip() for line in reason.splitlines() if line.strip() and not line.startswith("\t")]
    return " ".join(lines)[:_LONGEST]
