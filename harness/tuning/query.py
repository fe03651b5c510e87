"""Questions that a run puts to whoever holds the model, and searches, which wait for the answers.

A search is a generator: it yields a question and is sent what was read of the answer, so that many of them can wait at
once. What one yields depends on its own answers alone, never on how far others are.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.executors.job import Job
from harness.tuning.ledger import Asked

Found = TypeVar("Found")


@dataclass(frozen=True)
class Query:
    """A question.

    Attributes:
        asked: what the journal says of it.
        job: has it answered, in JSON.
        read: makes of the answer what the search wants; raises HarnessError for one that is not to be kept.
    """

    asked: Asked
    job: Job
    read: Callable[[dict[str, Any]], Any]


Search = Generator[Query | None, Any, Found]
"""Yields questions; None waits until another search has had an answer."""
