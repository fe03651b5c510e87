"""`harness leaderboard --format ...` and `harness ls runs` on a run directory that came from somebody else."""

import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest

from harness.cli import main
from harness.cli.leaderboard import BINARY, FORMATS
from harness.report.literal import literal

TEXT = [form for form in FORMATS if form not in BINARY]
RECORD = Path(__file__).parents[2] / "results" / "respondent-de" / "record.json"


@pytest.fixture
def harness(monkeypatch, capsys, tmp_path):
    """Runs the command line in this process, in an empty folder: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["harness", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.run()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return call


def written(folder, text):
    """A run whose record is valid and says a text wherever it may."""
    content = json.loads(RECORD.read_text(encoding="utf-8"))
    name = literal(text)[:100]
    content["methods"] = [one for one in content["methods"] if one["method"] in ("de", "null", "naive")]
    for method in content["methods"]:
        method["results"] = method["results"][:2]
        method["results"][0]["region"] = name
        method["method"] = name if method["method"] == "de" else method["method"]
    content["run_id"] = content["started"] = content["spec_digest"] = text
    content["model"] |= {"name": text, "note": text, "digest": text, "dtype": text, "device": text}
    content["provenance"] |= {"versions": {text: text}, "machine": {text: text}, "git_revision": text}
    content["spec"]["survey"] = content["spec"]["targets"] = {"name": text, "digest": text}
    content["spec"]["optimizers"] = [{"name": text, "parameters": {text: text}}]
    content["spec"]["regions"] = [text, text]
    folder.mkdir()
    (folder / "record.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "spec.json").write_text(json.dumps(content["spec"]), encoding="utf-8")
    return name


SOME = (
    "script",
    "link",
    "pipe",
    "shell",
    "formula",
    "lines",
    "escape",
    "c1",
    "direction",
    "nul",
    "half",
    "up",
    "markup",
)


@pytest.mark.parametrize("what", SOME)
def test_a_valid_record_of_somebody_else_is_shown_in_every_form(harness, tmp_path, hostile, what):
    text = hostile[what]
    name = written(tmp_path / "run", text)
    if "\ud800" in text:
        # No record can hold half a character.
        assert harness("leaderboard", "run")[0] == 2
        return
    before = sorted(tmp_path.rglob("*"))
    for form in TEXT:
        code, out, err = harness("leaderboard", "run", "--format", form, "--regions")
        assert (code, err) == (0, ""), form
        plain = out.replace("\t", "") if form == "tsv" else out
        assert all(line.isprintable() for line in plain.split("\n")), form
        assert form != "table" or name in out
        assert form not in ("latex", "json") or out.isascii(), form
    code, out, err = harness("ls", "runs", "--out", ".")
    assert (code, err) == (0, "") and "finished" in out
    assert all(line.isprintable() for line in out.split("\n"))
    assert sorted(tmp_path.rglob("*")) == before


def test_the_name_of_a_run_directory_is_text_too(harness, tmp_path):
    name = os.fsdecode(b"caf\xe9\x1b[31m\n=<b>|")
    written(tmp_path / name, "x")
    for form in FORMATS:
        to = ["--out", form] if form != "table" else []
        assert harness("leaderboard", name, "--format", form, *to)[::2] == (0, ""), form
    code, out, err = harness("ls", "runs", "--out", ".")
    assert (code, err) == (0, "") and literal(name) in out
    assert harness("ls", "runs", "--out", ".", "--json")[1].isascii()
    for file in (path for path in tmp_path.iterdir() if path.is_file() and path.name not in BINARY):
        assert all(line.isprintable() for line in file.read_text(encoding="utf-8").replace("\t", "").split("\n"))


@pytest.mark.parametrize("form", [form for form in TEXT if form != "table"])
def test_a_file_holds_what_would_be_printed(harness, form):
    folder = RECORD.parent
    _, printed, _ = harness("leaderboard", folder, "--format", form)
    code, out, err = harness("leaderboard", folder, "--format", form, "--out", "board")
    assert (code, out, err) == (0, "", "")
    assert Path("board").read_text(encoding="utf-8") == printed


def test_json_is_a_format_with_an_option_of_its_own(harness):
    assert harness("leaderboard", RECORD.parent, "--json") == harness("leaderboard", RECORD.parent, "--format", "json")


def test_filters_hold_for_every_format(harness):
    flags = ("--region", "USA,CHN,JPN", "--group", "tuned,baseline", "--sort", "tau", "--reverse")
    rows = json.loads(harness("leaderboard", RECORD.parent, "--json", *flags)[1])["rows"]
    assert [row["method"] for row in rows] == ["icl", "persona", "de", "naive"]
    assert {row["regions"] for row in rows} == {3}
    for form in TEXT:
        code, out, _ = harness("leaderboard", RECORD.parent, "--format", form, *flags)
        assert (code == 0 and "7.10" in out) or form in ("json", "csv", "tsv"), form
        assert "wrong-region" not in out and "random-prompt" not in out.replace("optimizers", ""), form
        assert form in ("csv", "tsv") or "3 of 65 regions" in out, form
        assert form in ("csv", "tsv") or "4 of 8 rows are shown" in out, form


def test_markdown_says_the_command_that_makes_it_again(harness, tmp_path):
    (tmp_path / "a run").symlink_to(RECORD.parent)
    flags = ["--runs", "--region", "USA,CHN", "--sort", "gap", "--reverse"]
    out = harness("leaderboard", "a run", "--format", "md", *flags)[1]
    said = "harness leaderboard 'a run' --format md --runs --region USA,CHN --sort gap --reverse"
    assert out.splitlines()[-1] == f"Generated, not written by hand: {said}"


def test_csv_holds_the_table_that_was_asked_for(harness):
    headings = {}
    for flag in ("--no-regions", "--regions", "--by-dimension"):
        _, out, _ = harness("leaderboard", RECORD.parent, "--format", "csv", flag)
        headings[flag] = next(csv.reader(io.StringIO(out)))
    assert headings["--no-regions"][:4] == ["model", "method", "group", "mae"]
    assert "indices_pdi" in headings["--regions"]
    assert "dimension" in headings["--by-dimension"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--format", "pdf"], "unknown format 'pdf': expected one of"),
        (["--format", "csv", "--json"], "--json with --format csv: expected one format"),
        (
            ["--format", "tsv", "--regions", "--by-dimension"],
            "--format tsv holds one table: give one of --regions, --by",
        ),
        (["--format", "parquet", "--runs", "--regions", "--out", "x"], "--format parquet holds one table"),
        (["--format", "parquet"], "--format parquet: is no text to print; give its file with --out FILE"),
        (["--out", "x"], "--out x: a table is for the terminal; give --format one of json, md, csv, tsv, latex, "),
        (["--sort", "mea"], "unknown column 'mea': expected one of mae"),
        (["--region", "USS", "--format", "md", "--out", "x"], "unknown region 'USS': expected one of"),
        (["--group", "reference"], "--group reference: leaves none of the 8 rows"),
        (["--dimension", ""], "unknown dimension ''"),
        (["--format", "md", "--out", "none/x"], "--out none/x: the folder none does not exist"),
        (["--format", "md", "--out", "."], "--out .: is a folder"),
    ],
)
def test_what_does_not_go_together_is_one_line(harness, tmp_path, flags, message):
    code, out, err = harness("leaderboard", RECORD.parent, *flags)
    assert (code, out) == (2, "") and err.startswith(f"harness: error: {message}") and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
