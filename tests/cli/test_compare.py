"""`harness baseline` and `harness compare`: what they write, what they print, and their exit codes."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from harness.records.repeatability import Baseline, Verdict
from harness.records.run_directory import RunDirectory

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def run(finished_run, tmp_path_factory):
    """A copy of the finished run that has a folder to itself."""
    known = Path(finished_run["run"])
    return Path(shutil.copytree(known, tmp_path_factory.mktemp("gate") / known.name))


@pytest.fixture(scope="module")
def kept(run, completed, tmp_path_factory):
    """The file of a baseline of the run, and what the command printed."""
    file = tmp_path_factory.mktemp("baseline") / "known.json"
    return file, completed(file.parent, "baseline", run, "--repeats", "2", "--out", file)


@pytest.fixture
def changed(run, tmp_path):
    """Builds a copy of the finished run's record in a folder of its own, changed as told."""

    def build(change):
        record = json.loads((run / "record.json").read_text())
        change(record)
        folder = tmp_path / "changed"
        folder.mkdir()
        (folder / "record.json").write_text(json.dumps(record))
        return folder

    return build


def worsen(record, by=50.0, methods=("de",)):
    for method in record["methods"]:
        if method["method"] in methods:
            for result in method["results"]:
                result["mae"] += by


def test_a_baseline_holds_the_run_and_its_repeats(kept, run):
    file, printed = kept
    found = Baseline.model_validate_json(file.read_text())
    record = RunDirectory(run).read_record()
    assert found.spec == record.spec and found.run_id == record.run_id
    assert len(found.repeats) == len(set(found.repeats)) == 2 and record.spec_digest not in found.repeats
    assert {len(one.values) for one in found.measures} == {3}
    by_label = {one.metric.label: one for one in found.measures}
    own = next(method for method in record.methods if method.method == "de")
    assert by_label["de mae"].values[0] == pytest.approx(sum(one.mae for one in own.results) / len(own.results))
    assert len(set(by_label["de mae"].values)) == 3, "repeats have seeds of their own"
    assert len(set(by_label["naive mae"].values)) == 1
    assert {"answering", "searching", "distinct_tokens", "random mae", "de evaluations"} <= by_label.keys()
    assert len([*run.parent.iterdir()]) == 1, "the folder still holds the one run"
    assert len([*(run / "repeats").iterdir()]) == 2
    for part in ("Repeatability", "de mae", "answering", "of mean", f"baseline: {file.name}"):
        assert part in printed.replace(str(file.parent) + "/", ""), printed


def test_a_baseline_that_is_given_again_shows_what_is_there(kept, run, harness, quick):
    file, _ = kept
    again = harness("baseline", run, "--repeats", "2", "--out", "again.json", "--quiet", "--json")
    assert again.code == 0
    assert Path("again.json").read_text() == file.read_text()
    assert json.loads(again.out) == json.loads(file.read_text())


@pytest.fixture
def repeated(kept, run, tmp_path):
    """A copy of the folder with the finished run and its repeats, and the run's place in it."""
    folder = tmp_path / "repeated"
    shutil.copytree(run.parent, folder)
    return folder, folder / run.name


@pytest.mark.parametrize("place", [".", ".."])
def test_a_baseline_goes_on_from_wherever_its_run_is_named(kept, repeated, harness, monkeypatch, place):
    _, run = repeated
    before = sorted(path.name for path in (run / "repeats").iterdir())
    monkeypatch.chdir(run)
    done = harness("baseline", place, "--repeats", "2", "--out", "../again.json", "--quiet")
    assert done.code == 0, done.err
    assert Path("../again.json").read_text() == kept[0].read_text()
    assert sorted(path.name for path in (run / "repeats").iterdir()) == before


def test_a_repeat_that_was_interrupted_after_its_search_is_timed_again(repeated, harness):
    folder, run = repeated
    repeat = sorted((run / "repeats").iterdir())[0]
    (repeat / "record.json").unlink()
    for _ in range(2):
        again = harness("baseline", folder, "--repeats", "2", "--out", "again.json", "--quiet")
        assert again.code == 0, again.err
    found = sorted(path.name for path in repeat.parent.iterdir() if path.name.startswith(repeat.name))
    assert found == [repeat.name, f"{repeat.name}-2"]


def test_an_unchanged_run_passes(kept, run, harness):
    done = harness("compare", "--baseline", kept[0], run)
    assert done.code == 0
    assert "no regression: " in done.out and "WORSE" not in done.out


def test_a_worse_run_fails_and_the_metric_is_named(kept, changed, harness):
    done = harness("compare", "--baseline", kept[0], changed(worsen))
    assert done.code == 1
    assert "REGRESSION: de mae worse" in done.out
    assert done.err == ""


def test_missing_results_fail(kept, changed, harness):
    def without(record):
        record["methods"] = [one for one in record["methods"] if one["method"] != "random"]

    done = harness("compare", "--baseline", kept[0], changed(without), "--json")
    assert done.code == 1
    verdict = Verdict.model_validate_json(done.out)
    assert {one.metric.method for one in verdict.findings if one.status == "missing"} == {"random"}
    assert not verdict.passed


def test_only_what_is_gated_fails(kept, changed, harness):
    folder = changed(worsen)
    assert harness("compare", "--baseline", kept[0], folder, "--gate", "cost,speed").code == 0
    assert harness("compare", "--baseline", kept[0], folder, "--gate", "quality").code == 1


def test_slower_answers_fail(kept, changed, harness):
    def slower(record):
        record["timings"]["answering_loops"] *= 100

    done = harness("compare", "--baseline", kept[0], changed(slower))
    assert done.code == 1
    assert "REGRESSION: answering worse" in done.out


def test_another_exam_is_no_comparison(kept, changed, refused):
    def asked(record):
        record["spec"]["response"] = "greedy"

    refused("compare", "--baseline", kept[0], changed(asked), says=("was asked something else", "response"))


def test_the_files_for_ci_say_the_same(kept, changed, harness, tmp_path):
    folder = changed(lambda record: worsen(record, methods=("de", "naive")))
    done = harness("compare", "--baseline", kept[0], folder, "--junit", "gate.xml", "--markdown", "gate.md", "--json")
    assert done.code == 1
    verdict = Verdict.model_validate_json(done.out)
    failed = {one.metric.label for one in verdict.findings if one.failed}
    assert failed == {"naive mae", "de mae"}

    suites = ElementTree.fromstring((tmp_path / "gate.xml").read_text())
    cases = {case.get("name"): case for case in suites.iter("testcase")}
    assert [suite.get("name") for suite in suites] == ["quality", "cost", "speed"]
    assert cases.keys() == {one.metric.label for one in verdict.findings}
    assert {name for name, case in cases.items() if case.find("failure") is not None} == failed
    assert suites[0].get("failures") == "2" and suites[0].get("tests") == str(len(suites[0].findall("testcase")))

    html = MarkdownIt("commonmark").enable("table").render((tmp_path / "gate.md").read_text())
    assert "REGRESSION: naive mae worse, de mae worse" in html
    assert html.count("<tr>") == 1 + len(verdict.findings)


def test_nothing_is_written_over_what_is_read_or_written(kept, changed, refused, tmp_path):
    folder, known = changed(lambda record: None), tmp_path / "known.json"
    known.write_text(kept[0].read_text())
    (tmp_path / "link").symlink_to(known)
    command = ("compare", "--baseline", known, folder)
    refused(*command, "--junit", "one", "--markdown", "./one", says="--markdown one: is written as --junit")
    refused(*command, "--junit", known, says="is read by this command")
    refused(*command, "--markdown", "link", says="is read by this command")
    refused(*command, "--junit", folder / "record.json", says="is read by this command")
    refused("baseline", folder, "--out", folder / "record.json", says="is read by this command")


def test_notes_are_text_in_markdown_whatever_they_begin_with(kept, changed, harness, tmp_path):
    """A note begins with the name of a method, which a record may call anything."""
    known = json.loads(kept[0].read_text())
    for one in known["measures"]:
        one["metric"]["method"] = one["metric"]["method"].replace("random", "# Title")
    (tmp_path / "known.json").write_text(json.dumps(known))

    def fewer(record):
        method = next(one for one in record["methods"] if one["method"] == "random")
        method["method"] = "# Title"
        method["results"] = method["results"][1:]

    assert harness("compare", "--baseline", "known.json", changed(fewer), "--markdown", "gate.md").code == 1
    html = MarkdownIt("commonmark").enable("table").render((tmp_path / "gate.md").read_text())
    assert "# Title lacks" in html
    assert "<h1>" not in html


def test_a_folder_with_one_run_stands_for_it(kept, changed, harness, refused, tmp_path):
    folder = changed(lambda record: None)
    assert harness("compare", "--baseline", kept[0], folder).code == 0
    runs = tmp_path / "runs"
    (runs / "only").mkdir(parents=True)
    (runs / "only" / "spec.json").write_text("{}")
    (runs / "only" / "record.json").write_text((folder / "record.json").read_text())
    assert harness("compare", "--baseline", kept[0], runs).code == 0
    (runs / "second").mkdir()
    (runs / "second" / "spec.json").write_text("{}")
    refused("compare", "--baseline", kept[0], runs, says="holds 2 runs (only, second): give one of them")


def test_a_baseline_is_not_made_of_an_untimed_run(changed, refused):
    folder = changed(lambda record: None)
    refused("baseline", folder, "--out", "out.json", says="has no spec.json")


def test_the_tables_look_as_they_did(monkeypatch, harness):
    """Whole output of a verdict in which everything happens, at 80 and at 140 columns.

    The baseline and the run are made up in tests/golden/gate/.
    """
    for width in ("80", "140"):
        monkeypatch.setenv("COLUMNS", width)
        done = harness("compare", "--baseline", GOLDEN / "gate" / "baseline.json", GOLDEN / "gate" / "run")
        assert done.code == 1
        shown = done.out
        golden = GOLDEN / f"gate-{width}.txt"
        assert shown == golden.read_text(encoding="utf-8"), shown
