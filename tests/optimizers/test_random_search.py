from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from harness.optimizers.contract import box, search, sphere
from harness.optimizers.random_search import RandomSearch, RandomSearchParameters


def test_initial_rows_then_uniform_draws() -> None:
    problem = box(3, initial=2)
    optimizer = RandomSearch(problem, RandomSearchParameters(batch=4), np.random.default_rng(7))
    history = search(optimizer, sphere(problem), 2)
    rng = np.random.default_rng(7)
    width = problem.upper - problem.lower
    assert problem.initial is not None
    assert np.array_equal(history[0][0][:2], problem.initial)
    assert np.array_equal(history[0][0][2:], problem.lower + width * rng.random((2, 3)))
    assert np.array_equal(history[1][0], problem.lower + width * rng.random((4, 3)))


def test_draws_cover_the_box() -> None:
    problem = box(2)
    optimizer = RandomSearch(problem, RandomSearchParameters(batch=4000), np.random.default_rng(0))
    share = (optimizer.ask() - problem.lower) / (problem.upper - problem.lower)
    assert np.histogram(share[:, 0], bins=4, range=(0, 1))[0].min() > 900
    assert np.histogram(share[:, 1], bins=4, range=(0, 1))[0].min() > 900


@pytest.mark.parametrize("batch", [0, 4097])
def test_batch_has_a_range(batch: int) -> None:
    with pytest.raises(ValidationError):
        RandomSearchParameters(batch=batch)
