import numpy as np
import pytest

from harness.tasks.hofstede_vsm.prompts import survey_prompts
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.baselines import Baselines, score_prompt
from harness.tuning.exam import Exam, Questions
from harness.tuning.objective import Answers, Respondent

SURVEY, TABLE = load_survey(), load_regions()


def answering(monkeypatch, respondent, choose):
    """Lets a respondent choose, with all its mass, the listed option that `choose(prompt)` names."""
    prompts = survey_prompts(SURVEY, "heldout")

    def score(_):
        logs = np.full((1, len(prompts), 5), -30.0)
        for place, prompt in enumerate(prompts):
            logs[0, place, choose(prompt) - 1] = 0.0
        return logs

    monkeypatch.setattr(respondent.scorer, "score", score)
    return respondent.answer()


def test_the_order_gap_is_forward_minus_reversed(lm, monkeypatch):
    # Item 7 (power distance, + 35) is answered 4 in forward order and, mapped back, 3 in reversed order.
    answers = answering(
        monkeypatch, Respondent(lm, SURVEY, "heldout"), lambda p: 4 if (p.item, p.order) == (7, "forward") else 3
    )
    np.testing.assert_allclose(answers.order_gap[0], [35.0, 0, 0, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(answers.indices[0], [50 + 17.5, 50, 50, 50, 50, 50], atol=1e-6)
    assert answers.option_mass[0] == pytest.approx(1.0, abs=1e-6)


def test_a_taste_for_the_first_option_moves_no_index(lm, monkeypatch):
    answers = answering(monkeypatch, Respondent(lm, SURVEY, "heldout"), lambda _: 1)
    np.testing.assert_allclose(answers.item_means[0], 3.0, atol=1e-6)
    np.testing.assert_allclose(answers.indices[0], 50.0, atol=1e-6)


def test_a_soft_prompt_of_no_tokens_is_the_naive_method(lm):
    regions = TABLE.select("USA,CHN")
    naive = Baselines(Questions(SURVEY), TABLE).score(lm, "naive", regions)
    bare = score_prompt(lm, Questions(SURVEY), regions, np.zeros((0, lm.width), np.float32))
    assert [(one.region, one.mae, one.mae_tuned) for one in naive] == [(o.region, o.mae, o.mae_tuned) for o in bare]


def test_icl_without_demonstrations_is_the_persona_method(lm):
    regions = TABLE.select("JPN")
    persona = Baselines(Questions(SURVEY), TABLE).score(lm, "persona", regions)
    assert Baselines(Questions(SURVEY), TABLE, shots=0).score(lm, "icl", regions) == persona


def test_methods_without_a_model():
    regions = TABLE.select("USA,JPN")
    baselines = Baselines(Questions(SURVEY), TABLE)
    null, mean = baselines.score(None, "null", regions), baselines.score(None, "world-mean", regions)
    # USA: |50 - (40, 91, 62, 46, 26, 68)| over six.
    assert null[0].mae == pytest.approx((10 + 41 + 12 + 4 + 24 + 18) / 6)
    assert set(null[0].indices.values()) == {50.0}
    assert mean[0].indices == mean[1].indices
    average = np.mean([region.scores for region in TABLE.complete], axis=0)
    assert mean[1].mae == pytest.approx(np.abs(average - np.array(TABLE["JPN"].scores)).mean())
    assert {one.evaluations for one in null + mean} == {0}


def test_answers_that_are_not_finite_are_an_error_not_a_number():
    from harness.errors import ModelError

    shapes = ((1, 24), (1,), (1, 6), (1, 2, 24), (1,), (1, 6))
    broken = Answers(*(np.full(shape, np.nan) for shape in shapes))
    with pytest.raises(ModelError, match="region 'USA' are not finite numbers"):
        Exam(broken, broken, None).result(TABLE["USA"], 1)
