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


def several(record, spec, **methods):
    return record(**methods).model_copy(update={"spec": spec})


def test_pairs_go_by_the_seed_and_not_by_the_order_of_the_runs(record, result):
    """A further run of the first optimizer alone brings seed 1 of the null row before its seed 0."""
    codes = "ABC"
    first, second = {"name": "random"}, {"name": "cma"}

    def rows(table, seeds):
        return [result(code, table[code][seed], seed) for seed in seeds for code in codes]

    null = {"A": (20.0, 40.0), "B": (22.0, 41.0), "C": (21.0, 43.0)}
    tuned = {"A": (10.0, 30.0), "B": (12.5, 31.0), "C": (11.0, 32.0)}
    both = several(record, {"optimizers": [first, second]}, wrong_region=rows(null, (0, 1)), cma=rows(tuned, (0, 1)))
    more = several(record, {"optimizers": [first]}, wrong_region=rows(null, (1,)))
    alone = null_pair(build({"both": both}), "cma")
    found = null_pair(build({"more": more, "both": both}), "cma")
    assert (found.low, found.high, found.p) == (alone.low, alone.high, alone.p)


def test_a_null_row_with_further_seeds_is_compared_on_those_of_the_method(record, result):
    both = several(
        record,
        {"optimizers": [{"name": "random"}, {"name": "cma"}]},
        wrong_region=[result("A", 20.0, 0), result("B", 24.0, 0)],
        cma=[result("A", 10.0, 0), result("B", 12.0, 0)],
    )
    lucky = [result("A", 1.0, 1), result("B", 1.0, 1)]
    more = several(record, {"optimizers": [{"name": "random"}]}, wrong_region=lucky)
    assert null_pair(build({"both": both, "more": more}), "cma").difference == pytest.approx(-11.0)


def test_null_rows_of_other_first_optimizers_are_yardsticks_of_a_row_from_several_runs(record, result):
    """`de` leads one run and follows in another: each has a wrong-region of its own, both of them good."""
    de, cma = {"name": "de"}, {"name": "cma"}
    one = several(
        record, {"optimizers": [de]}, null=[result("A", 20.0)], wrong_region=[result("A", 4.0, 0)],
        de=[result("A", 5.0, 0)], persona=[result("A", 6.0)],
    )  # fmt: skip
    two = several(
        record, {"optimizers": [cma, de]}, null=[result("A", 20.0)], wrong_region=[result("A", 3.0, 1)],
        de=[result("A", 5.0, 1)], persona=[result("A", 6.0)],
    )  # fmt: skip
    board = build({"one": one, "two": two})
    assert {null_pair(board, name).against for name in ("de", "persona")} == {"wrong-region"}
    assert set(board.unproven) == {("respondent", name, ("one", "two")) for name in ("de", "persona")}


def test_samples_that_do_not_match_are_averaged_before_they_are_compared(record, result):
    """Drawn baselines of two runs have seeds 0 and 5, the method of one of them has 0 and 1."""
    spec = {"response": "sample", "optimizers": [{"name": "de"}]}
    de = [
        result(code, error, seed) for code, error, seed in (("A", 5.0, 0), ("A", 7.0, 1), ("B", 8.0, 0), ("B", 8.0, 1))
    ]
    one = several(record, {**spec, "budget": 10}, de=de, icl=[result("A", 9.0, 0), result("B", 9.0, 0)])
    two = several(
        record, {**spec, "budget": 20}, de=[result("A", 1.0, 5), result("B", 1.0, 5)],
        icl=[result("A", 11.0, 5), result("B", 13.0, 5)],
    )  # fmt: skip
    pair = next(pair for pair in build({"one": one, "two": two}).pairs if pair.runs == ("one",) and not pair.null)
    assert (pair.against, pair.difference) == ("icl", pytest.approx(((6 - 10) + (8 - 11)) / 2))
    # The regions alone: Student's t on -4 and -3.
    assert pair.low == pytest.approx(-3.5 - 12.7062 * 0.5, abs=1e-3)


def test_several_regions_without_an_interval_show_nothing(record, result):
    """Both regions differ by 2 on average, and their seeds do not agree: no interval is known."""
    rows = [
        result(code, error, seed) for code, error, seed in (("A", 9.0, 0), ("A", 7.0, 1), ("B", 7.0, 0), ("B", 9.0, 1))
    ]
    pair = null_pair(build({"one": record(null=[result("A", 10.0), result("B", 10.0)], de=rows)}), "de")
    assert (pair.difference, pair.high, pair.shown_better) == (-2.0, None, False)


def test_one_region_with_seeds_is_said_to_be_judged_by_them(record, result):
    def noted(*errors):
        de = [result("USA", error, seed) for seed, error in enumerate(errors)]
        return [note for note in build({"one": record(de=de, null=[result("USA", 9.0)])}).notes if "mark" in note]

    assert noted(3.0) == ["one region shows nothing of a method: the mark goes by the numbers alone"]
    (line,) = noted(3.0, 4.0, 5.0)
    assert "by its seeds" in line
