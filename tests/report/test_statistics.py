"""Intervals, pairs and ranks: hand-computed numbers, what must hold for all, and coverage where the truth is known."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.report import statistics
from harness.report.statistics import holm, interval, paired, rank_correlation, region_means, wilcoxon

NAN = math.nan
shapes = st.tuples(st.integers(2, 50), st.integers(1, 4))
draws = st.integers(0, 2**32 - 1)


def errors(draw, shape):
    return np.random.default_rng(draw).gamma(3.0, 4.0, shape)


def test_regions_of_one_seed_by_hand():
    # Mean 2, standard deviation 1, t(0.975, 2) = 4.3027.
    expected = pytest.approx((2 - 4.3027 / math.sqrt(3), 2 + 4.3027 / math.sqrt(3)), abs=1e-4)
    assert interval([1.0, 2.0, 3.0]) == expected
    assert interval([[1.0], [2.0], [3.0]]) == expected


def test_one_region_is_seen_over_its_seeds():
    assert interval([[1.0, 2.0, 3.0]]) == interval([1.0, 2.0, 3.0])


def test_regions_and_seeds_by_hand():
    # Regions 2 and 4, seeds 1 and 5, nothing left: mean squares 4 and 16 with one degree each; the mean's variance is
    # 20 / 4, its degrees of freedom 20^2 / (4^2 + 16^2).
    half = stats.t.ppf(0.975, 400 / 272) * math.sqrt(5)
    assert interval([[0.0, 4.0], [2.0, 6.0]]) == pytest.approx((3 - half, 3 + half))


def test_seeds_that_differ_by_chance_alone_leave_the_regions():
    table = np.array([[1.0, 2.0, 1.5], [5.0, 4.0, 4.5], [9.0, 9.5, 8.5]])
    found = stats.ttest_1samp(table.mean(axis=1), 0).confidence_interval()
    assert interval(table) == pytest.approx(tuple(found))


def test_a_seed_that_moves_all_regions_widens_the_interval():
    regions = errors(0, (65, 1))
    apart = regions + np.array([-2.0, 0.0, 2.0])
    low, high = interval(apart)
    alone, above = interval(regions)
    assert high - low > 2 * (above - alone)


def test_missing_seeds_leave_the_means_of_the_regions():
    table = errors(1, (7, 3))
    table[2, 1] = table[5, 0] = NAN
    assert interval(table) == interval(region_means(table))
    assert region_means([[1.0, NAN, 3.0], [4.0, 5.0, 6.0]]).tolist() == [2.0, 5.0]
    # A seed that no region was run with is none.
    assert interval([[1.0, NAN], [2.0, NAN], [4.0, NAN]]) == interval([1.0, 2.0, 4.0])


def test_many_regions_are_resampled_by_bca():
    values = errors(2, 65)
    found = stats.bootstrap((np.sort(values),), np.mean, method="BCa", rng=np.random.default_rng(20130))
    assert interval(values) == pytest.approx(tuple(found.confidence_interval))
    assert interval(values) == interval(values)
    assert interval(values, seed=1) != interval(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0], (None, None)),
        ([[3.0, NAN]], (None, None)),
        ([3.0, 3.0, 3.0 + 1e-12], (3.0, 3.0)),
        ([[3.0, 3.0]], (3.0, 3.0)),
        ([3.0] * 50, (3.0, 3.0)),
        ([[1.0, 3.0], [3.0, 1.0]], (None, None)),
    ],
)
def test_where_there_is_nothing_to_estimate(values, expected):
    assert interval(values) == (expected if expected[0] is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0, 2.0], [NAN, NAN]], "region 1 "),
        ([1.0, NAN], "region 1 "),
        ([1.0, math.inf], "infinite"),
        ([], r"shape \(0,\)"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
    ],
)
def test_what_has_no_mean_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        interval(values)


def test_errors_have_no_interval_below_zero():
    assert interval([1.0, 10.0])[0] < 0
    assert interval([1.0, 10.0], least=0.0) == (0.0, interval([1.0, 10.0])[1])


@given(draws, shapes, st.floats(-50.0, 50.0), st.floats(0.1, 20.0))
@settings(max_examples=50)
def test_an_interval_moves_and_grows_with_the_values(draw, shape, shift, scale):
    table = errors(draw, shape)
    expected = [shift + scale * end for end in interval(table, resamples=199)]
    assert interval(shift + scale * table, resamples=199) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(draws, shapes)
@settings(max_examples=50)
def test_the_order_of_regions_and_seeds_changes_nothing(draw, shape):
    table, rng = errors(draw, shape), np.random.default_rng(draw)
    mixed = rng.permutation(rng.permutation(table, axis=0), axis=1)
    assert interval(mixed, resamples=199) == pytest.approx(interval(table, resamples=199))


@given(draws, shapes)
@settings(max_examples=50)
def test_more_confidence_is_a_wider_interval_around_the_mean(draw, shape):
    table = errors(draw, shape)
    low, high = interval(table, resamples=999)
    lower, higher = interval(table, confidence=0.99, resamples=999)
    assert lower < low < table.mean() < high < higher


@pytest.mark.parametrize(
    ("regions", "seeds", "share"),
    [(4, 1, 0.0), (20, 1, 0.0), (65, 1, 0.0), (4, 3, 0.05), (8, 3, 0.2), (20, 5, 0.05), (65, 3, 0.0), (65, 5, 0.2)],
)
def test_coverage(regions, seeds, share):
    """Regions as skewed as errors are, a share of the variance from seeds that touch all of them, the rest noise."""
    rng = np.random.default_rng([regions, seeds])
    held, repetitions = 0, 2000
    for _ in range(repetitions):
        skewed = (rng.gamma(4.0, 1.0, (regions, 1)) - 4.0) / 2.0
        of_seeds, noise = rng.normal(size=(1, seeds)), rng.normal(size=(regions, seeds))
        values = 10.0 + math.sqrt(0.7 - share) * skewed + math.sqrt(share) * of_seeds + math.sqrt(0.3) * noise
        low, high = interval(values, resamples=499)
        held += low <= 10.0 <= high
    assert 0.92 <= held / repetitions <= 0.97


def test_pairs_by_hand():
    found = paired([[1.0, 3.0], [4.0, 6.0], [5.0, 5.0]], [4.0, 4.0, 8.0])
    # Differences -2, 1 and -3: 2 of 8 sign patterns are below the ranks 2 + 3 against 1, and the same above.
    assert (found.difference, found.better, found.worse, found.regions) == (pytest.approx(-4 / 3), 2, 1, 3)
    assert found.p == pytest.approx(4 / 8)
    assert (found.low, found.high) == interval([[-3.0, -1.0], [0.0, 2.0], [-3.0, -3.0]])


def test_what_a_seed_does_to_both_cancels():
    first = errors(3, (8, 3))
    luck = np.array([-5.0, 0.0, 5.0])
    one, other = paired(first + luck, first + 1.0 + luck), paired(first, first + 1.0)
    assert (one.low, one.high) == pytest.approx((-1.0, -1.0))
    assert (other.low, other.high) == pytest.approx((-1.0, -1.0))


@pytest.mark.parametrize("second", [errors(5, (6, 2)), np.where(np.eye(6, 3), NAN, errors(5, (6, 3)))])
def test_unlike_seeds_are_averaged_first(second):
    first = errors(4, (6, 3))
    means = region_means(first) - region_means(second)
    found = paired(first, second)
    assert (found.low, found.high) == interval(means)
    assert found.difference == pytest.approx(means.mean())
    assert found.p == wilcoxon(means)


def test_pairs_need_the_same_regions():
    with pytest.raises(ValueError, match="3 and 2 regions"):
        paired([1.0, 2.0, 3.0], [1.0, 2.0])


def test_one_region_makes_no_evidence():
    found = paired([3.0], [4.0])
    assert (found.difference, found.low, found.high, found.p, found.better) == (-1.0, None, None, None, 1)


@given(draws, st.tuples(st.integers(2, 12), st.integers(1, 3)))
def test_the_other_way_round_is_the_opposite(draw, shape):
    first, second = errors(draw, shape), errors(draw + 1, shape)
    one, other = paired(first, second), paired(second, first)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert (one.better, one.worse, one.difference) == (other.worse, other.better, pytest.approx(-other.difference))
    assert one.p == pytest.approx(other.p)


def test_signed_ranks_by_hand():
    # All five on one side: 2 of the 32 equally likely sign patterns are as extreme.
    assert wilcoxon([0.1, 0.2, 0.3, 0.4, 0.5]) == pytest.approx(2 / 32)
    # Ranks 1 + 2 + 3 against 4: 7 of 16 sign patterns have a rank sum of at most 4.
    assert wilcoxon([1.0, 2.0, 3.0, -4.0]) == pytest.approx(14 / 16)
    # Zeros are left out, and so is what only rounding made.
    assert wilcoxon([0.0, 1e-12, 0.1, 0.2, 0.3]) == pytest.approx(2 / 8)
    # Ranks 1.5, 1.5 and 3 of 0.5, -0.5 and 2: 3 of the 8 sign patterns sum to 4.5 or more, {1.5, 3} twice and all.
    assert wilcoxon([0.5, -0.5, 2.0]) == pytest.approx(2 * 3 / 8)
    # Four equal ranks, three of them positive: 5 of 16 have three or four.
    assert wilcoxon([1.0, 1.0, 1.0, -1.0]) == pytest.approx(2 * 5 / 16)


@given(st.lists(st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0]), max_size=8))
@settings(max_examples=50, deadline=None)
def test_signed_ranks_count_the_patterns_of_signs(differences):
    signed = np.array([one for one in differences if one])
    if len(differences) < 2 or not len(signed):
        assert wilcoxon(differences) is None
        return
    ranks = stats.rankdata(np.abs(signed))
    sums = np.array([ranks @ signs for signs in itertools.product((0, 1), repeat=len(signed))])
    observed = ranks @ (signed > 0)
    expected = min(1.0, 2 * min((sums <= observed).mean(), (sums >= observed).mean()))
    assert wilcoxon(differences) == pytest.approx(expected)


def test_signed_ranks_of_all_regions_are_exact_without_ties():
    # 65 differences of one sign: only two of the 2^65 patterns; the normal approximation says 5e-12.
    assert wilcoxon(np.arange(1.0, 66.0)) == pytest.approx(2.0**-64)


def test_many_tied_differences_are_approximated():
    differences = np.repeat([1.0, 2.0, -1.0], 8)
    p = wilcoxon(differences)
    assert p == pytest.approx(stats.wilcoxon(differences, method="asymptotic").pvalue)
    assert 0 < p < 0.05


@pytest.mark.parametrize("differences", [[], [1.0], [0.0, 0.0, 0.0], [1e-13, -1e-13]])
def test_signed_ranks_without_a_difference_are_not_defined(differences):
    assert wilcoxon(differences) is None


def test_holm_by_hand():
    # 3 x 0.01, 2 x 0.03, then 1 x 0.04, which may not fall below the one before.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0.0, 1.0), max_size=12))
def test_holm_is_never_below_the_raw_ones_and_keeps_their_order(raw):
    adjusted = holm(raw)
    assert all(one >= p for one, p in zip(adjusted, raw, strict=True))
    assert all(one <= 1.0 for one in adjusted)
    assert [adjusted[i] for i in np.argsort(raw, kind="stable")] == sorted(adjusted)


def test_rank_correlations_by_hand():
    # Five of six pairs in order, one not; squared rank differences sum to 2.
    assert rank_correlation([1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0]) == pytest.approx((4 / 6, 1 - 6 * 2 / 60))
    # Four pairs in order, one tied on each side: 4 / sqrt(5 * 5).
    assert rank_correlation([1.0, 1.0, 2.0, 3.0], [1.0, 2.0, 2.0, 3.0])[0] == pytest.approx(0.8)


def test_regions_without_a_score_are_left_out_of_the_order():
    assert rank_correlation([1.0, 9.0, 2.0, 3.0, NAN], [5.0, NAN, 6.0, 7.0, 0.0]) == pytest.approx((1.0, 1.0))


@pytest.mark.parametrize(
    ("indices", "scores"),
    [
        ([1.0, 2.0], [1.0, 2.0]),
        ([1.0, 2.0, NAN], [1.0, 2.0, 3.0]),
        ([50.0, 50.0, 50.0 + 1e-13], [1.0, 2.0, 3.0]),
        ([1.0, 2.0, 3.0], [7.0, 7.0, 7.0]),
    ],
)
def test_an_order_of_too_few_or_equal_values_is_not_defined(indices, scores):
    assert rank_correlation(indices, scores) == (None, None)


@given(draws, st.integers(3, 30))
def test_only_the_order_counts(draw, regions):
    first, second = errors(draw, (2, regions))
    found = rank_correlation(first, second)
    assert rank_correlation(np.log(first), second) == pytest.approx(found)
    assert rank_correlation(-first, second) == pytest.approx([-one for one in found])
    assert all(-1 - 1e-9 <= one <= 1 + 1e-9 for one in found)


def test_the_defaults_are_what_records_say():
    assert (statistics.CONFIDENCE, statistics.RESAMPLES, statistics.SEED) == (0.95, 9999, 20130)


def test_pieces_change_no_interval(monkeypatch):
    values = np.random.default_rng(0).normal(0.3, 1.0, 50)
    whole = statistics.interval(values)
    monkeypatch.setattr(statistics, "AT_ONCE", 1000)
    assert statistics.interval(values) == pytest.approx(whole, abs=1e-9)
