import json

import pytest

from harness.errors import RunError
from harness.records.run_directory import Journal, RunDirectory, list_runs, write_atomically
from harness.records.schema import MethodResult, ModelIdentity, Provenance, Record, RegionResult


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
                results=(RegionResult(region="USA", indices={"pdi": 50.0}, mae=1.5, mae_tuned=1.5, evaluations=0),),
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
        ("[1]", "schema version None"),
        ("not json", "cannot be read"),
        ('{"schema_version": 99}', "schema version 99: expected 1"),
        ('{"schema_version": 1}', "Field required"),
        (record().model_dump_json().replace("1.5", '"x"', 1), "methods.0.results.0.mae"),
        (record().model_dump_json().replace("1.5", "NaN", 1), "methods.0.results.0.mae"),
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


def test_the_journal_appends_and_refuses_numbers_that_json_lacks(tmp_path):
    for value in (1.5, None):
        with Journal(tmp_path / "journal.jsonl") as journal:
            journal.append({"value": value})
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["value"] for line in lines] == [1.5, None]
    with Journal(tmp_path / "journal.jsonl") as journal, pytest.raises(ValueError, match="JSON"):
        journal.append({"value": float("nan")})


def test_an_atomic_write_replaces_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, "old")
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
