"""CMA-ES, by pycma; the only file that imports it.

The search runs in a box from -1 to 1 per coordinate, so that one step size suits unequal bounds. pycma's smooth
transformation keeps candidates inside; unlike clipping it leaves no region outside where the loss is flat.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from harness.optimizers.protocol import FloatArray, Optimizer, OptimizerParameters, Problem

_SMALLEST_POPSIZE = 4
# Share of half the box width below which no step shrinks, so that a converged search goes on with sound numbers.
_SMALLEST_STEP = 1e-10


class CMAESParameters(OptimizerParameters):
    """Settings of CMA-ES; the defaults are pycma's but for `sigma0` and `diagonal_above`, which are this project's."""

    popsize: int = Field(
        default=0, ge=0, le=4096, description="candidates per generation; 0 means 4 + 3 ln(d), else 4 or more"
    )
    sigma0: float = Field(
        default=0.3, gt=0, le=0.6, description="first step size, as a share of half the box width per coordinate"
    )
    diagonal_above: int = Field(
        default=400, ge=0, le=10_000, description="learn variances alone, no covariances, in more dimensions than this"
    )

    @field_validator("popsize")
    @classmethod
    def _zero_or_enough(cls, value: int) -> int:
        if 0 < value < _SMALLEST_POPSIZE:
            raise ValueError(f"expected 0 or at least {_SMALLEST_POPSIZE}")
        return value


class CMAES(Optimizer):
    """A normal distribution that moves and stretches towards the better half of its candidates.

    With initial rows the first generation is those rows alone, as many as the population holds, and the distribution
    starts at the one with the lowest loss (the first row if all fail): rows whose losses are known cost nothing, and
    no loss is credited to a point that was not evaluated. Without, it starts at the centre of the box.

    Failed candidates rank behind all others, with equal losses; a generation that failed as a whole is drawn again from
    an unchanged distribution. pycma's stopping criteria are not consulted.

    Raises:
        ValueError: the problem has a single dimension.

    Source: Hansen (2016), The CMA evolution strategy: a tutorial, arXiv:1604.00772; the diagonal form is
        Ros & Hansen (2008), A simple modification in CMA-ES achieving linear time and space complexity, PPSN X.
    """

    name: ClassVar[str] = "cma"
    summary: ClassVar[str] = "CMA-ES, full or diagonal covariance (pycma)"
    source: ClassVar[str] = "Hansen (2016), The CMA evolution strategy: a tutorial, arXiv:1604.00772"
    fewest_dimensions: ClassVar[int] = 2
    Parameters: ClassVar[type[OptimizerParameters]] = CMAESParameters

    def __init__(self, problem: Problem, parameters: CMAESParameters, rng: np.random.Generator) -> None:
        super().__init__(problem, parameters, rng)
        if problem.dim < self.fewest_dimensions:
            raise ValueError(
                f"optimizer 'cma' was given {problem.dim} dimension: expected at least 2; use 'de' or 'random' instead"
            )
        self._parameters = parameters
        self._popsize = parameters.popsize or 4 + int(3 * np.log(problem.dim))
        self._half_width = problem.upper / 2 - problem.lower / 2
        self._centre = problem.lower / 2 + problem.upper / 2
        self._strategy: Any = None
        self._asked: list[FloatArray] = []

    def _ask(self) -> FloatArray:
        if self._strategy is None:
            if self.problem.initial is not None:
                return self._initial(self._popsize)
            self._start(self._centre)
        self._asked = self._strategy.ask()
        return self._centre + self._half_width * np.array(self._asked)

    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        failed = np.isnan(losses)
        if self._strategy is None:
            self._start(candidates[0 if failed.all() else np.nanargmin(losses)])
        elif failed.all():
            self._strategy.sent_solutions.clear()
        else:
            worst = np.nanmax(losses)
            told = np.where(failed, min(np.nextafter(worst, np.inf), np.finfo(np.float64).max), losses)
            self._strategy.tell(self._asked, told.tolist())

    def _start(self, where: FloatArray) -> None:
        """Begins at a point (d,) of the box."""
        import cma

        scaled = np.clip((where - self._centre) / self._half_width, -1.0, 1.0)
        self._strategy = cma.CMAEvolutionStrategy(scaled, self._parameters.sigma0, self._options())

    def _options(self) -> dict[str, Any]:
        """Settings in pycma's terms: no output, no files, no random state but the generator."""
        return {
            "bounds": [-1.0, 1.0],
            "popsize": self._popsize,
            "CMA_diagonal": self.problem.dim > self._parameters.diagonal_above,
            "CMA_mirrors": 0,  # they play no part in ask and tell, yet a small population would be weighted for them
            "minstd": _SMALLEST_STEP,
            "randn": lambda *shape: self._rng.standard_normal(shape),
            "seed": np.nan,
            "verbose": -9,
        }
