"""A candidate evaluation on the respondent, and the same by the plain forward pass, in one interleaved run."""

import statistics
import time

import numpy as np
import pytest

from harness.benchmarks.peers import Padded
from harness.models.planning import ScorerSpec, choose_plan
from harness.models.scorer import KINDS, Plan, Scorer
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


@pytest.mark.parametrize("kind", KINDS)
def test_four_candidates(benchmark, kind, lm, turns, population):
    scorer = Scorer(lm, turns, TOKENS, Plan(kind=kind))
    assert benchmark(scorer.score, population).shape == (4, 48, 5)


def test_against_a_padded_batch(benchmark, lm, turns, population):
    """How many times as long the plain way takes: all 48 prompts padded to one batch, logits of the last tokens."""
    scorer = Scorer(lm, turns, TOKENS, choose_plan(lm, lambda plan: Scorer(lm, turns, TOKENS, plan), ScorerSpec()))
    plain = Padded(lm, turns, len(turns), every_logit=False)
    ratios = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        wanted = plain.score(population)
        middle = time.perf_counter()
        found = scorer.score(population)
        ratios.append((middle - began) / (time.perf_counter() - middle))
    benchmark.extra_info["times_as_long"] = {
        "median": round(statistics.median(ratios), 2),
        "low": round(min(ratios), 2),
        "high": round(max(ratios), 2),
    }
    benchmark(scorer.score, population)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)
