"""Rows by method and by dimension against numbers worked out by hand."""

import pytest

from harness.records.schema import DIMENSIONS, TargetFacts
from harness.report.leaderboard import build

SPREAD = dict.fromkeys(DIMENSIONS, 20.0)


def with_targets(record, scores, **spec):
    facts = TargetFacts(scores=scores, spread=SPREAD, mean=dict.fromkeys(DIMENSIONS, 50.0))
    return record.model_copy(update={"targets": facts, "spec": {**record.spec, **spec}})


@pytest.fixture
def board(record, result):
    """Three regions with scores 10, 20, 30 in pdi; de answers 12, 26, 21 there and 40, 50, 60 without a prompt."""

    def row(region, pdi, seed=None, gap=0.0):
        base = result(region, 5.0, seed)
        indices = {**base.indices, "pdi": pdi}
        gaps = {**dict.fromkeys(DIMENSIONS, 0.0), "pdi": gap}
        return base.model_copy(update={"indices": indices, "order_gap": gaps})

    # Two seeds around the value: the mean of a region is what counts.
    tuned = [
        row(r, v + d, s, g) for r, v, g in (("A", 12, -6), ("B", 26, 2), ("C", 21, 4)) for s, d in ((0, 1), (1, -1))
    ]
    naive = [row(r, v) for r, v in (("A", 40), ("B", 50), ("C", 60))]
    scores = {
        code: {**dict.fromkeys(DIMENSIONS, 5.0), "pdi": score}
        for code, score in (("A", 10.0), ("B", 20.0), ("C", 30.0))
    }
    scores["C"]["ivr"] = None
    return build({"one": with_targets(record(de=tuned, naive=naive), scores)})


def pdi(board, method="de"):
    return next(row for row in board.dimensions if (row.method, row.dimension) == (method, "pdi"))


def test_a_dimension_is_compared_region_by_region(board):
    row = pdi(board)
    assert row.mae == pytest.approx((2 + 6 + 9) / 3)
    assert row.bias == pytest.approx((2 + 6 - 9) / 3)
    assert row.share == pytest.approx(row.mae / 20)
    # 12, 26, 21 against 10, 20, 30: two pairs in order, one not.
    assert row.tau == pytest.approx(1 / 3)
    assert row.rho == pytest.approx(0.5)
    assert row.order_gap == pytest.approx(4.0)
    assert row.moved == pytest.approx((28 + 24 + 39) / 3)
    assert pdi(board, "naive").moved == 0.0 and pdi(board, "naive").tau == pytest.approx(1.0)


def test_a_dimension_that_is_constant_has_no_order(board):
    others = [row for row in board.dimensions if row.method == "de" and row.dimension != "pdi"]
    assert all(row.tau is None and row.rho is None for row in others)
    assert board.rows[0].tau is not None
    (de,) = (row for row in board.rows if row.method == "de")
    assert de.tau == pytest.approx(1 / 3), "the mean over the dimensions that have one"
    assert de.order_gap == pytest.approx(4.0 / 6)


def test_a_score_that_is_missing_counts_in_no_mean(board):
    (ivr,) = (row for row in board.dimensions if (row.method, row.dimension) == ("naive", "ivr"))
    assert ivr.mae == 0.0 and ivr.bias == 0.0


def test_dimensions_that_are_not_aimed_at_are_told_apart(record, result):
    scores = {"A": dict.fromkeys(DIMENSIONS, 5.0), "B": dict.fromkeys(DIMENSIONS, 9.0)}
    run = with_targets(record(de=[result("A", 1.0, 0), result("B", 2.0, 0)]), scores, dimensions=["pdi"])
    board = build({"one": run})
    assert [row.dimension for row in board.dimensions if row.aimed] == ["pdi"]
    assert "tuned and scored on pdi alone; the other dimensions are only recorded" in board.notes


def test_what_is_not_usual_is_noted(record, result):
    noisy = result("A", 1.0, 0, mass=0.1).model_copy(
        update={"sampling_error": dict.fromkeys(DIMENSIONS, 8.0), "entropy": 0.99}
    )
    wrong = result("A", 9.0, 0).model_copy(update={"source": "Z"})
    run = record(de=[noisy], wrong_region=[wrong])
    spec = {"response": "sample", "respondents": 20, "wordings": 1}
    notes = build({"one": run.model_copy(update={"spec": spec})}).notes
    assert notes == (
        "one wording of each item was tuned on, in both option orders: compare mae with tuned",
        "answers are means of 20 simulated respondents; an index has a sampling error of about 8.0 points, "
        "gap one of twice as much",
        "de answers nearly at random: evenness 0.990 of 1",
        "de mostly answers with no option: all together have a probability of 0.1",
        "wrong-region is the first candidate that comes nearest Z: the run tuned no other region",
        "one region shows nothing of a method: the mark goes by the numbers alone",
    )


def test_a_record_without_targets_still_has_its_errors(record, result):
    board = build({"one": record(de=[result("A", 1.0, 0)])})
    assert board.rows[0].mae == 1.0 and board.rows[0].tau is None
    assert all(row.mae is None and row.share is None for row in board.dimensions)


def test_the_gap_of_a_method_is_over_what_it_was_aimed_at(record, result):
    gaps = {**dict.fromkeys(DIMENSIONS, 60.0), "pdi": -2.0, "idv": 4.0}
    row = result("A", 1.0, 0).model_copy(update={"order_gap": gaps})
    scores = {"A": dict.fromkeys(DIMENSIONS, 5.0)}
    board = build({"one": with_targets(record(de=[row]), scores, dimensions=["pdi", "idv"])})
    assert board.rows[0].order_gap == pytest.approx(3.0)


def test_targets_with_one_complete_region_are_noted(record, result):
    run = with_targets(record(de=[result("A", 1.0, 0)]), {"A": dict.fromkeys(DIMENSIONS, 5.0)})
    told = "the targets hold one complete region: world-mean is the scores of that one"
    assert told not in build({"one": run}).notes
    alone = run.targets.model_copy(update={"spread": dict.fromkeys(DIMENSIONS, 0.0)})
    assert told in build({"one": run.model_copy(update={"targets": alone})}).notes


def test_what_an_earlier_version_did_not_record_was_as_usual(record, result):
    """Records had no dimensions and no way of answering; they were all six and expected answers."""
    old, new = record(de=[result("A", 1.0, 0)]), record(de=[result("A", 2.0, 1)])
    said = {"dimensions": list(DIMENSIONS), "response": "expected"}
    assert build({"a": old, "b": new.model_copy(update={"spec": said})}).notes == ()
    greedy = new.model_copy(update={"spec": {**said, "response": "greedy"}})
    assert "runs differ in their response: their errors do not compare" in build({"a": old, "b": greedy}).notes


def test_a_prompt_for_a_region_that_another_run_tuned_is_noted_all_the_same(record, result):
    wrong = result("A", 9.0, 0).model_copy(update={"source": "Z"})
    one = with_targets(record(wrong_region=[wrong]), {"A": dict.fromkeys(DIMENSIONS, 5.0)}, share=True, regions=["A"])
    other = with_targets(
        record(de=[result("Z", 1.0, 0)]), {"Z": dict.fromkeys(DIMENSIONS, 5.0)}, share=True, regions=["Z"]
    )
    told = "wrong-region is the first candidate that comes nearest Z: the run tuned no other region"
    assert told in build({"one": one, "other": other}).notes
