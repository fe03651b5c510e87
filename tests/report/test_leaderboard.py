import json

import pytest

from harness.report import leaderboard
from harness.report.leaderboard import to_plain

DIMENSIONS = ("pdi", "idv", "mas", "uai", "lto", "ivr")


def build(records):
    return leaderboard.build(dict(zip("abcdef", records, strict=False)))


def test_rows_are_ranked_by_held_out_error_with_their_cost(record, result):
    board = build(
        [record(persona=[result("USA", 10), result("CHN", 20)], de=[result("USA", 5, 0, 90), result("CHN", 7, 0, 110)])]
    )
    assert [(row.method, row.mae, row.mae_tuned, row.evaluations, row.regions) for row in board.rows] == [
        ("de", 6.0, 5.0, 100.0, 2),
        ("persona", 15.0, 14.0, 1.0, 2),
    ]


def test_seeds_are_averaged_within_a_region_before_regions_are(record, result):
    board = build([record(de=[result("USA", 1, 0), result("USA", 3, 1), result("CHN", 10, 0)])])
    assert board.rows[0].mae == 6.0
    assert board.rows[0].seeds == 2
    assert {row.region: row.mae for row in board.regions} == {"USA": 2.0, "CHN": 10.0}


def test_runs_are_pooled_by_model_and_method(record, result):
    runs = [
        record(de=[result("USA", 4, 0)]),
        record(de=[result("CHN", 8, 0)]),
        record("other", de=[result("USA", 1, 0)]),
    ]
    board = build(runs)
    assert [(row.model, row.mae, row.regions) for row in board.rows] == [("other", 1.0, 1), ("respondent", 6.0, 2)]


def test_the_same_baseline_of_two_runs_counts_once(record, result):
    board = build([record(persona=[result("USA", 4)]), record(persona=[result("USA", 4), result("CHN", 8)])])
    assert board.rows[0].mae == 6.0 and board.rows[0].evaluations == 1.0


@pytest.mark.parametrize(
    "other",
    [
        {"budget": 50},
        {"optimizers": [{"name": "de", "parameters": {"F": 0.5}}]},
        {"regions": ["USA"]},
        {"survey": {"name": "x", "digest": "y"}},
    ],
)
def test_runs_with_other_settings_stay_apart(other, record, result):
    settings = {"budget": 100, "share": True, "regions": ["USA", "CHN"], "optimizers": [{"name": "de"}]}
    runs = [
        record(de=[result("USA", 4, 0)]).model_copy(update={"run_id": name, "spec": spec})
        for name, spec in (("a", settings), ("b", settings | other), ("c", settings))
    ]
    board = build([*runs[:2], runs[2].model_copy(update={"methods": record(de=[result("USA", 6, 1)]).methods})])
    assert {row.runs: (row.mae, row.seeds) for row in board.rows} == {("a", "c"): (5.0, 2), ("b",): (4.0, 1)}


def test_models_of_one_name_with_other_weights_stay_apart(record, result):
    other = record(de=[result("USA", 6, 0)])
    other = other.model_copy(update={"run_id": "b", "model": other.model.model_copy(update={"digest": "1"})})
    board = build([record(de=[result("USA", 4, 0)]), other])
    assert [(row.mae, row.runs) for row in board.rows] == [(4.0, ("a",)), (6.0, ("b",))]


def test_a_run_given_twice_counts_once(record, result):
    run = record(de=[result("USA", 4, 0)])
    board = build([run, run])
    assert (board.rows[0].mae, board.rows[0].runs) == (4.0, ("a", "b"))


def test_one_region_has_no_interval(record, result):
    assert to_plain(build([record(de=[result("USA", 4, 0)])]))["rows"][0]["mae_low"] is None


def test_plain_values_are_json_and_keep_their_keys(record, result):
    plain = json.loads(
        json.dumps(to_plain(build([record(note="a simulation", de=[result("USA", 4, 0)])])), allow_nan=False)
    )
    assert {"model", "method", "mae", "mae_low", "mae_high", "mae_tuned", "evaluations", "regions"} <= set(
        plain["rows"][0]
    )
    assert {"region", "method", "mae", "mae_tuned", "indices"} <= set(plain["regions"][0])
    assert plain["notes"] == ["a simulation"]
    assert set(plain["regions"][0]["indices"]) == set(DIMENSIONS)


def test_a_method_without_a_model_has_no_mass(record, result):
    board = build([record(null=[result("USA", 4, mass=None)])])
    assert board.rows[0].option_mass is None


def test_runs_that_disagree_stay_apart(record, result):
    """As after a change of the harness itself, which no setting tells."""
    board = build([record(de=[result("USA", 4, 0)]), record(de=[result("USA", 5, 0), result("CHN", 1, 0)])])
    assert {row.runs: row.mae for row in board.rows} == {("a",): 4.0, ("b",): 3.0}


def test_notes_tell_what_does_not_compare(record, result):
    first = record(note="a simulation", de=[result("USA", 4, 0)])
    second = record(de=[result("CHN", 5, 0).model_copy(update={"missing": ("lto", "ivr")})])
    second = second.model_copy(update={"spec": {"targets": {"name": "mine", "digest": "1"}, "regions": ["CHN"]}})
    assert build([first, second]).notes == (
        "a simulation",
        "rows cover different regions: their errors do not compare",
        "runs differ in their targets: their errors do not compare",
        "CHN has no published lto, ivr: its error is over the others",
    )
    assert build([first, first]).notes == ("a simulation",)


def test_sharing_is_noted(record, result):
    run = record(de=[result("USA", 4, 0), result("CHN", 4, 0)])
    shared = run.model_copy(update={"spec": {"share": True, "regions": ["USA", "CHN"]}})
    assert any("among the candidates of all" in note for note in build([shared]).notes)
    assert build([run]).notes == ()


def test_settings_tell_runs_apart(record, result):
    def spec(budget, regions, **parameters):
        source = {"name": "bundled", "digest": "0123456789"}
        optimizers = [{"name": "de", "parameters": {"F": 0.7, **parameters}}]
        space = {"kind": "full", "dimensions": 0, "box": 3.0}
        return {"budget": budget, "regions": regions, "targets": source, "optimizers": optimizers, "space": space}

    specs = [spec(100, ["USA"]), spec(50, ["USA"], F=0.5), spec(100, list("ABCDE"))]
    runs = [record(de=[result("USA", 4, 0)]).model_copy(update={"spec": one}) for one in specs]
    assert build(runs).settings == {
        "a": "budget 100, regions USA, de.F 0.7",
        "b": "budget 50, regions USA, de.F 0.5",
        "c": "budget 100, regions 5 of them, de.F 0.7",
    }
    assert build(runs[:1]).settings == {"a": ""}


def test_what_asks_no_model_is_one_row_however_the_model_is_asked(record, result):
    runs = [
        record(null=[result("USA", 9, evaluations=0)], naive=[result("USA", 4)]).model_copy(
            update={"run_id": name, "spec": {"response": response, "wordings": wordings}}
        )
        for name, response, wordings in (("a", "expected", 2), ("b", "greedy", 2), ("c", "expected", 1))
    ]
    board = build(runs)
    assert {(row.method, row.runs) for row in board.rows} == {
        ("null", ("a", "b", "c")), ("naive", ("a",)), ("naive", ("b",)), ("naive", ("c",)),
    }  # fmt: skip
    assert {(pair.method, pair.against, pair.runs) for pair in board.pairs} == {
        ("naive", "null", ("a",)), ("naive", "null", ("b",)), ("naive", "null", ("c",)),
    }  # fmt: skip
