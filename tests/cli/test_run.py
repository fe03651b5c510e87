import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = ("--region", "USA,CHN", "--budget", "6", "--tokens", "3")


def normalised(path):
    """A record without what may differ between two equal runs: times, workers, the directory's name and git's state."""
    content = json.loads((Path(path) / "record.json").read_text())
    for key in ("started", "timings", "execution", "run_id", "provenance"):
        content.pop(key)
    return content


def test_a_run_leaves_its_directory_and_prints_the_same_leaderboard(finished_run, harness):
    run = Path(finished_run["run"])
    assert {path.name for path in run.iterdir()} == {
        "spec.json",
        "inputs.json",
        "journal.jsonl",
        "record.json",
        "adapters",
    }
    shown = harness("leaderboard", run, "--format", "json")
    assert shown.code == 0
    assert json.loads(shown.out) == {key: finished_run[key] for key in finished_run if key not in ("run", "execution")}
    assert finished_run["execution"] is None
    assert {row["method"] for row in finished_run["rows"]} == {
        "null", "world-mean", "wrong-region", "random-prompt", "naive", "persona", "icl", "de", "random",
    }  # fmt: skip
    assert {row["regions"] for row in finished_run["rows"]} == {2}
    assert "simulation" in finished_run["notes"][0]


def test_the_record_says_how_it_came_about(finished_run):
    record = json.loads((Path(finished_run["run"]) / "record.json").read_text())
    assert record["schema_version"] == 3
    assert record["spec"] == json.loads((Path(finished_run["run"]) / "spec.json").read_text())
    assert record["spec"]["optimizers"][0]["parameters"]["popsize"] == 0
    assert record["model"]["digest"].startswith("sha256:")
    assert {"baselines", "tuning", "heldout", "evaluations_per_second"} <= set(record["timings"])
    assert record["provenance"]["versions"]["torch"]
    tuned = [row for method in record["methods"] if method["group"] == "tuned" for row in method["results"]]
    assert len(tuned) == 4
    assert all((Path(finished_run["run"]) / row["adapter"] / "adapter_config.json").is_file() for row in tuned)
    for row in tuned:
        # The validation wording may have preferred another finalist to the one with the lowest tuned error.
        lowest = row["curve"][-1][1]
        assert (
            row["mae_tuned"] == pytest.approx(lowest, abs=1e-6) if row["finalist"] == 0 else row["mae_tuned"] > lowest
        )
        assert row["mae_validation"] is not None


def test_the_same_command_gives_the_same_record(finished_run, harness):
    again = harness("run", "--optimizer", "de,random", *SMALL, "--quiet", "--json")
    assert again.code == 0 and again.err == ""
    assert normalised(json.loads(again.out)["run"]) == normalised(finished_run["run"])


def test_a_plain_run_shows_progress_results_and_what_comes_next(harness):
    done = harness("run", "--optimizer", "de", *SMALL, "--out", "runs")
    assert done.code == 0
    assert "tuning: 12/12 evaluations, de seed 0" in done.err
    assert "regions done 2/2" in done.err
    assert "Leaderboard" in done.out and "mae per region" in done.out
    assert "the bundled respondent is a simulation" in " ".join(done.out.split())
    found = re.search(r"next: harness leaderboard (\S+) --regions\n$", done.out)
    assert found and (Path(found[1]) / "record.json").is_file()
    assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize(
    "extra",
    [
        ("--space", "subspace:4"),
        ("--start", "vocabulary", "--space", "full"),
        ("--space", "full", "--box", "2"),
        ("--space", "personas:4"),
        ("--aggregate", "worst", "--penalty", "0.5", "--rest", "1", "--finalists", "2"),
        ("--optimizer", "de,gradient", "--set", "learning_rate=0.05"),
        ("--no-share",),
        ("--optimizer", "cma", "--set", "sigma0=0.2"),
        ("--optimizer", "de,cma", "--set", "de.F=0.4", "--seeds", "2"),
        ("--model", "random:llama-tiny"),
        ("--region", "GTM"),
        ("--wordings", "1", "--dimensions", "PDI,ivr"),
        ("--response", "greedy"),
        ("--response", "sample", "--respondents", "20", "--seeds", "2"),
        ("--optimizer", "gradient", "--dimensions", "uai"),
    ],
)
def test_other_settings_run_too(harness, extra):
    # Which layout is faster is measured unless it is said.
    done = harness("run", *SMALL, "--scorer", "packed", *extra, "--quiet", "--json")
    assert done.code == 0, done.err
    content = json.loads(done.out)
    assert all(row["mae"] >= 0 for row in content["rows"])
    if "random:llama-tiny" in extra:
        assert "random weights" in content["notes"][0]


def test_a_region_with_missing_scores_is_scored_on_the_others_and_says_so(harness):
    done = harness("run", *SMALL, "--region", "GTM", "--budget", "2")
    assert "GTM has no published lto, ivr: scored on the others" in done.err


def test_an_interrupt_while_the_program_loads_ends_it_without_a_traceback():
    script = """
import sys
class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == "harness.cli.main":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Impatient())
from harness.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
