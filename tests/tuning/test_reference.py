"""The gradient reference minimises what the scorer measures, and is the bound that it is said to be."""

import numpy as np
import pytest
import torch

from harness.models.gradient import Descent
from harness.optimizers.gradient import GradientParameters
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.objective import Respondent
from harness.tuning.reference import embedding_space, objective

TOKENS = 4
SURVEY, TABLE = load_survey(), load_regions()


@pytest.fixture(scope="module")
def descent(lm):
    space = embedding_space(lm, TOKENS)
    return Descent(lm, objective(SURVEY), TOKENS, space.mean, space.std, keep=2)


@pytest.fixture
def starts(lm):
    return np.random.default_rng(1).uniform(-1, 1, (3, TOKENS * lm.width))


def test_its_outputs_are_the_indices_of_the_scorer(lm, descent, starts):
    space = embedding_space(lm, TOKENS)
    expected = Respondent(lm, SURVEY, "tuning", TOKENS).answer(space.decode(starts)).indices
    with descent._engine.active(), torch.no_grad():
        found = descent._outputs(torch.from_numpy(starts).float()).numpy()
    assert np.abs(found - expected).max() < 5e-3


def test_its_gradient_is_the_slope(descent, starts):
    z = torch.from_numpy(starts[:1]).float().requires_grad_()
    with descent._engine.active(), torch.enable_grad():
        descent._outputs(z)[0, 0].backward()
    direction = z.grad / z.grad.norm()
    with descent._engine.active(), torch.no_grad():
        step = 0.05
        ends = [float(descent._outputs(z + sign * step * direction)[0, 0]) for sign in (1, -1)]
    assert float(z.grad.norm()) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=0.02)


def test_it_descends_and_keeps_the_best_points(lm, descent, starts):
    targets = np.array([TABLE["JPN"].scores, TABLE["DNK"].scores, TABLE["USA"].scores], dtype=np.float64)
    targets[2, 3] = np.nan
    paths = list(descent.run(starts, targets, 25, GradientParameters().learning_rate))
    space = embedding_space(lm, TOKENS)
    for path, target in zip(paths, targets, strict=True):
        assert len(path.losses) == 25 and path.best.shape == (2, starts.shape[1])
        assert min(path.losses) < 0.5 * path.losses[0]
        answers = Respondent(lm, SURVEY, "tuning", TOKENS).answer(space.decode(path.best))
        assert answers.losses(target[None])[:, 0] == pytest.approx(sorted(path.losses)[:2], abs=5e-3)
    # One at a time or together: the same descents.
    (alone,) = descent.run(starts[1:2], targets[1:2], 25, GradientParameters().learning_rate)
    assert alone.losses[:5] == pytest.approx(paths[1].losses[:5], abs=1e-2)


def test_the_model_stays_frozen(lm, descent, starts):
    before = {name: part.clone() for name, part in lm.model.named_parameters()}
    list(descent.run(starts[:1], np.array([TABLE["JPN"].scores]), 2, 0.1))
    assert all(torch.equal(part, before[name]) and part.grad is None for name, part in lm.model.named_parameters())
