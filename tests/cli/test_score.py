import json
from pathlib import Path

import pytest

DIMENSIONS = {"pdi", "idv", "mas", "uai", "lto", "ivr"}


@pytest.mark.parametrize("method", ["null", "world-mean", "naive", "persona", "icl"])
def test_every_method_gives_stable_keys(harness, method):
    done = harness("score", "--method", method, "--region", "USA,CHN", "--json")
    assert done.code == 0, done.err
    content = json.loads(done.out)
    assert set(content) == {"model", "method", "regions", "leaderboard"}
    shown = {row["method"] for row in content["leaderboard"]["rows"]}
    assert shown == {"null", "world-mean", method}, "the null rows that need no search stand beside it"
    assert (content["model"], content["method"], set(content["regions"])) == ("respondent", method, {"USA", "CHN"})
    for region in content["regions"].values():
        assert set(region) == {
            "indices", "mae", "mae_tuned", "mae_instrument", "option_mass", "order_gap", "entropy", "sampling_error",
        }  # fmt: skip
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
    assert "(40)" in done.out and " 50.0 " in done.out and "held-out wordings" in done.out


def test_shots_change_icl(harness):
    maes = {
        shots: json.loads(harness("score", "--method", "icl", "--shots", shots, "--region", "JPN", "--json").out)
        for shots in (0, 6)
    }
    persona = json.loads(harness("score", "--method", "persona", "--region", "JPN", "--json").out)
    assert maes[0]["regions"] == persona["regions"]
    assert maes[6]["regions"] != persona["regions"]


def test_methods_without_a_model_load_none(harness):
    done = harness("score", "--method", "null", "--model", "nobody/nothing", "--region", "USA", "--json")
    assert done.code == 0 and json.loads(done.out)["model"] == "nobody/nothing"
    assert "simulation" not in harness("score", "--method", "world-mean", "--region", "USA").out


def test_the_usual_regions(harness, finished_run, tmp_path):
    def regions(*arguments):
        return list(json.loads(harness("score", *arguments, "--json").out)["regions"])

    assert regions("--method", "null") == ["USA", "CHN", "IND", "ARA"]
    (tmp_path / "t.csv").write_text("code,name,kind,pdi,idv,mas,uai,lto,ivr\nXX,Somewhere,x,1,2,3,4,5,6\n")
    assert regions("--method", "null", "--targets", "t.csv") == ["XX"]
    adapter = Path(finished_run["run"]) / "adapters" / "de" / "seed0" / "CHN"
    assert regions("--prompt", str(adapter)) == ["CHN"]
    assert regions("--prompt", str(adapter), "--region", "USA") == ["USA"]


def test_an_incomplete_region_is_noted(harness):
    done = harness("score", "--method", "null", "--region", "ALB")
    assert "ALB has no published pdi, idv, mas, uai: its error is over the others" in " ".join(done.out.split())


def test_the_size_of_a_sample_is_told(harness):
    done = harness("score", "--method", "naive", "--region", "USA", "--response", "sample", "--respondents", "20")
    assert "answers are means of 20 simulated respondents" in " ".join(done.out.split())
