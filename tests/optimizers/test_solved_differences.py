"""The solved step closes gaps that it should close, and the variant is differential evolution where it cannot aim."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.optimizers import FloatArray, Problem, create, members, parse_parameters
from harness.optimizers.contract import asked_bytes, box, search, sphere
from harness.optimizers.solved_differences import DIGITS, LONGER, SHORTEST, SolvedDifferences, solve

DIMENSIONS, OUTPUTS = 30, 4


def step_of(differences: FloatArray, outputs: FloatArray, gap: FloatArray) -> FloatArray:
    return solve(differences @ differences.T, outputs, gap) @ differences


def world(seed: int) -> FloatArray:
    return np.random.default_rng(seed).normal(size=(DIMENSIONS, OUTPUTS))


@given(seed=st.integers(0, 1000), donors=st.integers(2 * OUTPUTS, 20))
def test_it_closes_the_gap_of_a_linear_map(seed, donors):
    rng, matrix = np.random.default_rng(seed), world(seed)
    differences = rng.normal(size=(donors, DIMENSIONS))
    # A gap that the donors can close.
    gap = rng.normal(size=donors) @ (differences @ matrix)
    step = step_of(differences, differences @ matrix, gap)
    assert np.linalg.norm(step @ matrix - gap) <= 0.35 * np.linalg.norm(gap)
    again = step_of(differences, differences @ matrix, gap - step @ matrix)
    assert np.linalg.norm((step + again) @ matrix - gap) <= 0.9 * np.linalg.norm(step @ matrix - gap) + 1e-9


def test_of_all_steps_that_close_the_gap_it_is_about_the_shortest():
    rng, matrix = np.random.default_rng(3), world(3)
    # Donors in all directions: the shortest step is that of the pseudoinverse.
    differences = rng.normal(size=(60, DIMENSIONS))
    gap = rng.normal(size=OUTPUTS)
    shortest = gap @ np.linalg.pinv(matrix)
    step = step_of(differences, differences @ matrix, gap)
    assert np.linalg.norm(step - shortest) <= 0.05 * np.linalg.norm(shortest)


def test_donors_that_are_all_alike_give_no_step():
    same = np.zeros((5, DIMENSIONS))
    step = step_of(same, np.zeros((5, OUTPUTS)), np.ones(OUTPUTS))
    assert np.isfinite(step).all() and not step.any()


def run(problem: Problem, matrix: FloatArray, goal: FloatArray, evaluations: int, **settings: object) -> float:
    one = create("de", problem, parse_parameters("de", settings), np.random.default_rng(0))
    while one.evaluations < evaluations:
        rows = one.ask()
        outputs = np.tanh(rows @ matrix)
        one.tell(rows, np.nanmean(np.abs(outputs - goal), axis=1), outputs)
    assert one.best is not None
    return one.best[1]


@pytest.mark.parametrize("missing", [False, True])
def test_it_needs_a_tenth_of_what_the_classical_variant_needs(missing):
    matrix = 0.3 * world(1)
    rng = np.random.default_rng(1)
    goal = np.tanh(rng.uniform(-1, 1, DIMENSIONS) @ matrix)
    if missing:
        goal[1] = np.nan
    initial = rng.uniform(-1, 1, (16, DIMENSIONS))
    problem = Problem(np.full(DIMENSIONS, -2.0), np.full(DIMENSIONS, 2.0), 600, initial, goal)
    aimed = run(problem, matrix, goal, 60)
    assert aimed < 0.01
    assert aimed < run(problem, matrix, goal, 600, variant="best/1/bin")


def test_trials_do_not_depend_on_the_order_of_sums(monkeypatch):
    """As on another processor, which a run may go on on: last bits of products differ, and trials do not."""
    rng = np.random.default_rng(4)
    size, matrix = 3000, rng.normal(size=(3000, 6)) / np.sqrt(3000)
    problem = Problem(np.full(size, -3.0), np.full(size, 3.0), 900, rng.uniform(-3, 3, (64, size)), np.full(6, 0.7))
    asked, told = {}, []
    for block in (8192, 100):
        monkeypatch.setattr(members, "BLOCK", block)
        one = create("de", problem, parse_parameters("de", {}), np.random.default_rng(0))
        asked[block] = []
        for number in range(160):
            asked[block].append(one.ask())
            if len(told) == number:
                # Hard to please, so that members come close to each other and stay there.
                outputs = asked[block][-1] @ matrix
                told.append(outputs + 0.1 * np.sin(3.0 * outputs))
            one.tell(asked[block][-1], np.abs(told[number] - 0.7).mean(axis=1), told[number])
    # A coordinate may be rounded to another decimal once in a while, and nothing follows from that.
    unit = 6.0 * 10.0**-DIGITS
    apart = [np.abs(one - other).max() for one, other in zip(asked[8192], asked[100], strict=True)]
    assert max(apart) < 1.5 * unit and sum(map(bool, apart)) < 8


def test_without_a_goal_it_is_best_1_bin():
    problem = box(7, initial=3)

    def asked(variant: str) -> list[bytes]:
        one = create("de", problem, parse_parameters("de", {"variant": variant}), np.random.default_rng(2))
        return asked_bytes(search(one, sphere(problem), 10))

    assert asked("best/solved/bin") == asked("best/1/bin")


def test_it_starts_with_the_initial_rows_alone_and_asks_few_trials():
    free = box(5, initial=20)
    problem = Problem(free.lower, free.upper, 100, free.initial, np.zeros(2))
    one = create("de", problem, parse_parameters("de", {"trials": 2}), np.random.default_rng(0))
    for expected in (20, 2, 2):
        rows = one.ask()
        assert len(rows) == expected
        one.tell(rows, np.abs(rows[:, :2]).mean(axis=1), rows[:, :2])


def test_members_that_were_adopted_are_donors():
    """The map cannot be climbed with the two members it has; adopted ones show the way."""
    problem = Problem(np.full(3, -4.0), np.full(3, 4.0), 100, np.array([[0.0, 0.0, 0.0], [0.1, 0.0, 0.0]]), np.ones(3))
    best = {}
    for adopts in (False, True):
        settings = parse_parameters("de", {"noise": 0.0, "difference": 0.0})
        one = create("de", problem, settings, np.random.default_rng(0))
        rows = one.ask()
        one.tell(rows, np.abs(rows - 1.0).mean(axis=1), rows)
        if adopts:
            given_rows = 0.1 * np.eye(3)
            one.adopt(given_rows, np.abs(given_rows - 1.0).mean(axis=1), given_rows)
        for _ in range(8):
            rows = one.ask()
            one.tell(rows, np.abs(rows - 1.0).mean(axis=1), rows)
        assert one.best is not None
        best[adopts] = one.best[1]
    assert best[True] < 0.02


def test_success_lengthens_the_share_of_the_step_and_failure_shortens_it():
    settings = parse_parameters("de", {})
    mating = SolvedDifferences(np.zeros(2), np.ones(3), settings)
    mating._shares = [0.4, 0.5]
    mating.share = 0.5
    mating.learn(1.0, np.array([0.9, 2.0]))
    assert mating.share == pytest.approx(LONGER * 0.5)
    for _ in range(20):
        mating.learn(1.0, np.array([1.5, np.inf]))
    assert mating.share == SHORTEST


def test_a_generation_in_which_all_failed_is_followed_by_draws():
    free = box(4)
    problem = Problem(free.lower, free.upper, 100, None, np.zeros(2))
    one = create("de", problem, parse_parameters("de", {"popsize": 8}), np.random.default_rng(0))
    rows = one.ask()
    one.tell(rows, np.full(len(rows), np.nan), np.full((len(rows), 2), np.nan))
    for _ in range(12):
        rows = one.ask()
        assert np.isfinite(rows).all()
        one.tell(rows, np.abs(rows[:, :2]).mean(axis=1), rows[:, :2])
    assert one.best is not None and one.best[1] < 0.2 * np.abs(rows).max() + 1


def test_members_in_one_place_are_left_by_a_random_step():
    same = np.repeat(np.full((1, 4), 0.5), 20, axis=0)
    problem = Problem(np.zeros(4), np.ones(4), 100, same, np.ones(4))
    one = create("de", problem, parse_parameters("de", {}), np.random.default_rng(0))
    for _ in range(40):
        rows = one.ask()
        one.tell(rows, np.abs(rows - 1.0).mean(axis=1), rows)
    assert one.best is not None and one.best[1] < 0.05
