"""Null rows made of tuned prompts."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.executors.local import Local
from harness.tasks.hofstede_vsm.regions import Regions, scores
from harness.tuning.cells import Ground
from harness.tuning.dispatch import Dispatcher
from harness.tuning.exam import Exam
from harness.tuning.memory import keys_of
from harness.tuning.nulls import Answered, Nulls, others, random_prompt


@given(st.integers(2, 70), st.integers(0, 100))
def test_every_region_gets_the_prompt_of_one_other(count, seed):
    codes = [f"R{place}" for place in range(count)]
    found = others(codes, np.random.default_rng(seed))
    assert sorted(found) == sorted(found.values()) == sorted(codes)
    assert all(code != other for code, other in found.items())


def test_a_random_prompt_is_as_long_as_the_tuned_one_and_points_elsewhere():
    tuned = np.random.default_rng(0).normal(0, 3, (10, 128)).astype(np.float32)
    drawn = random_prompt(tuned, np.random.default_rng(1))
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), np.linalg.norm(tuned, axis=1), rtol=1e-5)
    cosine = (drawn * tuned).sum(axis=1) / np.linalg.norm(drawn, axis=1) / np.linalg.norm(tuned, axis=1)
    assert np.abs(cosine).max() < 0.4


@pytest.fixture
def alone(bench, fake_respondent):
    """Scores the null rows of one region whose tuned prompt is one of 12 first candidates; also the losses of those."""
    respondent = fake_respondent()

    def answer(prompt, seed):
        found = respondent.answer(prompt[None])
        return Exam(found, found, None)

    def score(region, table, tuned=0):
        sample = np.random.default_rng(3).uniform(-1, 1, (12, len(bench.space.lower)))
        prompts = bench.space.decode(sample)
        row = Answered(region, prompts[tuned], answer(prompts[tuned], 0), 12.0)
        ground = Ground(bench.space, {"": sample}, None)
        everything = respondent.answer(prompts)
        ground.memory.learn(keys_of(sample), [everything.rows(place, place + 1) for place in range(len(sample))])
        worker = SimpleNamespace(examiner=lambda tokens, plan: SimpleNamespace(answer=answer))
        searches = Nulls(table, {0: ground}, None).searches(0, [row], lambda: None)
        [(wrong, _)] = Dispatcher(Local(worker)).run(searches)
        return wrong, respondent.answer(prompts)

    return score


def test_one_region_alone_in_its_targets_gets_a_bundled_one_for_another(alone, bench):
    region = bench.table["JPN"]
    wrong, _ = alone(region, Regions((region,), ""))
    assert wrong.source != "JPN" and wrong.source in {one.code for one in bench.table.complete}


def test_another_region_is_aimed_at_in_the_dimensions_of_the_run(alone, bench):
    region = bench.table["JPN"].aiming(("pdi",))
    wrong, answers = alone(region, bench.table)
    losses = answers.losses(scores([bench.table[wrong.source].aiming(("pdi",))]))[1:, 0]
    assert wrong.indices["pdi"] == pytest.approx(answers.indices[1:][losses.argmin()][0])
    assert losses.argmin() != answers.losses(scores([bench.table[wrong.source]]))[1:, 0].argmin(), "a telling case"


def test_the_runs_own_prompt_is_not_the_one_for_another_region(alone, bench):
    """The first candidates are few: the one nearest the other region may be what the run itself took."""
    region = bench.table["JPN"]
    wrong, answers = alone(region, bench.table)
    losses = answers.losses(scores([bench.table[wrong.source]]))[:, 0]
    first, second = np.argsort(losses)[:2]
    wrong, _ = alone(region, bench.table, tuned=int(first))
    assert wrong.mae == pytest.approx(answers.losses(scores([region]))[second, 0])
