"""Differential evolution whose weights of differences are solved for, where candidates have outputs to aim with.

A classical mutant adds one or two differences of members to a base, with a weight F that is the same for every problem.
Where the outputs y of the members and the goal g are known, the weights need not be guessed: over differences
d_i = x_i - b between donors and the base, with differences of outputs a_i = y_i - y_b, the step s = sum w_i d_i that is
expected to close the gap r = g - y_b and is the shortest one that does solves

    minimise |A w - r|^2 + ridge |D w|^2,    A = (a_1 .. a_k), D = (d_1 .. d_k):

a secant method (Broyden 1965 in the form of Anderson acceleration, Walker & Ni 2011, eq. 2.1) on the population that
differential evolution keeps. What remains of the latter: steps are made of differences of members, their length adapts
to success, a random difference is added to each, crossover and the selection of the better follow.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np
from pymoo.algorithms.soo.nonconvex.de import DE
from pymoo.core.infill import InfillCriterion
from pymoo.core.population import Population
from pymoo.operators.crossover.binx import mut_binomial

from harness.optimizers.checks import FloatArray
from harness.optimizers.members import Members

RIDGE: Final = 1e-2
"""Of the mean square that a unit of effort gains: how far an output may be missed to save on length."""
BASES: Final = 6
"""Best members among which the base of all but the first trial is drawn."""
SUBSET: Final = 0.7
"""Share of the donors that all but the first trial draw."""
SHORTEST: Final = 0.2
SHORTEST_STEP: Final = 1e-9
"""Of a step, as a share of the longest; below it is rounding error."""
LONGEST: Final = 0.125
"""Of a step, in widths of the box times the root of the dimensions."""
LONGER, SHORTER = 1.6, 0.6
"""What success and failure do to the share of the solved step that is taken."""
SPREAD: Final = 0.3
"""Standard deviation of the logarithm of that share among the trials of a generation."""
FEWEST: Final = 3
"""Members that a step with a random difference needs."""
DIGITS: Final = 8
"""Decimals of a trial in a box of width 1: the last bits of matrix products differ between machines and runs."""


class Settings(Protocol):
    """Parameters of differential evolution that are read here."""

    @property
    def donors(self) -> int:
        """Members nearest to the base that a step is made of."""

    @property
    def noise(self) -> float:
        """Length of a random step that is added, as a share of the solved one."""

    @property
    def difference(self) -> float:
        """The same for a random difference of two members."""

    @property
    def crossover(self) -> float:
        """Probability that a coordinate is taken from the mutant."""


def solve(gram: FloatArray, outputs: FloatArray, gap: FloatArray) -> FloatArray:
    """The weights (k,) of differences whose sum is the step that is expected to close a gap.

    Args:
        gram: (k, k) inner products of the differences of donors from the base.
        outputs: (k, m) of their outputs from the base's.
        gap: (m,) of the goal from the base's outputs.
    """
    tiny = 1e-8 * np.trace(gram) / len(gram) + 1e-12
    halves = np.linalg.solve(gram + tiny * np.eye(len(gram)), outputs)
    reach = outputs.T @ halves
    ridge = RIDGE * np.trace(reach) / len(reach) + 1e-9
    weights: FloatArray = halves @ np.linalg.solve(reach + ridge * np.eye(len(reach)), gap)
    return weights


class SolvedDifferences(InfillCriterion):  # type: ignore[misc]
    """pymoo's mating for `SolvedDE`: trials from a population sorted by loss, whose individuals know their outputs.

    Args:
        goal: (m,) that the outputs should be, NaN where it does not matter.
        width: (d,) of the box; distances are measured in it.
        settings: `donors`, `noise`, `difference` and `crossover`.
    """

    def __init__(self, goal: FloatArray, width: FloatArray, settings: Settings) -> None:
        super().__init__()
        self._matters = ~np.isnan(goal)
        self._goal = goal[self._matters]
        self._width = width
        self._settings = settings
        self._longest = LONGEST * np.sqrt(width.size)
        self._members = Members(width)
        self.share = 1.0
        """Share of the solved step that is taken."""
        self._shares: list[float] = []

    def do(self, problem: Any, pop: Any, n_offsprings: int, **kwargs: Any) -> Any:
        """Trials, (n_offsprings,) individuals; pymoo hands in its random state."""
        rng: np.random.Generator = kwargs["random_state"]
        if len(pop) < FEWEST or not np.isfinite(_losses(pop)).all():
            # Nothing to make differences of.
            self._shares = []
            return Population.new("X", problem.xl + self._width * rng.random((n_offsprings, problem.n_var)))
        self._members.keep(pop)
        outputs = np.array([one.data["outputs"] for one in pop])[:, self._matters]
        self._shares = [
            min(1.0, self.share * float(np.exp(SPREAD * rng.standard_normal()))) for _ in range(n_offsprings)
        ]
        places = [0 if k == 0 else int(rng.integers(min(BASES, len(pop)))) for k in range(n_offsprings)]
        bases = np.array([(pop[place].X - problem.xl) / self._width for place in places])
        steps = [
            self._step(outputs, place, share, k > 0, rng)
            for k, (place, share) in enumerate(zip(places, self._shares, strict=True))
        ]
        crossed = mut_binomial(
            n_offsprings, len(self._width), self._settings.crossover, at_least_once=True, random_state=rng
        )
        trials = np.where(crossed, np.clip(bases + steps, 0.0, 1.0), bases)
        return Population.new("X", problem.xl + self._width * np.round(trials, DIGITS))

    def _step(self, outputs: FloatArray, base: int, share: float, vary: bool, rng: np.random.Generator) -> FloatArray:
        near = self._members.nearest(base, self._settings.donors)
        if vary:
            near = rng.permutation(near)[: max(1, int(SUBSET * len(near)))]
        changes, gap = outputs[near] - outputs[base], self._goal - outputs[base]
        step: FloatArray = self._members.combined(
            base, near, share * solve(self._members.gram(base, near), changes, gap)
        )
        length = float(np.linalg.norm(step))
        if length < SHORTEST_STEP * self._longest and self._settings.noise:
            # Members in one place have no differences to step along.
            scale = float(self._longest * self._settings.noise / np.sqrt(step.size))
            return scale * rng.standard_normal(step.size)
        if length > self._longest:
            step, length = step * (self._longest / length), self._longest
        step = step + self._settings.noise * length / np.sqrt(step.size) * rng.standard_normal(step.size)
        one, other = rng.choice(len(outputs), 2, replace=False)
        across = self._members.difference(one, other)
        size = float(np.linalg.norm(across))
        if size > 0.0:
            step += self._settings.difference * length * rng.standard_normal() / size * across
        return step

    def learn(self, best: float, losses: FloatArray) -> None:
        """Adapts the share: `losses` (n,) of the trials last asked, inf for failed, `best` before them."""
        if not self._shares:
            return
        winner = int(np.argmin(losses))
        if losses[winner] < best:
            self.share = min(1.0, LONGER * max(self.share, self._shares[winner]))
        else:
            self.share = max(SHORTEST, SHORTER * self.share)


class SolvedDE(DE):  # type: ignore[misc]
    """DE of pymoo with few trials in a generation, of which any may take the place of the worst members.

    With trials that come singly and candidates that others evaluated, no trial has a target of its own.
    """

    pop: Any

    def _initialize_advance(self, infills: Any = None, **kwargs: Any) -> None:
        self.pop = _best(infills, len(infills))

    def _infill(self) -> Any:
        return self.mating.do(self.problem, self.pop, self.n_offsprings, random_state=self.random_state)

    def _advance(self, infills: Any = None, **kwargs: Any) -> None:
        self.mating.learn(float(self.pop[0].F[0]), _losses(infills))
        self.take(infills)

    def take(self, individuals: Any) -> None:
        """Keeps the best of the population and of these."""
        self.pop = _best(Population.merge(self.pop, individuals), self.pop_size)


def _best(individuals: Any, most: int) -> Any:
    """The best individuals, sorted, without failed ones where there are others."""
    losses = _losses(individuals)
    order = np.argsort(losses, kind="stable")
    sound = int(np.isfinite(losses).sum())
    return individuals[order[: min(most, sound or len(order))]]


def _losses(individuals: Any) -> FloatArray:
    """(n,) losses. One by one, properties take a fifth of the time that the population's `get` does."""
    return np.array([individual.F[0] for individual in individuals])
