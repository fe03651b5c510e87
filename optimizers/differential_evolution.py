"""Differential evolution, by pymoo; the only file that imports it.

Where pymoo departs from the textbook:
- a coordinate that leaves the box is drawn anew between the bound and the base vector;
- "target-to-best/1" adds F (best - random) to the target; the textbook adds a second, random difference;
- the base vector of "best" may turn up again in the difference;
- jitter multiplies F by a factor from 0.9995 to 1.0005 per coordinate;
- a trial equal to a member of the population does not replace its target;
- polynomial mutation follows the crossover, by default with probability 0.1; here the default is 0, as in the textbook.

The variant "best/solved/bin" is this project's: `harness.optimizers.solved_differences`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

import numpy as np
from pydantic import Field, model_validator

from harness.optimizers.protocol import FloatArray, Optimizer, OptimizerParameters, Problem

SOLVED: Final = "best/solved/bin"
CLASSICAL: Final = "best/1/bin"
SMALL, LARGE = 16, 72
LEAST_FIRST: Final = 8
Variant = Literal[
    "best/solved/bin",
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
        default=0, ge=0, le=4096, description="members; 0 means 72 for best/solved/bin with outputs, else 16"
    )
    variant: Variant = Field(default="best/solved/bin", description="base vector / number of differences / crossover")
    F: float = Field(default=0.7, gt=0, le=2, description="weight of a difference")
    CR: float = Field(default=0.9, ge=0, le=1, description="share of coordinates taken from the mutant")
    control: Literal["fixed", "jde"] = Field(
        default="fixed", description="jde: every member has an F and a CR of its own, which begin as given and adapt"
    )
    donors: int = Field(default=24, ge=2, le=1024, description="solved: members that a step is made of")
    trials: int = Field(default=3, ge=1, le=4096, description="solved: trials in a generation")
    noise: float = Field(default=0.2, ge=0, le=10, description="solved: random step, as a share of the solved one")
    difference: float = Field(
        default=0.3, ge=0, le=10, description="solved: random difference of members, as a share of the solved step"
    )
    crossover: float = Field(default=1.0, ge=0, le=1, description="solved: what CR is to the others")
    jitter: bool = Field(default=False, description="vary F a little per coordinate")
    mutation: float = Field(
        default=0.0, ge=0, le=1, description="probability of a polynomial mutation after crossover; 0 is textbook"
    )

    @model_validator(mode="after")
    def _enough_members(self) -> DifferentialEvolutionParameters:
        """Every difference needs two members apart from the base and the target."""
        needed = 4 if self.variant == SOLVED else 2 * int(self.variant.split("/")[1]) + 2
        if 0 < self.popsize < needed:
            raise ValueError(
                f"popsize {self.popsize} with variant {self.variant}: expected 0 or at least {needed}; "
                "raise popsize or take one difference"
            )
        return self


class DifferentialEvolution(Optimizer):
    """Mutants made of differences between members, crossed with a member; the better stays.

    "best/solved/bin" needs a problem with a goal and makes "best/1/bin" of itself where there is none.

    The first generation is the initial rows, as many as `popsize` holds. Classical variants fill the population up with
    uniform draws; a failed candidate never replaces a member that has a loss, and one that failed in the first
    generation gives way to the first trial in its place that has a loss. "best/solved/bin" starts with the initial rows
    alone where they are 8 or more and grows with its trials. Adopted candidates take the place of the worst members
    that they beat. The search does not stop by itself.

    Source: Storn & Price (1997), Differential evolution, Journal of Global Optimization 11, 341-359.
    """

    name: ClassVar[str] = "de"
    summary: ClassVar[str] = "differential evolution (pymoo), aiming where candidates have outputs"
    source: ClassVar[str] = "Storn & Price (1997), Differential evolution, Journal of Global Optimization 11, 341-359"
    Parameters: ClassVar[type[OptimizerParameters]] = DifferentialEvolutionParameters

    def __init__(self, problem: Problem, parameters: DifferentialEvolutionParameters, rng: np.random.Generator) -> None:
        super().__init__(problem, parameters, rng)
        aims = parameters.variant == SOLVED and problem.goal is not None
        popsize = parameters.popsize or (LARGE if aims else SMALL)
        known = len(self._initial(popsize))
        first = self._first(max(known, min(LEAST_FIRST, popsize)) if aims and known else popsize)
        self._aims = aims
        self._algorithm = _algorithm(
            problem, popsize, first, _mating(problem, parameters, aims, rng), parameters.trials, rng
        )
        self._trials: Any = None
        self._waiting: list[tuple[FloatArray, FloatArray, FloatArray | None]] = []

    def _ask(self) -> FloatArray:
        while self.generation and self._waiting:
            self._adopt_outputs(*self._waiting.pop(0))
        self._trials = self._algorithm.ask()
        trials: FloatArray = self._trials.get("X")
        return trials

    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        raise NotImplementedError("told through _tell_outputs")

    def _tell_outputs(self, candidates: FloatArray, losses: FloatArray, outputs: FloatArray | None) -> None:
        _evaluate(self._trials, candidates, losses, outputs)
        self._algorithm.tell(infills=self._trials)

    def _adopt_outputs(self, candidates: FloatArray, losses: FloatArray, outputs: FloatArray | None) -> None:
        if not self.generation:
            self._waiting.append((candidates, losses, outputs))
            return
        from pymoo.algorithms.soo.nonconvex.ga import FitnessSurvival
        from pymoo.core.population import Population

        members = self._algorithm.pop
        full = len(members) >= self._algorithm.pop_size
        # One by one, properties take a fifth of the time that the population's `get` does.
        better = losses < (max(one.F[0] for one in members) if full else np.inf)
        if not better.any():
            return
        taken = Population.new("X", candidates[better])
        _evaluate(taken, candidates[better], losses[better], None if outputs is None else outputs[better])
        if self._aims:
            self._algorithm.take(taken)
            return
        most = max(len(members), self._algorithm.pop_size)
        merged = Population.merge(members, taken)
        self._algorithm.pop = FitnessSurvival().do(self._algorithm.problem, merged, n_survive=most)


def _evaluate(individuals: Any, candidates: FloatArray, losses: FloatArray, outputs: FloatArray | None) -> None:
    # An infinite loss loses against every other one and never wins against another infinite one.
    individuals.set("X", candidates)
    individuals.set("F", np.where(np.isnan(losses), np.inf, losses)[:, None])
    if outputs is not None:
        individuals.set("outputs", outputs)


def _mating(problem: Problem, parameters: DifferentialEvolutionParameters, aims: bool, rng: np.random.Generator) -> Any:
    """The operator of pymoo that makes trials."""
    if aims and problem.goal is not None:
        from harness.optimizers.solved_differences import SolvedDifferences

        return SolvedDifferences(problem.goal, problem.upper - problem.lower, parameters)
    from pymoo.algorithms.soo.nonconvex.de import Variant as Mating
    from pymoo.operators.control import NoParameterControl

    from harness.optimizers.self_adaptation import SelfAdaptation

    variant = CLASSICAL if parameters.variant == SOLVED else parameters.variant
    selection, differences, crossover = variant.split("/")
    return Mating(
        selection=selection,
        n_diffs=int(differences),
        F=parameters.F,
        crossover=crossover,
        CR=parameters.CR,
        jitter=parameters.jitter,
        prob_mut=parameters.mutation,
        # By default a Variant evolves F and CR within ranges of its own and forgets the values given.
        control=(lambda one: SelfAdaptation(one, (parameters.F, parameters.CR), rng))
        if parameters.control == "jde"
        else NoParameterControl,
    )


def _algorithm(
    problem: Problem, popsize: int, first: FloatArray, mating: Any, trials: int, rng: np.random.Generator
) -> Any:
    """Sets up pymoo's algorithm, with `first` (n, d) as its first generation and `rng` as its random state."""
    from pymoo.algorithms.soo.nonconvex.de import DE
    from pymoo.algorithms.soo.nonconvex.de import Variant as Mating
    from pymoo.core.problem import Problem as Box
    from pymoo.core.termination import NoTermination

    if isinstance(mating, Mating):
        algorithm = DE(pop_size=popsize, sampling=first, variant=mating)
    else:
        from harness.optimizers.solved_differences import SolvedDE

        algorithm = SolvedDE(pop_size=popsize, n_offsprings=trials, sampling=first, variant=mating)
    box = Box(n_var=problem.dim, n_obj=1, xl=problem.lower, xu=problem.upper)
    # numpy's default_rng, which pymoo calls on the seed, hands a generator back as it is.
    return algorithm.setup(box, seed=rng, termination=NoTermination())
