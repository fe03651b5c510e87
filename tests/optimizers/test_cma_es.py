from __future__ import annotations

from pathlib import Path
from typing import Any

import cma
import numpy as np
import pytest
from pydantic import ValidationError

from harness.optimizers import FloatArray, Problem
from harness.optimizers.cma_es import CMAES, CMAESParameters
from harness.optimizers.contract import asked_bytes, box, search, sphere


def cmaes(problem: Problem, seed: int = 0, **settings: Any) -> CMAES:
    return CMAES(problem, CMAESParameters(**settings), np.random.default_rng(seed))


def even_box(dim: int, initial: FloatArray | None = None) -> Problem:
    """The box pycma works in, so that scaling changes no bit."""
    return Problem(np.full(dim, -1.0), np.full(dim, 1.0), 1000, initial)


def plain_pycma(problem: Problem, x0: FloatArray, seed: int, generations: int, **options: Any) -> list[FloatArray]:
    """What pycma asks with its own defaults otherwise."""
    rng = np.random.default_rng(seed)
    settings = {"bounds": [-1, 1], "randn": lambda *shape: rng.standard_normal(shape), "seed": np.nan, "verbose": -9}
    strategy = cma.CMAEvolutionStrategy(x0, options.pop("sigma0", 0.3), settings | options)
    asked = []
    for _ in range(generations):
        candidates = strategy.ask()
        asked.append(np.array(candidates))
        strategy.tell(candidates, sphere(problem)(asked[-1]).tolist())
    return asked


@pytest.mark.parametrize(("limit", "diagonal"), [(7, True), (8, False), (400, False)])
def test_equals_pycma(limit: int, diagonal: bool) -> None:
    problem = even_box(8)
    ours = search(cmaes(problem, 5, diagonal_above=limit), sphere(problem), 40)
    theirs = plain_pycma(problem, np.zeros(8), 5, 40, CMA_diagonal=diagonal)
    assert asked_bytes(ours) == [candidates.tobytes() for candidates in theirs]


def test_equals_pycma_from_the_best_initial_row() -> None:
    rows = np.random.default_rng(1).uniform(-1, 1, (5, 8))
    problem = even_box(8, rows)
    losses = sphere(problem)(rows)
    history = search(cmaes(problem, 5, popsize=12, sigma0=0.1), sphere(problem), 21)
    theirs = plain_pycma(problem, rows[losses.argmin()], 5, 20, popsize=12, sigma0=0.1)
    assert losses.argmin() != 0
    assert history[0][0].tobytes() == rows.tobytes()
    assert asked_bytes(history[1:]) == [candidates.tobytes() for candidates in theirs]


def test_unequal_bounds_are_only_a_change_of_units() -> None:
    wide = Problem(np.array([-4.0, 0.0, -1.0]), np.array([4.0, 0.5, 1.0]), 100)
    plain = even_box(3)
    centre, half = (wide.lower + wide.upper) / 2, (wide.upper - wide.lower) / 2
    one, other = cmaes(wide), cmaes(plain)
    for _ in range(20):
        rows, units = one.ask(), other.ask()
        assert np.allclose(rows, centre + half * units, rtol=0, atol=1e-12)
        losses = sphere(plain)(units)
        one.tell(rows, losses)
        other.tell(units, losses)


def test_first_step_is_a_share_of_half_the_width() -> None:
    problem = Problem(np.array([-8.0, 0.0]), np.array([8.0, 0.1]), 5000)
    asked = cmaes(problem, popsize=4000, sigma0=0.1).ask()
    assert np.allclose(asked.std(axis=0), [0.8, 0.005], rtol=0.05)
    assert np.allclose(asked.mean(axis=0), [0.0, 0.05], atol=0.03)


@pytest.mark.parametrize(("dim", "expected"), [(2, 6), (10, 10), (500, 22)])
def test_default_population(dim: int, expected: int) -> None:
    assert len(cmaes(box(dim)).ask()) == expected


def test_full_and_diagonal() -> None:
    """In many dimensions the full form would need a matrix of d x d; the diagonal one must not build it."""
    for dim, limit, full in ((20, 400, True), (401, 400, False), (20, 19, False)):
        optimizer = cmaes(box(dim), diagonal_above=limit)
        search(optimizer, sphere(box(dim)), 3)
        assert (type(optimizer._strategy.sm).__name__ == "GaussFullSampler") == full
    optimizer = cmaes(box(50_000))
    search(optimizer, sphere(box(50_000)), 2)


def test_failed_candidates_rank_last() -> None:
    """A failed candidate moves the search just as the worst loss in its place would."""
    problem = box(5)
    loss = sphere(problem)
    failing, worst = cmaes(problem), cmaes(problem)
    for _ in range(10):
        asked = failing.ask()
        assert asked.tobytes() == worst.ask().tobytes()
        losses = loss(asked)
        failing.tell(asked, np.where(np.arange(len(asked)) == 2, np.nan, losses))
        losses[2] = losses.max() + 1.0
        worst.tell(asked, losses)


def test_a_failed_generation_changes_no_distribution() -> None:
    problem = box(5)
    optimizer = cmaes(problem)
    search(optimizer, sphere(problem), 3)
    mean, sigma = optimizer._strategy.mean.copy(), optimizer._strategy.sigma
    search(optimizer, lambda rows: np.full(len(rows), np.nan), 50)
    assert np.array_equal(optimizer._strategy.mean, mean) and optimizer._strategy.sigma == sigma
    assert len(optimizer._strategy.sent_solutions) == 0
    assert search(optimizer, sphere(problem), 1)


def test_starts_at_the_first_row_when_all_rows_fail() -> None:
    problem = box(400, initial=3)
    optimizer = cmaes(problem, sigma0=1e-6)
    search(optimizer, lambda rows: np.full(len(rows), np.nan), 1)
    assert problem.initial is not None
    assert np.allclose(optimizer.ask(), problem.initial[0], rtol=0, atol=1e-3)


def test_huge_losses() -> None:
    optimizer = cmaes(box(5))
    search(optimizer, lambda rows: np.where(np.arange(len(rows)) == 0, np.nan, np.finfo(float).max / 4), 3)
    assert np.isfinite(optimizer.ask()).all()


def test_writes_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    problem = box(5)
    search(cmaes(problem), sphere(problem), 30)
    assert list(tmp_path.iterdir()) == []
    assert tuple(capfd.readouterr()) == ("", "")


def test_refuses_one_dimension() -> None:
    with pytest.raises(ValueError, match=r"'cma' was given 1 dimension: expected at least 2; use 'de' or 'random'"):
        cmaes(box(1))


@pytest.mark.parametrize(
    "settings", [{"popsize": 3}, {"popsize": -1}, {"sigma0": 0.0}, {"sigma0": 0.7}, {"diagonal_above": -1}]
)
def test_parameters_have_ranges(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CMAESParameters(**settings)
