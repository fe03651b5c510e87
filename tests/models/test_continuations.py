"""Whole answers: against the scorer where they are one token, against lm-eval where they are several."""

import numpy as np
import pytest

from harness.errors import ModelError
from harness.models.continuations import continuation_log_probabilities
from harness.models.scorer import Scorer
from harness.tasks.hofstede_vsm.prompts import survey_prompts
from harness.tasks.hofstede_vsm.survey import load_survey

TURNS = [prompt.text for prompt in survey_prompts(load_survey(), "heldout")][20:28]


@pytest.mark.parametrize("virtual", [0, 5])
def test_answers_of_one_token_are_the_scorers(lm, virtual):
    soft = np.random.default_rng(0).normal(0, 0.05, (virtual, lm.width)).astype(np.float32)

    found = continuation_log_probabilities(lm, TURNS, [list("12345")] * len(TURNS), soft)

    wanted = Scorer(lm, TURNS, virtual).score(soft[None])[0]
    np.testing.assert_allclose(np.array(found), wanted, atol=1e-4)


def test_answers_of_several_tokens_are_lm_evals(lm):
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    from harness.models.chat import chat_text

    texts = [["essential", "not important at all"], ["often"], ["now and then", "all the time", "3"]]
    judge = HFLM(pretrained=lm.model, tokenizer=lm.tokenizer, batch_size=1, max_length=lm.context_length)
    requests = [
        Instance("loglikelihood", {}, (chat_text(lm, turn), text), 0)
        for turn, row in zip(TURNS, texts, strict=False)
        for text in row
    ]

    found = continuation_log_probabilities(lm, TURNS[:3], texts)

    wanted = [nats for nats, _ in judge.loglikelihood(requests, disable_tqdm=True)]
    np.testing.assert_allclose(np.concatenate(found), wanted, atol=1e-4)


def test_an_empty_answer_is_refused(lm):
    with pytest.raises(ModelError, match="the answer '' has no token"):
        continuation_log_probabilities(lm, TURNS[:1], [["1", ""]])
