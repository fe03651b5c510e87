"""Answers candidates and remembers those of the first sample, which many regions and optimizers ask again."""

from __future__ import annotations

import hashlib
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from harness.tuning.objective import Answers, Respondent
from harness.tuning.space import SearchSpace, Vectors


class Evaluator:
    """Turns vectors of a search space into answers.

    Args:
        respondent: answers soft prompts on the tuning wordings.
        space: decodes vectors to soft prompts.
        seed: of samples of respondents.
        noisy: whether asking again gives other answers, so that all samples of a candidate are kept.
    """

    def __init__(self, respondent: Respondent, space: SearchSpace, seed: int = 0, noisy: bool = False) -> None:
        self._respondent = respondent
        self._space = space
        self._seed = seed
        self.noisy = noisy
        self._memory: dict[bytes, Answers] = {}
        self._samples: dict[bytes, list[Answers]] = {}
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
            self._memory.update(zip(map(_key, fresh), self._ask(fresh, [0] * len(fresh)), strict=True))
        return Answers.stack([self._memory[_key(row)] for row in vectors])

    def answer(self, vectors: Vectors) -> Answers:
        """Answers (n, d) candidates, remembered ones from memory."""
        known = self.known(vectors)
        fresh = iter(self._ask(vectors[~known], [0] * int((~known).sum())))
        return Answers.stack(
            [self._memory[_key(row)] if old else next(fresh) for row, old in zip(vectors, known, strict=True)]
        )

    def begin(self) -> None:
        """Forgets all samples but each candidate's first: a search shall not profit from another one's."""
        for samples in self._samples.values():
            del samples[1:]

    def again(self, vectors: Vectors) -> Answers:
        """Asks (n, d) candidates, asked before, for one more sample of respondents each.

        Returns:
            The mean of all their samples so far.
        """
        samples = [self._samples[_key(row)] for row in vectors]
        for sample, one in zip(samples, self._ask(vectors, list(map(len, samples))), strict=True):
            sample.append(one)
        return Answers.stack([_mean(sample) for sample in samples])

    def _ask(self, vectors: Vectors, numbers: list[int]) -> list[Answers]:
        if not len(vectors):
            return []
        self.scored += len(vectors)
        answers = self._respondent.answer(self._space.decode(vectors), [(self._seed, number) for number in numbers])
        rows = [answers.rows(place, place + 1) for place in range(len(vectors))]
        if self.noisy:
            for vector, row in zip(vectors, rows, strict=True):
                self._samples.setdefault(_key(vector), [row])
        return rows


def _mean(samples: list[Answers]) -> Answers:
    whole = Answers.stack(samples)
    return Answers(*(getattr(whole, field.name).mean(axis=0, keepdims=True) for field in fields(Answers)))


def _key(vector: Vectors) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(vector).tobytes(), digest_size=16).digest()
