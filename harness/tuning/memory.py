"""First samples that were answered, which many regions, optimizers and seeds have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.tuning.objective import Answers
from harness.tuning.space import Vectors


class Memory:
    """Answers to candidates, by their keys, and who has them answered.

    Searches begin in a fixed order, and each claims what it has answered before it asks anything: which candidates are
    whose does not depend on who is answered first.
    """

    def __init__(self) -> None:
        self._claimed: set[bytes] = set()
        self._answers: dict[bytes, Answers] = {}

    def claim(self, keys: Sequence[bytes]) -> NDArray[np.bool_]:
        """(n,) True for candidates that nobody has claimed before: whoever claims them has them answered."""
        fresh = np.array([key not in self._claimed for key in keys], dtype=np.bool_)
        self._claimed.update(keys)
        return fresh

    def learn(self, keys: Sequence[bytes], rows: Sequence[Answers]) -> None:
        """Takes the answers of candidates."""
        self._answers.update(zip(keys, rows, strict=True))

    def holds(self, keys: Sequence[bytes]) -> bool:
        """Whether all candidates have been answered; asked again and again by those that wait."""
        return all(key in self._answers for key in keys)

    def recall(self, keys: Sequence[bytes]) -> list[Answers]:
        """The answers of each candidate.

        Raises:
            KeyError: one has not been answered.
        """
        return [self._answers[key] for key in keys]


def keys_of(vectors: Vectors) -> list[bytes]:
    """What tells each of (n, d) candidates from others."""
    rows = np.ascontiguousarray(vectors)
    return [hashlib.sha256(row.data).digest() for row in rows]
