"""The job that a search consists of: to ask the survey behind candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from harness.executors.job import Job
from harness.models.scorer import Plan
from harness.tasks.hofstede_vsm.prompts import Split
from harness.tuning.kept import pack
from harness.tuning.objective import Draw
from harness.tuning.space import SearchSpace, Vectors

if TYPE_CHECKING:
    from harness.tuning.worker import Worker


class Asking(Job, Protocol):
    """Asks something behind candidates; gives their item means at least, as JSON."""

    def asking(self, vectors: Vectors, draws: Sequence[Draw]) -> Job:
        """The same for other candidates."""


@dataclass(frozen=True)
class Answer:
    """Asks the survey behind candidates.

    Attributes:
        shared: the space that they live in.
        wordings: split of the survey that is asked.
        tokens: V.
        plan: how the questions are laid out.
        names: of the answers' arrays that are wanted.
        vectors: (n, d) candidates.
        draws: for each, seed and number of its sample of respondents.
    """

    shared: SearchSpace | None
    wordings: Split
    tokens: int
    plan: Plan
    names: tuple[str, ...] = ("item_means",)
    vectors: Vectors = field(default_factory=lambda: np.zeros((0, 0)))
    draws: tuple[Draw, ...] = ()

    @property
    def size(self) -> int:
        """Candidates."""
        return len(self.vectors)

    @property
    def grain(self) -> int:
        """Candidates that pass through the model together; among others, last digits would be others on a GPU."""
        return self.plan.micro_batch * self.plan.workers

    def asking(self, vectors: Vectors, draws: Sequence[Draw]) -> Answer:
        """The same for other candidates."""
        return replace(self, vectors=vectors, draws=tuple(draws))

    def detached(self) -> Answer:
        """The same without the space."""
        return replace(self, shared=None)

    def attached(self, shared: Any) -> Answer:
        """The same with the space."""
        return replace(self, shared=shared)

    def split(self, most: int) -> list[Answer]:
        """Jobs of at most so many candidates each."""
        ends = range(0, max(1, self.size), most)
        return [self.asking(self.vectors[place : place + most], self.draws[place : place + most]) for place in ends]

    def join(self, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The arrays of all parts."""
        return {name: [row for part in found for row in part[name]] for name in self.names}

    def do(self, worker: Worker) -> dict[str, Any]:
        """What is answered, as JSON."""
        if self.shared is None:
            raise ValueError("candidates without their space: expected the job as it was before it was sent")
        prompts = self.shared.decode(self.vectors)
        respondent = worker.respondent(self.wordings, self.tokens, self.plan)
        with worker.answering(self.size):
            answers = respondent.answer(prompts, self.draws)
        return pack(answers, self.names)
