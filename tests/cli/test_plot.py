"""`harness plot`: which files there are, what is printed, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = ROOT / "results" / "respondent-de"
STUDY = ROOT / "results" / "benchmarks" / "studies" / "de"
OUTPUT = """\
figures
file                 shows
──────────────────────────────────────────────────────
radar.png            USA: published scores and answers
radar.svg
ecdf.png             Targets reached
ecdf.svg
contest-ecdf.png     Targets reached
contest-ecdf.svg
contest-2-ecdf.png   Targets reached
contest-2-ecdf.svg
8 files in figures
"""


def plain(text):
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


@pytest.fixture
def study(tmp_path):
    """Two entrants of the committed contest in a folder."""
    content = json.loads((STUDY / "contest.json").read_text(encoding="utf-8"))
    content["spec"]["entrants"] = content["spec"]["entrants"][:2]
    labels = {entrant["label"] for entrant in content["spec"]["entrants"]}
    content["cells"] = [cell for cell in content["cells"] if cell["entrant"] in labels]
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "contest.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path / "study"


def test_figures_of_a_run_and_of_two_contests(harness, finished_run, study, tmp_path):
    shutil.copytree(study, tmp_path / "again")
    wanted = ("--figure", "radar,ecdf,contest-ecdf", "--region", "USA", "--out", "figures")
    found = harness("plot", finished_run["run"], study, "again", *wanted)
    assert (found.code, found.err) == (0, "")
    assert plain(found.out) == OUTPUT
    names = {"radar", "ecdf", "contest-ecdf", "contest-2-ecdf"}
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        f"{name}.{kind}" for name in names for kind in ("png", "svg")
    }
    for path in (tmp_path / "figures").iterdir():
        assert path.read_bytes().startswith(b"\x89PNG" if path.suffix == ".png" else b"<?xml")


def test_what_is_left_out_is_said(harness, tmp_path):
    found = harness("plot", RUN, "--figure", "world,ecdf,contest-errors", "--out", "new/figures")
    assert found.code == 0
    lines = plain(found.out).splitlines()
    assert lines[-3:] == [
        "ecdf is left out: one optimizer alone: there is none to compare it with",
        "contest-errors is left out: is of contests, and none was given",
        "2 files in new/figures",
    ]


def test_json_holds_files_and_texts(harness, tmp_path):
    found = harness("plot", RUN, "--figure", "ecdf,radar", "--region", "CHN", "--out", "figures", "--json")
    content = json.loads(found.out)
    assert content["left"] == [{"name": "ecdf", "reason": "one optimizer alone: there is none to compare it with"}]
    (figure,) = content["figures"]
    assert (figure["name"], figure["title"]) == ("radar", "CHN: published scores and answers")
    assert figure["alt"].startswith("CHN: mean absolute error naive ")
    assert figure["files"] == ["figures/radar.png", "figures/radar.svg"]
    assert all((tmp_path / path).is_file() for path in figure["files"])


REFUSED = {
    "figure": ((RUN, "--figure", "radr"), "unknown figure 'radr': expected one of radar, "),
    "region": ((RUN, "--region", "USSA"), "unknown region 'USSA': expected one of USA, "),
    "region-of-a-contest": ((STUDY, "--region", "USA"), "--region USA: a contest has no radar"),
    "region-without-radar": ((RUN, "--region", "USA", "--figure", "world"), "--region USA: only the radar shows one"),
    "nothing": ((RUN, "--figure", "ecdf"), "nothing to draw: ecdf: one optimizer alone"),
    "no-run": (("nowhere",), "run 'nowhere' has no record.json"),
    "unfinished": (("begun",), "contest 'begun' has no contest.json: repeat the command that began it"),
    "damaged": (("half",), "file 'half/contest.json' cannot be read ("),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_drawn_is_one_line_and_leaves_no_folder(case, harness, tmp_path):
    for folder, name in (("begun", "log.jsonl"), ("half", "contest.json")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("{")
    arguments, says = REFUSED[case]
    found = harness("plot", *arguments, "--out", "figures")
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(f"harness: error: {says}")
    assert found.err.count("\n") == 1
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("file", "--out file: is a file; give a folder"),
        ("file/below", "--out file/below: cannot be made (Not a directory); give another folder"),
        ("x" * 300, f"--out {'x' * 200}: cannot be made (File name too long); give another folder"),
    ],
)
def test_a_folder_that_cannot_be_made_is_one_line(out, says, harness, tmp_path):
    (tmp_path / "file").write_text("kept")
    found = harness("plot", RUN, "--figure", "radar", "--out", out)
    assert (found.code, found.out, found.err) == (2, "", f"harness: error: {says}\n")
    assert (tmp_path / "file").read_text() == "kept"


def test_the_folder_must_be_given(harness):
    found = harness("plot", RUN)
    assert found.code == 2
    assert "--out" in found.err
