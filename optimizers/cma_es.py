"""CMA-ES, by pycma; the only file that imports it.

The search runs in a box from -1 to 1 per coordinate, so that one step size suits unequal bounds. pycma's smooth
transformation keeps candidates inside; unlike clipping it leaves no region outside where the loss is flat.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from harness.errors import UsageError
from harness.optimizers.protocol import FloatArray, Optimizer, OptimizerParameters, Problem

_SMALLEST_POPSIZE = 4
# Share of half the box width below which no step shrinks, so that a converged search goes on with sound numbers.
_SMALLEST_STEP = 1e-10
# A full covariance of d dimensions and what is computed from it are several arrays of d x d numbers.
_MOST_FULL = 2000


class CMAESParameters(OptimizerParameters):
    """Settings of CMA-ES; the defaults are pycma's but for the last three, which are this project's."""

    popsize: int = Field(
        default=0, ge=0, le=4096, description="candidates per generation; 0 means 4 + 3 ln(d), else 4 or more"
    )
    sigma0: float = Field(
        default=0.3, gt=0, le=0.6, description="first step size, as a share of half the box width per coordinate"
    )
    covariance: Literal["auto", "full", "diagonal", "limited"] = Field(
        default="auto", description="what is learned; auto: full, or diagonal in more dimensions than diagonal_above"
    )
    diagonal_above: int = Field(
        default=400, ge=0, le=_MOST_FULL, description="with auto, learn variances alone in more dimensions than this"
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

    The limited covariance (VkD-CMA) is a diagonal and a few directions of high variance, whose number adapts; its step
    size follows two candidates placed along the last move. A full one of d dimensions takes 8 d^2 bytes several times
    over, and is refused in more than 2,000.

    A candidate adopted from elsewhere that beats the incumbent is injected: one candidate of the next generation is
    that one or, if the distribution thinks it too far away, a point on the way there. It is evaluated like the others.
    One that is adopted before the first generation is where the distribution starts, unless an initial row is as good.

    Failed candidates rank behind all others, with equal losses; a generation that failed as a whole is drawn again from
    an unchanged distribution. pycma's stopping criteria are not consulted.

    Raises:
        ValueError: the problem has a single dimension.
        UsageError: the covariance is to be full in more than 2,000 dimensions.

    Source: Hansen (2016), The CMA evolution strategy: a tutorial, arXiv:1604.00772; the diagonal form is
        Ros & Hansen (2008), A simple modification in CMA-ES achieving linear time and space complexity, PPSN X; the
        limited one Akimoto & Hansen (2016), Projection-based restricted covariance matrix adaptation for high
        dimension, GECCO, 197-204; injection Hansen (2011), Injecting external solutions into CMA-ES, arXiv:1110.4181.
    """

    name: ClassVar[str] = "cma"
    summary: ClassVar[str] = "CMA-ES, full, diagonal or limited covariance (pycma)"
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
        self._covariance = _chosen(parameters, problem.dim)
        self._popsize = parameters.popsize or 4 + int(3 * np.log(problem.dim))
        self._half_width = problem.upper / 2 - problem.lower / 2
        self._centre = problem.lower / 2 + problem.upper / 2
        self._strategy: Any = None
        self._asked: list[FloatArray] = []
        self._adopted: FloatArray | None = None  # (d,), to be injected into the next generation

    def _ask(self) -> FloatArray:
        if self._strategy is None:
            if self.problem.initial is not None:
                return self._initial(self._popsize)
            self._start(self._centre if self.best is None else self.best[0])
        if self._adopted is not None:
            self._strategy.inject([self._strategy.gp.geno(self._scaled(self._adopted))])
            self._adopted = None
        self._asked = self._strategy.ask()
        return self._centre + self._half_width * np.array(self._asked)

    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        failed = np.isnan(losses)
        if self._strategy is None:
            where = candidates[0 if failed.all() else np.nanargmin(losses)]
            known = self.best  # from elsewhere, if there is any yet
            self._start(known[0] if known and not (losses <= known[1]).any() else where)
        elif failed.all():
            self._strategy.sent_solutions.clear()
            self._strategy._injected_solutions_archive.clear()
        else:
            worst = np.nanmax(losses)
            told = np.where(failed, min(np.nextafter(worst, np.inf), np.finfo(np.float64).max), losses)
            self._strategy.tell(self._asked, told.tolist())

    def _adopt(self, candidates: FloatArray, losses: FloatArray) -> None:
        winner = int(losses.argmin())
        if self._strategy is not None and (self.best is None or losses[winner] < self.best[1]):
            self._adopted = candidates[winner]

    def _start(self, where: FloatArray) -> None:
        """Begins at a point (d,) of the problem's box."""
        import cma

        self._strategy = cma.CMAEvolutionStrategy(self._scaled(where), self._parameters.sigma0, self._options())

    def _scaled(self, row: FloatArray) -> FloatArray:
        """A row of the problem's box, (d,), in the box from -1 to 1."""
        return np.clip((row - self._centre) / self._half_width, -1.0, 1.0)

    def _options(self) -> dict[str, Any]:
        """Settings in pycma's terms: no output, no files, no random state but the generator."""
        options = {
            "bounds": [-1.0, 1.0],
            "popsize": self._popsize,
            "CMA_diagonal": self._covariance == "diagonal",
            "CMA_mirrors": 0,  # they play no part in ask and tell, yet a small population would be weighted for them
            "minstd": _SMALLEST_STEP,
            "randn": self._normal,
            "seed": np.nan,
            "verbose": -9,
        }
        if self._covariance == "limited":
            from cma.restricted_gaussian_sampler import GaussVkDSampler

            options = GaussVkDSampler.extend_cma_options(options)
            options["CMA_sampler_options"] = {"randn": self._normal}
        return options

    def _normal(self, *shape: int) -> FloatArray:
        return self._rng.standard_normal(shape)


def _chosen(parameters: CMAESParameters, dim: int) -> str:
    """The form of the covariance in so many dimensions: "full", "diagonal" or "limited"."""
    if parameters.covariance == "auto":
        return "diagonal" if dim > parameters.diagonal_above else "full"
    if parameters.covariance == "full" and dim > _MOST_FULL:
        raise UsageError(
            f"optimizer 'cma' with covariance full was given {dim} dimensions: expected at most {_MOST_FULL}, since "
            f"one covariance takes {8e-9 * dim**2:.3g} GB; use covariance limited or diagonal"
        )
    return parameters.covariance
