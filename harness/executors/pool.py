"""What a scheduler needs of whoever starts workers and carries jobs to them, and what it is told of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from harness.executors.job import Job


class Remote(Exception):
    """The traceback of an error in the process where it was raised, as text; the cause of that error here."""

    def __str__(self) -> str:
        return "\n" + "".join(str(part) for part in self.args).rstrip()


@dataclass(frozen=True)
class Placed:
    """A worker has its place on a node, where it is being made.

    Attributes:
        worker: its number.
    """

    worker: int


@dataclass(frozen=True)
class Started:
    """A worker is ready.

    Attributes:
        worker: its number.
        node: it runs on.
        facts: what its own `facts()` returned.
    """

    worker: int
    node: str
    facts: Any


@dataclass(frozen=True)
class Done:
    """A worker has done a task.

    Attributes:
        worker: its number.
        task: that was sent to it.
        value: what the job gave.
        seconds: that it worked.
    """

    worker: int
    task: int
    value: Any
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A job raised an error; the worker is there still.

    Attributes:
        worker: its number.
        task: that was sent to it.
        error: what was raised; its cause is `Remote` where it was raised in another process.
        seconds: that it worked before.
    """

    worker: int
    task: int
    error: BaseException
    seconds: float = 0.0


@dataclass(frozen=True)
class Lost:
    """A worker is gone, or could not be started.

    Attributes:
        worker: its number.
        reason: on one line.
        error: what its making raised, if that is why.
    """

    worker: int
    reason: str
    error: BaseException | None = None


Event = Placed | Started | Done | Failed | Lost


class Pool(Protocol):
    """Starts workers and carries jobs to them; what goes wrong is told, never mended."""

    def hire(self) -> int:
        """Begins to start a worker, for which there may be no room yet, and returns its number, never given before."""

    def send(self, worker: int, task: int, job: Job) -> None:
        """Has a worker that is ready do a job, after those that were sent to it before.

        Args:
            worker: its number.
            task: names the job in what is told of it.
            job: with its shared part.
        """

    def wait(self, seconds: float) -> list[Event]:
        """Waits until there is something to tell, at most so long, and tells it in the order in which it happened."""

    def fire(self, worker: int) -> None:
        """Ends a worker, whatever it is at; nothing is told of it any more."""

    def close(self) -> None:
        """Ends all workers and gives back what was taken; may be called twice."""
