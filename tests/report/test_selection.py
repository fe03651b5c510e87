"""A part of a board: what changes numbers, what hides rows, and what is said of either."""

import itertools
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.records.run_directory import RunDirectory
from harness.records.schema import DIMENSIONS, MethodResult
from harness.report.leaderboard import build, key
from harness.report.order import KEYS, ordered
from harness.report.selection import Selection

PATH = Path(__file__).parents[2] / "results" / "respondent-de"
FEW = ("USA", "CHN", "IND", "ARA", "JPN")


@pytest.fixture(scope="module")
def whole():
    return RunDirectory(PATH).read_record()


def cut(record, codes):
    """The record as it would be if the run had had fewer regions."""
    methods = tuple(
        MethodResult(method=one.method, group=one.group, results=tuple(r for r in one.results if r.region in codes))
        for one in record.methods
    )
    scores = {code: record.targets.scores[code] for code in codes}
    return record.model_copy(
        update={"methods": methods, "targets": record.targets.model_copy(update={"scores": scores})}
    )


@pytest.fixture(scope="module")
def few(whole):
    return cut(whole, FEW)


def test_a_board_of_some_regions_is_that_of_a_run_of_these_regions(whole, few):
    found = build({"a": whole}, Selection(regions="USA, chn,IND,ARA,JPN"))
    wanted = build({"a": few})
    assert (found.rows, found.regions, found.dimensions, found.pairs) == (
        wanted.rows, wanted.regions, wanted.dimensions, wanted.pairs,
    )  # fmt: skip
    assert (found.ranks, found.best, found.best_regions) == (wanted.ranks, wanted.best, wanted.best_regions)
    assert found.notes[0] == "5 of 65 regions: CHN, IND, JPN, USA, ARA; everything is over these alone"
    # wrong-region's prompts come from regions that were tuned, and are here no longer: nothing to be noted.
    assert not any("the run tuned no other region" in note for note in found.notes)


@settings(max_examples=10, deadline=None)
@given(st.sets(st.sampled_from(DIMENSIONS), min_size=1))
def test_errors_over_some_dimensions_are_those_of_indices_and_scores(names):
    record = cut(RunDirectory(PATH).read_record(), FEW)
    board = build({"a": record}, Selection(dimensions=",".join(names)))
    scores = record.targets.scores
    for row in board.rows:
        (method,) = (one for one in record.methods if one.method == row.method)
        errors = [
            sum(abs(one.indices[name] - scores[one.region][name]) for name in names) / len(names)
            for one in method.results
        ]
        assert row.mae == pytest.approx(sum(errors) / len(errors), abs=1e-9)
        assert (row.mae_tuned is None) == (names != set(DIMENSIONS))
    assert {row.dimension for row in board.dimensions} == names


def test_all_dimensions_change_nothing_but_the_note(few):
    found, wanted = build({"a": few}, Selection(dimensions=",".join(DIMENSIONS))), build({"a": few})
    assert asdict(found) | {"notes": ()} == asdict(wanted) | {"notes": ()}


def test_a_region_without_a_score_in_the_dimensions_is_left_out_and_named(few):
    scores = {**few.targets.scores, "CHN": {**few.targets.scores["CHN"], "ivr": None}}
    record = few.model_copy(update={"targets": few.targets.model_copy(update={"scores": scores})})
    board = build({"a": record}, Selection(dimensions="ivr"))
    assert {row.regions for row in board.rows} == {4} and "CHN is left out: it has no published ivr" in board.notes
    both = build({"a": record}, Selection(dimensions="ivr,lto"))
    assert {row.regions for row in both.rows} == {5}
    assert "CHN has no published ivr: its error is over the others" in both.notes


def test_runs_of_other_aims_compare_on_dimensions_that_are_chosen(few):
    aimed = few.model_copy(update={"run_id": "b", "spec": {**few.spec, "dimensions": ["pdi"]}})
    records = {"a": few, "b": aimed}
    assert any("differ in their dimensions" in note for note in build(records).notes)
    board = build(records, Selection(dimensions="ivr"))
    assert board.comparable and "de was not tuned on ivr" in board.notes
    assert build(records, Selection(dimensions="pdi")).rows[0].mae_tuned is None


FILTERS = [
    {"methods": "de,icl"},
    {"methods": "naive"},
    {"groups": "baseline,tuned"},
    {"groups": "null"},
    {"models": "respondent", "groups": "tuned"},
]


@pytest.mark.parametrize("asked", FILTERS, ids=str)
def test_hiding_rows_changes_no_number_and_no_mark(asked, few):
    every, some = build({"a": few}), build({"a": few}, Selection(**asked))
    kept = {key(row) for row in some.rows}
    assert 0 < len(kept) < len(every.rows)
    assert some.rows == tuple(row for row in every.rows if key(row) in kept)
    for table in ("regions", "dimensions", "pairs"):
        assert getattr(some, table) == tuple(row for row in getattr(every, table) if key(row) in kept), table
    assert (some.ranks, some.best, some.best_regions, some.compared) == (
        every.ranks, every.best, every.best_regions, every.compared,
    )  # fmt: skip
    assert some.unproven == {name: null for name, null in every.unproven.items() if name in kept}
    said = f"{len(kept)} of 8 rows are shown; ranks, marks, p and what is bold are those of all 8"
    assert some.notes == (said, *every.notes)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"regions": "USS"}, "unknown region 'USS': expected one of USA"),
        ({"regions": "JPN,"}, "unknown region ''"),
        ({"dimensions": "pdj"}, "unknown dimension 'pdj': expected one of pdi"),
        ({"methods": "dee"}, "unknown method 'dee': expected one of de"),
        ({"models": "respondnt"}, "unknown model 'respondnt': expected one of respondent"),
        ({"groups": "nul"}, "unknown group 'nul': expected one of null"),
        ({"groups": "reference"}, "--group reference: leaves none of the 8 rows; they are null (null)"),
        ({"methods": "de", "groups": "null"}, "--method de --group null: leaves none of the 8 rows"),
    ],
)
def test_what_is_not_there_is_said(asked, message, few):
    with pytest.raises(UsageError) as refused:
        build({"a": few}, Selection(**asked))
    assert str(refused.value).startswith(message)


def test_a_record_without_scores_has_no_errors_by_dimension(few):
    with pytest.raises(UsageError, match="holds no published scores"):
        build({"a": few.model_copy(update={"targets": None})}, Selection(dimensions="pdi"))
    bare = dict.fromkeys(FEW, dict.fromkeys(DIMENSIONS))
    nothing = few.model_copy(update={"targets": few.targets.model_copy(update={"scores": bare})})
    with pytest.raises(UsageError, match="no published scores there"):
        build({"a": nothing}, Selection(dimensions="pdi,idv"))


def test_a_row_without_the_regions_is_left_out_and_named(record, result):
    records = {"a": record(de=[result("USA", 3.0, 0)]), "b": record("other", icl=[result("CHN", 4.0)])}
    board = build(records, Selection(regions="USA"))
    assert [row.method for row in board.rows] == ["de"] and board.comparable
    assert board.notes == (
        "1 of 2 regions: USA; everything is over these alone",
        "icl of b is left out: it has none of these regions",
    )


def test_a_name_that_holds_a_comma_is_one_name(record, result):
    records = {"a": record("a,b", de=[result("USA", 3.0, 0)]), "b": record(de=[result("USA", 4.0, 0)])}
    assert [row.model for row in build(records, Selection(models="a,b")).rows] == ["a,b"]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("by", KEYS)
def test_rows_are_sorted_best_first_and_those_without_a_value_come_last(by, reverse, few):
    board = build({"a": few})
    rows = ordered(board.rows, by, reverse)
    assert sorted(map(key, rows)) == sorted(map(key, board.rows))
    field = {"tuned": "mae_tuned", "other": "mae_instrument", "gap": "order_gap", "mass": "option_mass"}
    field |= {"evals": "evaluations", "group": "method"}
    values = [getattr(row, field.get(by, by)) for row in rows]
    known = [value for value in values if value is not None]
    assert values[: len(known)] == known
    if by != "group":
        downwards = by in ("tau", "mass", "regions", "seeds") and known
        assert known == sorted(known, reverse=bool(downwards) != reverse)
    else:
        groups = [name for name, _ in itertools.groupby(row.group for row in rows)]
        assert groups == sorted(groups, key=("tuned", "reference", "baseline", "null").index, reverse=reverse)


def test_a_board_in_another_order_is_the_same_board(few):
    board, other = build({"a": few}), build({"a": few}, sort="tau", reverse=True)
    assert set(other.rows) == set(board.rows) and other.rows != board.rows
    assert (other.ranks, other.pairs, other.best) == (board.ranks, board.pairs, board.best)
