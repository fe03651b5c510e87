"""Answers candidates and remembers those of the first sample, which many regions and optimizers ask again."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from harness.tuning.objective import Answers, Respondent
from harness.tuning.space import SearchSpace, Vectors

_Row = tuple[NDArray[np.float64], float, NDArray[np.float64], NDArray[np.float64]]


class Evaluator:
    """Turns vectors of a search space into answers.

    Args:
        respondent: answers soft prompts on the tuning wordings.
        space: decodes vectors to soft prompts.
    """

    def __init__(self, respondent: Respondent, space: SearchSpace) -> None:
        self._respondent = respondent
        self._space = space
        self._memory: dict[bytes, _Row] = {}
        self.scored = 0
        """Candidates that the model answered; remembered ones are not answered again."""

    def known(self, vectors: Vectors) -> NDArray[np.bool_]:
        """(n,) True for remembered candidates, which cost nothing to ask again."""
        return np.array([_key(row) in self._memory for row in vectors], dtype=np.bool_)

    def remember(self, vectors: Vectors) -> Answers:
        """Answers (n, d) candidates and remembers the answers."""
        known = self.known(vectors)
        if not known.all():
            fresh = vectors[~known]
            self._memory.update(zip(map(_key, fresh), self._ask(fresh), strict=True))
        return _stack([self._memory[_key(row)] for row in vectors])

    def answer(self, vectors: Vectors) -> Answers:
        """Answers (n, d) candidates, remembered ones from memory."""
        known = self.known(vectors)
        fresh = iter(self._ask(vectors[~known]))
        return _stack(
            [self._memory[_key(row)] if old else next(fresh) for row, old in zip(vectors, known, strict=True)]
        )

    def _ask(self, vectors: Vectors) -> list[_Row]:
        if not len(vectors):
            return []
        self.scored += len(vectors)
        answers = self._respondent.answer(self._space.decode(vectors))
        return list(
            zip(answers.item_means, map(float, answers.option_mass), answers.order_gap, answers.halves, strict=True)
        )


def _stack(rows: list[_Row]) -> Answers:
    means = np.array([row[0] for row in rows]).reshape(len(rows), 24)
    gaps = np.array([row[2] for row in rows]).reshape(len(rows), 6)
    halves = np.array([row[3] for row in rows]).reshape(len(rows), 2, 24)
    return Answers(means, np.array([row[1] for row in rows]), gaps, halves)


def _key(vector: Vectors) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(vector).tobytes(), digest_size=16).digest()
