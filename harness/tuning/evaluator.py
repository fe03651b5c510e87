"""Has the candidates of a search answered, and remembers those of its first sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.tuning.answering import Asking
from harness.tuning.kept import unpack
from harness.tuning.ledger import Asked
from harness.tuning.memory import Memory, keys_of
from harness.tuning.objective import Answers
from harness.tuning.query import Query, Search
from harness.tuning.space import Vectors
from harness.tuning.turn import Turn, check_failed

TOGETHER: Final = 32
"""Candidates of a first sample that are answered, and kept, in one go, unless more are asked for."""
HEAD: Final = 8
"""Coordinates that tell nearly all candidates apart."""


class Evaluator:
    """Has the candidates of one search answered.

    Args:
        job: how they are asked.
        memory: of first samples.
        seed: of samples of respondents.
        noisy: whether asking again gives other answers, so that all samples of a candidate are kept.
        together: candidates of a first sample that are answered, and kept, in one go.
    """

    def __init__(
        self, job: Asking, memory: Memory, seed: int = 0, noisy: bool = False, together: int = TOGETHER
    ) -> None:
        self._job = job
        self._memory = memory
        self._seed = seed
        self._noisy = noisy
        self.together = together
        self._known: dict[bytes, Answers] = {}
        self._heads: set[bytes] = set()
        self._samples: dict[bytes, list[Answers]] = {}

    def known(self, vectors: Vectors) -> NDArray[np.bool_]:
        """(n,) True for candidates of the search's first sample, which cost nothing to ask again."""
        # A hash of a long vector takes long, and nearly no candidate begins as one of the first sample does.
        maybe = np.array([_head(row) in self._heads for row in vectors], dtype=np.bool_)
        maybe[maybe] = [key in self._known for key in keys_of(vectors[maybe])]
        return maybe

    def claim(self, sample: Vectors) -> NDArray[np.bool_]:
        """(n,) which of a first sample (n, d) this search has to ask itself; comes before all questions."""
        return self._memory.claim(keys_of(sample))

    def remember(self, sample: Vectors, own: NDArray[np.bool_], turn: Turn) -> Search[Answers]:
        """Answers candidates (n, d) of a first sample, `own` ones by asking, and remembers the answers.

        Raises:
            RunError: see `answer`.
        """
        keys, own_places = keys_of(sample), np.flatnonzero(own)
        for place in range(0, len(own_places), self.together):
            some = own_places[place : place + self.together]
            answered = yield from self._ask(sample[some], [0] * len(some), turn)
            self._memory.learn([keys[one] for one in some], answered)
        while not self._memory.holds(keys):
            yield None
        answers = self._memory.recall(keys)
        self._known.update(zip(keys, answers, strict=True))
        self._heads.update(map(_head, sample))
        self._sampled(sample, answers)
        return Answers.stack(answers)

    def answer(self, vectors: Vectors, known: NDArray[np.bool_], turn: Turn) -> Search[Answers]:
        """Answers (n, d) candidates, `known` ones (n,) from memory.

        Raises:
            RunError: no new candidate of a whole generation could be answered with finite numbers.
        """
        fresh = iter((yield from self._ask(vectors[~known], [0] * int((~known).sum()), turn, ~known)))
        before = iter(keys_of(vectors[known]))
        rows = [self._known[next(before)] if old else next(fresh) for old in known]
        self._sampled(vectors, rows)
        return Answers.stack(rows)

    def again(self, vectors: Vectors, turn: Turn) -> Search[Answers]:
        """Asks (n, d) candidates, asked before, for one more sample of respondents each.

        Returns:
            The mean of all their samples so far.
        """
        samples = [self._samples[key] for key in keys_of(vectors)]
        more = yield from self._ask(vectors, list(map(len, samples)), turn)
        for sample, one in zip(samples, more, strict=True):
            sample.append(one)
        return Answers.stack([_mean(sample) for sample in samples])

    def _sampled(self, vectors: Vectors, rows: Sequence[Answers]) -> None:
        if self._noisy:
            for key, row in zip(keys_of(vectors), rows, strict=True):
                self._samples.setdefault(key, [row])

    def _ask(
        self, vectors: Vectors, numbers: list[int], turn: Turn, fresh: NDArray[np.bool_] | None = None
    ) -> Search[list[Answers]]:
        """What the model answers, or did; `fresh` marks these among the candidates of the turn, None for all."""
        if not len(vectors):
            return []
        counts = turn.counts(np.ones(len(vectors), dtype=np.bool_) if fresh is None else fresh)
        asked = Asked(turn.about(counts), vectors, f"{self._seed} {numbers}" if self._noisy else "")
        job = self._job.asking(vectors, [(self._seed, one) for one in numbers])
        rows: list[Answers] = yield Query(asked, job, lambda packed: _rows(packed, len(vectors), turn, counts))
        return rows


def _head(row: Vectors) -> bytes:
    """How a candidate (d,) begins."""
    return row[:HEAD].tobytes()


def _rows(packed: dict[str, Any], count: int, turn: Turn, counts: Sequence[int]) -> list[Answers]:
    """The answers of each of some candidates of a turn."""
    answers = unpack(packed, count)
    check_failed(turn, counts, np.logical_not(np.isfinite(answers.item_means).all(axis=1)))
    return [answers.rows(place, place + 1) for place in range(count)]


def _mean(samples: list[Answers]) -> Answers:
    whole = Answers.stack(samples)
    return Answers(*(getattr(whole, field.name).mean(axis=0, keepdims=True) for field in fields(Answers)))
