from __future__ import annotations

from pathlib import Path
from typing import Any

import cma
import numpy as np
import pytest
from cma.restricted_gaussian_sampler import GaussVkDSampler
from pydantic import ValidationError

from harness.errors import UsageError
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


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
def test_the_form_can_be_chosen(covariance: str) -> None:
    problem = even_box(8)
    ours = search(cmaes(problem, 5, covariance=covariance, diagonal_above=0), sphere(problem), 20)
    theirs = plain_pycma(problem, np.zeros(8), 5, 20, CMA_diagonal=covariance == "diagonal")
    assert asked_bytes(ours) == [candidates.tobytes() for candidates in theirs]


def test_limited_equals_pycma() -> None:
    problem = even_box(12)
    ours = search(cmaes(problem, 5, covariance="limited"), sphere(problem), 40)
    rng = np.random.default_rng(5)

    def normal(*shape: int) -> FloatArray:
        return rng.standard_normal(shape)

    options = GaussVkDSampler.extend_cma_options({"bounds": [-1, 1], "randn": normal, "seed": np.nan, "verbose": -9})
    strategy = cma.CMAEvolutionStrategy(np.zeros(12), 0.3, options | {"CMA_sampler_options": {"randn": normal}})
    for candidates, losses in ours:
        assert np.array(strategy.ask()).tobytes() == candidates.tobytes()
        strategy.tell(list(candidates), losses.tolist())


def test_limited_learns_a_direction() -> None:
    """A valley along no axis: variances alone cannot follow it."""
    direction = np.random.default_rng(0).standard_normal(30)
    direction /= np.linalg.norm(direction)
    problem = even_box(30, np.full((1, 30), 0.5))

    def valley(rows: FloatArray) -> FloatArray:
        along = (rows - 0.1) @ direction
        return 1e4 * (np.square(rows - 0.1).sum(axis=1) - np.square(along)) + np.square(along)

    reached = {}
    for covariance in ("diagonal", "limited"):
        optimizer = cmaes(problem, covariance=covariance)
        search(optimizer, valley, 500)
        assert optimizer.best is not None
        reached[covariance] = optimizer.best[1]
    assert reached["limited"] < 1e-3 * reached["diagonal"]


@pytest.mark.parametrize("covariance", ["diagonal", "limited"])
def test_many_dimensions_without_a_matrix(covariance: str) -> None:
    problem = box(20_000)
    search(cmaes(problem, covariance=covariance), sphere(problem), 3)


def test_refuses_a_full_covariance_of_many_dimensions() -> None:
    cmaes(box(2000), covariance="full")
    with pytest.raises(UsageError) as caught:
        cmaes(box(81_920), covariance="full")
    assert str(caught.value) == (
        "optimizer 'cma' with covariance full was given 81920 dimensions: expected at most 2000, since one covariance "
        "takes 53.7 GB; use covariance limited or diagonal"
    )


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


@pytest.mark.parametrize("covariance", ["full", "diagonal", "limited"])
def test_a_better_candidate_of_elsewhere_is_injected(covariance: str) -> None:
    """Near by it is asked as it is; far away a point on the way there; a worse one has no effect."""
    problem = even_box(20)
    loss = sphere(problem)
    near = problem.lower + 0.31 * (problem.upper - problem.lower)
    one, other = cmaes(problem, covariance=covariance), cmaes(problem, covariance=covariance)
    search(one, loss, 5)
    search(other, loss, 5)
    one.adopt([np.ones(20)], [99.0])
    assert one.ask().tobytes() == other.ask().tobytes()
    one.tell(one._pending, loss(one._pending))
    mean = one._strategy.gp.pheno(one._strategy.mean)
    one.adopt([near, np.ones(20)], loss(np.stack([near, np.ones(20)])))
    moves = one.ask() - mean
    cosines = moves @ (near - mean) / np.linalg.norm(moves, axis=1) / np.linalg.norm(near - mean)
    assert (cosines > 0.98).sum() == 1
    one.tell(one._pending, loss(one._pending) * np.nan)
    assert one.best is not None and np.array_equal(one.best[0], near)
    search(one, loss, 10)


@pytest.mark.parametrize("initial", [None, np.full((2, 8), -0.5)])
def test_starts_at_what_was_adopted_first(initial: FloatArray | None) -> None:
    problem = even_box(8, initial)
    optimizer = cmaes(problem, sigma0=1e-6)
    near = np.full((1, 8), 0.21)
    optimizer.adopt(near, [1e-3])
    if initial is not None:
        search(optimizer, sphere(problem), 1)
    assert np.allclose(optimizer.ask(), near, rtol=0, atol=1e-4)


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
    "settings",
    [
        {"popsize": 3},
        {"popsize": -1},
        {"sigma0": 0.0},
        {"sigma0": 0.7},
        {"diagonal_above": -1},
        {"diagonal_above": 2001},
        {"covariance": "none"},
    ],
)
def test_parameters_have_ranges(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CMAESParameters(**settings)
