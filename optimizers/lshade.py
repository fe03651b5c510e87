"""L-SHADE: differential evolution that learns F and CR from its successes and shrinks its population.

Numbers in brackets are those of the equations in Tanabe & Fukunaga (2014).
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator, model_validator

from harness.optimizers.protocol import FloatArray, Optimizer, OptimizerParameters, Problem

IntArray = npt.NDArray[np.int64]

_FEWEST = 4
"""Members that current-to-pbest/1 needs: the target, a good one and two for the difference."""
_PAPER_POPSIZE = 18
"""Members per dimension in the paper, whose budget is 10,000 evaluations per dimension."""


class LSHADEParameters(OptimizerParameters):
    """Settings of L-SHADE; the defaults are the paper's, but for the automatic `popsize`, which is this project's."""

    popsize: int = Field(
        default=0, ge=0, le=4096, description="members at first; 0 means sqrt(budget), 12 to 18 per dimension, else 4+"
    )
    memory: int = Field(default=6, ge=1, le=1000, description="entries H in the memory of successful F and CR")
    pbest: float = Field(
        default=0.11, gt=0, le=1, description="share of the members that count as good ones, two of them at least"
    )
    archive: float = Field(
        default=2.6, ge=0, le=10, description="replaced members kept for differences, as a multiple of the population"
    )
    min_popsize: int = Field(default=_FEWEST, ge=_FEWEST, le=4096, description="members when the budget is spent")

    @field_validator("popsize")
    @classmethod
    def _zero_or_enough(cls, value: int) -> int:
        if 0 < value < _FEWEST:
            raise ValueError(f"expected 0 or at least {_FEWEST}")
        return value

    @model_validator(mode="after")
    def _shrinks(self) -> LSHADEParameters:
        if 0 < self.popsize < self.min_popsize:
            raise ValueError(
                f"min_popsize {self.min_popsize} with popsize {self.popsize}: expected at most {self.popsize}; "
                "the population only shrinks"
            )
        return self


class LSHADE(Optimizer):
    """current-to-pbest/1/bin with an archive, success-history memory and linear population size reduction.

    The first generation is the initial rows, as many as the population holds, filled up with uniform draws. The
    paper's population of 18 per dimension is meant for 10,000 evaluations per dimension. With fewer, the automatic
    one is the square root of the budget, so that members and generations grow alike; it is never more than the
    paper's, and 12 or more. The population shrinks until `problem.budget` is spent and stays at its smallest then.

    A failed trial never replaces a member; a member that failed gives way to any trial with a loss, which then teaches
    nothing about F and CR, because the improvement has no size. Candidates adopted from elsewhere replace the worst
    members that they beat, unless the population holds them already; those that come before the first generation are
    compared with it.

    Source: Tanabe & Fukunaga (2014), Improving the search performance of SHADE using linear population size reduction,
        CEC 2014, 1658-1665.
    """

    name: ClassVar[str] = "lshade"
    summary: ClassVar[str] = "differential evolution that adapts F, CR and its population (L-SHADE)"
    source: ClassVar[str] = (
        "Tanabe & Fukunaga (2014), Improving the search performance of SHADE using linear population size reduction, "
        "CEC 2014"
    )
    Parameters: ClassVar[type[OptimizerParameters]] = LSHADEParameters

    def __init__(self, problem: Problem, parameters: LSHADEParameters, rng: np.random.Generator) -> None:
        super().__init__(problem, parameters, rng)
        self._parameters = parameters
        self._popsize = parameters.popsize or max(
            automatic_popsize(problem.budget, problem.dim), parameters.min_popsize
        )
        self._members = np.empty((0, problem.dim))
        self._losses = np.empty(0)  # infinite for a member that failed
        self._archive = np.empty((0, problem.dim))
        self._memory = Memory(parameters.memory)
        self._rates: tuple[FloatArray, FloatArray] = (np.empty(0), np.empty(0))
        self._waiting: list[tuple[FloatArray, FloatArray]] = []

    def _ask(self) -> FloatArray:
        if not len(self._members):
            return self._first(self._popsize)
        self._rates = self._memory.draw(len(self._members), self._rng)
        return self._cross(self._mutants(self._rates[0]), self._rates[1])

    def _mutants(self, weights: FloatArray) -> FloatArray:
        """Eq. (3), current-to-pbest/1, and eq. (4): halfway to the bound that a coordinate would cross."""
        members, rng, count = self._members, self._rng, len(self._members)
        good = max(2, round(self._parameters.pbest * count))
        best = np.argsort(self._losses, kind="stable")[rng.integers(good, size=count)]
        first, second = two_others(count, count + len(self._archive), rng)
        other = np.concatenate([members, self._archive])[second]
        mutants: FloatArray = members + weights[:, None] * (members[best] - members + members[first] - other)
        lower, upper = self.problem.lower, self.problem.upper
        mutants = np.where(mutants < lower, lower / 2 + members / 2, mutants)
        return np.where(mutants > upper, upper / 2 + members / 2, mutants)

    def _cross(self, mutants: FloatArray, shares: FloatArray) -> FloatArray:
        """Eq. (5), binomial crossover: one coordinate comes from the mutant in any case."""
        count, dim = mutants.shape
        taken = self._rng.random((count, dim)) <= shares[:, None]
        taken[np.arange(count), self._rng.integers(dim, size=count)] = True
        return np.where(taken, mutants, self._members)

    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        losses = np.where(np.isnan(losses), np.inf, losses)
        if not len(self._members):
            self._members, self._losses = candidates.copy(), losses
            for rows, values in self._waiting:
                self._adopt(rows, values)
            self._waiting.clear()
        else:
            self._select(candidates, losses)
        self._shrink(self.evaluations + len(candidates))

    def _select(self, trials: FloatArray, losses: FloatArray) -> None:
        """Eq. (6): the better one stays, the trial if they are equal; who was beaten goes to the archive."""
        taken = (losses <= self._losses) & np.isfinite(losses)
        won = (losses < self._losses) & np.isfinite(self._losses)
        weights, shares = self._rates
        self._memory.learn(weights[won], shares[won], self._losses[won] / 2 - losses[won] / 2)
        self._archive = np.concatenate([self._archive, self._members[won]])
        self._members[taken], self._losses[taken] = trials[taken], losses[taken]

    def _shrink(self, evaluations: int) -> None:
        """Eq. (10), linear population size reduction; the archive shrinks with it, by members drawn at random."""
        spent = min(evaluations / self.problem.budget, 1.0)
        target = round((self._parameters.min_popsize - self._popsize) * spent + self._popsize)
        if target < len(self._members):
            kept = np.sort(np.argsort(self._losses, kind="stable")[:target])
            self._members, self._losses = self._members[kept], self._losses[kept]
        room = round(self._parameters.archive * len(self._members))
        if room < len(self._archive):
            kept = np.sort(self._rng.permutation(len(self._archive))[:room])
            self._archive = self._archive[kept]

    def _adopt(self, candidates: FloatArray, losses: FloatArray) -> None:
        if not len(self._members):
            self._waiting.append((candidates, losses))
            return
        for k in np.argsort(losses, kind="stable"):
            worst = int(self._losses.argmax())
            if losses[k] >= self._losses[worst]:
                return
            if not (self._members == candidates[k]).all(axis=1).any():
                self._members[worst], self._losses[worst] = candidates[k], losses[k]


class Memory:
    """The F and CR that succeeded lately, H pairs, used in turn.

    Args:
        size: H, at least 1.
    """

    def __init__(self, size: int) -> None:
        self.F = np.full(size, 0.5)
        self.CR = np.full(size, 0.5)  # NaN for the terminal value, from which only CR = 0 is drawn
        self._next = 0

    def draw(self, count: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draws F, above 0 and at most 1, by eq. (2) and CR, from 0 to 1, by eq. (1); (count,) each."""
        places = rng.integers(len(self.F), size=count)
        shares = np.clip(rng.normal(np.nan_to_num(self.CR[places]), 0.1), 0.0, 1.0)
        shares[np.isnan(self.CR[places])] = 0.0
        weights = np.zeros(count)
        while (left := np.flatnonzero(weights <= 0.0)).size:
            weights[left] = self.F[places[left]] + 0.1 * rng.standard_cauchy(left.size)
        return np.minimum(weights, 1.0), shares

    def learn(self, weights: FloatArray, shares: FloatArray, improvements: FloatArray) -> None:
        """Keeps the means of what succeeded in one generation; nothing succeeded, nothing changes.

        Args:
            weights: (s,) F of the trials that beat their targets.
            shares: (s,) their CR.
            improvements: (s,) by how much they did, in any unit, eq. (9).
        """
        if not len(weights):
            return
        largest = improvements.max()
        importance = improvements / largest if largest > 0 else np.ones(len(weights))
        terminal = np.isnan(self.CR[self._next]) or shares.max() == 0.0
        self.CR[self._next] = np.nan if terminal else lehmer_mean(shares, importance)
        self.F[self._next] = lehmer_mean(weights, importance)
        self._next = (self._next + 1) % len(self.F)


def lehmer_mean(values: FloatArray, importance: FloatArray) -> float:
    """Weighted Lehmer mean, eq. (7): sum of w S^2 over sum of w S, with the weights w of eq. (8).

    Args:
        values: (s,) at least 0.
        importance: (s,) at least 0, weights up to a common factor, which cancels.

    Returns:
        The mean; 0 if every value that counts is 0.
    """
    share = importance * values
    return float((share * values).sum() / share.sum()) if share.sum() > 0 else 0.0


def two_others(count: int, total: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Draws for each of `count` targets two more indices, all three different.

    Args:
        count: number of members, at least 3; the first index is one of theirs.
        total: number of members and archived ones; the second index is any of theirs.
        rng: drawn from twice.

    Returns:
        Both (count,).
    """
    own = np.arange(count)
    first = rng.integers(count - 1, size=count)
    first += first >= own
    second = rng.integers(total - 2, size=count)
    second += second >= np.minimum(own, first)
    second += second >= np.maximum(own, first)
    return first, second


def automatic_popsize(budget: int, dim: int) -> int:
    """First population for a budget of evaluations in so many dimensions; see `LSHADE`."""
    return max(12, min(math.isqrt(budget), _PAPER_POPSIZE * dim))
