"""The validation wording chooses; the held-out wordings have no say."""

import numpy as np
import pytest

from harness.executors.local import Local
from harness.models.scorer import Plan
from harness.tasks.hofstede_vsm.regions import scores
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.baselines import score_prompt
from harness.tuning.cells import Tuned
from harness.tuning.dispatch import Dispatcher
from harness.tuning.exam import Questions
from harness.tuning.objective import Respondent
from harness.tuning.reference import embedding_space
from harness.tuning.scoring import Scoring
from harness.tuning.worker import Worker

TOKENS = 3


@pytest.fixture(scope="module")
def finalists(lm):
    """Six random prompts in the order of their tuned error for one region."""
    survey, region, space = load_survey(), load_regions()["JPN"], embedding_space(lm, TOKENS)
    vectors = np.random.default_rng(0).uniform(-1, 1, (6, TOKENS * lm.width))
    losses = {}
    for split in ("tuning", "validation", "heldout"):
        answers = Respondent(lm, survey, split, TOKENS).answer(space.decode(vectors))
        losses[split] = answers.losses(scores([region]))[:, 0]
    order = np.argsort(losses["tuning"])
    return region, space, vectors[order], {split: values[order] for split, values in losses.items()}


def score(lm, one, space):
    search = Scoring(TOKENS, Plan(kind="packed")).final(space, one, 0, "de")
    (found,) = Dispatcher(Local(Worker(lm, Questions(load_survey())))).run([search])
    return found.tuned, found.prompt, found.result


def test_the_finalist_with_the_lowest_validation_error_is_taken(lm, finalists):
    region, space, vectors, losses = finalists
    one = Tuned(region, vectors, float(losses["tuning"][0]), 40.0, ((1.0, 9.0),), 2)
    _, prompt, result = score(lm, one, space)
    place = int(losses["validation"].argmin())
    assert result.finalist == place
    assert result.mae_validation == pytest.approx(losses["validation"][place], abs=1e-4)
    assert result.mae == pytest.approx(losses["heldout"][place], abs=1e-4)
    assert result.mae_tuned == pytest.approx(losses["tuning"][place], abs=1e-4)
    assert np.array_equal(prompt, space.decode(vectors[place][None])[0])
    (alone,) = score_prompt(lm, Questions(load_survey()), [region], prompt)
    assert result.mae == pytest.approx(alone.mae, abs=1e-6)
    assert (result.evaluations, result.failed, result.curve) == (40.0, 2, ((1.0, 9.0),))


def test_a_single_finalist_is_not_asked(lm, finalists):
    region, space, vectors, losses = finalists
    _, _, result = score(lm, Tuned(region, vectors[:1], 1.0, 1.0, (), 0), space)
    assert (result.finalist, result.mae_validation) == (0, None)
    assert result.mae_tuned == pytest.approx(losses["tuning"][0], abs=1e-4)
