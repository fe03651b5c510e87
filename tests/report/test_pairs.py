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
    # Two regions and two seeds that differ by nothing but the region: Student's t on 1 and -8, one degree of freedom.
    assert found["icl"].low == pytest.approx(-3.5 - 12.7062 * 4.5, abs=1e-3)
    assert found["icl"].p == 1.0


def null_pair(board, method):
    return next(pair for pair in board.pairs if pair.null and pair.method == method)


def test_every_method_stands_beside_the_best_null_row(record, result):
    """The world-mean is the better of two null rows; one method beats it everywhere, one never, one on average only."""
    codes = [f"R{place}" for place in range(8)]

    def rows(*errors):
        return [result(code, error) for code, error in zip(codes, errors, strict=True)]

    board = build(
        {
            "one": record(
                null=rows(*[20.0] * 8),
                world_mean=rows(*range(11, 19)),
                good=rows(*range(1, 9)),
                bad=rows(*range(13, 21)),
                lucky=rows(1.5, *range(12, 19)),
            )
        }
    )
    assert {pair.against for pair in board.pairs} == {"world-mean"}
    good, bad, lucky = (null_pair(board, name) for name in ("good", "bad", "lucky"))
    assert (good.difference, good.better, good.shown_better) == (-10.0, 8, True)
    assert (bad.difference, bad.better, bad.shown_better) == (2.0, 0, False)
    assert lucky.difference < 0 < lucky.high and not lucky.shown_better
    assert set(board.unproven) == {("respondent", name, ("one",)) for name in ("bad", "lucky")}
    # Eight of eight signs alike: 2 / 2 ** 8, for three pairs.
    assert good.p == pytest.approx(3 * 2 / 2**8)


def test_in_one_region_the_mark_goes_by_the_numbers_themselves(record, result):
    board = build({"one": record(null=[result("USA", 9.0)], good=[result("USA", 3.0)], bad=[result("USA", 9.5)])})
    assert null_pair(board, "good").shown_better and not null_pair(board, "bad").shown_better
    assert null_pair(board, "good").high is None


def test_a_baseline_that_lacks_a_region_is_no_yardstick(record, result):
    board = build({"runs/one": record(de=[result("USA", 3.0, 0), result("CHN", 2.0, 0)], icl=[result("USA", 3.0)])})
    assert board.pairs == ()
