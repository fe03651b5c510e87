"""What a run, a leaderboard and a report say of a record that workers of a cluster answered."""

import json
import shutil
from pathlib import Path

import pytest

TIMES = (
    "seconds are those of the clock while several workers answered at once; they do not compare with those of a run "
    "that one process answered"
)
TABLE = """\
Workers
worker   node           device   busy   tasks   candidates   per second   state
───────────────────────────────────────────────────────────────────────────────
w1       node-1.local   cpu      90 %       4           12          1.2
w2       node-2.local   cpu      50 %       1            3         0.75    lost
w3       node-2.local   cpu      96 %       5           15          1.5
"""
LINES = """\
workers: 3 on 2 nodes (ray), busy 86 %, 3.0 candidates/s of all together, driver
10.0 ms per candidate, 1 of them lost, 1 task retried
w2 on node-2.local was lost after 4 s: killed\\x1b[31m
"""


@pytest.fixture
def answered(finished_run, tmp_path):
    """A finished run in `run`, and what makes its record one that so many workers answered."""
    shutil.copytree(finished_run["run"], tmp_path / "run")
    path = tmp_path / "run" / "record.json"
    record = json.loads(path.read_text(encoding="utf-8"))

    def by(workers):
        figures = [(4, 12, 9.0, 10.0, ""), (1, 3, 2.0, 4.0, "killed\x1b[31m"), (5, 15, 9.6, 10.0, "")]
        record["execution"] = {
            "executor": "ray",
            "wanted": sum(not figures[place % 3][4] for place in range(workers)),
            "workers": [
                {
                    "name": f"w{place + 1}",
                    "node": f"node-{1 + bool(place)}.local",
                    "device": "cpu",
                    "machine": {"processor": "a processor", "cores": 8},
                    "threads": 1,
                    **dict(zip(("tasks", "candidates", "busy", "present", "lost"), figures[place % 3], strict=True)),
                }
                for place in range(workers)
            ],
            "seconds": 10.0,
            "candidates": 30,
            "driver": 0.3,
            "retried": 1,
            "resubmitted": 0,
        }
        path.write_text(json.dumps(record), encoding="utf-8")

    return by


def below(shown):
    """What stands below the leaderboard and its notes."""
    return shown[shown.index("\nWorkers") + 1 if "\nWorkers" in shown else shown.index("\nworkers:") + 1 :]


def told(shown):
    """The words, however lines are cut."""
    return " ".join(shown.split())


def test_a_run_ends_with_those_who_answered_it(harness, quick, answered):
    answered(3)
    done = harness("resume", "run", "--quiet")
    assert done.code == 0, done.err
    shown = "\n".join(line.rstrip() for line in below(done.out).splitlines()) + "\n"
    last = "run directory: run\nnext: harness leaderboard run --regions\n"
    assert shown == f"{TABLE}\n{LINES}\n{last}"
    answered(17)
    shown = below(harness("resume", "run", "--quiet").out)
    assert shown.startswith("workers: 17 on 2 nodes (ray)") and shown.count("was lost after") == 4
    assert "\n2 more lost\n" in shown and shown.endswith(f"\n\n{last}")
    answered(1)
    assert below(harness("resume", "run", "--quiet").out).startswith("workers: 1 on 1 node (ray), busy 90 %")


def test_what_the_times_are_stands_beside_them(harness, answered):
    alone = harness("leaderboard", "run", "--runs")
    assert "workers" not in alone.out
    before = json.loads(harness("leaderboard", "run", "--json").out)
    answered(3)
    shown = harness("leaderboard", "run", "--runs")
    assert f"workers: how many answered, lost ones too; {TIMES}." in told(shown.out)
    runs = shown.out[shown.out.index("\nRuns") :].splitlines()
    assert "workers" in runs[2] and runs[4].split()[:5] == ["run", "1", "2", runs[4].split()[3], "3"]
    assert "workers" not in harness("leaderboard", "run").out
    after = json.loads(harness("leaderboard", "run", "--json").out)
    assert after.pop("notes") == [*before.pop("notes"), f"workers answered run (workers: 3): {TIMES}"]
    assert after == before


def test_the_gate_says_why_a_run_of_workers_has_no_times(harness, answered):
    answered(3)
    path = Path("run") / "record.json"
    execution = json.loads(path.read_text(encoding="utf-8"))["execution"]
    gate = Path(__file__).parents[1] / "golden" / "gate"
    record = json.loads((gate / "run" / "record.json").read_text(encoding="utf-8"))
    path.write_text(json.dumps(record | {"schema_version": 3, "execution": execution, "timings": {}}), encoding="utf-8")
    done = harness("compare", "run", "--baseline", gate / "baseline.json")
    assert "the run holds no calibrated times: workers answered it; run it without them" in told(done.out), done.err
