"""Differential evolution, by pymoo; the only file that imports it.

Where pymoo departs from the textbook:
- a coordinate that leaves the box is drawn anew between the bound and the base vector;
- "target-to-best/1" adds F (best - random) to the target; the textbook adds a second, random difference;
- the base vector of "best" may turn up again in the difference;
- jitter multiplies F by a factor from 0.9995 to 1.0005 per coordinate;
- a trial equal to a member of the population does not replace its target;
- polynomial mutation follows the crossover, by default with probability 0.1; here the default is 0, as in the textbook.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from harness.optimizers.protocol import FloatArray, Optimizer, OptimizerParameters, Problem

Variant = Literal[
    "best/1/bin",
    "best/1/exp",
    "best/2/bin",
    "best/2/exp",
    "rand/1/bin",
    "rand/1/exp",
    "rand/2/bin",
    "rand/2/exp",
    "target-to-best/1/bin",
    "target-to-best/1/exp",
    "target-to-best/2/bin",
    "target-to-best/2/exp",
]


class DifferentialEvolutionParameters(OptimizerParameters):
    """Settings of differential evolution; the defaults are this project's own choice."""

    popsize: int = Field(
        default=16, ge=4, le=4096, description="members of the population; at least 6 with two differences"
    )
    variant: Variant = Field(default="best/1/bin", description="base vector / number of differences / crossover")
    F: float = Field(default=0.7, gt=0, le=2, description="weight of a difference")
    CR: float = Field(default=0.9, ge=0, le=1, description="share of coordinates taken from the mutant")
    jitter: bool = Field(default=False, description="vary F a little per coordinate")
    mutation: float = Field(
        default=0.0, ge=0, le=1, description="probability of a polynomial mutation after crossover; 0 is textbook"
    )

    @model_validator(mode="after")
    def _enough_members(self) -> DifferentialEvolutionParameters:
        """Every difference needs two members apart from the base and the target."""
        needed = 2 * int(self.variant.split("/")[1]) + 2
        if self.popsize < needed:
            raise ValueError(
                f"popsize {self.popsize} with variant {self.variant}: expected at least {needed}; "
                "raise popsize or take one difference"
            )
        return self


class DifferentialEvolution(Optimizer):
    """Mutants made of differences between members, crossed with their targets; the better of the two stays.

    The first generation is the initial rows, as many as `popsize` holds, filled up with uniform draws. A failed
    candidate never replaces a member that has a loss; one that failed in the first generation gives way to the first
    trial in its place that has a loss. The search does not stop by itself.

    Source: Storn & Price (1997), Differential evolution, Journal of Global Optimization 11, 341-359.
    """

    name: ClassVar[str] = "de"
    summary: ClassVar[str] = "differential evolution (pymoo)"
    source: ClassVar[str] = "Storn & Price (1997), Differential evolution, Journal of Global Optimization 11, 341-359"
    Parameters: ClassVar[type[OptimizerParameters]] = DifferentialEvolutionParameters

    def __init__(self, problem: Problem, parameters: DifferentialEvolutionParameters, rng: np.random.Generator) -> None:
        super().__init__(problem, parameters, rng)
        self._algorithm = _algorithm(problem, parameters, self._first(parameters.popsize), rng)
        self._trials: Any = None

    def _ask(self) -> FloatArray:
        self._trials = self._algorithm.ask()
        trials: FloatArray = self._trials.get("X")
        return trials

    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        # An infinite loss loses against every other one and never wins against another infinite one.
        losses = np.where(np.isnan(losses), np.inf, losses)
        self._trials.set("X", candidates)
        self._trials.set("F", losses[:, None])
        self._algorithm.tell(infills=self._trials)


def _algorithm(
    problem: Problem, parameters: DifferentialEvolutionParameters, first: FloatArray, rng: np.random.Generator
) -> Any:
    """Sets up pymoo's algorithm, with `first` (popsize, d) as its first generation and `rng` as its random state."""
    from pymoo.algorithms.soo.nonconvex.de import DE
    from pymoo.algorithms.soo.nonconvex.de import Variant as Mating
    from pymoo.core.problem import Problem as Box
    from pymoo.core.termination import NoTermination
    from pymoo.operators.control import NoParameterControl

    selection, differences, crossover = parameters.variant.split("/")
    mating = Mating(
        selection=selection,
        n_diffs=int(differences),
        F=parameters.F,
        crossover=crossover,
        CR=parameters.CR,
        jitter=parameters.jitter,
        prob_mut=parameters.mutation,
        # Without this a Variant evolves F and CR within ranges of its own and forgets the values given.
        control=NoParameterControl,
    )
    algorithm = DE(pop_size=parameters.popsize, sampling=first, variant=mating)
    box = Box(n_var=problem.dim, n_obj=1, xl=problem.lower, xu=problem.upper)
    # numpy's default_rng, which pymoo calls on the seed, hands a generator back as it is.
    return algorithm.setup(box, seed=rng, termination=NoTermination())
