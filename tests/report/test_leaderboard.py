import json

import numpy as np
import pytest

from harness.records.schema import MethodResult, ModelIdentity, Provenance, Record, RegionResult
from harness.report.leaderboard import build, interval, to_plain

DIMENSIONS = ("pdi", "idv", "mas", "uai", "lto", "ivr")


def result(region, mae, seed=None, evaluations=1.0, mass=0.99):
    return RegionResult(
        region=region,
        indices=dict.fromkeys(DIMENSIONS, mae),
        mae=mae,
        mae_tuned=mae - 1,
        option_mass=mass,
        evaluations=evaluations,
        seed=seed,
    )


def record(model="respondent", note="", **methods):
    groups = {"null": "null", "persona": "baseline"}
    return Record(
        run_id="one",
        spec={},
        spec_digest="0",
        model=ModelIdentity(
            name=model, digest="0", parameters=1, dtype="float32", device="cpu", random_weights=False, note=note
        ),
        provenance=Provenance(versions={}, git_revision=None, git_dirty=None, machine={}, threads=1),
        methods=tuple(
            MethodResult(method=name, group=groups.get(name, "tuned"), results=tuple(results))
            for name, results in methods.items()
        ),
        started="",
        timings={},
    )


def test_rows_are_ranked_by_held_out_error_with_their_cost():
    board = build(
        [record(persona=[result("USA", 10), result("CHN", 20)], de=[result("USA", 5, 0, 90), result("CHN", 7, 0, 110)])]
    )
    assert [(row.method, row.mae, row.mae_tuned, row.evaluations, row.regions) for row in board.rows] == [
        ("de", 6.0, 5.0, 100.0, 2),
        ("persona", 15.0, 14.0, 1.0, 2),
    ]


def test_seeds_are_averaged_within_a_region_before_regions_are():
    board = build([record(de=[result("USA", 1, 0), result("USA", 3, 1), result("CHN", 10, 0)])])
    assert board.rows[0].mae == 6.0
    assert board.rows[0].seeds == 2
    assert {row.region: row.mae for row in board.regions} == {"USA": 2.0, "CHN": 10.0}


def test_runs_are_pooled_by_model_and_method():
    runs = [
        record(de=[result("USA", 4, 0)]),
        record(de=[result("CHN", 8, 0)]),
        record("other", de=[result("USA", 1, 0)]),
    ]
    board = build(runs)
    assert [(row.model, row.mae, row.regions) for row in board.rows] == [("other", 1.0, 1), ("respondent", 6.0, 2)]


def test_the_same_baseline_of_two_runs_counts_once():
    board = build([record(persona=[result("USA", 4)]), record(persona=[result("USA", 4), result("CHN", 8)])])
    assert board.rows[0].mae == 6.0 and board.rows[0].evaluations == 1.0


def test_one_region_has_no_interval():
    assert interval(np.array([3.0])) == (None, None)
    assert to_plain(build([record(de=[result("USA", 4, 0)])]))["rows"][0]["mae_low"] is None


def test_equal_errors_have_an_interval_of_no_width():
    assert interval(np.array([3.0, 3.0, 3.0])) == (3.0, 3.0)


def test_the_interval_is_repeatable_and_covers_the_mean():
    errors = np.random.default_rng(0).gamma(4.0, 3.0, 65)
    low, high = interval(errors)
    assert low < errors.mean() < high
    assert (low, high) == interval(errors)
    # Near the normal approximation for a mean of 65 values.
    half = 1.96 * errors.std(ddof=1) / np.sqrt(65)
    assert high - low == pytest.approx(2 * half, rel=0.1)


def test_plain_values_are_json_and_keep_their_keys():
    plain = json.loads(
        json.dumps(to_plain(build([record(note="a simulation", de=[result("USA", 4, 0)])])), allow_nan=False)
    )
    assert {"model", "method", "mae", "mae_low", "mae_high", "mae_tuned", "evaluations", "regions"} <= set(
        plain["rows"][0]
    )
    assert {"region", "method", "mae", "mae_tuned", "indices"} <= set(plain["regions"][0])
    assert plain["notes"] == ["a simulation"]
    assert set(plain["regions"][0]["indices"]) == set(DIMENSIONS)


def test_a_method_without_a_model_has_no_mass():
    board = build([record(null=[result("USA", 4, mass=None)])])
    assert board.rows[0].option_mass is None
