"""`harness bench wrappers` and `harness bench asks`, so small that their figures mean nothing."""

import json

import pytest

WRAPPERS = ("bench", "wrappers", "--functions", "1,21", "--dimensions", "2,3", "--instances", "1", "--budget", "60")


def test_wrappers(harness, tmp_path):
    done = harness(*WRAPPERS, "--out", tmp_path / "w.json", "--json", "--quiet")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert json.loads((tmp_path / "w.json").read_text()) == found
    assert [row["optimizer"] for row in found["rows"]] == ["cma", "de", "pso"]
    assert len(found["pairs"]) == 3 * 2 * 2
    for row in found["rows"]:
        for side in ("ours", "noise"):
            one = row[side]
            assert one["better"] + one["equal"] + one["worse"] == 4
            assert one["low"] <= one["median"] <= one["high"] and 0 < one["p"] <= one["p_holm"] <= 1
        assert row["seconds"] > 0 and row["times_as_long"] > 0
    for pair in found["pairs"]:
        assert pair["ours"] >= 1e-8 and pair["raw"] >= 1e-8
        assert pair["raw"] != pair["again"] or pair["raw"] == 1e-8, "another seed"
    again = json.loads(harness(*WRAPPERS, "--json", "--quiet").out)
    assert again["pairs"] == found["pairs"], "the same seed gives the same errors"
    other = json.loads(harness(*WRAPPERS, "--seed", "1", "--json", "--quiet").out)
    assert other["pairs"] != found["pairs"]


def test_asks(harness, tmp_path):
    arguments = ("bench", "asks", "--dimensions", "4000", "--optimizer", "random,cma")
    done = harness(*arguments, "--out", tmp_path / "a.json", "--json")
    assert done.code == 0
    assert done.err.splitlines() == ["nothing", "random", "cma", "cma covariance=limited"]
    found = json.loads(done.out)
    assert json.loads((tmp_path / "a.json").read_text()) == found
    random, diagonal, limited = found["rows"]
    assert (random["optimizer"], diagonal["settings"], limited["settings"]) == ("random", {}, {"covariance": "limited"})
    for row in found["rows"]:
        assert row["dimensions"] == 4000
        assert 0 < row["seconds"]["low"] <= row["seconds"]["median"] <= row["seconds"]["high"]
        # One covariance of 4,000 x 4,000 would be 128 MB.
        assert row["memory_mb"] - row["library_mb"] < 60
    # 16 candidates of 4,000 numbers are 0.5 MB, and a few copies of them are needed.
    assert 0.1 < random["memory_mb"] < 20 and random["popsize"] == 16
    assert diagonal["library_mb"] > 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("wrappers", "--functions", "25"),
            "--functions '25': expected whole numbers of 1 to 24, separated by commas",
        ),
        (
            ("wrappers", "--dimensions", "5,7"),
            "--dimensions '5,7': expected whole numbers of 2, 3, 5, 10, 20, 40, separated by commas",
        ),
        (("wrappers", "--instances", "0"), "--instances 0: expected at least 1"),
        (("wrappers", "--out", "no/w.json"), "--out no/w.json: the folder no does not exist; make it first"),
        (("asks", "--out", "."), "--out .: is a folder; give the name of a file"),
        (
            ("asks", "--dimensions", "1"),
            "--dimensions '1': expected whole numbers of 2 to 10000000, separated by commas",
        ),
        (
            ("asks", "--optimizer", ","),
            "no optimizer given: expected names such as de,cma; see 'harness ls optimizers'",
        ),
    ],
)
def test_refuses(harness, arguments, message):
    done = harness("bench", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"harness: error: {message}") and done.err.count("\n") == 1
