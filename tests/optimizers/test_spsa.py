from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.optimizers import FloatArray, Problem
from harness.optimizers.contract import Loss, box, search, sphere
from harness.optimizers.spsa import SPSA, SPSAParameters


def spsa(problem: Problem, seed: int = 0, **settings: Any) -> SPSA:
    return SPSA(problem, SPSAParameters(**settings), np.random.default_rng(seed))


def even_box(dim: int, budget: int = 1000, initial: FloatArray | None = None) -> Problem:
    return Problem(np.full(dim, -1.0), np.full(dim, 1.0), budget, initial)


def bowl(dim: int, condition: float) -> Loss:
    """A bowl whose curvatures spread evenly on a logarithmic scale."""
    curvature = condition ** -np.linspace(0, 1, dim)
    return lambda rows: (curvature * np.square(rows - 0.2)).sum(axis=1)


def theta(optimizer: SPSA) -> FloatArray:
    assert optimizer._theta is not None
    return optimizer._theta.copy()


def test_gains_by_hand() -> None:
    optimizer = spsa(even_box(2, budget=1 + 8 + 2 * 99), a=0.5, c=0.02, A=0.1)
    search(optimizer, sphere(even_box(2)), 1)
    # 100 steps are planned, so A is 10 of them.
    assert optimizer.gain(0) == pytest.approx(0.5 / 11**0.602)
    assert optimizer.gain(5) == pytest.approx(0.5 / 16**0.602)
    assert optimizer.perturbation(0) == 0.02
    assert optimizer.perturbation(5) == pytest.approx(0.02 / 6**0.101)


def test_a_step_by_hand() -> None:
    problem = Problem(np.array([-2.0, 0.0]), np.array([2.0, 0.2]), 100)
    optimizer = spsa(problem, a=0.1, c=0.25, A=0.0, pairs=1)
    assert optimizer.ask().tolist() == [[0.0, 0.1]]
    optimizer.tell([[0.0, 0.1]], [9.0])
    plus, minus = optimizer.ask()
    signs = np.sign(plus - minus)
    assert np.allclose(plus, [0.0 + 0.5 * signs[0], 0.1 + 0.025 * signs[1]])
    assert np.allclose(plus + minus, [0.0, 0.2])
    optimizer.tell(np.stack([plus, minus]), [3.0, 2.0])
    # theta - a (3 - 2) / (2 c) D
    assert np.allclose(theta(optimizer), -0.1 * (1.0 / 0.5) * signs)


def test_pairs_are_averaged_in_the_first_step_only() -> None:
    problem = even_box(3)
    optimizer = spsa(problem, a=0.01, A=0.0, pairs=3)
    search(optimizer, sphere(problem), 1)
    [(rows, losses)] = search(optimizer, sphere(problem), 1)
    signs = np.sign(rows[0::2] - rows[1::2])
    slopes = (losses[0::2] - losses[1::2]) / 0.02
    assert np.allclose(theta(optimizer), -0.01 * (slopes[:, None] * signs).mean(axis=0))
    assert len(optimizer.ask()) == 2


def test_the_automatic_gain_makes_the_first_step_as_long_as_asked() -> None:
    """On a slope, where no curvature speaks against it."""
    problem = even_box(400)
    optimizer = spsa(problem, first_step=0.3, pairs=1)
    search(optimizer, lambda rows: 1e6 * rows.sum(axis=1), 2)
    assert np.linalg.norm(theta(optimizer)) == pytest.approx(0.3, rel=1e-6)


def test_the_automatic_gain_heeds_curvature() -> None:
    """Close to the lowest point of a bowl the same first step would throw the search far away from it."""
    problem = even_box(10, initial=np.full((1, 10), 0.201))
    optimizer = spsa(problem, first_step=1.0)
    history = search(optimizer, bowl(10, 1.0), 60)
    assert optimizer.gain(0) == pytest.approx(1 / (2 * 10), rel=1e-3)
    assert max(losses.max() for _, losses in history) < 0.02


@pytest.mark.parametrize(("condition", "reached"), [(1.0, 0.92), (1e4, 0.72)])
def test_many_dimensions_and_few_evaluations(condition: float, reached: float) -> None:
    """In 1,280 dimensions no direction drawn at random lets 500 evaluations of a round bowl reach below 0.82."""
    rows = np.random.default_rng(1).uniform(-0.5, 0.5, (8, 1280))
    problem = even_box(1280, 500, rows)
    loss = bowl(1280, condition)
    for seed in range(3):
        optimizer = spsa(problem, seed)
        first = search(optimizer, loss, 1)[0][1].min()
        while optimizer.evaluations < 500:
            search(optimizer, loss, 1)
        assert optimizer.best is not None and optimizer.best[1] < reached * first
        assert loss((theta(optimizer))[None])[0] < reached * first


@given(scale=st.sampled_from([1e-200, 1e-12, 1.0, 1e12, 1e200]), shift=st.sampled_from([0.0, 5.0]))
def test_the_unit_of_the_loss_does_not_matter(scale: float, shift: float) -> None:
    problem = even_box(6)
    loss = bowl(6, 10.0)
    one, other = spsa(problem), spsa(problem)
    first = search(one, loss, 30)[-1][0]
    second = search(other, lambda rows: scale * (loss(rows) + shift), 30)[-1][0]
    if scale in (1e-12, 1.0, 1e12):
        assert np.allclose(first, second, rtol=0, atol=1e-6)
    assert np.isfinite(second).all()


def test_starts_at_the_best_initial_row() -> None:
    rows = np.random.default_rng(0).uniform(-0.9, 0.9, (20, 4))
    problem = even_box(4, initial=rows)
    optimizer = spsa(problem, starts=5)
    [(asked, losses)] = search(optimizer, bowl(4, 1.0), 1)
    assert asked.tobytes() == rows[:5].tobytes()
    assert np.array_equal(theta(optimizer), rows[losses.argmin()])


def test_a_pair_with_a_failed_member_makes_no_step() -> None:
    problem = even_box(4)
    optimizer = spsa(problem, pairs=2)
    search(optimizer, bowl(4, 1.0), 4)
    before, step = theta(optimizer), optimizer._step
    for failed in ([0], [1], [0, 1]):
        first = optimizer.ask()
        losses = bowl(4, 1.0)(first)
        losses[failed] = np.nan
        optimizer.tell(first, losses)
        assert np.array_equal(theta(optimizer), before) and optimizer._step == step
    assert not np.array_equal(optimizer.ask(), first), "another pair is drawn"


def test_failed_pairs_are_left_out_of_the_first_step() -> None:
    problem = even_box(3)
    optimizer = spsa(problem, a=0.01, A=0.0, pairs=2)
    search(optimizer, sphere(problem), 1)
    rows = optimizer.ask()
    losses = sphere(problem)(rows)
    optimizer.tell(rows, np.where(np.arange(4) == 1, np.nan, losses))
    expected = -0.01 * (losses[2] - losses[3]) / 0.02 * np.sign(rows[2] - rows[3])
    assert np.allclose(theta(optimizer), expected)


def test_equal_losses_make_no_step() -> None:
    problem = even_box(3)
    optimizer = spsa(problem)
    search(optimizer, lambda rows: np.ones(len(rows)), 20)
    assert not theta(optimizer).any()
    search(optimizer, sphere(problem), 100)
    assert optimizer.best is not None and optimizer.best[1] < 0.01


def test_both_evaluations_stay_apart_at_the_border() -> None:
    problem = even_box(3, initial=np.array([[1.0, -1.0, 0.0]]))
    optimizer = spsa(problem, c=0.1)
    search(optimizer, lambda rows: -rows[:, 0] + rows[:, 1], 5)
    plus, minus = optimizer.ask()
    width = optimizer.perturbation(optimizer._step)
    assert np.allclose(np.abs(plus - minus), 2 * width)
    assert np.allclose((plus + minus)[:2] / 2, [1 - width, width - 1])


def test_moves_to_what_is_clearly_better_elsewhere() -> None:
    problem = even_box(4)
    optimizer = spsa(problem)
    near, far = np.full((1, 4), 0.21), np.full((1, 4), -0.9)
    search(optimizer, bowl(4, 1.0), 2)
    before = theta(optimizer)
    optimizer.adopt(far, bowl(4, 1.0)(far))
    assert np.array_equal(theta(optimizer), before)
    optimizer.adopt(near, bowl(4, 1.0)(near))
    assert np.allclose(theta(optimizer), near[0])


@pytest.mark.parametrize("initial", [None, np.full((2, 4), -0.5)])
def test_what_was_adopted_first_is_a_start(initial: FloatArray | None) -> None:
    near = np.full((1, 4), 0.21)
    optimizer = spsa(even_box(4, initial=initial))
    optimizer.adopt(near, bowl(4, 1.0)(near))
    search(optimizer, bowl(4, 1.0), 1)
    assert np.allclose(theta(optimizer), near[0])


def test_huge_losses() -> None:
    problem = box(3)
    optimizer = spsa(problem)
    largest = np.finfo(float).max
    search(optimizer, lambda rows: np.where(rows[:, 0] > rows.mean(axis=0)[0], largest, -largest), 20)
    search(optimizer, lambda rows: 1e152 * sphere(problem)(rows), 20)
    assert np.isfinite(optimizer.ask()).all()


@pytest.mark.parametrize(
    "settings",
    [{"a": -1.0}, {"c": 0.0}, {"c": 0.6}, {"A": -0.1}, {"alpha": 1.1}, {"gamma": -0.1}, {"pairs": 0}, {"starts": 0}],
)
def test_parameters_have_ranges(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SPSAParameters(**settings)


@pytest.mark.parametrize("settings", [{"a": 1e100}, {"c": 0.5}, {"A": 0.0}, {"alpha": 0.0, "gamma": 0}, {"pairs": 64}])
def test_edges_of_the_ranges_work(settings: dict[str, Any]) -> None:
    problem = box(1)
    for candidates, _ in search(spsa(problem, **settings), sphere(problem), 40):
        assert np.isfinite(candidates).all()


def test_a_start_at_the_border_says_nothing_about_curvature() -> None:
    """The pairs are not around the place whose loss is known; on a slope the first step has to be as long as ever."""
    rows = np.where(np.arange(50) % 2, 1.0, -1.0)[None]
    for sign in (1.0, -1.0):
        problem = even_box(50, initial=rows)
        optimizer = spsa(problem, first_step=0.3, pairs=1)
        search(optimizer, lambda rows: sign * rows @ np.linspace(-1, 1, 50), 1)  # noqa: B023
        optimizer.ask()
        before = theta(optimizer)
        optimizer.tell(optimizer._pending, sign * optimizer._pending @ np.linspace(-1, 1, 50))
        assert np.linalg.norm(theta(optimizer) - before) == pytest.approx(0.3, rel=1e-6)


def test_huge_losses_of_both_signs_in_the_first_pairs() -> None:
    optimizer = spsa(even_box(3))
    optimizer.tell(optimizer.ask(), [0.0])
    largest = 1e147
    optimizer.tell(optimizer.ask(), [largest, 0.0, -largest, 0.0, largest, largest, -largest, -largest])
    assert np.isfinite(optimizer.ask()).all()
