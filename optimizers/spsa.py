"""SPSA: a gradient estimated from two evaluations, whatever the number of dimensions.

All gains are in a box from -1 to 1 per coordinate, so that one set suits unequal bounds.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.optimizers.protocol import FloatArray, Optimizer, OptimizerParameters, Problem

_LONGEST = 3.0
"""No step moves a coordinate further than so many times the first one that the automatic gain aims at."""
_STEEPEST = 1e150
"""A difference over 2 c_k beyond this one counts as failed, so that no product of it with a gain is infinite."""


class SPSAParameters(OptimizerParameters):
    """Settings of SPSA; the exponents are Spall's (1998), the rest is this project's."""

    a: float = Field(default=0.0, ge=0, le=1e100, description="gain of the steps; 0 means automatic, see first_step")
    first_step: float = Field(
        default=1.0,
        gt=0,
        le=1e3,
        description="length of the first step at which an automatic `a` aims, all coordinates together, in half widths",
    )
    c: float = Field(default=0.01, gt=0, le=0.5, description="first perturbation per coordinate, in half widths")
    A: float = Field(default=0.1, ge=0, le=10, description="steps during which the gain hardly falls, share of all")
    alpha: float = Field(default=0.602, ge=0, le=1, description="exponent with which the gain of the steps falls")
    gamma: float = Field(default=0.101, ge=0, le=1, description="exponent with which the perturbation falls")
    pairs: int = Field(default=4, ge=1, le=64, description="pairs averaged for the first step; one pair later on")
    starts: int = Field(default=16, ge=1, le=4096, description="initial rows that are asked; the best one is the start")


class SPSA(Optimizer):
    """Two evaluations at theta + c D and theta - c D, D a random sign per coordinate, then a step along D.

        theta <- theta - a_k (y+ - y-) / (2 c_k) D     a_k = a / (A + k + 1)^alpha     c_k = c / (k + 1)^gamma

    for k = 0, 1, ... and A a share of the steps that `problem.budget` allows. The memory-efficient form known from
    language models (MeZO) is this method with constant gains.

    With initial rows the first generation is those rows alone, at most `starts`, and the search starts at the best of
    them; without, it is the centre of the box alone, and the search starts there. The second generation is `pairs`
    pairs: they give the first step, their differences averaged, and an automatic `a` in two ways, of which the smaller
    counts: the gain with which the average first step is `first_step` long (Spall 1998, section III.B), and, where the
    losses curve upwards, the inverse of that curvature, since a quadratic is left behind by steps more than twice as
    long. Later generations are one pair each. No step moves a coordinate by more than three times the first aim
    (with an automatic `a`) nor leaves the box, whose border theta keeps away from by c_k, so that both evaluations of
    a pair are inside (Sadegh 1997).

    A pair with a failed member makes no step, and another one is drawn at the same place. Losses that are all equal
    make none either. A candidate adopted from elsewhere becomes theta if its loss is lower than all that this search
    has seen; the gains go on as they were. One adopted before the first generation is a start like any initial row.

    Source: Spall (1992), Multivariate stochastic approximation using a simultaneous perturbation gradient
        approximation, IEEE Transactions on Automatic Control 37(3), 332-341; gains: Spall (1998), Implementation of
        the simultaneous perturbation algorithm for stochastic optimization, IEEE Transactions on Aerospace and
        Electronic Systems 34(3), 817-823; bounds: Sadegh (1997), Constrained optimization via stochastic approximation
        with a simultaneous perturbation gradient approximation, Automatica 33(5), 889-892; language models: Malladi et
        al. (2023), Fine-tuning language models with just forward passes, NeurIPS.
    """

    name: ClassVar[str] = "spsa"
    summary: ClassVar[str] = "simultaneous perturbation: a gradient estimate from two evaluations"
    source: ClassVar[str] = (
        "Spall (1998), Implementation of the simultaneous perturbation algorithm for stochastic optimization, "
        "IEEE Transactions on Aerospace and Electronic Systems 34(3)"
    )
    Parameters: ClassVar[type[OptimizerParameters]] = SPSAParameters

    def __init__(self, problem: Problem, parameters: SPSAParameters, rng: np.random.Generator) -> None:
        super().__init__(problem, parameters, rng)
        self._parameters = parameters
        self._half_width = problem.upper / 2 - problem.lower / 2
        self._centre = problem.lower / 2 + problem.upper / 2
        self._theta: FloatArray | None = None  # (d,), from -1 to 1
        self._level = np.nan  # loss at theta, if it was evaluated
        self._gain = parameters.a
        self._longest = np.inf
        self._step = 0
        self._steps_planned = 1
        self._signs: FloatArray = np.empty((0, problem.dim))

    def _ask(self) -> FloatArray:
        if self._theta is None:
            rows = self._initial(self._parameters.starts)
            return rows if len(rows) else self._centre[None]
        pairs = 1 if self._step else self._parameters.pairs
        self._signs = 2 * self._rng.integers(0, 2, (pairs, self.problem.dim)).astype(np.float64) - 1
        width = self.perturbation(self._step)
        theta = np.clip(self._theta, width - 1.0, 1.0 - width)
        if (theta != self._theta).any():
            self._theta, self._level = theta, np.nan
        moves = width * np.stack([self._signs, -self._signs], axis=1).reshape(2 * pairs, -1)
        return self._centre + self._half_width * (theta + moves)

    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        if self._theta is None:
            self._start(candidates, losses)
        else:
            with np.errstate(over="ignore", invalid="ignore"):
                self._learn(self._theta, losses)

    def _learn(self, theta: FloatArray, losses: FloatArray) -> None:
        """Makes a step from theta, (d,), by the losses of pairs, (2 p,)."""
        width = self.perturbation(self._step)
        # Halved first, so that no difference of huge losses is infinite.
        plus, minus, level = losses[0::2] / 2, losses[1::2] / 2, self._level / 2
        slopes = (plus - minus) / width
        sound = np.abs(slopes) < _STEEPEST
        if not slopes[sound].any():
            return
        if not self._gain:
            bends = ((plus - level) + (minus - level))[sound] * (2 / width**2)
            self._aim(float(np.abs(slopes[sound]).mean()), float(bends.mean()))
        move = self.gain(self._step) * (slopes[sound, None] * self._signs[sound]).mean(axis=0)
        self._theta = theta - np.clip(move, -self._longest, self._longest)
        self._step += 1

    def _adopt(self, candidates: FloatArray, losses: FloatArray) -> None:
        winner = int(losses.argmin())
        if self._theta is not None and (self.best is None or losses[winner] < self.best[1]):
            self._theta, self._level = self._scaled(candidates[winner]), float(losses[winner])

    def gain(self, step: int) -> float:
        """Factor a_k of a step, k from 0; the automatic `a` is known once the first step is made."""
        begin = self._parameters.A * self._steps_planned
        return float(self._gain / (begin + step + 1) ** self._parameters.alpha)

    def perturbation(self, step: int) -> float:
        """Width c_k of a perturbation, k from 0, in half box widths."""
        return float(self._parameters.c / (step + 1) ** self._parameters.gamma)

    def _start(self, candidates: FloatArray, losses: FloatArray) -> None:
        """Takes the place with the lowest loss, the first row if all fail."""
        winner = 0 if np.isnan(losses).all() else int(np.nanargmin(losses))
        where: FloatArray = candidates[winner]
        level = float(losses[winner])
        if self.best is not None and not level <= self.best[1]:  # from elsewhere, before the first generation
            where, level = self.best
        self._theta, self._level = self._scaled(where), level
        left = self.problem.budget - len(candidates) - 2 * self._parameters.pairs
        self._steps_planned = max(left // 2 + 1, 1)

    def _aim(self, slope: float, bend: float) -> None:
        """Sets `a` from the average slope along D and the curvature along it, both at the first theta."""
        aim = self._parameters.first_step / float(np.sqrt(self.problem.dim))
        wanted = aim / slope
        if 0 < bend < np.inf:
            wanted = min(wanted, 1 / bend)
        self._gain = 1.0
        self._gain = min(wanted / self.gain(0), _STEEPEST)
        self._longest = _LONGEST * aim

    def _scaled(self, row: FloatArray) -> FloatArray:
        """A row of the problem's box, (d,), as a place from -1 to 1."""
        return np.clip((row - self._centre) / self._half_width, -1.0, 1.0)
