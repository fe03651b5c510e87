"""`harness report`: one file, whole or not at all."""

import json
import shutil
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[2] / "results"


@pytest.fixture
def small(tmp_path):
    """A run of two regions, from the committed one."""
    plain = json.loads((RESULTS / "respondent-de" / "record.json").read_text(encoding="utf-8"))
    for method in plain["methods"]:
        method["results"] = method["results"][:2]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "record.json").write_text(json.dumps(plain), encoding="utf-8")
    return "run"


def test_a_run_becomes_one_file_that_replaces_the_old_one(harness, tmp_path, small):
    out = tmp_path / "report.html"
    out.write_text("old", encoding="utf-8")
    (tmp_path / "link.html").symlink_to(out)
    done = harness("report", small, "--out", "link.html", "--title", " A title\x1b <b> ")
    assert (done.code, done.err) == (0, "")
    size = out.stat().st_size
    assert done.out == f"link.html: {size / 1e6:.1f} MB; open it in a browser, it needs no network\n"
    text = out.read_text(encoding="utf-8")
    assert "<h1>A title\\x1b &lt;b&gt;</h1>" in text and text.endswith("</html>\n")
    assert (tmp_path / "link.html").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.html", "report.html", "run"]


def test_runs_and_contests_stand_in_one_report(harness, tmp_path, small):
    contest = RESULTS / "benchmarks" / "studies" / "de"
    done = harness("report", small, small, contest, "--out", "report.html")
    assert (done.code, done.err) == (0, "")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "1 run, " in text and "1 contest" in text
    assert "<h1>respondent on 14 regions</h1>" in text or "<h1>respondent on 12 regions</h1>" in text


BAD = [
    (("nowhere", "--out", "x.html"), "run 'nowhere' has no record.json"),
    (("run", "--out", "."), "--out .: is a folder; give the name of a file"),
    (("run", "--out", "no/x.html"), "the folder no does not exist"),
    (("run", "--out", "/dev/null"), "--out /dev/null: is no file"),
    (("begun", "--out", "x.html"), "contest 'begun' has no contest.json: repeat the command that began it"),
    (("run",), "Missing option '--out'"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD, ids=[says for _, says in BAD])
def test_what_the_user_has_to_mend(refused, tmp_path, small, arguments, says):
    (tmp_path / "begun").mkdir()
    shutil.copy(RESULTS / "benchmarks" / "studies" / "de.toml", tmp_path / "begun" / "log.jsonl")
    refused("report", *arguments, says=says)
