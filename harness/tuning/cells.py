"""What the loop keeps of each region: its optimizer, its best candidate, what it has spent."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from harness.optimizers import Optimizer
from harness.tasks.hofstede_vsm.indices import Array
from harness.tasks.hofstede_vsm.regions import Region
from harness.tuning.answering import Asking
from harness.tuning.evaluator import TOGETHER, Evaluator
from harness.tuning.memory import Memory
from harness.tuning.space import SearchSpace, Vectors


@dataclass(frozen=True)
class Ground:
    """Where the searches of one seed take place.

    Attributes:
        space: what the vectors stand for.
        samples: (n, d) first candidates per label of a group.
        job: how candidates are asked.
        memory: of first samples, which seeds that search the same space have in common.
        seed: of samples of respondents.
        noisy: whether asking again gives other answers.
    """

    space: SearchSpace
    samples: Mapping[str, Vectors]
    job: Asking
    memory: Memory = field(default_factory=Memory)
    seed: int = 0
    noisy: bool = False

    def evaluator(self, together: int = TOGETHER) -> Evaluator:
        """Has the candidates of a search answered that begins now, so many of its first sample in one go."""
        return Evaluator(self.job, self.memory, self.seed, self.noisy, together)


@dataclass
class Incumbent:
    """The best candidates of a region so far.

    Attributes:
        most: finalists that a search ends with.
        spare: candidates kept behind them, in case one of them turns out worse than it looked.
        loss: of the best.
        finalists: (loss, vector), the best first.
        curve: (evaluations, loss) at each change of the best loss, the last one where several came at the same number.
    """

    most: int = 1
    spare: int = 0
    loss: float = float("inf")
    finalists: list[tuple[float, Vectors]] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)

    @property
    def bar(self) -> float:
        """What a candidate's loss must be below to be taken."""
        return self.finalists[-1][0] if len(self.finalists) == self.most + self.spare else float("inf")

    def offer(self, vectors: Vectors, losses: Array, evaluations: float) -> None:
        """Takes those of n candidates that are better than what it has; NaN never is."""
        better, before = np.flatnonzero(losses < self.bar), list(self.finalists)
        for place in better[np.argsort(losses[better], kind="stable")]:
            loss, vector = float(losses[place]), vectors[place]
            if loss >= self.bar:
                break
            # A remembered candidate may be asked again; what further samples said of it stands.
            if not any(np.array_equal(vector, other) for _, other in (*before, *self.finalists)):
                insort(self.finalists, (loss, vector.copy()), key=lambda one: one[0])
                del self.finalists[self.most + self.spare :]
        if self.finalists and self.finalists[0][0] < self.loss:
            self._note(evaluations)

    def revise(self, vector: Vectors, loss: float, evaluations: float) -> None:
        """Gives a candidate (d,) that is held another loss, better or worse; nothing happens to one that is not."""
        for place, (_, held) in enumerate(self.finalists):
            if np.array_equal(held, vector):
                self.finalists[place] = (loss, held)
                self.finalists.sort(key=lambda one: one[0])
                self._note(evaluations)
                return

    @property
    def best(self) -> Vectors:
        """(d,) the candidate with the lowest loss."""
        return self.finalists[0][1]

    def _note(self, evaluations: float) -> None:
        self.loss = self.finalists[0][0]
        if self.curve and self.curve[-1][0] == evaluations:
            self.curve.pop()
        self.curve.append((evaluations, self.loss))


@dataclass(frozen=True)
class Tuned:
    """Result of one region under one optimizer and seed; `evaluations` deals shared ones out evenly.

    Attributes:
        vectors: (k, d) the finalists, the one with the lowest loss first.
        loss: of the first.
    """

    region: Region
    vectors: Vectors
    loss: float
    evaluations: float
    curve: tuple[tuple[float, float], ...]
    failed: int


@dataclass(eq=False)
class Cell:
    """One region's search.

    Attributes:
        spent: evaluations that it asked for.
        idle: generations in a row that held nothing but remembered candidates.
        seen: candidates of its group that it has been shown.
        done: the search is over.
    """

    region: Region
    optimizer: Optimizer
    incumbent: Incumbent
    spent: int = 0
    idle: int = 0
    failed: int = 0
    seen: int = 0
    done: bool = False
