"""One generation of every optimizer in the dimensions of the default run; its cost has to vanish beside the model."""

import numpy as np
import pytest

from harness.optimizers import Problem, create, names, parse_parameters

DIMENSIONS = 1280


@pytest.mark.parametrize("name", names())
def test_a_generation(benchmark, name):
    rng = np.random.default_rng(0)
    problem = Problem(
        np.full(DIMENSIONS, -3.0), np.full(DIMENSIONS, 3.0), 10_000, initial=rng.uniform(-1, 1, (64, DIMENSIONS))
    )
    optimizer = create(name, problem, parse_parameters(name, {}), rng)

    def generation():
        asked = optimizer.ask()
        optimizer.tell(asked, np.square(asked).sum(axis=1))

    generation()
    benchmark(generation)
    assert optimizer.best is not None
