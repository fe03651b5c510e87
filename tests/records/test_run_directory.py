import json

import pytest

from harness.errors import RunError
from harness.records.files import write_atomically
from harness.records.run_directory import RunDirectory, list_runs
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
        ('{"schema_version": 2}', "Field required"),
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
