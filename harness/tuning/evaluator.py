"""Answers candidates and remembers those of the first sample, which many regions and optimizers ask again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.errors import RunError
from harness.tuning.kept import pack, unpack
from harness.tuning.ledger import Asked, Ledger, Unkept
from harness.tuning.objective import Answers, Draw
from harness.tuning.space import SearchSpace, Vectors

TOGETHER: Final = 32
"""Candidates of a first sample that are answered, and kept, in one go."""


class Answering(Protocol):
    """Answers one split of a survey behind soft prompts; see `harness.tuning.objective.Respondent`."""

    def answer(self, soft_prompts: NDArray[np.float32], draws: Sequence[Draw], /) -> Answers:
        """Answers with each of (P, V, D) soft prompts, with so many draws."""


@dataclass(frozen=True)
class Part:
    """Candidates of one generation: `rows` of them, which are all of it where it is `whole`."""

    region: str
    generation: int
    rows: int
    whole: bool = True


@dataclass(frozen=True)
class Turn:
    """For whom candidates are answered.

    Attributes:
        optimizer: its name.
        seed: which repetition.
        group: label of the regions that share.
        parts: of one or more generations, as their candidates stand one behind the other.
        again: the candidates were asked before.
    """

    optimizer: str
    seed: int
    group: str
    parts: tuple[Part, ...]
    again: bool = False

    def about(self, counts: Sequence[int]) -> dict[str, Any]:
        """As the journal shows it, with how many of each part's candidates are new; a first sample has no region."""
        plain = {"phase": "tuning", "optimizer": self.optimizer, "seed": self.seed, "group": self.group}
        parts = zip(self.parts, counts, strict=True)
        generations = [[part.region, part.generation, count] for part, count in parts if count]
        return {**plain, "generations": generations} | ({"again": True} if self.again else {})

    def counts(self, fresh: NDArray[np.bool_]) -> list[int]:
        """How many of each part's candidates are new, by (n,) which of all are."""
        ends = list(accumulate(part.rows for part in self.parts))
        return [int(fresh[end - part.rows : end].sum()) for part, end in zip(self.parts, ends, strict=True)]


class Evaluator:
    """Turns vectors of a search space into answers, of which item means, and halves if wanted, are all that is kept.

    Args:
        respondent: answers soft prompts on the tuning wordings.
        space: decodes vectors to soft prompts.
        seed: of samples of respondents.
        noisy: whether asking again gives other answers, so that all samples of a candidate are kept.
        halves: whether the means of each half of the prompts are needed too.
        ledger: knows what was answered before.
    """

    def __init__(
        self,
        respondent: Answering,
        space: SearchSpace,
        seed: int = 0,
        noisy: bool = False,
        halves: bool = False,
        ledger: Ledger | None = None,
    ) -> None:
        self._respondent = respondent
        self._space = space
        self._seed = seed
        self.noisy = noisy
        self._names = ("item_means", "halves") if halves else ("item_means",)
        self.ledger = ledger or Unkept()
        self._memory: dict[bytes, Answers] = {}
        self._samples: dict[bytes, list[Answers]] = {}

    def known(self, vectors: Vectors) -> NDArray[np.bool_]:
        """(n,) True for remembered candidates, which cost nothing to ask again."""
        return np.array([_key(row) in self._memory for row in vectors], dtype=np.bool_)

    def remember(self, vectors: Vectors, turn: Turn) -> Answers:
        """Answers (n, d) candidates and remembers the answers.

        Raises:
            RunError: see `answer`.
        """
        known = self.known(vectors)
        fresh = vectors[~known]
        for place in range(0, len(fresh), TOGETHER):
            rows = fresh[place : place + TOGETHER]
            self._memory.update(zip(map(_key, rows), self._ask(rows, [0] * len(rows), turn), strict=True))
        return Answers.stack([self._memory[_key(row)] for row in vectors])

    def answer(self, vectors: Vectors, turn: Turn) -> Answers:
        """Answers (n, d) candidates, remembered ones from memory.

        Raises:
            RunError: no new candidate of a whole generation could be answered with finite numbers.
        """
        known = self.known(vectors)
        fresh = iter(self._ask(vectors[~known], [0] * int((~known).sum()), turn, ~known))
        return Answers.stack(
            [self._memory[_key(row)] if old else next(fresh) for row, old in zip(vectors, known, strict=True)]
        )

    def begin(self) -> None:
        """Forgets all samples but each candidate's first: a search shall not profit from another one's."""
        for samples in self._samples.values():
            del samples[1:]

    def again(self, vectors: Vectors, turn: Turn) -> Answers:
        """Asks (n, d) candidates, asked before, for one more sample of respondents each.

        Returns:
            The mean of all their samples so far.
        """
        samples = [self._samples[_key(row)] for row in vectors]
        for sample, one in zip(samples, self._ask(vectors, list(map(len, samples)), turn), strict=True):
            sample.append(one)
        return Answers.stack([_mean(sample) for sample in samples])

    def _ask(
        self, vectors: Vectors, numbers: list[int], turn: Turn, fresh: NDArray[np.bool_] | None = None
    ) -> list[Answers]:
        """What the model answers, or did; `fresh` marks these among the candidates of the turn, None for all."""
        if not len(vectors):
            return []
        counts = turn.counts(np.ones(len(vectors), dtype=np.bool_) if fresh is None else fresh)

        def live() -> dict[str, Any]:
            answers = self._respondent.answer(self._space.decode(vectors), [(self._seed, one) for one in numbers])
            failed = np.logical_not(np.isfinite(answers.item_means).all(axis=1))
            _check_failed(turn, counts, failed)
            return pack(answers, self._names)

        text = f"{self._seed} {numbers}" if self.noisy else ""
        asked = Asked(turn.about(counts), vectors, text)
        answers = self.ledger.answer(asked, live, lambda packed: unpack(packed, len(vectors)))
        rows = [answers.rows(place, place + 1) for place in range(len(vectors))]
        if self.noisy:
            for vector, row in zip(vectors, rows, strict=True):
                self._samples.setdefault(_key(vector), [row])
        return rows


def _check_failed(turn: Turn, counts: Sequence[int], failed: NDArray[np.bool_]) -> None:
    """Stops where a generation has nothing to learn from; it is asked again when the run goes on.

    Args:
        turn: whose parts stand one behind the other.
        counts: new candidates of each.
        failed: (m,) for each new candidate.
    """
    for part, count, end in zip(turn.parts, counts, accumulate(counts), strict=True):
        if part.whole and count and failed[end - count : end].all():
            where = f"generation {part.generation} for region '{part.region}'" if part.region else "the first sample"
            raise RunError(
                f"every candidate of {where} failed ({turn.optimizer}, seed {turn.seed}; {count} of {count}): the "
                "answers are not finite numbers; check the model's weights, or load it with --dtype float32"
            )


def _mean(samples: list[Answers]) -> Answers:
    whole = Answers.stack(samples)
    return Answers(*(getattr(whole, field.name).mean(axis=0, keepdims=True) for field in fields(Answers)))


def _key(vector: Vectors) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(vector).tobytes(), digest_size=16).digest()
