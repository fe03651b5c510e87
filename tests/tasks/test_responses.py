"""Answers that are chosen or drawn: against hand-made distributions and against their own theory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.tasks.hofstede_vsm.answers import entropy, expected_answers
from harness.tasks.hofstede_vsm.indices import indices
from harness.tasks.hofstede_vsm.responses import greedy_answers, sampled_answers, sampling_error

LOGS = arrays(np.float64, (6, 5), elements=st.floats(-20, 0))
STRAIGHT, BACKWARDS = np.zeros(6, dtype=bool), np.ones(6, dtype=bool)


def certain(*options):
    logs = np.full((len(options), 5), -60.0)
    logs[range(len(options)), np.array(options) - 1] = 0.0
    return logs


def test_the_likeliest_option_is_mapped_back_to_the_items_scale():
    logs = np.log([[0.1, 0.5, 0.2, 0.1, 0.1]] * 2)
    assert greedy_answers(logs, np.array([False, True])).tolist() == [2.0, 4.0]


def test_of_equally_likely_options_the_first_as_listed_counts():
    assert greedy_answers(np.log([[0.3, 0.1, 0.3, 0.2, 0.1]]), np.array([False])).tolist() == [1.0]


@given(LOGS)
def test_a_whole_sample_of_one_mind_is_the_greedy_and_the_expected_answer(logs):
    chosen = certain(*(np.argmax(logs, axis=1) + 1))
    drawn = sampled_answers(chosen, BACKWARDS, 7, np.random.default_rng(0))
    assert drawn.tolist() == greedy_answers(chosen, BACKWARDS).tolist()
    np.testing.assert_allclose(drawn, expected_answers(chosen, BACKWARDS), atol=1e-9)


@given(LOGS, st.integers(1, 9))
def test_a_sample_answers_within_the_scale_in_parts_of_its_size(logs, each):
    drawn = sampled_answers(logs, STRAIGHT, each, np.random.default_rng(0))
    assert ((drawn >= 1) & (drawn <= 5)).all()
    np.testing.assert_allclose(drawn * each, np.round(drawn * each), atol=1e-9)


def test_samples_scatter_around_the_expected_answer_as_their_theory_says():
    rng = np.random.default_rng(0)
    logs = np.log(rng.dirichlet(np.ones(5), 48))
    backwards = np.arange(48) >= 24
    draws = np.array([sampled_answers(logs, backwards, 25, rng) for _ in range(4000)])
    means = (draws[:, :24] + draws[:, 24:]) / 2
    expected = expected_answers(logs, backwards)
    np.testing.assert_allclose(means.mean(axis=0), (expected[:24] + expected[24:]) / 2, atol=0.02)
    np.testing.assert_allclose(indices(means).std(axis=0), sampling_error(logs, 50), rtol=0.05)


def test_a_sample_four_times_as_large_errs_half_as_much():
    logs = np.log(np.random.default_rng(1).dirichlet(np.ones(5), (3, 48)))
    np.testing.assert_allclose(sampling_error(logs, 50), 2 * sampling_error(logs, 200))


@pytest.mark.parametrize("hole", [np.nan, -np.inf, np.inf])
def test_what_is_not_finite_stays_so(hole):
    logs = certain(1, 2)
    logs[1, 3] = hole
    for found in (
        greedy_answers(logs, np.array([False, False])),
        sampled_answers(logs, np.array([False, False]), 10, np.random.default_rng(0)),
    ):
        assert found[0] == 1.0 and np.isnan(found[1])
    assert np.isnan(sampling_error(np.full((48, 5), hole), 50)).all()


def test_evenness_goes_from_sure_to_uniform():
    assert entropy(certain(1, 5)) == pytest.approx(0.0, abs=1e-9)
    assert entropy(np.zeros((2, 5))) == pytest.approx(1.0)
    # Half of the mass on each of two options: one bit of log2(5).
    assert entropy(np.log([[0.5, 0.5, 1e-300, 1e-300, 1e-300]])) == pytest.approx(1 / np.log2(5))
