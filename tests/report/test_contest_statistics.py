"""The numbers of a contest by hand-computed examples and by what must hold for all."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import contest_statistics as numbers

CURVE = [(10.0, 8.0), (16.0, 5.0), (40.0, 2.5)]
values = st.floats(0.0, 100.0)


@st.composite
def curves(draw):
    length = draw(st.integers(1, 6))
    places = sorted(draw(st.lists(st.integers(1, 500), min_size=length, max_size=length, unique=True)))
    heights = sorted(draw(st.lists(st.floats(0.1, 40.0), min_size=length, max_size=length)), reverse=True)
    return list(zip(map(float, places), heights, strict=True))


def test_a_curve_is_a_step_function_continuous_from_the_right():
    found = numbers.values_at(CURVE, np.array([9.0, 10.0, 15.9, 16.0, 39.0, 40.0, 1000.0]))
    assert found.tolist() == [math.inf, 8.0, 8.0, 5.0, 5.0, 2.5, 2.5]


def test_bands_begin_where_every_curve_has_a_value():
    found = numbers.bands([CURVE, [(12.0, 4.0)], [(12.0, 2.0)]], np.array([10.0, 12.0, 40.0]))
    assert np.isnan(found[:, 0]).all()
    assert found[:, 1].tolist() == [3.0, 4.0, 6.0]
    assert found[:, 2].tolist() == [2.25, 2.5, 3.25]


def test_a_run_length_is_where_the_target_is_first_met():
    found = numbers.run_lengths([CURVE, [(7.0, 3.0)]], [8.0, 5.0, 3.0, 1.0])
    assert found.tolist() == [[10.0, 16.0, 40.0, math.inf], [7.0, 7.0, 7.0, math.inf]]


def test_the_distribution_counts_runs_and_targets():
    lengths = np.array([[10.0, math.inf], [20.0, 30.0]])
    assert numbers.ecdf(lengths, np.array([5.0, 10.0, 20.0, 100.0])).tolist() == [0.0, 0.25, 0.5, 0.75]


def test_expected_running_time_charges_the_runs_that_failed():
    # Two of three got there: 10 + 50 (all that it had) + 30, per success.
    lengths, spent = np.array([10.0, math.inf, 30.0]), np.array([50.0, 50.0, 40.0])
    assert numbers.expected_running_time(lengths, spent) == 45.0
    assert numbers.expected_running_time(np.full(3, math.inf), spent) == math.inf


def test_friedman_by_hand():
    # Three entrants, the same order in four regions: 12 / (4 * 3 * 4) * (4^2 + 8^2 + 12^2) - 3 * 4 * 4 = 8.
    errors = np.array([[1.0] * 4, [2.0] * 4, [3.0] * 4])
    assert numbers.friedman(errors) == pytest.approx(math.exp(-8 / 2))
    assert numbers.ranks(errors).tolist() == [[1.0] * 4, [2.0] * 4, [3.0] * 4]


@pytest.mark.parametrize("shape", [(2, 5), (3, 1), (1, 1)])
def test_friedman_of_too_few_is_not_defined(shape):
    assert numbers.friedman(np.arange(np.prod(shape), dtype=float).reshape(shape)) is None


def test_friedman_of_equal_entrants_is_not_defined():
    assert numbers.friedman(np.tile([1.0, 2.0, 3.0], (4, 1))) is None


def test_equal_errors_share_their_rank():
    assert numbers.ranks(np.array([[1.0], [1.0 + 1e-12], [0.5], [2.0]]))[:, 0].tolist() == [2.5, 2.5, 1.0, 4.0]


def test_an_interval_of_equal_values_is_that_value():
    assert numbers.bootstrap(np.full(4, 2.5)) == (2.5, 2.5)
    assert numbers.bootstrap(np.array([1.0])) == (None, None)


def test_an_interval_covers_the_median_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    draws = rng.normal(3.0, 2.0, (80, 40))
    held = [low <= 3.0 <= high for low, high in (numbers.bootstrap(row) for row in draws)]
    assert 0.88 <= np.mean(held) <= 1.0


@given(st.lists(curves(), min_size=1, max_size=6), st.lists(values, min_size=1, max_size=5))
def test_more_evaluations_reach_no_fewer_targets(several, targets):
    shares = numbers.ecdf(numbers.run_lengths(several, targets), np.arange(0.0, 520.0, 7.0))
    assert (np.diff(shares) >= 0).all()
    assert shares[0] >= 0 and shares[-1] <= 1


@given(st.lists(curves(), min_size=1, max_size=6), values)
def test_nobody_is_expected_sooner_than_the_fastest_run(several, target):
    lengths = numbers.run_lengths(several, [target])[:, 0]
    spent = np.array([curve[-1][0] + 3.0 for curve in several])
    assert numbers.expected_running_time(lengths, spent) >= lengths.min()


@given(st.lists(curves(), min_size=1, max_size=6))
def test_harder_targets_take_no_less(several):
    lengths = numbers.run_lengths(several, numbers.TARGETS)
    assert (lengths[:, 1:] >= lengths[:, :-1]).all()


@given(curves(), st.integers(0, 520))
def test_a_run_length_and_the_curve_agree(curve, evaluations):
    (length,) = numbers.run_lengths([curve], [5.0])[0]
    assert (numbers.values_at(curve, np.array([float(evaluations)]))[0] <= 5.0) == (evaluations >= length)


@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_ranks_add_up(entrants, regions, data):
    rows = data.draw(
        st.lists(st.lists(values, min_size=regions, max_size=regions), min_size=entrants, max_size=entrants)
    )
    found = numbers.ranks(np.array(rows))
    assert found.sum(axis=0).tolist() == [entrants * (entrants + 1) / 2] * regions


@given(st.lists(values, min_size=2, max_size=8))
def test_an_interval_lies_within_the_values(numbers_given):
    low, high = numbers.bootstrap(np.array(numbers_given))
    # But for the last bit of an interpolation.
    ordered = np.array([min(numbers_given), low, high, max(numbers_given)])
    assert (np.diff(ordered) >= -1e-9).all()
