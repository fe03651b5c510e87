"""Paired comparisons by hand-computed numbers."""

import pytest

from harness.report.leaderboard import build


def test_differences_are_taken_region_by_region_over_the_seeds_mean(record, result):
    de = [result("USA", 3.0, 0), result("USA", 5.0, 1), result("CHN", 12.0, 0), result("CHN", 12.0, 1)]
    board = build(
        {
            "runs/one": record(
                de=de,
                icl=[result("USA", 3.0), result("CHN", 20.0)],
                persona=[result("USA", 6.0), result("CHN", 16.0)],
                naive=[result("USA", 1.0), result("CHN", 1.0)],
            )
        }
    )
    found = {pair.against: pair for pair in board.pairs}
    # USA 4 - 3 and 4 - 6, CHN 12 - 20 and 12 - 16; naive names no region and is no yardstick here.
    assert set(found) == {"icl", "persona"}
    assert found["icl"].difference == pytest.approx(-3.5)
    assert (found["icl"].better, found["icl"].regions) == (1, 2)
    assert found["persona"].difference == pytest.approx(-3.0)
    assert found["persona"].better == 2
    # Two regions: a resampled mean is one of three values.
    assert (found["icl"].low, found["icl"].high) == (pytest.approx(-8.0), pytest.approx(1.0))


def test_a_baseline_that_lacks_a_region_is_no_yardstick(record, result):
    board = build({"runs/one": record(de=[result("USA", 3.0, 0), result("CHN", 2.0, 0)], icl=[result("USA", 3.0)])})
    assert board.pairs == ()
