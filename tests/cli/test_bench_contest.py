"""`harness bench optimizers`: a contest from the command line, its output, its interrupt and what it refuses."""

import json
import re
from pathlib import Path

import pytest

from harness.benchmarks import searches
from harness.cli import main
from harness.errors import RunError
from harness.records.journal import Journal, read_journal

TINY = ("bench", "optimizers", "--optimizer", "de,random", "--region", "USA,CHN", "--seeds", "2")
TINY = (*TINY, "--budget", "4", "--tokens", "2", "--space", "full", "--set", "de.popsize=4")
# Which layout is faster depends on the hour, and the last digits on the layout.
TINY = (*TINY, "--scorer", "packed")
FILES = {f"{name}.{kind}" for name in ("convergence", "targets", "errors") for kind in ("png", "svg")}
STUDY = """
regions = ["AAA", "BBB"]
seeds = 1
targets = "own.csv"

[common]
optimizer = "de"
budget = 4
tokens = 2
space = "full"
finalists = 1
parameters = { popsize = 4 }

[[entrant]]
label = "de"

[[entrant]]
label = "shared"
share = true

[[entrant]]
label = "in 3"
optimizer = "random"
space = "subspace:3"
tokens = 3
start = "vocabulary"
"""
OUTPUT = (Path(__file__).parents[1] / "golden" / "contest-outline.txt").read_text(encoding="utf-8")


def settled(folder):
    """A contest without its times, which differ between equal ones."""
    content = json.loads((Path(folder) / "contest.json").read_text())
    for cell in content["cells"]:
        assert cell.pop("seconds") > 0
    return content


def outline(text):
    """What was printed with # for each number, without rules and with single spaces."""
    found = re.sub(r"[+-]?\d+(\.\d+)?(e-\d+)?", "#", text)
    lines = [" ".join(line.split()) for line in found.splitlines()]
    return "\n".join(line for line in lines if line and "──" not in line) + "\n"


def test_a_contest_that_is_interrupted_goes_on_where_it_was(harness, monkeypatch, tmp_path):
    whole = harness(*TINY, "--out", "whole", "--json", "--quiet")
    assert (whole.code, whole.err) == (0, "")
    ran = []
    run = searches.Desk.run

    def interrupted(self, search, observer):
        if len(ran) == 3:
            raise KeyboardInterrupt
        ran.append(search.entrant)
        return run(self, search, observer)

    monkeypatch.setattr(searches.Desk, "run", interrupted)
    first = harness(*TINY, "--out", "part")
    assert (first.code, first.out) == (130, "")
    *_, told, command = first.err.splitlines()
    assert told == "interrupted; 3 of 8 cells are kept; to go on:"
    assert command == f"harness {' '.join(TINY)} --out part"
    # A kill while a line is written leaves half of it.
    log = tmp_path / "part" / "log.jsonl"
    log.write_text(log.read_text() + log.read_text().splitlines()[-1][:100])
    ran.clear()
    monkeypatch.setattr(searches.Desk, "run", lambda *given: ran.append(given[1].keys) or run(*given))
    second = harness(*TINY, "--out", "part")
    assert second.code == 0
    assert "going on: 3 of 8 cells are there" in second.err
    assert len(ran) == 5
    assert settled("part") == settled("whole")
    # Asked again, a finished contest is shown and nothing is run.
    third = harness(*TINY, "--out", "part")
    assert (third.code, third.err, len(ran)) == (0, "", 5)
    assert third.out == second.out
    assert outline(third.out) == OUTPUT


def test_the_json_and_the_files(harness, tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "s.toml").write_text(STUDY)
    rows = ("code,name,kind,pdi,idv,mas,uai,lto,ivr", "AAA,Aland,country,40,50,60,70,30,20")
    (tmp_path / "study" / "own.csv").write_text("\n".join((*rows, "BBB,Bland,country,80,20,50,40,,")) + "\n")
    done = harness("bench", "optimizers", "--study", "study/s.toml", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    folder = Path(found["contest"])
    assert folder.parent == Path("results/runs/contests") and folder.name.startswith("s-")
    assert {path.name for path in folder.iterdir()} == {"spec.json", "log.jsonl", "contest.json", *FILES}
    assert {Path(name).name for name in found["figures"]} == FILES
    assert {row["label"] for row in found["finals"]} == {"de", "shared", "in 3", "null", "world-mean"}
    assert [course["label"] for course in found["courses"]] == ["de", "shared", "in 3"]
    assert found["settings"]["in 3"] == "tokens 3, space subspace:3, start vocabulary, share false"
    assert any("depend on each other" in note for note in found["notes"])
    assert "BBB has no published lto, ivr: its error is over the others" in found["notes"]
    content = json.loads((folder / "contest.json").read_text())
    assert content["spec"]["entrants"][0]["settings"]["targets"]["name"] == "own.csv"
    assert all(cell["curve"][-1][1] == pytest.approx(cell["mae_tuned"], abs=1e-6) for cell in content["cells"])
    # What is left of a shared search's evaluations goes to some of its regions, and all of them are counted once.
    for label in ("de", "shared", "in 3"):
        assert sum(cell["evaluations"] for cell in content["cells"] if cell["entrant"] == label) == 8
    # Progress stands on standard error, one line for each stage.
    assert "tuning: 24 candidate evaluations" in done.err
    assert "tuning: 24/24 evaluations" in done.err
    # Other weights are no continuation.
    (folder / "contest.json").unlink()
    entries = [line.entry for line in read_journal(folder / "log.jsonl")]
    (folder / "log.jsonl").unlink()
    with Journal(folder / "log.jsonl") as log:
        for entry in entries:
            if "model" in entry:
                entry["model"]["digest"] = "sha256:0"
            log.append(entry)
    again = harness("bench", "optimizers", "--study", "study/s.toml", "--json", "--quiet")
    assert again.code == 2 and "with weights sha256:0, here they are sha256:" in again.err


def test_a_cell_is_what_a_run_finds(harness):
    """Alone, so that a leaderboard and a contest tell one story."""
    same = (
        "--optimizer",
        "cma",
        "--region",
        "USA,CHN",
        "--budget",
        "6",
        "--tokens",
        "4",
        "--no-share",
        "--first-seed",
        "4",
    )
    run = json.loads(harness("run", *same, "--json", "--quiet").out)
    contest = json.loads(harness("bench", "optimizers", *same, "--seeds", "1", "--json", "--quiet").out)
    rows = [row for row in run["regions"] if row["method"] == "cma"]
    found = next(row for row in contest["finals"] if row["label"] == "cma")
    assert found["mae"]["values"] == pytest.approx([row["mae"] for row in rows], abs=1e-5)
    assert found["mae_tuned"]["values"] == pytest.approx([row["mae_tuned"] for row in rows], abs=1e-5)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--optimizer", "dee"), "unknown optimizer 'dee': expected one of de"),
        (("--optimizer", ","), "no optimizer given"),
        (("--seeds", "0"), "--seeds 0: expected at least 1"),
        (("--budget", "0"), "--budget 0: expected at least 1"),
        (("--start", "persons"), "unknown start 'persons': expected one of persona"),
        (("--space", "half"), "unknown space 'half'"),
        (("--set", "de.Q=1"), "unknown de parameter 'Q'"),
        (("--region", "XYZ"), "unknown region 'XYZ'"),
        (("--study", "none.toml"), "study 'none.toml' cannot be read"),
        (("--study", "s.toml", "--budget", "3"), "--budget and --study: the study's own settings hold"),
        (("--study", "s.toml", "--set", "F=1"), "--set and --study"),
        (("--study", "s.toml", "--targets", "x.csv"), "--targets x.csv and targets in s.toml"),
        (("--scorer", "half"), "unknown scorer 'half'"),
        (("--out", "taken"), "--out taken: holds other files"),
    ],
)
def test_what_cannot_be_is_one_line(harness, monkeypatch, tmp_path, flags, message):
    def never(_):
        raise RunError("the model was loaded")

    (tmp_path / "s.toml").write_text(STUDY)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").touch()
    if "taken" not in flags:
        monkeypatch.setattr(main.bench.options, "load_quietly", never)
    done = harness("bench", "optimizers", *flags)
    assert (done.code, done.out) == (2, "")
    assert message in done.err and done.err.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_an_entrant_that_cannot_run_is_told_by_its_name(harness, tmp_path):
    (tmp_path / "s.toml").write_text(STUDY.replace("share = true", "pool = 9").replace('targets = "own.csv"', ""))
    done = harness("bench", "optimizers", "--study", "s.toml", "--region", "USA", "--out", "new")
    assert done.code == 2
    assert "entrant 'shared': --pool 9: a budget of 4 evaluations leaves nothing" in done.err
    assert not (tmp_path / "new").exists()
