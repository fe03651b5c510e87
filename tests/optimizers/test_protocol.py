from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
import pytest

from harness.optimizers import FloatArray, Optimizer, OptimizerParameters, Problem

ZEROS, ONES = np.zeros(2), np.ones(2)


class Scripted(Optimizer):
    """Asks what a test wants asked."""

    name: ClassVar[str] = "scripted"
    summary: ClassVar[str] = "asks what it is given"
    source: ClassVar[str] = "none"
    Parameters: ClassVar[type[OptimizerParameters]] = OptimizerParameters

    def __init__(self, problem: Problem, rows: object) -> None:
        super().__init__(problem, OptimizerParameters(), np.random.default_rng(0))
        self.rows = rows
        self.told: list[FloatArray] = []

    def _ask(self) -> FloatArray:
        return self.rows  # type: ignore[return-value]

    def _tell(self, candidates: FloatArray, losses: FloatArray) -> None:
        self.told.append(losses)


def test_problem_copies_and_freezes() -> None:
    lower, initial = np.zeros(2), np.full((1, 2), 0.5)
    problem = Problem(lower, ONES, 10, initial)
    lower[:], initial[:] = -9.0, 9.0
    assert problem.dim == 2
    assert problem.lower.tolist() == [0.0, 0.0]
    assert problem.initial is not None and problem.initial.tolist() == [[0.5, 0.5]]
    assert not (problem.lower.flags.writeable or problem.upper.flags.writeable or problem.initial.flags.writeable)
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.budget = 11  # type: ignore[misc]


@pytest.mark.parametrize(
    ("lower", "upper", "budget", "initial", "message"),
    [
        (ZEROS, np.ones(3), 1, None, "bounds have shapes (2,) and (3,): expected (d,) twice with d at least 1"),
        (np.zeros(0), np.ones(0), 1, None, "bounds have shapes (0,) and (0,): expected (d,) twice with d at least 1"),
        (ZEROS, np.array([1.0, 0.0]), 1, None, "bounds of coordinate 1 are 0.0 and 0.0: expected finite numbers"),
        (ZEROS, np.array([np.inf, 1.0]), 1, None, "bounds of coordinate 0 are 0.0 and inf: expected finite numbers"),
        (np.array([np.nan, 0]), ONES, 1, None, "bounds of coordinate 0 are nan and 1.0: expected finite numbers"),
        (ZEROS, ONES, 0, None, "budget is 0: expected a whole number of at least 1"),
        (ZEROS, ONES, 1.5, None, "budget is 1.5: expected a whole number of at least 1"),
        (ZEROS, ONES, 1, np.zeros(2), "initial has shape (2,): expected (n, 2) with n at least 1"),
        (ZEROS, ONES, 1, np.zeros((0, 2)), "initial has shape (0, 2): expected (n, 2) with n at least 1"),
        (ZEROS, ONES, 1, np.array([[0, 0], [0, 1.5]]), "initial[1, 1] is 1.5: expected a number from 0.0 to 1.0"),
        (ZEROS, ONES, 1, np.array([[np.nan, 0]]), "initial[0, 0] is nan: expected a number from 0.0 to 1.0"),
    ],
)
def test_problem_refuses(
    lower: FloatArray, upper: FloatArray, budget: int, initial: FloatArray | None, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        Problem(lower, upper, budget, initial)
    assert str(caught.value).startswith(message + ";") or str(caught.value).startswith(message + ",")


def test_asks_what_is_proposed_clipped_to_the_box() -> None:
    optimizer = Scripted(Problem(ZEROS, ONES, 10), [[0.5, 1.0 + 1e-12], [-1e-12, 0.0]])
    asked = optimizer.ask()
    assert asked.tolist() == [[0.5, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize("rows", [[[0.5]], [0.5, 0.5], [[np.nan, 0.5]], np.zeros((0, 2))])
def test_refuses_a_senseless_proposal(rows: object) -> None:
    with pytest.raises(RuntimeError, match=r"optimizer 'scripted' proposed an array of shape .*; mend its _ask"):
        Scripted(Problem(ZEROS, ONES, 10), rows).ask()


def test_messages_name_value_expectation_and_fix() -> None:
    optimizer = Scripted(Problem(ZEROS, ONES, 10), np.zeros((3, 2)))
    with pytest.raises(RuntimeError) as unasked:
        optimizer.tell(np.zeros((3, 2)), np.zeros(3))
    asked = optimizer.ask()
    with pytest.raises(RuntimeError) as twice:
        optimizer.ask()
    with pytest.raises(ValueError) as infinite:
        optimizer.tell(asked, [1.0, -np.inf, 0.0])
    assert [str(error.value) for error in (unasked, twice, infinite)] == [
        "tell() came with nothing asked, after 0 generations: expected ask() before each tell(); "
        "call ask() and evaluate what it returns",
        "ask() came before the losses of generation 0: expected tell(candidates, losses) for the 3 candidates asked "
        "last; tell them first",
        "loss of candidate 1 is -inf: expected a finite number or NaN; give NaN for a failed candidate",
    ]
    assert optimizer.told == []


def test_incumbent() -> None:
    optimizer = Scripted(Problem(ZEROS, ONES, 10), [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]])
    seen = []
    for losses in ([np.nan] * 3, [np.nan, 2.0, 2.0], [3.0, np.nan, 2.0], [1.0, 1.5, np.nan]):
        optimizer.tell(optimizer.ask(), losses)
        seen.append(None if optimizer.best is None else (optimizer.best[0].tolist(), optimizer.best[1]))
    assert seen == [None, ([0.5, 0.5], 2.0), ([0.5, 0.5], 2.0), ([0.0, 0.0], 1.0)]
    assert (optimizer.generation, optimizer.evaluations) == (4, 12)


def test_refuses_foreign_parameters_and_generators() -> None:
    from harness.optimizers.random_search import RandomSearch, RandomSearchParameters

    problem = Problem(ZEROS, ONES, 10)
    with pytest.raises(TypeError, match=r"are of class OptimizerParameters: expected RandomSearchParameters"):
        RandomSearch(problem, OptimizerParameters(), np.random.default_rng(0))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"rng is of class int: expected a numpy Generator"):
        RandomSearch(problem, RandomSearchParameters(), 3)  # type: ignore[arg-type]
