"""Each equation of L-SHADE against a computation by hand or element by element."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.optimizers import FloatArray, Problem
from harness.optimizers.contract import box, search, sphere
from harness.optimizers.lshade import LSHADE, LSHADEParameters, Memory, automatic_popsize, lehmer_mean, two_others


def lshade(problem: Problem, seed: int = 0, **settings: Any) -> LSHADE:
    return LSHADE(problem, LSHADEParameters(**settings), np.random.default_rng(seed))


def test_lehmer_mean_by_hand() -> None:
    # (1 x 0.04 + 3 x 0.25) / (1 x 0.2 + 3 x 0.5) = 0.79 / 1.7
    assert lehmer_mean(np.array([0.2, 0.5]), np.array([1.0, 3.0])) == pytest.approx(0.79 / 1.7, rel=1e-12)
    assert lehmer_mean(np.zeros(2), np.ones(2)) == 0.0


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(1e-3, 1e3)), min_size=1, max_size=20), st.floats(1e-6, 1e6))
def test_lehmer_mean_lies_among_the_values_above_the_plain_mean(pairs: list[tuple[float, float]], unit: float) -> None:
    values, weights = (np.array(column) for column in zip(*pairs, strict=True))
    mean = lehmer_mean(values, weights)
    assert values.min() - 1e-9 <= mean <= values.max() + 1e-9
    assert mean >= np.average(values, weights=weights) - 1e-9
    assert lehmer_mean(values, weights * unit) == pytest.approx(mean, rel=1e-9)


def test_memory_by_hand() -> None:
    memory = Memory(2)
    memory.learn(np.array([0.4, 0.8]), np.array([0.1, 0.9]), np.array([1.0, 3.0]))
    # (0.16 + 3 x 0.64) / (0.4 + 3 x 0.8) and (0.01 + 3 x 0.81) / (0.1 + 3 x 0.9)
    assert memory.F.tolist() == pytest.approx([2.08 / 2.8, 0.5])
    assert memory.CR.tolist() == pytest.approx([2.44 / 2.8, 0.5])
    memory.learn(np.empty(0), np.empty(0), np.empty(0))
    memory.learn(np.array([1.0]), np.array([0.0]), np.array([5.0]))
    assert memory.F.tolist() == pytest.approx([2.08 / 2.8, 1.0])
    assert np.isnan(memory.CR[1]) and memory.CR[0] == pytest.approx(2.44 / 2.8)
    memory.learn(np.array([0.5]), np.array([0.5]), np.array([5.0]))
    memory.learn(np.array([0.5]), np.array([0.7]), np.array([5.0]))
    assert memory.F.tolist() == [0.5, 0.5]
    assert memory.CR[0] == 0.5 and np.isnan(memory.CR[1]), "the terminal value stays"


def test_memory_is_drawn_from() -> None:
    memory = Memory(1)
    memory.F[:], memory.CR[:] = 0.6, 0.3
    weights, shares = memory.draw(20_000, np.random.default_rng(0))
    assert weights.min() > 0 and weights.max() == 1.0
    assert shares.min() == 0.0 and shares.max() < 0.8
    # A Cauchy distribution has its quartiles one scale away from its centre; what is not above 0 is drawn again.
    assert np.quantile(weights, [0.25, 0.5, 0.75]) == pytest.approx([0.51, 0.61, 0.72], abs=0.02)
    assert (shares.mean(), shares.std()) == pytest.approx((0.3, 0.1), abs=0.005)
    memory.CR[:] = np.nan
    assert not memory.draw(100, np.random.default_rng(0))[1].any()


@given(st.integers(4, 12), st.integers(0, 20), st.integers(0, 2**32 - 1))
def test_three_different_indices(count: int, archived: int, seed: int) -> None:
    first, second = two_others(count, count + archived, np.random.default_rng(seed))
    own = np.arange(count)
    assert (first != own).all() and (second != own).all() and (first != second).all()
    assert first.min() >= 0 and first.max() < count and second.min() >= 0 and second.max() < count + archived


def test_indices_are_uniform() -> None:
    rng = np.random.default_rng(0)
    pairs = np.array([two_others(4, 6, rng) for _ in range(4000)])
    for target in range(4):
        firsts = np.bincount(pairs[:, 0, target], minlength=4) / 4000
        seconds = np.bincount(pairs[:, 1, target], minlength=6) / 4000
        assert firsts == pytest.approx([0 if k == target else 1 / 3 for k in range(4)], abs=0.03)
        # Four are left for the second, of which another member is one in two cases of three.
        assert seconds == pytest.approx([0 if k == target else 1 / 6 for k in range(4)] + [1 / 4] * 2, abs=0.03)


def test_mutants_are_made_of_members() -> None:
    """Far from the bounds a mutant is x + F (x_best - x) + F (x_1 - x_2) with one of the two best."""
    rows = np.random.default_rng(2).uniform(-0.1, 0.1, (6, 3))
    problem = Problem(np.full(3, -9.0), np.full(3, 9.0), 1000, rows)
    optimizer = lshade(problem, popsize=6, pbest=0.34)
    search(optimizer, sphere(problem), 1)
    best = np.argsort(sphere(problem)(rows))[:2]
    optimizer._archive = np.random.default_rng(3).uniform(-0.1, 0.1, (2, 3))
    others = np.concatenate([rows, optimizer._archive])
    seen, subtracted = set(), set()
    for _ in range(10):
        mutants = optimizer._mutants(np.linspace(0.1, 1.0, 6))
        for k, weight in enumerate(np.linspace(0.1, 1.0, 6)):
            fits = [
                (b, one, two)
                for b in best
                for one in range(6)
                for two in range(8)
                if len({k, one, two}) == 3
                and np.allclose(
                    rows[k] + weight * (rows[b] - rows[k] + rows[one] - others[two]), mutants[k], atol=1e-12
                )
            ]
            assert fits
            seen.add(int(fits[0][0]))
            subtracted.add(fits[0][2])
    assert seen == set(best.tolist()) and subtracted == set(range(8)), "only what is subtracted may be archived"


def test_a_coordinate_outside_goes_halfway_to_the_bound() -> None:
    rows = np.array([[0.9, 0.1]] * 3 + [[0.1, 0.9]] * 3)
    problem = Problem(np.zeros(2), np.ones(2), 1000, rows)
    optimizer = lshade(problem, popsize=6)
    search(optimizer, sphere(problem), 1)
    corners = {tuple(np.round(row, 12)) for _ in range(50) for row in optimizer._mutants(np.ones(6))}
    values = {value for corner in corners for value in corner}
    # Differences are 0.8: what leaves the box comes from 0.1 or 0.9 and ends halfway between there and 0 or 1.
    assert values == {0.1, 0.9, 0.05, 0.55, 0.45, 0.95}


def test_crossover_takes_one_coordinate_at_least() -> None:
    problem = box(40)
    optimizer = lshade(problem, popsize=200)
    search(optimizer, sphere(problem), 1)
    count = len(optimizer._members)
    other = optimizer._members + 1.0
    taken = (optimizer._cross(other, np.zeros(count)) == other).sum(axis=1)
    assert (taken == 1).all()
    shares = np.where(np.arange(count) % 2, 0.25, 1.0)
    taken = (optimizer._cross(other, shares) == other).mean(axis=1)
    assert (taken[::2] == 1).all() and taken[1::2].mean() == pytest.approx(0.25 + 0.75 / 40, abs=0.02)


def test_selection_archive_and_failures() -> None:
    problem = Problem(np.zeros(2), np.ones(2), 10**6)
    optimizer = lshade(problem, popsize=6)
    asked = optimizer.ask()
    optimizer.tell(asked, [1.0, 2.0, 3.0, 4.0, np.nan, np.nan])
    trials = optimizer.ask()
    weights, shares = optimizer._rates
    optimizer.tell(trials, [0.5, 2.0, 3.5, np.nan, 9.0, np.nan])
    assert optimizer._losses.tolist() == [0.5, 2.0, 3.0, 4.0, 9.0, np.inf]
    taken = [True, True, False, False, True, False]
    assert np.array_equal(optimizer._members, np.where(np.array(taken)[:, None], trials, asked))
    assert np.array_equal(optimizer._archive, asked[:1]), "only who was beaten, and had a loss"
    assert optimizer._memory.F[0] == pytest.approx(weights[0]), "a failed member teaches nothing"
    assert optimizer._memory.CR[0] == pytest.approx(shares[0])


def test_population_shrinks_linearly_to_the_end_of_the_budget() -> None:
    problem = box(5, budget=400)
    optimizer = lshade(problem, popsize=40, min_popsize=4)
    spent, sizes = 0, []
    while optimizer.evaluations < 600:
        [(rows, _)] = search(optimizer, sphere(problem), 1)
        spent += len(rows)
        sizes.append(len(rows))
        assert len(optimizer._members) == max(4, round((4 - 40) * spent / 400 + 40))
        assert len(optimizer._archive) <= round(2.6 * len(optimizer._members))
    assert sizes[0] == 40 and sizes[-1] == 4 and sizes == sorted(sizes, reverse=True)


def test_the_worst_members_leave() -> None:
    problem = box(5, budget=30)
    optimizer = lshade(problem, popsize=20)
    [(rows, losses)] = search(optimizer, sphere(problem), 1)
    kept = round((4 - 20) * 20 / 30 + 20)
    assert sorted(optimizer._losses) == sorted(losses)[:kept]
    assert {row.tobytes() for row in optimizer._members} <= {row.tobytes() for row in rows}


def test_adopted_candidates_replace_the_worst() -> None:
    problem = Problem(np.zeros(2), np.ones(2), 10**6)
    optimizer = lshade(problem, popsize=4)
    early = np.array([[0.25, 0.25]])
    optimizer.adopt(early, [2.5])
    asked = optimizer.ask()
    optimizer.tell(asked, [1.0, np.nan, 3.0, 4.0])
    assert optimizer._losses.tolist() == [1.0, 2.5, 3.0, 4.0]
    assert np.array_equal(optimizer._members[1], early[0])
    optimizer.adopt(np.array([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.25, 0.25]]), [3.5, 0.5, 0.6, 0.0])
    assert optimizer._losses.tolist() == [1.0, 2.5, 0.6, 0.5], "the one it holds already is not taken twice"
    assert optimizer._members[2:].tolist() == [[0.3, 0.3], [0.2, 0.2]]


@pytest.mark.parametrize(
    ("budget", "dim", "expected"), [(500, 1280, 22), (10_000, 1280, 100), (500, 1, 18), (100, 50, 12), (10**6, 5, 90)]
)
def test_automatic_population(budget: int, dim: int, expected: int) -> None:
    assert automatic_popsize(budget, dim) == expected
    assert len(lshade(box(dim, budget=budget)).ask()) == expected


def test_huge_losses() -> None:
    problem = box(3)
    optimizer = lshade(problem)

    def huge(rows: FloatArray) -> FloatArray:
        return np.where(rows[:, 0] > rows[0, 0], 1.0, -1.0) * np.finfo(float).max

    search(optimizer, huge, 30)
    assert np.isfinite(optimizer._memory.F).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"popsize": 3},
        {"popsize": 8, "min_popsize": 9},
        {"memory": 0},
        {"pbest": 0.0},
        {"archive": -1.0},
        {"min_popsize": 3},
    ],
)
def test_parameters_have_ranges(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LSHADEParameters(**settings)


@pytest.mark.parametrize(
    "settings", [{"popsize": 4}, {"archive": 0.0}, {"pbest": 1.0}, {"memory": 1}, {"min_popsize": 30}]
)
def test_edges_of_the_ranges_work(settings: dict[str, Any]) -> None:
    problem = box(1)
    search(lshade(problem, **settings), sphere(problem), 40)
