"""What a run has asked and was answered: from its journal as long as that lasts, then from the model.

Everything else that a run does follows from its specification and these answers, so a run that goes on does again what
it did, with the journal in the model's place, and arrives where it was (design, decision 4).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.errors import ResumeError
from harness.records.journal import ANSWERS, Journal, Line

STREAM: Final = ("phase", "optimizer", "seed", "group", "method", "region")
"""What tells apart sequences of questions that do not wait for each other; within one the order is fixed."""
DRIFT: Final = 1e-6
"""Part of a candidate's length by which another machine's arithmetic may move it."""
Entry = dict[str, Any]
Read = TypeVar("Read")


@dataclass(frozen=True)
class Asked:
    """What is put to the model.

    Attributes:
        about: for whom it is asked, as the journal shows it; holds the names of `STREAM` that apply.
        vectors: (n, d) candidates or prompts, n may be 0.
        text: everything else that decides the answers.
    """

    about: Mapping[str, Any]
    vectors: NDArray[np.floating[Any]]
    text: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of vectors and text, hexadecimal."""
        rows = np.ascontiguousarray(self.vectors, dtype=np.float64)
        return hashlib.sha256(rows.tobytes() + self.text.encode()).hexdigest()

    @property
    def sketch(self) -> list[float]:
        """A number for each vector that other vectors do not have: its product with a fixed row of signs."""
        rows = np.asarray(self.vectors, dtype=np.float64)
        return [float(one) for one in (rows * _signs(rows.shape[1])).sum(axis=1)]

    @property
    def stream(self) -> tuple[Any, ...]:
        """Which sequence it belongs to."""
        return _stream(self.about)


class Ledger(Protocol):
    """Knows answers."""

    def recall(self, asked: Asked, read: Callable[[Entry], Read]) -> tuple[Read] | None:
        """What `read` makes of the answers, which are JSON; None where they are not known."""

    def keep(self, asked: Asked, answers: Entry, seconds: float) -> None:
        """Takes new answers, and the seconds that they took."""


class Unkept:
    """Knows nothing and keeps nothing."""

    def recall(self, asked: Asked, read: Callable[[Entry], Read]) -> None:
        """Nothing."""

    def keep(self, asked: Asked, answers: Entry, seconds: float) -> None:
        """Does nothing."""


class Kept:
    """Answers from a journal, and writes into it what it does not hold yet.

    Args:
        journal: for new answers.
        lines: with answers of earlier processes.

    Attributes:
        replayed: seconds that the answers taken from the journal took then, by phase.
        evaluations: of the search that were taken from the journal.
    """

    def __init__(self, journal: Journal, lines: Sequence[Line]) -> None:
        self._journal = journal
        self._waiting: defaultdict[tuple[Any, ...], deque[Line]] = defaultdict(deque)
        for line in lines:
            self._waiting[_stream(line.entry)].append(line)
        self.replayed: defaultdict[str, float] = defaultdict(float)
        self.evaluations = 0

    def recall(self, asked: Asked, read: Callable[[Entry], Read]) -> tuple[Read] | None:
        """What the journal says.

        Raises:
            ResumeError: another question stands there in the journal, or no answers.
        """
        waiting = self._waiting.get(asked.stream)
        if not waiting:
            return None
        line = waiting.popleft()
        try:
            return (read(self._known(asked, line)),)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise ResumeError(
                f"journal '{self._journal.path}', line {line.number}: does not hold what a run writes "
                f"({type(error).__name__}): put back a copy of it, or begin anew with --fresh"
            ) from error

    def keep(self, asked: Asked, answers: Entry, seconds: float) -> None:
        """Writes a line, which is on the disk when this returns.

        Raises:
            ResumeError: it cannot be written.
        """
        self._journal.append(
            {
                **asked.about,
                "asked": asked.digest,
                "sketch": asked.sketch,
                **({"with": asked.text} if asked.text else {}),
                "seconds": round(seconds, 6),
                ANSWERS: answers,
            }
        )

    def check_spent(self) -> None:
        """Refuses a journal that holds more than the run has asked.

        Raises:
            ResumeError: it does.
        """
        for line in (line for waiting in self._waiting.values() for line in waiting):
            raise self._other(line, "which this run does not ask")

    def _known(self, asked: Asked, line: Line) -> Entry:
        entry = line.entry
        if any(entry.get(name) != value for name, value in asked.about.items()):
            raise self._other(line, f"this run asks for {_described(asked.about)} there")
        same = entry.get("asked") == asked.digest
        if not same and (entry.get("with", "") != asked.text or not _near(entry.get("sketch"), asked)):
            raise self._other(line, "and this run asks other candidates there")
        seconds = float(entry["seconds"])
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"{seconds} seconds: expected a number from 0")
        self.replayed[entry["phase"]] += seconds
        self.evaluations += line.evaluations
        return self._journal.answers(line)

    def _other(self, line: Line, how: str) -> ResumeError:
        return ResumeError(
            f"journal '{self._journal.path}', line {line.number}: holds {_described(line.entry)}, {how}: the code, a "
            "library or the machine's arithmetic has changed; go on with what the run began with, or begin anew with "
            "--fresh"
        )


def _stream(about: Mapping[str, Any]) -> tuple[Any, ...]:
    """Which sequence something belongs to; a line that names no such thing belongs to one that nobody asks."""
    values = tuple(about.get(name) for name in STREAM)
    return values if all(isinstance(one, str | int | None) for one in values) else tuple(map(repr, values))


def _described(about: Mapping[str, Any]) -> str:
    """For whom something was asked, as in "tuning, de, seed 0"."""
    parts = [str(about.get("phase"))]
    parts += [str(about[name]) for name in ("optimizer", "method", "region") if about.get(name)]
    parts += [f"seed {about['seed']}"] if "seed" in about else []
    match about.get("generations"):
        case [[region, number, _], *_]:
            parts.append(f"generation {number} for {region}" if region else "the first sample")
    return ", ".join(parts)


def _near(sketch: Any, asked: Asked) -> bool:
    """Whether the vectors are those of a sketch but for last digits."""
    if not isinstance(sketch, list) or len(sketch) != len(asked.vectors) or not len(asked.vectors):
        return False
    rows = np.asarray(asked.vectors, dtype=np.float64)
    room = DRIFT * (np.abs(rows).sum(axis=1) + DRIFT)
    return bool((np.abs(np.array(sketch) - np.array(asked.sketch)) <= room).all())


@lru_cache(maxsize=4)
def _signs(length: int) -> NDArray[np.float64]:
    return np.random.default_rng(length).choice(np.array([-1.0, 1.0]), length)
