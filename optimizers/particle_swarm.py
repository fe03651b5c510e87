"""Particle swarm optimization, by pymoo; with `differential_evolution` one of the two files that import it.

Where pymoo departs from the textbook:
- with `adaptive`, w, c1 and c2 only start where they are set: they follow the spread of the swarm (Zhan et al. 2009),
  and c1 + c2 stays at most 4;
- with `perturb_best`, the particle that holds the best position does not fly: it tries a polynomial mutation of that
  position;
- a particle that would leave the box flies again with other draws, up to 20 times; coordinates still outside are then
  drawn anew, uniformly;
- every coordinate of the first velocities is drawn from 0 to `max_velocity` of the box's width, so that all particles
  set out towards the upper bounds;
- a position equal to one that the swarm remembers is not remembered twice;
- pymoo's first positions are a Latin hypercube; here they are the initial rows and uniform draws.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from harness.optimizers.protocol import FloatArray, Optimizer, OptimizerParameters, Problem


class ParticleSwarmParameters(OptimizerParameters):
    """Settings of particle swarm optimization; the defaults are pymoo's."""

    popsize: int = Field(default=25, ge=3, le=4096, description="particles")
    w: float = Field(default=0.9, ge=0, le=2, description="inertia: share of the last velocity that is kept")
    c1: float = Field(default=2.0, ge=0, le=5, description="pull towards the best position of the particle itself")
    c2: float = Field(default=2.0, ge=0, le=5, description="pull towards the best position of the swarm")
    adaptive: bool = Field(default=True, description="let w, c1 and c2 follow the spread of the swarm")
    max_velocity: float = Field(
        default=0.2, gt=0, le=1, description="longest move per generation, as a share of the box's width per coordinate"
    )
    perturb_best: bool = Field(default=True, description="mutate the best position instead of flying from it")


class ParticleSwarm(Optimizer):
    """Particles that fly towards the best positions that they themselves and the swarm have found.

    The first generation is the initial rows, as many as `popsize` holds, filled up with uniform draws. A failed
    candidate is never remembered as a best position while there is one with a loss. Candidates adopted from elsewhere
    become the best position of the particles whose own is worst, if they beat it and the swarm does not remember them
    already; the particles themselves stay where they are. Those that come before the first generation are compared
    with it.

    Source: Kennedy & Eberhart (1995), Particle swarm optimization, ICNN 4, 1942-1948; the adaptation is Zhan, Zhang,
        Li & Chung (2009), Adaptive particle swarm optimization, IEEE Transactions on SMC B 39(6), 1362-1381.
    """

    name: ClassVar[str] = "pso"
    summary: ClassVar[str] = "particle swarm, adaptive (pymoo)"
    source: ClassVar[str] = "Kennedy & Eberhart (1995), Particle swarm optimization, ICNN 4, 1942-1948"
    Parameters: ClassVar[type[OptimizerParameters]] = ParticleSwarmParameters

    def __init__(self, problem: Problem, parameters: ParticleSwarmParameters, rng: np.random.Generator) -> None:
        super().__init__(problem, parameters, rng)
        self._algorithm = _algorithm(problem, parameters, self._first(parameters.popsize), rng)
        self._flown: Any = None
        self._waiting: list[tuple[FloatArray, FloatArray]] = []

    def _ask(self) -> FloatArray:
        self._flown = self._algorithm.ask()
        positions: FloatArray = self._flown.get("X")
        return positions

    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        # An infinite loss loses against every other one and never wins against another infinite one.
        losses = np.where(np.isnan(losses), np.inf, losses)
        self._flown.set("X", candidates)
        self._flown.set("F", losses[:, None])
        self._algorithm.tell(infills=self._flown)
        for rows, values in self._waiting:
            self._remember(rows, values)
        self._waiting.clear()

    def _adopt(self, candidates: FloatArray, losses: FloatArray) -> None:
        if self.generation:
            self._remember(candidates, losses)
        else:
            self._waiting.append((candidates, losses))

    def _remember(self, candidates: FloatArray, losses: FloatArray) -> None:
        """Replaces the worst positions that the swarm remembers; then its best one is chosen again."""
        from pymoo.core.individual import Individual

        # After the first generation pymoo keeps one array as the swarm and as its memory; a copy sets them apart.
        memory = self._algorithm.pop = self._algorithm.pop.copy()
        for k in np.argsort(losses, kind="stable"):
            known = memory.get("F")[:, 0]
            worst = int(known.argmax())
            if losses[k] >= known[worst]:
                break
            if not (memory.get("X") == candidates[k]).all(axis=1).any():
                memory[worst] = Individual(X=candidates[k].copy(), F=losses[k : k + 1].copy(), V=memory[worst].get("V"))
        self._algorithm._set_optimum()


def _algorithm(
    problem: Problem, parameters: ParticleSwarmParameters, first: FloatArray, rng: np.random.Generator
) -> Any:
    """Sets up pymoo's algorithm, with `first` (popsize, d) as its first generation and `rng` as its random state."""
    from pymoo.algorithms.soo.nonconvex.pso import PSO
    from pymoo.core.problem import Problem as Box
    from pymoo.core.termination import NoTermination

    algorithm = PSO(
        pop_size=parameters.popsize,
        sampling=first,
        w=parameters.w,
        c1=parameters.c1,
        c2=parameters.c2,
        adaptive=parameters.adaptive,
        max_velocity_rate=parameters.max_velocity,
        pertube_best=parameters.perturb_best,
    )
    box = Box(n_var=problem.dim, n_obj=1, xl=problem.lower, xu=problem.upper)
    # numpy's default_rng, which pymoo calls on the seed, hands a generator back as it is.
    return algorithm.setup(box, seed=rng, termination=NoTermination())
