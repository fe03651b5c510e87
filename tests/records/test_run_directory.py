import json
import os
from pathlib import Path

import pytest

from harness.errors import RunError
from harness.records.files import write_atomically
from harness.records.run_directory import Inputs, RunDirectory, list_runs
from harness.records.schema import DIMENSIONS, MethodResult, ModelIdentity, Provenance, Record, RegionResult


def record(**changes):
    values = {
        "run_id": "one",
        "spec": {"regions": ["USA"]},
        "spec_digest": "0" * 64,
        "model": ModelIdentity(
            name="respondent", digest="sha256:0", parameters=1, dtype="float32", device="cpu", random_weights=False
        ),
        "provenance": Provenance(versions={}, git_revision=None, git_dirty=None, machine={}, threads=1),
        "methods": (
            MethodResult(
                method="null",
                group="null",
                results=(
                    RegionResult(
                        region="USA",
                        indices=dict.fromkeys(DIMENSIONS, 50.0),
                        mae=1.5,
                        mae_tuned=1.5,
                        evaluations=0,
                    ),
                ),
            ),
        ),
        "started": "2026-01-01T00:00:00+00:00",
        "timings": {"tuning": 1.0},
    }
    return Record(**{**values, **changes})


def test_a_record_round_trips(tmp_path):
    directory = RunDirectory.create(tmp_path, "one", {"a": 1})
    assert not directory.finished
    directory.write_record(record())
    assert directory.finished
    assert directory.read_record() == record()


def test_a_taken_name_gets_a_number(tmp_path):
    made = [RunDirectory.create(tmp_path / "new" / "deep", "one", {}).run_id for _ in range(3)]
    assert made == ["one", "one-2", "one-3"]


def test_runs_are_listed_finished_or_not(tmp_path):
    RunDirectory.create(tmp_path, "b", {}).write_record(record())
    RunDirectory.create(tmp_path, "a", {})
    (tmp_path / "no-run").mkdir()
    (tmp_path / "file").write_text("")
    assert [(run.run_id, run.finished) for run in list_runs(tmp_path)] == [("a", False), ("b", True)]
    assert list_runs(tmp_path / "missing") == []


def test_a_directory_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot be made .*give --out a folder"):
        RunDirectory.create(tmp_path / "file", "one", {})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "has no record.json"),
        ("", "cannot be read"),
        ("[1]", "expected a JSON object, got a list"),
        ("not json", "cannot be read"),
        ('{"schema_version": 99}', "schema version 99, and vsm-harness"),
        ('{"schema_version": 1}', "(schema version 1): run_id: Field required"),
        ('{"schema_version": 3}', "Field required"),
        (record().model_dump_json().replace("1.5", '"x"', 1), "methods.0.results.0.mae"),
        (record().model_dump_json().replace("1.5", "NaN", 1), "methods.0.results.0.mae"),
        (record().model_dump_json().replace("1.5", "1e300", 1), "methods.0.results.0.mae"),
        (record().model_dump_json().replace('"ivr"', '"xyz"', 1), "methods.0.results.0.indices: expected the keys pdi"),
        (record().model_dump_json().replace('["USA"]', "7", 1), "spec"),
        (json.dumps(json.loads(record().model_dump_json()) | {"methods": []}), "methods"),
        ("[" * 200_000, "cannot be read"),
    ],
)
def test_a_damaged_record_is_one_line(tmp_path, content, reason):
    directory = RunDirectory.create(tmp_path, "one", {})
    if content is not None:
        (directory.path / "record.json").write_text(content)
    with pytest.raises(RunError) as caught:
        directory.read_record()
    assert reason in str(caught.value) and str(directory.path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_dimensions_are_those_of_the_survey():
    from harness.tasks.hofstede_vsm import indices

    assert indices.DIMENSIONS == DIMENSIONS


def test_a_run_without_an_answer_is_discarded_and_one_with_an_answer_stays(tmp_path):
    early, late = (RunDirectory.create(tmp_path, name, {}) for name in ("early", "late"))
    for run, entries in ((early, [{"journal": 1}]), (late, [{"journal": 1}, {"answers": {}}])):
        with run.open_journal() as journal:
            for entry in entries:
                journal.append(entry)
    assert early.discard() and not late.discard()
    assert [run.run_id for run in list_runs(tmp_path)] == ["late"]


def test_the_run_begun_last_is_gone_on_with(tmp_path):
    assert RunDirectory.newest(tmp_path, "one") is None
    for _ in range(3):
        RunDirectory.create(tmp_path, "one", {})
    assert RunDirectory.newest(tmp_path, "one").run_id == "one-3"


def test_a_directory_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "one").mkdir()
    run = RunDirectory(tmp_path / "one")
    assert not run.begun
    for name in ("lock", ".spec.json.half", "inputs.json"):
        (tmp_path / "one" / name).write_text("")
    assert not run.begun
    (tmp_path / "one" / "thesis.tex").write_text("")
    with pytest.raises(RunError, match=r"holds 'thesis.tex' and no run: give --out another folder, or --fresh"):
        _ = run.begun


def test_an_atomic_write_replaces_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, "old")
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_newest_run_is_found_where_an_earlier_one_was_removed(tmp_path):
    made = [RunDirectory.create(tmp_path, "one", {}) for _ in range(3)]
    (tmp_path / "one-2-x").mkdir()
    for gone in made[:2]:
        assert gone.discard()
        assert RunDirectory.newest(tmp_path, "one") == made[2]
    assert RunDirectory.create(tmp_path, "one", {}).run_id == "one-4"
    assert RunDirectory.newest(tmp_path, "on") is None
    assert RunDirectory.newest(tmp_path / "nowhere", "one") is None


def test_of_two_that_begin_the_same_run_at_once_the_second_takes_the_first_ones(tmp_path, monkeypatch):
    mkdir = Path.mkdir

    def late(self, *given, **named):
        if self.name == "one":
            mkdir(self, *given, **named)
        mkdir(self, *given, **named)

    monkeypatch.setattr(Path, "mkdir", late)
    assert RunDirectory.create(tmp_path, "one", {}, fresh=False).path == tmp_path / "one"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_the_name_of_a_run_given_as_a_point_or_not_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert RunDirectory(Path(".")).run_id == tmp_path.name
    assert RunDirectory(Path(os.fsdecode(b"a\xff"))).run_id == "a\\udcff"


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path):
    directory = RunDirectory.create(tmp_path, "one", {})
    os.mkfifo(directory.path / "inputs.json")
    with pytest.raises(RunError, match="is a pipe, no file"):
        directory.read_inputs()


def test_a_folder_whose_name_is_no_text_is_one_line(tmp_path):
    with pytest.raises(RunError, match=r"not UTF-8: give the command from another folder"):
        RunDirectory.create(tmp_path, "one", {}, Inputs(folder=Path(os.fsdecode(b"/a\xff"))))
