from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from pymoo.algorithms.soo.nonconvex.pso import PSO
from pymoo.core.problem import Problem as Box

from harness.optimizers import Problem
from harness.optimizers.contract import asked_bytes, box, search, sphere
from harness.optimizers.particle_swarm import ParticleSwarm, ParticleSwarmParameters


def pso(problem: Problem, seed: int = 0, **settings: Any) -> ParticleSwarm:
    return ParticleSwarm(problem, ParticleSwarmParameters(**settings), np.random.default_rng(seed))


def plain_pymoo(problem: Problem, seed: int, generations: int, **settings: Any) -> list[bytes]:
    """What pymoo asks when used as its manual says, from the same uniform first generation."""
    rng = np.random.default_rng(seed)
    size = settings.get("pop_size", 25)
    first = problem.lower + (problem.upper - problem.lower) * rng.random((size, problem.dim))
    algorithm = PSO(sampling=first, **settings)
    algorithm.setup(Box(n_var=problem.dim, n_obj=1, xl=problem.lower, xu=problem.upper), seed=rng)
    asked = []
    for _ in range(generations):
        swarm = algorithm.ask()
        asked.append(swarm.get("X").tobytes())
        swarm.set("F", sphere(problem)(swarm.get("X"))[:, None])
        algorithm.tell(infills=swarm)
    return asked


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        (
            {"popsize": 7, "w": 0.6, "c1": 1.5, "c2": 1.0, "adaptive": False, "max_velocity": 0.1},
            {"pop_size": 7, "w": 0.6, "c1": 1.5, "c2": 1.0, "adaptive": False, "max_velocity_rate": 0.1},
        ),
        ({"perturb_best": False}, {"pertube_best": False}),
    ],
)
def test_equals_pymoo(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    problem = box(7)
    assert asked_bytes(search(pso(problem, 4, **ours), sphere(problem), 25)) == plain_pymoo(problem, 4, 25, **theirs)


def test_velocities_by_hand() -> None:
    """Without adaptation and with the pulls at 0 a particle keeps w of its velocity."""
    rows = np.random.default_rng(2).uniform(-0.1, 0.1, (5, 3))
    problem = Problem(np.full(3, -9.0), np.full(3, 9.0), 1000, rows)
    optimizer = pso(problem, popsize=5, w=0.5, c1=0.0, c2=0.0, adaptive=False, perturb_best=False, max_velocity=0.02)
    asked = [rows for rows, _ in search(optimizer, sphere(problem), 4)]
    moves = np.diff(asked, axis=0)
    assert moves[0].min() > 0, "all set out upwards"
    assert moves[0].max() <= 0.5 * 0.02 * 18
    assert np.allclose(moves[1], 0.5 * moves[0]) and np.allclose(moves[2], 0.5 * moves[1])


def test_a_failed_position_is_not_remembered() -> None:
    problem = box(4)
    optimizer = pso(problem)
    [(first, _)] = search(optimizer, sphere(problem), 1)
    search(optimizer, lambda rows: np.full(len(rows), np.nan), 3)
    assert np.array_equal(optimizer._algorithm.pop.get("X"), first)


def test_a_failed_first_position_gives_way() -> None:
    problem = box(4)
    optimizer = pso(problem, popsize=4)
    asked = optimizer.ask()
    optimizer.tell(asked, [np.nan, 1.0, np.nan, 2.0])
    assert np.array_equal(optimizer._algorithm.opt[0].X, asked[1])
    flown = optimizer.ask()
    optimizer.tell(flown, [9.0, np.nan, np.nan, 3.0])
    remembered = optimizer._algorithm.pop.get("X")
    assert np.array_equal(remembered, [flown[0], asked[1], asked[2], asked[3]])


def test_adopted_candidates_become_the_worst_best_positions() -> None:
    problem = Problem(np.zeros(2), np.ones(2), 100)
    optimizer = pso(problem, popsize=4)
    optimizer.adopt([[0.25, 0.25]], [2.5])
    optimizer.tell(optimizer.ask(), [1.0, np.nan, 3.0, 4.0])
    assert optimizer._algorithm.pop.get("F")[:, 0].tolist() == [1.0, 2.5, 3.0, 4.0]
    flying = optimizer._algorithm.particles.get("X").copy()
    optimizer.adopt([[0.1, 0.1], [0.2, 0.2], [0.25, 0.25]], [3.5, 0.5, 0.0])
    memory = optimizer._algorithm.pop
    assert memory.get("F")[:, 0].tolist() == [1.0, 2.5, 3.0, 0.5], "the one it remembers is not taken twice"
    assert optimizer._algorithm.opt[0].X.tolist() == [0.2, 0.2]
    assert np.array_equal(optimizer._algorithm.particles.get("X"), flying)
    optimizer.tell(optimizer.ask(), [5.0] * 4)
    assert memory.get("X")[3].tolist() == [0.2, 0.2]


@pytest.mark.parametrize(
    "settings",
    [{"popsize": 2}, {"w": -0.1}, {"c1": 5.1}, {"c2": -1.0}, {"max_velocity": 0.0}, {"max_velocity": 1.1}],
)
def test_parameters_have_ranges(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ParticleSwarmParameters(**settings)


@pytest.mark.parametrize(
    "settings",
    [{"popsize": 3}, {"w": 0.0, "c1": 0.0, "c2": 0.0}, {"max_velocity": 1.0, "w": 2.0, "c1": 5.0, "adaptive": False}],
)
def test_edges_of_the_ranges_work(settings: dict[str, Any]) -> None:
    for dim in (1, 3):
        problem = box(dim)
        for candidates, _ in search(pso(problem, **settings), sphere(problem), 60):
            assert np.isfinite(candidates).all()
