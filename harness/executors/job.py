"""What is done by workers, and whoever has it done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from harness.records.execution import ExecutionFacts


class Job(Protocol):
    """Something that a worker does: it can be sent, and done again it gives the same."""

    @property
    def shared(self) -> object | None:
        """A part of it that many jobs have in common, by identity; it is sent once and never changed."""

    @property
    def size(self) -> int:
        """Candidates that it answers, or 1; what one takes is taken to be what another of its kind does."""

    @property
    def grain(self) -> int:
        """Candidates that are best left together."""

    def detached(self) -> Job:
        """The same without its shared part."""

    def attached(self, shared: object | None) -> Job:
        """The same with its shared part again."""

    def split(self, most: int) -> Sequence[Job]:
        """Jobs of at most so many candidates each, one at least, in their order; itself where it has no parts."""

    def join(self, found: Sequence[Any]) -> Any:
        """What it gives, from what its parts gave, in their order."""

    def do(self, worker: Any) -> Any:
        """Does it with a worker's means.

        Raises:
            HarnessError: the user can mend it; another worker would say the same.
        """


class OneJob(ABC):
    """What jobs are that have no parts, and share nothing."""

    shared: ClassVar[None] = None
    grain: ClassVar[int] = 1

    @property
    def size(self) -> int:
        """Candidates that it answers, or 1."""
        return 1

    def detached(self) -> OneJob:
        """Itself."""
        return self

    def attached(self, shared: object | None) -> OneJob:
        """Itself."""
        return self

    def split(self, most: int) -> Sequence[OneJob]:
        """Itself alone."""
        return [self]

    def join(self, found: Sequence[Any]) -> Any:
        """What it gave."""
        (value,) = found
        return value

    @abstractmethod
    def do(self, worker: Any) -> Any:
        """Does it with a worker's means."""


@dataclass(frozen=True)
class Finished:
    """A job that is done.

    Attributes:
        ticket: it was submitted with.
        value: what it gave.
    """

    ticket: int
    value: Any


class Onlooker(Protocol):
    """Whoever watches workers."""

    def remark(self, line: str) -> None:
        """Something happened to one of them."""

    def workers(self, facts: ExecutionFacts) -> None:
        """How they stand, a few times a second at most."""


class Executor(Protocol):
    """Has jobs done, in whatever order; what they give depends neither on that order nor on who did them."""

    @property
    def hungry(self) -> bool:
        """Whether it could do with more jobs than it has."""

    def submit(self, ticket: int, job: Job, turn: int = 0) -> None:
        """Takes a job.

        Args:
            ticket: tells it from others that are not finished.
            job: to be done.
            turn: jobs of a lower one go first.
        """

    def collect(self) -> list[Finished]:
        """Waits until a job is done, of those that were submitted, and returns all that are.

        Raises:
            HarnessError: a job cannot be done, for a reason that the user can mend.
        """

    def attend(self, onlooker: Onlooker) -> None:
        """Tells of workers, if it has any, from here on."""

    def begin(self) -> None:
        """Measures from here on."""

    def facts(self) -> ExecutionFacts | None:
        """Who did how much since `begin`; None where this process did it all."""

    def close(self) -> None:
        """Lets the workers go, whatever they are at; may be called twice."""
