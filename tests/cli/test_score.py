import json
from pathlib import Path

import pytest

DIMENSIONS = {"pdi", "idv", "mas", "uai", "lto", "ivr"}


@pytest.mark.parametrize("method", ["null", "world-mean", "naive", "persona", "icl"])
def test_every_method_gives_stable_keys(harness, method):
    done = harness("score", "--method", method, "--region", "USA,CHN", "--json")
    assert done.code == 0, done.err
    content = json.loads(done.out)
    assert set(content) == {"model", "method", "regions"}
    assert (content["model"], content["method"], set(content["regions"])) == ("respondent", method, {"USA", "CHN"})
    for region in content["regions"].values():
        assert set(region) == {"indices", "mae", "mae_tuned", "option_mass"}
        assert set(region["indices"]) == DIMENSIONS
        assert (region["option_mass"] is None) == (method in ("null", "world-mean"))


def test_null_answers_the_middle(harness):
    region = json.loads(harness("score", "--method", "null", "--region", "USA", "--json").out)["regions"]["USA"]
    assert set(region["indices"].values()) == {50.0}
    assert region["mae"] == pytest.approx((10 + 41 + 12 + 4 + 24 + 18) / 6)


def test_a_saved_prompt_scores_as_in_its_record(finished_run, harness):
    run = Path(finished_run["run"])
    record = json.loads((run / "record.json").read_text())
    rows = next(m["results"] for m in record["methods"] if m["method"] == "de")
    for row in rows:
        done = harness("score", "--prompt", run / row["adapter"], "--region", row["region"], "--json")
        scored = json.loads(done.out)["regions"][row["region"]]
        assert scored["mae"] == pytest.approx(row["mae"], abs=1e-4)
        assert scored["indices"] == pytest.approx(row["indices"], abs=1e-4)


def test_the_table_shows_index_and_published_score(harness, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    done = harness("score", "--method", "null", "--region", "USA")
    assert "50.0 (40)" in done.out and "held-out wordings" in done.out


def test_shots_change_icl(harness):
    maes = {
        shots: json.loads(harness("score", "--method", "icl", "--shots", shots, "--region", "JPN", "--json").out)
        for shots in (0, 6)
    }
    persona = json.loads(harness("score", "--method", "persona", "--region", "JPN", "--json").out)
    assert maes[0]["regions"] == persona["regions"]
    assert maes[6]["regions"] != persona["regions"]
