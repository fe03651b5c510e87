"""First samples that were answered, which many regions, optimizers and seeds have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.tuning.objective import Answers
from harness.tuning.space import Vectors


class Memory:
    """Answers to candidates, and who has them answered.

    Searches begin in a fixed order, and each claims what it has answered before it asks anything: which candidates are
    whose does not depend on who is answered first.
    """

    def __init__(self) -> None:
        self._claimed: set[bytes] = set()
        self._answers: dict[bytes, Answers] = {}

    def claim(self, vectors: Vectors) -> NDArray[np.bool_]:
        """(n,) True for candidates that nobody has claimed before: whoever claims them has them answered."""
        keys = [key_of(row) for row in vectors]
        fresh = np.array([key not in self._claimed for key in keys], dtype=np.bool_)
        self._claimed.update(keys)
        return fresh

    def learn(self, vectors: Vectors, rows: Sequence[Answers]) -> None:
        """Takes the answers of (n, d) candidates."""
        self._answers.update(zip(map(key_of, vectors), rows, strict=True))

    def holds(self, keys: Sequence[bytes]) -> bool:
        """Whether all candidates of these keys have been answered; asked again and again by those that wait."""
        return all(key in self._answers for key in keys)

    def recall(self, vectors: Vectors) -> list[Answers]:
        """The answers of each of (n, d) candidates.

        Raises:
            KeyError: one has not been answered.
        """
        return [self._answers[key_of(row)] for row in vectors]


def key_of(vector: Vectors) -> bytes:
    """What tells a candidate (d,) from others."""
    return hashlib.blake2b(np.ascontiguousarray(vector).tobytes(), digest_size=16).digest()
