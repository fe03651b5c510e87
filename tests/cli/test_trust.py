"""What a run shows so that its numbers can be believed: null rows, other instruments, drawn answers, other choices."""

import json
from pathlib import Path

import numpy as np
import pytest

from harness.tasks.hofstede_vsm.indices import DIMENSIONS
from harness.tasks.hofstede_vsm.regions import world_mean
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions

SMALL = ("--region", "USA,CHN,IND", "--budget", "6", "--tokens", "3", "--quiet", "--json")


def record_of(shown):
    assert shown.code == 0, shown.err
    return json.loads((Path(json.loads(shown.out)["run"]) / "record.json").read_text())


def rows_of(record, method):
    return {
        (row["region"], row["seed"]): row
        for one in record["methods"]
        if one["method"] == method
        for row in one["results"]
    }


def test_the_wrong_region_is_the_prompt_of_another_one(harness):
    record = record_of(harness("run", *SMALL, "--seeds", "2", "--optimizer", "random,de"))
    first, wrong = rows_of(record, "random"), rows_of(record, "wrong-region")
    assert set(wrong) == set(first) and len(wrong) == 6
    for (region, seed), row in wrong.items():
        assert row["source"] != region
        assert row["indices"] == first[row["source"], seed]["indices"]
        score = record["targets"]["scores"][region]
        assert row["mae"] == pytest.approx(np.mean([abs(row["indices"][d] - score[d]) for d in DIMENSIONS]))
    drawn = rows_of(record, "random-prompt")
    assert set(drawn) == set(first) and len({row["mae"] for row in drawn.values()}) == 6


def test_one_region_has_both_null_rows_too(harness):
    shown = harness("run", "--region", "JPN", "--budget", "6", "--tokens", "3", "--quiet", "--json")
    (row,) = rows_of(record_of(shown), "wrong-region").values()
    assert row["source"] not in (None, "JPN")
    assert f"wrong-region is the first candidate that comes nearest {row['source']}" in " ".join(
        json.loads(shown.out)["notes"]
    )


def test_the_record_names_splits_targets_and_the_seed_of_the_bootstrap(finished_run):
    record = json.loads((Path(finished_run["run"]) / "record.json").read_text())
    splits = record["splits"]
    assert {name: (one["wordings"], one["prompts"], one["orders"]) for name, one in splits.items()} == {
        "tuning": (48, 48, ["forward", "reversed"]),
        "validation": (24, 48, ["forward", "reversed"]),
        "heldout": (24, 48, ["forward", "reversed"]),
        "demonstration": (24, 0, []),
    }
    assert len({one["digest"] for one in splits.values()}) == 4
    assert record["bootstrap_seed"] == finished_run["bootstrap_seed"] == 20130
    table = load_regions()
    assert record["targets"]["scores"]["CHN"] == dict(zip(DIMENSIONS, table["CHN"].scores, strict=True))
    whole = np.array([region.scores for region in table.complete])
    assert list(record["targets"]["spread"].values()) == pytest.approx(whole.std(axis=0, ddof=1))
    assert list(record["targets"]["mean"].values()) == pytest.approx(world_mean(table))


def test_no_two_splits_share_a_wording():
    survey = load_survey()
    asked = {split: survey.split_wordings(split) for split in ("tuning", "validation", "heldout", "demonstration")}
    assert {split: len(wordings) for split, wordings in asked.items()} == {
        "tuning": 48, "validation": 24, "heldout": 24, "demonstration": 24,
    }  # fmt: skip
    assert len(set().union(*asked.values())) == 120


def test_an_instrument_that_nothing_was_tuned_on_is_scored_beside_the_survey(harness, other_survey):
    shown = harness("run", *SMALL, "--survey", other_survey, "--instrument", "heldout")
    record = record_of(shown)
    assert record["spec"]["survey"]["digest"] == load_survey().digest
    assert record["spec"]["instrument"]["name"] == "other-words"
    assert record["splits"]["instrument"]["wordings"] == 24
    rows = [row for one in record["methods"] for row in one["results"]]
    assert all(row["mae_instrument"] is not None for row in rows)
    de = rows_of(record, "de")["CHN", 0]
    alone = harness(
        "score", "--prompt", Path(json.loads(shown.out)["run"]) / de["adapter"], "--survey", other_survey, "--json"
    )
    assert json.loads(alone.out)["regions"]["CHN"]["mae"] == pytest.approx(de["mae_instrument"], abs=1e-4)
    board = harness("leaderboard", json.loads(shown.out)["run"])
    assert "other↓" in board.out.replace(
        "other ↓", "other↓"
    ) and "the questionnaire that nothing was tuned on" in " ".join(board.out.split())


def test_an_instrument_that_repeats_a_wording_is_refused(harness, other_survey):
    wording = load_survey().items[3].wordings.heldout
    text = other_survey.read_text(encoding="utf-8")
    place = text.index("validation = ")
    end = text.index("\n", place)
    other_survey.write_text(f"{text[:place]}validation = {json.dumps(wording.upper())}{text[end:]}", encoding="utf-8")
    refused = harness("run", *SMALL, "--survey", other_survey, "--instrument", "heldout")
    assert refused.code == 2 and len(refused.err.splitlines()) == 1
    assert "item 1 validation repeats the wording of item 4 heldout of the survey that is tuned on" in refused.err


def test_drawn_answers_are_repeatable_and_say_their_error(harness):
    arguments = ("run", *SMALL, "--response", "sample", "--respondents", "30", "--seeds", "2")
    first, again = record_of(harness(*arguments)), record_of(harness(*arguments))
    assert first["methods"] == again["methods"]
    seeds = [row["mae"] for (region, _), row in rows_of(first, "de").items() if region == "USA"]
    assert seeds[0] != seeds[1]
    assert all(5 < error < 20 for row in rows_of(first, "naive").values() for error in row["sampling_error"].values())
    assert rows_of(first, "null")["USA", None]["sampling_error"] is None
    other = record_of(harness(*arguments, "--first-seed", "7", "--seeds", "1", "--region", "USA", "--budget", "2"))
    assert rows_of(other, "naive")["USA", 7]["indices"] != rows_of(first, "naive")["USA", 0]["indices"]


def test_drawn_answers_of_several_runs_still_stand_beside_the_baselines(harness):
    arguments = ("run", *SMALL, "--response", "sample")
    runs = [json.loads(harness(*arguments, "--first-seed", seed).out)["run"] for seed in (0, 5)]
    board = json.loads(harness("leaderboard", *runs, "--json").out)
    assert {row["method"]: row["seeds"] for row in board["rows"]} == {
        "null": 1, "world-mean": 1, "naive": 2, "persona": 2, "icl": 2, "de": 2, "wrong-region": 2, "random-prompt": 2,
    }  # fmt: skip
    assert {pair["against"] for pair in board["pairs"] if pair["method"] == "de"} >= {"icl", "persona"}


def test_greedy_answers_move_in_steps(harness):
    record = record_of(harness("run", *SMALL, "--response", "greedy"))
    for row in rows_of(record, "de").values():
        # Item means come in halves, and coefficients in fives.
        assert all((2 * value / 5) % 1 == pytest.approx(0, abs=1e-6) for value in row["indices"].values())


def test_one_dimension_is_tuned_and_what_happens_to_the_others_is_shown(harness):
    shown = harness("run", "--region", "USA,CHN,IND", "--budget", "20", "--dimensions", "PDI", "--quiet")
    assert shown.code == 0, shown.err
    assert "moved: from the naive answers" in shown.out and "mae: index points" in shown.out
    assert "tuned and scored on pdi alone" in " ".join(shown.out.split())
    run = next(line for line in shown.out.splitlines() if line.startswith("run directory: ")).split(": ")[1]
    board = json.loads(harness("leaderboard", run, "--json").out)
    rows = {(row["method"], row["dimension"]): row for row in board["dimensions"]}
    (de,) = (row for row in board["rows"] if row["method"] == "de")
    assert de["mae"] == pytest.approx(rows["de", "pdi"]["mae"])
    assert rows["de", "pdi"]["aimed"] and not rows["de", "idv"]["aimed"]
    assert rows["de", "idv"]["moved"] > 0


def test_all_tables_by_dimension_on_request(harness, finished_run):
    shown = harness("leaderboard", finished_run["run"], "--by-dimension")
    headings = ("mae: ", "share: ", "bias: ", "tau: ", "rho: ", "order gap: ", "moved: ")
    assert all(any(line.startswith(heading) for line in shown.out.splitlines()) for heading in headings)


def test_sensitivity_of_finished_runs_and_of_new_ones(harness, finished_run, tmp_path):
    (tmp_path / "later.csv").write_text(
        "code,name,kind,pdi,idv,mas,uai,lto,ivr\nUSA,United States,country,40,60,62,46,50,68\n"
    )
    shown = harness("check", "sensitivity", finished_run["run"], "--vintage", "later.csv", "--json")
    assert shown.code == 0, shown.err
    found = json.loads(shown.out)
    assert found["regions"] == {finished_run["run"]: [2, 1]}
    null = next(one for one in found["choices"] if one["method"] == "null")
    assert null["vintage"] == pytest.approx((10 + 10 + 12 + 4 + 0 + 18) / 6) and null["anchored"] is None

    made = harness(
        "check", "sensitivity", "--region", "USA,CHN", "--budget", "6", "--runs", "made", "--out", "found.json"
    )
    assert made.code == 0, made.err
    assert "anchoring needs 10 regions" in " ".join(made.out.split())
    choices = json.loads(Path("found.json").read_text())["choices"]
    assert {one["wordings"] for one in choices if one["method"] == "de"} == {1, 2}
    assert len(list(Path("made").iterdir())) == 2
