"""Random search: the yardstick that every other optimizer has to beat."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.optimizers.protocol import FloatArray, Optimizer, OptimizerParameters, Problem


class RandomSearchParameters(OptimizerParameters):
    """Settings of random search."""

    batch: int = Field(default=16, ge=1, le=4096, description="candidates per generation")


class RandomSearch(Optimizer):
    """Asks the initial rows, then draws uniformly from the box and learns nothing.

    The first generation holds the first `batch` initial rows, filled up with draws; further initial rows, the worse
    ones, are not asked.

    Source: Bergstra & Bengio (2012), Random search for hyper-parameter optimization, JMLR 13.
    """

    name: ClassVar[str] = "random"
    summary: ClassVar[str] = "uniform draws from the box, the yardstick"
    source: ClassVar[str] = "Bergstra & Bengio (2012), Random search for hyper-parameter optimization, JMLR 13"
    Parameters: ClassVar[type[OptimizerParameters]] = RandomSearchParameters
    learns: ClassVar[bool] = False

    def __init__(self, problem: Problem, parameters: RandomSearchParameters, rng: np.random.Generator) -> None:
        super().__init__(problem, parameters, rng)
        self._batch = parameters.batch

    def _ask(self) -> FloatArray:
        if self.generation == 0:
            return self._first(self._batch)
        lower, upper = self.problem.lower, self.problem.upper
        return lower + (upper - lower) * self._rng.random((self._batch, self.problem.dim))

    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        pass
