"""A candidate evaluation on the respondent, and the same by the plain forward pass, in one interleaved run."""

import statistics
import time

import numpy as np
import pytest
import torch

from harness.models.chat import tokenise
from harness.models.scorer import Scorer
from harness.tasks.hofstede_vsm.prompts import survey_prompts
from harness.tasks.hofstede_vsm.survey import load_survey

TOKENS = 10
ROUNDS = 9


@pytest.fixture(scope="module")
def turns():
    return [prompt.text for prompt in survey_prompts(load_survey(), "tuning")]


@pytest.fixture
def population(lm):
    return np.random.default_rng(0).normal(0.0, 0.1, (4, TOKENS, lm.width)).astype(np.float32)


def test_four_candidates(benchmark, lm, turns, population):
    scorer = Scorer(lm, turns, TOKENS)
    assert benchmark(scorer.score, population).shape == (4, 48, 5)


def test_against_a_padded_batch(benchmark, lm, turns, population):
    """How many times as long the plain way takes: all 48 prompts padded to one batch, whole vocabulary at the end."""
    scorer, prompts = Scorer(lm, turns, TOKENS), tokenise(lm, turns)
    length = max(map(len, prompts))
    ids = torch.tensor([[0] * (length - len(prompt)) + list(prompt) for prompt in prompts])
    seen = torch.tensor([[1] * TOKENS + [0] * (length - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    # Padding stands between soft prompt and text, so positions are given.
    positions = (seen.cumsum(-1) - 1).clamp_min(0)

    def plain():
        with torch.inference_mode():
            text = lm.model.get_input_embeddings()(ids)
            for soft in torch.from_numpy(population):
                whole = torch.cat([soft.expand(len(prompts), -1, -1), text], dim=1)
                logits = lm.model(
                    inputs_embeds=whole, attention_mask=seen, position_ids=positions, logits_to_keep=1
                ).logits
        return logits

    ratios = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        plain()
        middle = time.perf_counter()
        found = scorer.score(population)
        ratios.append((middle - began) / (time.perf_counter() - middle))
    benchmark.extra_info["times_as_long"] = {
        "median": round(statistics.median(ratios), 2),
        "low": round(min(ratios), 2),
        "high": round(max(ratios), 2),
    }
    benchmark(scorer.score, population)
    wanted = plain()[:, -1].log_softmax(-1)[:, lm.tokenizer.convert_tokens_to_ids(list("12345"))]
    np.testing.assert_allclose(found[-1], wanted.numpy(), rtol=0, atol=1e-4)
