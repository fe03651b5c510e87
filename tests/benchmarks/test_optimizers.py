"""One generation of every optimizer in the dimensions of soft prompts; its cost has to vanish beside the model."""

import numpy as np
import pytest

from harness.optimizers import Problem, create, names, parse_parameters

# The default run, and ten tokens of a model of 1,024.
DIMENSIONS = (1280, 10_240)


@pytest.mark.parametrize("dim", DIMENSIONS)
@pytest.mark.parametrize("name", names())
def test_a_generation(benchmark, name, dim):
    rng = np.random.default_rng(0)
    problem = Problem(np.full(dim, -3.0), np.full(dim, 3.0), 10_000, initial=rng.uniform(-1, 1, (64, dim)))
    optimizer = create(name, problem, parse_parameters(name, {}), rng)

    def generation():
        asked = optimizer.ask()
        optimizer.tell(asked, np.square(asked).sum(axis=1))

    generation()
    benchmark(generation)
    assert optimizer.best is not None
