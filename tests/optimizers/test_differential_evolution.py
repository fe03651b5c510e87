from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from pydantic import ValidationError
from pymoo.algorithms.soo.nonconvex.de import DE
from pymoo.core.problem import Problem as Box

from harness.optimizers import FloatArray, Problem
from harness.optimizers.contract import asked_bytes, box, search, sphere
from harness.optimizers.differential_evolution import (
    SOLVED,
    DifferentialEvolution,
    DifferentialEvolutionParameters,
    Variant,
)


def de(problem: Problem, seed: int = 0, **settings: Any) -> DifferentialEvolution:
    return DifferentialEvolution(problem, DifferentialEvolutionParameters(**settings), np.random.default_rng(seed))


def plain_pymoo(problem: Problem, seed: int, generations: int, **settings: Any) -> list[bytes]:
    """What pymoo asks when used as its manual says, with the variant as text and an integer seed."""
    algorithm = DE(**settings)
    algorithm.setup(Box(n_var=problem.dim, n_obj=1, xl=problem.lower, xu=problem.upper), seed=seed)
    asked = []
    for _ in range(generations):
        trials = algorithm.ask()
        asked.append(trials.get("X").tobytes())
        trials.set("F", sphere(problem)(trials.get("X"))[:, None])
        algorithm.tell(infills=trials)
    return asked


@pytest.mark.parametrize("variant", [one for one in get_args(Variant) if one != SOLVED])
def test_equals_pymoo(variant: str) -> None:
    problem = box(7)
    ours = search(de(problem, 4, popsize=9, variant=variant, F=0.6, CR=0.35, mutation=0.1), sphere(problem), 25)
    theirs = plain_pymoo(problem, 4, 25, pop_size=9, variant=f"DE/{variant}", F=0.6, CR=0.35, prob_mut=0.1)
    assert asked_bytes(ours) == theirs


def test_equals_pymoo_with_jitter_and_our_defaults() -> None:
    problem = box(7)
    ours = asked_bytes(search(de(problem, 4, jitter=True), sphere(problem), 25))
    assert ours == plain_pymoo(problem, 4, 25, pop_size=16, F=0.7, CR=0.9, prob_mut=0.0, jitter=True)
    assert ours != asked_bytes(search(de(problem, 4), sphere(problem), 25))


def test_crossover_rate_holds_for_the_whole_run() -> None:
    """CR 0 takes exactly one coordinate from the mutant in every generation."""
    problem = box(12)
    optimizer = de(problem, CR=0.0)
    search(optimizer, sphere(problem), 1)
    for _ in range(30):
        members = optimizer._algorithm.pop.get("X").copy()
        [(trials, _)] = search(optimizer, sphere(problem), 1)
        assert ((trials != members).sum(axis=1) == 1).all()


def test_weight_of_a_difference() -> None:
    """A trial of rand/1 without crossover is a member plus F times a difference of two others."""
    rows = np.random.default_rng(2).uniform(-0.5, 0.5, (5, 3))  # far enough from the bounds that none is redrawn
    problem = Problem(np.full(3, -1.0), np.full(3, 1.0), 10, rows)
    optimizer = de(problem, popsize=5, variant="rand/1/bin", F=0.05, CR=1.0)
    [(members, _)] = search(optimizer, sphere(problem), 1)
    mutants = members[:, None, None] + 0.05 * (members[None, :, None] - members[None, None, :])
    for trial in optimizer.ask():
        assert np.isclose(mutants, trial, rtol=0, atol=1e-12).all(axis=-1).any()


def test_textbook_has_no_mutation() -> None:
    """When all members are one point, differences vanish and only a mutation could leave it."""
    problem = box(4)
    same = Problem(problem.lower, problem.upper, 10, np.repeat((problem.lower + problem.upper)[None] / 2, 8, axis=0))
    for mutation, left in ((0.0, False), (1.0, True)):
        optimizer = de(same, popsize=8, mutation=mutation)
        search(optimizer, sphere(same), 1)
        assert (optimizer.ask() != same.initial).any() == left


def test_a_failed_trial_leaves_its_target_in_place() -> None:
    problem = box(4)
    optimizer = de(problem)
    [(members, _)] = search(optimizer, sphere(problem), 1)
    search(optimizer, lambda rows: np.full(len(rows), np.nan), 3)
    assert np.array_equal(optimizer._algorithm.pop.get("X"), members)


def test_a_failed_member_gives_way_to_any_trial_with_a_loss() -> None:
    problem = box(4)
    optimizer = de(problem, popsize=6, variant="best/1/bin")
    asked = optimizer.ask()
    optimizer.tell(asked, [np.nan, 1.0, 2.0, np.nan, 3.0, 4.0])
    trials = optimizer.ask()
    optimizer.tell(trials, [1e300, np.nan, np.nan, np.nan, np.nan, np.nan])
    members = optimizer._algorithm.pop.get("X")
    assert np.array_equal(members[0], trials[0])
    assert np.array_equal(members[1:], asked[1:])


def test_best_variant_starts_from_a_member_with_a_loss() -> None:
    """With a single member that has a loss, every trial of best/1 begins there."""
    problem = box(40)
    optimizer = de(problem, popsize=8, F=1e-9, CR=1.0)
    asked = optimizer.ask()
    optimizer.tell(asked, [np.nan] * 5 + [7.0] + [np.nan] * 2)
    assert np.allclose(optimizer.ask(), asked[5], rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    "settings",
    [
        {"popsize": 3},
        {"popsize": 5, "variant": "rand/2/bin"},
        {"variant": "worst/1/bin"},
        {"F": 0.0},
        {"F": 2.1},
        {"CR": -0.1},
        {"CR": 1.1},
        {"mutation": 1.1},
        {"F": float("nan")},
        {"dither": True},
    ],
)
def test_parameters_have_ranges(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DifferentialEvolutionParameters(**settings)


@pytest.mark.parametrize(
    "settings", [{"popsize": 4}, {"popsize": 6, "variant": "rand/2/exp"}, {"F": 2.0, "CR": 1.0}, {"CR": 0.0}]
)
def test_edges_of_the_ranges_work(settings: dict[str, Any]) -> None:
    problem = box(1)
    history = search(de(problem, **settings), sphere(problem), 10)
    rows: FloatArray = history[-1][0]
    assert rows.shape == (settings.get("popsize", 16), 1)


def test_adopted_candidates_take_the_place_of_the_worst() -> None:
    problem = box(4)
    optimizer = de(problem, variant="best/1/bin")
    [(members, losses)] = search(optimizer, sphere(problem), 1)
    near = (problem.lower + 0.3 * (problem.upper - problem.lower))[None]
    optimizer.adopt(np.concatenate([near, problem.upper[None]]), [0.001, losses.max() + 1.0])
    kept = optimizer._algorithm.pop.get("X")
    assert len(kept) == len(members) and np.array_equal(kept[0], near[0])
    left_out = members[losses.argmax()]
    assert not (kept == left_out).all(axis=1).any()
    # Every trial of best/1 begins at the adopted one now.
    optimizer._algorithm.mating.CR.set(1.0)
    optimizer._algorithm.mating.F.set(1e-9)
    assert np.allclose(optimizer.ask(), near, rtol=0, atol=1e-6)


def test_each_member_carries_the_f_and_cr_that_made_it() -> None:
    problem = box(6)
    optimizer = de(problem, 1, variant="rand/1/bin", control="jde", popsize=40, F=0.5, CR=0.9)
    search(optimizer, sphere(problem), 2)
    asked = optimizer.ask()
    made_with = np.array(optimizer._trials.get("own F"), dtype=float), np.array(optimizer._trials.get("own CR"))
    # A tenth is drawn anew, the others are as given.
    assert 0 < (made_with[0] != 0.5).sum() < 20 and 0 < (made_with[1] != 0.9).sum() < 20
    assert (made_with[0] >= 0.1).all() and (made_with[0] <= 1.0).all()
    losses = sphere(problem)(asked)
    optimizer.tell(asked, losses)
    members = optimizer._algorithm.pop
    won = (members.get("X") == asked).all(axis=1)
    assert 0 < won.sum() < 40
    assert np.array_equal(np.array(members.get("own F"), dtype=float)[won], made_with[0][won])


def test_self_adaptation_repeats_and_differs_from_fixed() -> None:
    problem = box(6)
    runs = [
        asked_bytes(search(de(problem, 1, variant="best/1/bin", control=control), sphere(problem), 8))
        for control in ("jde", "jde", "fixed")
    ]
    assert runs[0] == runs[1] != runs[2]
