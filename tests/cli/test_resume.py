"""Runs that were interrupted go on where they were, and end as if nothing had happened."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = ("run", "--region", "USA,CHN", "--budget", "10", "--tokens", "3", "--out", "runs")
# Which layout is faster depends on the hour, and the last digits on the layout.
SMALL = (*SMALL[:3], "--scorer", "packed", *SMALL[3:])
KINDS = {
    "shared": ("--optimizer", "de,random"),
    "sampled": ("--response", "sample", "--respondents", "20"),
    "alone": ("--no-share", "--aggregate", "worst", "--optimizer", "cma"),
    "vocabulary": ("--space", "subspace:4", "--start", "vocabulary", "--seeds", "2"),
    "reference": ("--optimizer", "gradient"),
    "one region": ("--region", "JPN"),
}


@pytest.fixture
def harness(harness, lm, monkeypatch):
    """The command line with a model that is loaded once."""
    from harness.cli import options

    monkeypatch.setattr(options, "load_quietly", lambda spec: lm)
    return harness


def only_run():
    (path,) = Path("runs").iterdir()
    return path


def kept(path):
    """Record without times, and prompts."""
    record = json.loads((path / "record.json").read_text())
    for name in ("started", "timings", "execution"):
        del record[name]
    adapters = {str(file.relative_to(path)): file.read_bytes() for file in (path / "adapters").rglob("*.*")}
    return json.dumps(record), adapters


def answers(path):
    entries = [json.loads(line) for line in (path / "journal.jsonl").read_text().splitlines()]
    return [{k: v for k, v in one.items() if k not in ("check", "seconds")} for one in entries if "answers" in one]


def unfinish(path, journal):
    """As a process that died leaves it: part of the journal, no record."""
    (path / "record.json").unlink()
    shutil.rmtree(path / "adapters")
    (path / "journal.jsonl").write_bytes(journal)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_cut_off_after_any_line_ends_as_if_it_had_not_been(harness, kind):
    command = (*SMALL, *KINDS[kind], "--quiet")
    assert harness(*command).code == 0
    path = only_run()
    whole, before, asked = (path / "journal.jsonl").read_bytes(), kept(path), answers(path)
    lines = whole.splitlines(keepends=True)
    # Before the header, in the middle of baselines and search, in the last line; each with half of the line that was
    # being written. What comes before the search hangs on the responses alone.
    searching = [number for number, line in enumerate(lines) if b'"phase":"tuning"' in line]
    early = {"shared": (0, 4), "sampled": (4,)}.get(kind, ())
    for place in (*early, searching[1], len(lines) - 1):
        half = lines[place][: len(lines[place]) // 2] if place < len(lines) else b""
        unfinish(path, b"".join(lines[:place]) + half)
        done = harness("resume", path, "--quiet") if place % 2 else harness(*command)
        assert done.code == 0, done.err
        assert kept(path) == before, place
        assert answers(path) == asked, place
        assert (path / "journal.jsonl").read_bytes().startswith(b"".join(lines[:place]))
    assert only_run() == path


def test_going_on_says_so_and_asks_the_model_only_what_is_missing(harness, monkeypatch):
    from harness.models.scorer import Scorer

    assert harness(*SMALL, "--quiet").code == 0
    path = only_run()
    lines = (path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    unfinish(path, b"".join(lines[:-1]) + lines[-1][:30])
    asked = []
    monkeypatch.setattr(
        Scorer, "score", lambda self, soft, real=Scorer.score: asked.append(len(soft)) or real(self, soft)
    )
    done = harness("resume", path)
    assert done.code == 0
    # One random prompt, in both splits that are scored.
    assert asked == [1, 1]
    assert (
        f"going on with {path}: 15 lines of answers are in its journal, with 20 evaluations of the search" in done.err
    )
    assert "the journal's last line was cut off (30 bytes): what it held is done again" in done.err
    assert "Leaderboard" in done.out


def test_the_times_of_all_processes_count(harness):
    assert harness(*SMALL, "--quiet").code == 0
    path = only_run()
    whole = (path / "journal.jsonl").read_bytes()
    first = json.loads((path / "record.json").read_text())
    unfinish(path, whole)
    assert harness("resume", path, "--quiet").code == 0
    again = json.loads((path / "record.json").read_text())
    assert again["started"] == first["started"]
    seconds = [json.loads(line) for line in whole.splitlines()]
    tuning = sum(one["seconds"] for one in seconds if one.get("phase") == "tuning")
    assert tuning < again["timings"]["tuning"] < 2 * first["timings"]["tuning"] + 1


def test_a_finished_run_is_shown_and_fresh_runs_it_again(harness):
    first = harness(*SMALL)
    again = harness(*SMALL)
    assert (first.code, again.code) == (0, 0)
    assert again.out == first.out
    assert re.search(r"run \S+ is finished, begun 20\S+: shown from its record; --fresh runs it again", again.err)
    assert "tuning:" not in again.err
    path = only_run()
    fresh = harness(*SMALL, "--fresh", "--json", "--quiet")
    assert json.loads(fresh.out)["run"] == f"{path}-2"
    # The newest one is the one that is gone on with.
    assert json.loads(harness(*SMALL, "--json", "--quiet").out)["run"] == f"{path}-2"
    assert harness("resume", path, "--quiet").out == first.out


def refused(done, *parts):
    assert done.code == 2, done.err
    assert "go on with: " not in done.err
    (line,) = [one for one in done.err.splitlines() if one.startswith("harness: error: ")]
    assert all(part in line for part in parts), line
    return line


@pytest.fixture(scope="session")
def finished(completed, tmp_path_factory):
    """The folder of a finished run, which nobody changes."""
    folder = tmp_path_factory.mktemp("finished")
    completed(folder, *SMALL, "--quiet")
    return folder / "runs"


@pytest.fixture
def unfinished(harness, finished):
    """A run with the first ten lines of its journal."""
    shutil.copytree(finished, "runs")
    path = only_run()
    lines = (path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    unfinish(path, b"".join(lines[:10]))
    return path


def test_a_damaged_line_is_named_and_nothing_is_touched(harness, unfinished):
    journal = unfinished / "journal.jsonl"
    content = journal.read_bytes().replace(b'"method":"icl"', b'"method":"ICL"', 1)
    journal.write_bytes(content)
    number = content[: content.index(b'"ICL"')].count(b"\n") + 1
    for command in (("resume", unfinished), SMALL):
        line = refused(harness(*command), f"line {number}: is damaged, its checksum does not fit")
        assert "begin anew" in line and str(journal) in line
    assert journal.read_bytes() == content


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"torch": "1.0"}, "torch is 1.0 there, "),
        ({"vsm-harness": "9.9"}, "vsm-harness is 9.9 there, 0."),
        ({"their-plugin": "3"}, "their-plugin is 3 there, missing here"),
        ({"jinja2": "2.0"}, "jinja2 is 2.0 there, 3."),
        ({"python": "2.7.1"}, "python is 2.7 there, 3."),
        ({"lm-eval": "0.1", "peft": "0.1", "python": f"{sys.version_info[0]}.{sys.version_info[1]}.99"}, ""),
    ],
)
def test_other_libraries_are_refused_where_they_decide_numbers(harness, unfinished, change, said):
    def begin(header):
        header["versions"] |= change

    rewrite(unfinished, begin)
    done = harness("resume", unfinished, "--quiet")
    if said:
        refused(done, "was begun with something else: ", said, "go on with what it was begun with, or begin anew")
    else:
        assert done.code == 0


def rewrite(path, change):
    """Changes the first line of a journal; the checksums of all fit."""
    from harness.records.journal import Journal, read_journal

    entries = [line.entry for line in read_journal(path / "journal.jsonl")]
    change(entries[0])
    (path / "journal.jsonl").unlink()
    with Journal(path / "journal.jsonl") as journal:
        for entry in entries:
            journal.append(entry)


def test_prompts_are_not_written_through_a_link(harness, unfinished):
    Path("mine").mkdir()
    (unfinished / "adapters").symlink_to(Path("mine").absolute())
    done = harness("resume", unfinished, "--quiet")
    assert done.code == 2 and "leads out of the run's directory: remove the link" in done.err
    assert list(Path("mine").iterdir()) == []
    (unfinished / "adapters").unlink()
    assert harness("resume", unfinished, "--quiet").code == 0


def test_other_weights_are_refused(harness, unfinished):
    rewrite(unfinished, lambda header: header["model"].update(digest="sha256:other"))
    refused(harness("resume", unfinished), "the model's digest is sha256:other there, sha256:")


def test_a_newer_journal_is_refused_politely(harness, unfinished):
    rewrite(unfinished, lambda header: header.update(journal=7, more={}))
    refused(harness("resume", unfinished), "has version 7: this harness reads up to 1; go on with a newer vsm-harness")


def test_another_specification_is_refused_with_what_differs(harness, unfinished):
    spec = json.loads((unfinished / "spec.json").read_text())
    (unfinished / "spec.json").write_text(json.dumps(spec | {"budget": 11}))
    refused(harness("resume", unfinished), "was begun with something else: budget is 10 there, 11 here")


def test_answers_to_other_questions_are_refused_by_their_line(harness, unfinished, monkeypatch):
    from harness.tuning.candidates import Candidates

    whole = Candidates._first_sample
    monkeypatch.setattr(Candidates, "_first_sample", lambda *given: whole(*given) + 0.01)
    refused(
        harness("resume", unfinished),
        "line 9: holds tuning, de, seed 0, the first sample, and",
        "this run asks other candidates there",
    )


def test_last_digits_of_another_machine_are_no_other_questions(harness, monkeypatch):
    from harness.tuning.candidates import Candidates

    assert harness(*SMALL, "--quiet").code == 0
    path = only_run()
    first = json.loads((path / "record.json").read_text())
    lines = (path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    unfinish(path, b"".join(lines[:-3]))
    whole = Candidates._first_sample
    monkeypatch.setattr(Candidates, "_first_sample", lambda *given: whole(*given) * (1 + 1e-12))
    monkeypatch.setattr("harness.tuning.worker.threads", lambda: 99)
    done = harness("resume", path)
    assert done.code == 0, done.err
    threads = first["provenance"]["threads"]
    assert f"an earlier process ran elsewhere (threads {threads} then, 99 now): last digits may differ" in done.err
    again = json.loads((path / "record.json").read_text())
    assert [one["threads"] for one in again["provenance"]["earlier"]] == [threads]
    assert again["provenance"]["threads"] == 99
    found, known = (
        [row["mae"] for method in record["methods"] for row in method["results"]] for record in (again, first)
    )
    assert found == pytest.approx(known, abs=1e-6)


def test_a_run_at_work_is_left_alone_and_a_dead_ones_lock_is_taken_over(harness, unfinished):
    from harness.records.lock import locked

    with locked(unfinished):
        refused(harness("resume", unfinished), f"run '{unfinished}' is being worked on by process ")
        refused(harness(*SMALL), "is being worked on by process ")
    (unfinished / "lock").write_text('{"pid": 1, "host": "gone", "since": "2026-01-01T00:00:00+00:00"}')
    done = harness("resume", unfinished)
    assert done.code == 0
    assert "the lock of process 1 on gone, since 2026-01-01T00:00:00+00:00, is taken over" in done.err
    assert not (unfinished / "lock").exists()


def test_survey_and_targets_are_found_where_they_were_and_must_be_the_same(harness, other_survey, monkeypatch):
    from harness.tasks.hofstede_vsm import targets

    Path("scores.csv").write_bytes(targets.BUNDLED.read_bytes() + b"XXX,Nowhere,country,1,2,3,4,5,6\n")
    done = harness(*SMALL, "--survey", other_survey.name, "--targets", "scores.csv", "--quiet")
    assert done.code == 0, done.err
    path = only_run().absolute()
    before, journal = kept(path), (path / "journal.jsonl").read_bytes()
    unfinish(path, journal)
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert harness("resume", path, "--quiet").code == 0
    assert kept(path) == before
    unfinish(path, journal)
    scores = other_survey.with_name("scores.csv")
    moved = scores.rename(scores.with_name("moved.csv"))
    refused(harness("resume", path), "targets", "scores.csv' cannot be read")
    refused(harness("resume", path, "--targets", targets.BUNDLED), "was begun with targets 'scores.csv' of digest ")
    assert harness("resume", path, "--targets", moved, "--quiet").code == 0
    assert kept(path) == before
    # The command that goes on next time knows where they are now.
    unfinish(path, journal)
    assert harness("resume", path, "--quiet").code == 0
    assert kept(path) == before


def test_code_that_comes_with_a_model_is_trusted_anew(harness, unfinished):
    spec = json.loads((unfinished / "spec.json").read_text())
    spec["model"]["trust_remote_code"] = True
    (unfinished / "spec.json").write_text(json.dumps(spec))
    refused(harness("resume", unfinished), "was begun with --trust-remote-code", "give the flag again if you trust it")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"optimizers": 3}', '{"optimizers": [{"name": "dee"}]}', "[" * 99999]
)
def test_a_damaged_specification_is_one_line(harness, unfinished, content):
    (unfinished / "spec.json").write_text(content)
    refused(harness("resume", unfinished), "spec")


@pytest.mark.parametrize("content", [None, "", "[]", '{"folder": 3}', '{"folder": ".", "run": "rm"}'])
def test_damaged_places_are_one_line(harness, unfinished, content):
    (unfinished / "inputs.json").unlink()
    if content is not None:
        (unfinished / "inputs.json").write_text(content)
    refused(harness("resume", unfinished), "inputs.json")


def test_what_is_no_run_is_one_line(harness):
    refused(harness("resume", "nowhere"), "'nowhere' has no spec.json of a run")
    Path("runs").mkdir()
    assert harness(*SMALL, "--quiet").code == 0
    path = only_run()
    shutil.rmtree(path)
    path.mkdir()
    (path / "thesis.tex").write_text("mine")
    refused(harness(*SMALL), f"'{path}' holds 'thesis.tex' and no run")
    assert [one.name for one in path.iterdir()] == ["thesis.tex"]


def test_the_command_that_an_interrupted_run_prints_goes_on_with_it(tmp_path):
    """In a folder whose name a shell would take apart, and that is no ASCII."""
    folder = tmp_path / "a b; $(touch x) 'ü'\u200f"
    folder.mkdir()
    command = [sys.executable, "-m", "harness", *SMALL[:3], "--budget", "60", "--tokens", "3", "--out", str(folder)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        # A test in the background of a shell ignores interrupts, and a child would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            for line in process.stderr:
                if line.startswith("tuning:"):
                    break
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "interrupted; what was answered is kept" in err and "Traceback" not in err
    found = re.search(r"^go on with: (.*)$", err, re.MULTILINE)
    done = subprocess.run(found[1], shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "going on with" in done.stderr and "Leaderboard" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_a_run_with_that_command_too(harness, monkeypatch, number):
    from harness.tuning import session

    monkeypatch.setattr(session, "write_adapter", lambda *_: os.kill(os.getpid(), number))
    # Whoever runs the tests may ignore it, as `nohup` does.
    before = signal.signal(number, signal.SIG_DFL)
    try:
        done = harness(*SMALL)
    finally:
        signal.signal(number, before)
    assert done.code == 128 + number
    assert "interrupted; what was answered is kept" in done.err and "Traceback" not in done.err
    assert re.search(rf"^go on with: .*harness resume {re.escape(str(only_run().absolute()))}$", done.err, re.MULTILINE)


def test_a_run_that_is_interrupted_before_its_first_answer_leaves_nothing(harness, monkeypatch):
    from harness.tuning.baselines import Baselines

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Baselines, "searches", interrupt)
    done = harness(*SMALL)
    assert done.code == 130
    assert "interrupted; nothing was kept" in done.err and "go on with" not in done.err
    assert list(Path("runs").iterdir()) == []


def test_the_listing_shows_who_is_at_work_and_how_far(harness, unfinished):
    from harness.records.lock import locked

    def listed():
        (row,) = json.loads(harness("ls", "runs", "--out", "runs", "--json").out)
        return row

    begun = listed()
    assert (begun["state"], begun["model"], begun["evaluations"]) == ("unfinished", "respondent", 12)
    assert begun["started"].startswith("20")
    with locked(unfinished):
        assert listed()["state"].startswith(f"at work ({os.getpid()} on ")
    (unfinished / "journal.jsonl").write_text("{}\n")
    assert listed()["state"] == "damaged"


def test_rates_are_those_of_this_process(harness, unfinished, monkeypatch):
    """What came from the journal in no time does not make the rest look quick."""
    from harness.report import progress

    now = iter(range(10**6))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(now)))
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    done = harness("resume", unfinished)
    rates = [float(one) for one in re.findall(r"([\d.]+) evaluations/s", done.err)]
    # Ten evaluations are in the journal, ten are new; a clock that ticks when it is read makes at most five a tick.
    assert len(rates) > 2 and rates[0] == 0.0 and max(rates) <= 5.0


def test_remarks_are_told_in_spite_of_quiet(harness, unfinished):
    with (unfinished / "journal.jsonl").open("ab") as file:
        file.write(b'{"check":"0')
    done = harness("resume", unfinished, "--quiet")
    assert "the journal's last line was cut off (11 bytes)" in done.err and "tuning:" not in done.err


@pytest.mark.parametrize("journal", [None, b"", b'{"check":"0'])
def test_a_run_without_an_answer_says_that_it_begins_anew(harness, unfinished, journal):
    (unfinished / "journal.jsonl").unlink()
    if journal is not None:
        (unfinished / "journal.jsonl").write_bytes(journal)
    done = harness("resume", unfinished)
    assert done.code == 0
    assert f"run {unfinished} was begun before and holds no answer: begins anew" in done.err


def test_the_name_of_a_run_does_not_hang_on_how_its_regions_are_given():
    from harness.cli import run_settings
    from harness.cli.run_flags import RunFlags
    from harness.tasks.hofstede_vsm.survey import load_survey
    from harness.tasks.hofstede_vsm.targets import load_regions

    names, table = [], load_regions()
    for regions in ("core", "ARA,China,IND,USA", "usa,ara,chn,ind", "JPN", "JPN,USA", "all"):
        flags = RunFlags(region=regions)
        spec = run_settings.run_spec(flags, run_settings.checked(flags), load_survey(), None, table)
        names.append(run_settings.name(spec, table).rpartition("-")[0])
    assert names == ["de-core", "de-core", "de-core", "de-JPN", "de-2regions", "de-all"]


def test_lines_whose_checksums_fit_and_that_hold_no_answers_are_named(harness, unfinished):
    from harness.records.journal import Journal, read_journal

    journal = unfinished / "journal.jsonl"
    entries = [line.entry for line in read_journal(journal)]
    phases = {entry.get("phase"): place for place, entry in enumerate(entries)}
    changes = [
        {"answers": {}},
        {"answers": {"item_means": "x", "heldout": "x", "tuning": [], "kind": 7}},
        {"answers": []},
        {"seconds": "x"},
        {"seconds": -5},
        {"phase": [1]},
        {"optimizer": {}},
        {"asked": "", "sketch": ["x"] * 64, "generations": 3},
    ]
    for place in (phases["baselines"], phases["planning"], phases["tuning"]):
        for change in changes:
            journal.unlink()
            with Journal(journal) as new:
                for number, entry in enumerate(entries):
                    new.append({**entry, **change} if number == place else entry)
            refused(harness("resume", unfinished), "journal.jsonl', line ")


def test_an_interrupted_check_of_sensitivity_prints_a_command_that_goes_on(harness, monkeypatch):
    from harness.tuning import session

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(session, "write_adapter", interrupt)
        done = harness("check", "sensitivity", "--region", "USA,CHN", "--budget", "3", "--runs", "runs")
    assert done.code == 130
    words = re.search(r"^go on with: harness (.*)$", done.err, re.MULTILINE)[1].split()
    assert harness(*words, "--quiet").code == 0


def test_a_second_signal_at_once_does_not_keep_the_command_from_being_printed(harness, monkeypatch):
    from harness.records.run_directory import RunDirectory
    from harness.tuning import session

    def once_more(self, real=RunDirectory.discard):
        os.kill(os.getpid(), signal.SIGINT)
        return real(self)

    monkeypatch.setattr(session, "write_adapter", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr(RunDirectory, "discard", once_more)
    done = harness(*SMALL)
    assert done.code == 143
    assert "go on with: harness resume " in done.err
