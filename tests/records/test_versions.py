"""Older versions are read through their steps, newer and odd ones are refused, and nothing is made up or lost."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from harness.errors import RunError
from harness.records.contest_directory import read_contest
from harness.records.execution import ExecutionFacts, WorkerFacts
from harness.records.kinds import CONTEST, KINDS, LABELS, RECORD, SIDE_EFFECTS
from harness.records.schema import (
    DIMENSIONS,
    MethodResult,
    ModelIdentity,
    Provenance,
    Record,
    RegionResult,
    ScorerFacts,
    SplitFacts,
    TargetFacts,
)
from harness.records.side_effects import Effect
from harness.records.versions import BEFORE, FIELD, Kind, migrate, read_versioned, version_of

ROOT = Path(__file__).parents[2]
OLD = sorted((Path(__file__).parent / "versions").glob("record-1-*.json"))
SECOND = Path(__file__).parent / "versions" / "record-2-aec9f32.json"
# What version 1 came to hold while it was version 1, and what a document therefore may lack.
LATER = {
    (): ("scorer", "targets", "splits", "bootstrap_seed"),
    ("model",): ("note",),
    ("scorer",): ("gap",),
    ("methods", 0, "results", 0): tuple(
        name for name, field in RegionResult.model_fields.items() if not field.is_required()
    ),
}


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def leaves(value, place=()):
    """Every figure and word of a document with its place."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if parts is None:
        return {place: value}
    return {key: leaf for name, part in parts for key, leaf in leaves(part, (*place, name)).items()}


def within(document, place):
    for key in place:
        document = document[key]
    return document


@pytest.fixture
def write(tmp_path):
    def put(content):
        path = tmp_path / "file.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return put


def test_every_shape_of_a_record_ever_committed_is_here():
    assert [path.stem.removeprefix("record-1-") for path in OLD] == [
        "1bf9936",
        "1c13ea6",
        "6086ad4",
        "6863fa4",
        "8b41f5b",
        "af1ea7b",
    ]


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_an_old_record_reads_as_the_newest_version_and_keeps_what_it_held(path):
    old = load(path)
    found = json.loads(read_versioned(path, RECORD).model_dump_json())
    assert found == migrate(old, RECORD, 1), "the steps state all that the version left out, and leaves no default"
    assert found[FIELD] == 3
    was, now = leaves(old), leaves(found)
    assert {place: now[place] for place in was if place != (FIELD,)} == {
        place: leaf for place, leaf in was.items() if place != (FIELD,)
    }
    added = {place[-1]: leaf for place, leaf in now.items() if place not in was}
    assert all(leaf is None for name, leaf in added.items() if name not in ("bootstrap_seed", "finalist"))
    assert (added.get("bootstrap_seed", 20130), added.get("finalist", 0)) == (20130, 0)


def test_a_record_of_version_2_was_answered_by_its_own_process():
    old = load(SECOND)
    assert old[FIELD] == 2 and "execution" not in old
    found = json.loads(read_versioned(SECOND, RECORD).model_dump_json())
    assert found == {**old, FIELD: 3, "execution": None}


def test_what_was_not_recorded_stays_unknown():
    path = next(path for path in OLD if "8b41f5b" in path.name)
    assert "gap" not in load(path)["scorer"]
    scorer = read_versioned(path, RECORD).scorer
    assert scorer is not None and scorer.gap is None and scorer.tolerance == load(path)["scorer"]["tolerance"]
    assert read_versioned(next(path for path in OLD if "1c13ea6" in path.name), RECORD).scorer is None


@pytest.mark.parametrize("kind", [RECORD, CONTEST])
def test_a_migration_leaves_its_input_alone_and_the_newest_version_passes_unchanged(kind):
    path = OLD[0] if kind is RECORD else ROOT / "tests" / "golden" / "contest.json"
    old = load(path)
    kept = copy.deepcopy(old)
    new = migrate(old, kind, 1)
    assert old == kept and new != old
    assert migrate(new, kind, kind.newest) is new
    assert kind.model.model_validate(new) == read_versioned(path, kind)


def test_a_contest_of_version_1_reads_as_version_2():
    path = ROOT / "tests" / "golden" / "contest.json"
    old, found = load(path), read_contest(path)
    assert (old[FIELD], found.schema_version) == (1, 2)
    assert all("earlier" not in one for one in old["provenance"])
    assert all(one.earlier == () for one in found.provenance)
    assert found.model_dump(mode="json") == migrate(old, CONTEST, 1)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_steps_of_a_kind_lead_without_a_gap_to_the_version_that_is_written(kind):
    first = min(kind.steps, default=kind.newest)
    assert first in (BEFORE, 1)
    assert sorted(kind.steps) == list(range(first, kind.newest))
    assert next(iter(kind.model.model_fields)) == FIELD
    with pytest.raises(ValueError, match=FIELD):
        kind.model.model_validate({FIELD: kind.newest + 1})
    for version, step in kind.steps.items():
        assert step({})[FIELD] == version + 1


def test_a_chain_takes_every_step(write):
    class Third(BaseModel):
        model_config = ConfigDict(extra="forbid")
        schema_version: int = 3
        steps: list[int]

    def step(version):
        return lambda document: {FIELD: version + 1, "steps": [*document["steps"], version]}

    kind = Kind("thing", Third, "", {BEFORE: step(0), 1: step(1), 2: step(2)})
    assert read_versioned(write({"steps": []}), kind).steps == [0, 1, 2]
    assert read_versioned(write({FIELD: 2, "steps": []}), kind).steps == [2]
    assert read_versioned(write({FIELD: 3, "steps": []}), kind).steps == []


@pytest.mark.parametrize("kind", [RECORD, CONTEST, SIDE_EFFECTS], ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    ("version", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        ("1", '"1"'),
        (1.5, "1.5"),
        (1.0, "1.0"),
        (0, "0"),
        (-1, "-1"),
        ([1], "a list"),
        ({"a": 1}, "an object"),
        ("x" * 100, '"' + "x" * 36 + "..."),
    ],
)
def test_what_is_no_version_is_one_line(write, kind, version, shown):
    path = write({FIELD: version})
    with pytest.raises(RunError) as caught:
        read_versioned(path, kind)
    assert str(caught.value) == (
        f"{kind.name} '{path}' has schema version {shown}: expected a whole number from 1 to {kind.newest}; give a "
        "file that the harness wrote"
    )


@pytest.mark.parametrize("version", [4, 10**30, 10**300])
def test_a_newer_version_is_refused_with_the_versions_and_the_fix(write, version):
    path = write({FIELD: version, "what": "was not known yet"})
    with pytest.raises(RunError) as caught:
        read_versioned(path, RECORD)
    message = str(caught.value)
    assert message.startswith(f"record '{path}' has schema version {str(version)[:30]}")
    assert message.endswith("reads up to 3: use a newer vsm-harness") and "\n" not in message
    assert len(message) < len(str(path)) + 140


def test_a_missing_version_is_refused_unless_the_kind_once_had_none(write):
    with pytest.raises(RunError, match=r"has no schema_version: expected 1 to 3; give a file that the harness wrote"):
        read_versioned(write({}), RECORD)
    assert version_of({}, LABELS, "labels") == BEFORE
    with pytest.raises(RunError, match=r"'nowhere.json' does not exist: expected the output of harness check labels"):
        read_versioned(Path("nowhere.json"), LABELS)


def test_an_effect_without_a_finite_figure_reads_back():
    effect = Effect(
        task="t", metric="ppl", higher_is_better=False, documents=1, before=1.0, after=float("inf"), difference=2.0
    )
    written = effect.model_dump_json()
    assert json.loads(written)["after"] is None
    assert str(Effect.model_validate_json(written).after) == "nan"


finite = st.floats(-1e6, 1e6)
errors = st.floats(0, 1e6)
counts = st.integers(0, 10**9)
six = st.lists(finite, min_size=6, max_size=6).map(lambda values: dict(zip(DIMENSIONS, values, strict=True)))
# Printable, of every script, with what HTML and shells make something of.
letters = st.characters(codec="utf-8", categories=["L", "N", "S"], include_characters="&\"' -")
names = st.text(letters, min_size=1, max_size=8)
facts = st.dictionaries(names, st.none() | names | st.integers(-(2**53), 2**53) | finite, max_size=3)


def _of_one_seed(found):
    """Every region has a result for every seed of its method."""
    return tuple(one.model_copy(update={"seed": found[0].seed}) for one in found)


results = st.builds(
    RegionResult,
    region=names,
    indices=six,
    mae=errors,
    mae_tuned=errors,
    option_mass=st.none() | finite,
    order_gap=st.none() | six,
    evaluations=finite,
    seed=st.none() | counts,
    adapter=st.none() | names,
    curve=st.lists(st.tuples(finite, finite), max_size=2).map(tuple),
    failed=counts,
    mae_validation=st.none() | errors,
    finalist=counts,
    missing=st.lists(names, max_size=2).map(tuple),
    entropy=st.none() | finite,
    sampling_error=st.none() | six,
    source=st.none() | names,
    mae_instrument=st.none() | errors,
    indices_instrument=st.none() | six,
)
records = st.builds(
    Record,
    run_id=names,
    spec=st.dictionaries(
        st.text(letters, min_size=9, max_size=12).map("x".__add__), names | counts | st.none(), max_size=3
    ),
    spec_digest=names,
    model=st.builds(
        ModelIdentity,
        name=names,
        digest=names,
        parameters=counts,
        dtype=names,
        device=names,
        random_weights=st.booleans(),
        note=names,
    ),
    scorer=st.none()
    | st.builds(
        ScorerFacts,
        kind=names,
        micro_batch=counts,
        workers=counts,
        product=names,
        tokens=counts,
        distinct_tokens=counts,
        tolerance=finite,
        gap=st.none() | finite,
    ),
    targets=st.none() | st.builds(TargetFacts, scores=st.dictionaries(names, six, max_size=2), spread=six, mean=six),
    splits=st.dictionaries(
        names,
        st.builds(
            SplitFacts, wordings=counts, prompts=counts, orders=st.lists(names, max_size=2).map(tuple), digest=names
        ),
        max_size=2,
    ),
    bootstrap_seed=counts,
    provenance=st.builds(
        Provenance,
        versions=st.dictionaries(names, names, max_size=2),
        git_revision=st.none() | names,
        git_dirty=st.none() | st.booleans(),
        machine=facts,
        threads=counts,
        earlier=st.lists(facts, max_size=2).map(tuple),
    ),
    methods=st.lists(
        st.builds(
            MethodResult,
            method=names,
            group=st.sampled_from(["null", "baseline", "tuned", "reference"]),
            results=st.lists(results, min_size=1, max_size=2, unique_by=lambda one: one.region).map(_of_one_seed),
        ),
        min_size=1,
        max_size=2,
        unique_by=lambda one: one.method,
    ).map(tuple),
    started=names,
    execution=st.none()
    | st.builds(
        ExecutionFacts,
        executor=st.just("ray"),
        workers=st.lists(
            st.builds(
                WorkerFacts,
                name=names,
                node=names,
                device=names,
                machine=facts,
                threads=counts,
                tasks=counts,
                candidates=counts,
                busy=errors,
                present=errors,
                lost=names,
            ),
            max_size=2,
        ).map(tuple),
        seconds=errors,
        candidates=counts,
        driver=errors,
        retried=counts,
        resubmitted=counts,
    ),
    timings=st.dictionaries(names, finite, max_size=2),
)


@settings(max_examples=40)
@given(record=records)
def test_any_record_is_read_as_it_was_written(tmp_path, record):
    path = tmp_path / "record.json"
    path.write_text(record.model_dump_json(indent=1), encoding="utf-8")
    assert read_versioned(path, RECORD) == record


@settings(max_examples=60)
@given(record=records, data=st.data())
def test_a_version_1_record_reads_whatever_it_did_not_hold_yet(tmp_path, record, data):
    document = json.loads(record.model_dump_json())
    document[FIELD] = 1
    del document["provenance"]["earlier"], document["execution"]
    left_out = []
    for place, keys in LATER.items():
        holder = within(document, place) if document.get(place[0] if place else "model") else None
        # Seeds were there from the first, for all results of a method or for none.
        for key in data.draw(st.sets(st.sampled_from(keys))) - {"seed"} if holder else ():
            left_out.append((*place, key))
            holder.pop(key)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    found = json.loads(read_versioned(path, RECORD).model_dump_json())
    absent = {"bootstrap_seed": 20130, "splits": {}, "note": "", "curve": [], "missing": [], "failed": 0, "finalist": 0}
    for place in left_out:
        assert within(found, place) == absent.get(place[-1]), place
        within(found, place[:-1]).pop(place[-1])
    assert found.pop(FIELD) == 3 and document.pop(FIELD) == 1
    assert found["provenance"].pop("earlier") == [] and found.pop("execution") is None
    assert found == document


@settings(max_examples=150)
@given(
    place=st.sampled_from(sorted({key[:depth] for key in leaves(load(OLD[0])) for depth in range(1, 6)}, key=str)),
    junk=st.none() | st.booleans() | counts | names | st.just([]) | st.just({}) | st.just([[1]]) | st.just({"a": None}),
)
def test_a_damaged_old_record_is_one_line_or_still_a_record(tmp_path, place, junk):
    document = load(OLD[0])
    within(document, place[:-1])[place[-1]] = junk
    path = tmp_path / "record.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    try:
        read_versioned(path, RECORD)
    except RunError as error:
        assert str(error).startswith(f"record '{path}'") and "\n" not in str(error)
