"""The arithmetic between log-probabilities and losses; it has to vanish beside the model."""

import numpy as np
import pytest

from harness.tasks.hofstede_vsm.answers import item_means
from harness.tasks.hofstede_vsm.indices import errors, indices
from harness.tasks.hofstede_vsm.prompts import survey_prompts
from harness.tasks.hofstede_vsm.regions import scores
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions

POPULATION = 64


@pytest.fixture(scope="module")
def means():
    return np.random.default_rng(0).uniform(1.0, 5.0, (POPULATION, 24))


def test_item_means(benchmark):
    prompts = survey_prompts(load_survey(), "tuning")
    logs = np.log(np.random.default_rng(0).dirichlet(np.ones(5), (POPULATION, len(prompts))))
    assert benchmark(item_means, logs, prompts).shape == (POPULATION, 24)


def test_indices(benchmark, means):
    assert benchmark(indices, means).shape == (POPULATION, 6)


def test_errors_of_all_regions(benchmark, means):
    targets = scores(load_regions().complete)
    assert benchmark(errors, indices(means), targets).shape == (POPULATION, 65)
