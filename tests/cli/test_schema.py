"""`harness schema`: the schemas are what they were, and what the harness wrote and writes is valid by them."""

import copy
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.records.kinds import KINDS
from harness.records.versions import migrate, version_of

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
NAMES = [*KINDS, "spec", "leaderboard", "score", "sensitivity"]
RESULTS = ROOT / "results"
# What each committed file is; a new file without a line here fails.
WRITTEN_BY = {
    "respondent-de/record.json": "record",
    "benchmarks/search/*.json": "record",
    "benchmarks/studies/*/contest.json": "contest",
    "benchmarks/scorer-*.json": "bench-scorer",
    "benchmarks/wrappers.json": "bench-wrappers",
    "benchmarks/asks.json": "bench-asks",
    "benchmarks/executor.json": "bench-executor",
    "baselines/*.json": "baseline",
    "validity/labels.json": "labels",
    "validity/side-effects.json": "side-effects",
    "validity/sensitivity.json": "sensitivity",
    "validity/near-uniform.json": "score",
    "validity/one-wording.json": "score",
    "validity/dimensions.json": "leaderboard",
    "validity/responses.json": "leaderboard",
    "validity/three-seeds.json": "leaderboard",
}
# What is not written where it is as it was before there was a choice.
LEFT_OUT = {"RunSpec": {"block"}}
COMMITTED = [(path, kind) for pattern, kind in WRITTEN_BY.items() for path in sorted(RESULTS.glob(pattern))]


def golden(kind):
    return json.loads((GOLDEN / f"schema-{kind}.json").read_text(encoding="utf-8"))


def problems(kind, document):
    found = Draft202012Validator(golden(kind)).iter_errors(document)
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in found]


@pytest.mark.parametrize("kind", NAMES)
def test_a_schema_does_not_change_unnoticed(harness, kind):
    shown = harness("schema", kind)
    assert (shown.code, shown.err) == (0, "")
    Draft202012Validator.check_schema(json.loads(shown.out))
    assert shown.out == (GOLDEN / f"schema-{kind}.json").read_text(encoding="utf-8"), (
        f"the schema of {kind} changed: unless it is only a description, raise its schema version and write the step "
        f"from the old one (docs/records.md), then harness schema {kind} --out tests/golden/schema-{kind}.json"
    )


@pytest.mark.parametrize("kind", NAMES)
def test_a_schema_says_what_it_is_and_points_to_itself_alone(kind):
    found = golden(kind)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["title"] and found["description"] and "$id" not in found
    assert "None" not in json.dumps(found)
    version = found["properties"].get("schema_version", {}).get("const")
    assert version == (KINDS[kind].newest if kind in KINDS else None)
    for one in (found, *found["$defs"].values()):
        always = set(one.get("properties", {})) - LEFT_OUT.get(one["title"], set())
        assert sorted(one.get("required", ())) == sorted(always), one["title"]


def test_every_committed_result_has_a_schema():
    assert {path for path, _ in COMMITTED} == set(RESULTS.rglob("*.json")) - set((RESULTS / "runs").rglob("*"))
    assert len(COMMITTED) == len(set(COMMITTED))


@pytest.mark.parametrize(("path", "kind"), COMMITTED, ids=lambda value: getattr(value, "stem", value))
def test_every_committed_result_is_valid(path, kind):
    document = json.loads(path.read_text(encoding="utf-8"))
    if kind in KINDS:
        document = migrate(document, KINDS[kind], version_of(document, KINDS[kind], str(path)))
    assert problems(kind, document) == []


def test_what_a_run_writes_and_prints_is_valid(harness, finished_run):
    run = Path(finished_run["run"])
    record, spec = (json.loads((run / name).read_text(encoding="utf-8")) for name in ("record.json", "spec.json"))
    assert problems("record", record) == problems("spec", spec) == problems("spec", record["spec"]) == []
    shown = {key: finished_run[key] for key in finished_run if key not in ("run", "execution")}
    assert problems("leaderboard", shown) == []
    assert problems("score", json.loads(harness("score", "--method", "null", "--json").out)) == []
    assert problems("sensitivity", json.loads(harness("check", "sensitivity", run, "--json").out)) == []


def test_what_is_no_record_is_not_valid(finished_run):
    record = json.loads((Path(finished_run["run"]) / "record.json").read_text(encoding="utf-8"))
    for change in (
        lambda one: one.pop("targets"),
        lambda one: one.update(schema_version=1),
        lambda one: one.update(extra=1),
        lambda one: one["methods"][0]["results"][0].update(mae=-1),
        lambda one: one["methods"][0]["results"][0].update(mae="1"),
        lambda one: one["provenance"].pop("earlier"),
        lambda one: one["methods"].clear(),
    ):
        changed = copy.deepcopy(record)
        change(changed)
        assert len(problems("record", changed)) == 1


def test_the_record_is_the_default_and_a_file_takes_the_place_of_the_screen(harness):
    assert harness("schema").out == harness("schema", "record").out
    shown = harness("schema", "contest", "--out", "contest.json")
    assert (shown.code, shown.out, shown.err) == (0, "", "")
    assert Path("contest.json").read_text(encoding="utf-8") == harness("schema", "contest").out


def test_the_schemas_are_listed(harness):
    assert harness("ls", "schemas").out == (GOLDEN / "schemas-80.txt").read_text(encoding="utf-8")
    rows = json.loads(harness("ls", "schemas", "--json").out)
    assert [row["schema"] for row in rows] == NAMES
    assert rows[0] == {"schema": "record", "version": 3, "what": "record.json of harness run"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["rekord"],
            "unknown schema 'rekord': expected one of record, leaderboard, verdict, transfer, score, bench-scorer, "
            "bench-wrappers, bench-executor and 8 more; see 'harness ls schemas'",
        ),
        (["--out", "no/such"], "--out no/such: the folder no does not exist; make it first"),
        (["--out", "."], "--out .: is a folder; give the name of a file"),
    ],
)
def test_bad_input_is_one_line(harness, arguments, said):
    shown = harness("schema", *arguments)
    assert (shown.code, shown.out, shown.err) == (2, "", f"harness: error: {said}\n")


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (4, "has schema version 4, and vsm-harness {} reads up to 3: use a newer vsm-harness"),
        (None, "has schema version null: expected a whole number from 1 to 3; give a file that the harness wrote"),
    ],
)
def test_a_run_of_another_version_is_one_line(harness, tmp_path, version, said):
    from harness import __version__

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "record.json").write_text(json.dumps({"schema_version": version}))
    shown = harness("leaderboard", "run")
    assert (shown.code, shown.out) == (2, "")
    assert shown.err == f"harness: error: record 'run/record.json' {said.format(__version__)}\n"


def test_an_old_run_is_ranked(harness, tmp_path):
    (tmp_path / "old").mkdir()
    old = ROOT / "tests" / "records" / "versions" / "record-1-8b41f5b.json"
    (tmp_path / "old" / "record.json").write_bytes(old.read_bytes())
    board = json.loads(harness("leaderboard", "old", "--json").out)
    assert problems("leaderboard", board) == []
    rows = {row["method"]: row["mae"] for row in board["rows"]}
    held = {
        method["method"]: sum(one["mae"] for one in method["results"]) / 2
        for method in json.loads(old.read_text(encoding="utf-8"))["methods"]
    }
    assert rows == pytest.approx(held)
