"""A contest's record and folder: read as written, refused when it is something else, whole after a kill."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.errors import RunError
from harness.records.contest import Cell, Contest, ContestSpec, Entrant, LogLine
from harness.records.contest_directory import CONTEST, LOG, SPEC, ContestDirectory, read_contest
from harness.records.schema import ModelIdentity, Provenance

ROOT = Path(__file__).parents[2]
IDENTITY = ModelIdentity(
    name="respondent", digest="sha256:0", parameters=1, dtype="float32", device="cpu", random_weights=False
)
PROVENANCE = Provenance(versions={}, git_revision=None, git_dirty=None, machine={}, threads=1)


def cell(label="de", region="USA", seed=3):
    return Cell(
        entrant=label,
        region=region,
        seed=seed,
        curve=((4, 8.125), (6.5, 1 / 3)),
        mae_tuned=1 / 3,
        mae=2.0,
        evaluations=10,
        seconds=0.5,
    )


@pytest.fixture
def spec():
    return ContestSpec(
        title="one",
        regions=("USA", "CHN"),
        seeds=(3,),
        entrants=(Entrant(label="de", optimizer="de", settings={"budget": 10, "space": {"kind": "full"}}),),
    )


@pytest.fixture
def contest(spec):
    cells = (cell(), cell(region="CHN"))
    return Contest(spec=spec, spec_digest=spec.digest, model=IDENTITY, provenance=(PROVENANCE,), cells=cells)


def test_it_is_read_as_it_was_written(contest, spec, tmp_path):
    directory = ContestDirectory.open(tmp_path / "new" / "folder", spec)
    assert not directory.finished
    directory.write(contest)
    assert directory.finished
    assert directory.read() == contest


COMMITTED = [*sorted((ROOT / "results").rglob("contest.json")), ROOT / "tests" / "golden" / "contest.json"]


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.parent.name)
def test_what_was_committed_is_read_still(path):
    found = read_contest(path)
    assert found.spec_digest == found.spec.digest
    assert Contest.model_validate_json(found.model_dump_json()) == found


def test_a_cell_missing_or_out_of_order_is_refused(contest):
    plain = contest.model_dump()
    for cells in (plain["cells"][:1], plain["cells"][::-1]):
        with pytest.raises(ValidationError, match="expected 2 cells"):
            Contest.model_validate({**plain, "cells": cells})


@pytest.mark.parametrize("change", [{"mae": float("nan")}, {"curve": ()}, {"seconds": -1.0}, {"extra": 1}])
def test_a_cell_out_of_its_ranges_is_refused(change):
    with pytest.raises(ValidationError):
        Cell.model_validate({**cell().model_dump(), **change})


def test_the_title_is_no_part_of_the_digest(spec):
    assert spec.model_copy(update={"title": "another"}).digest == spec.digest
    assert spec.model_copy(update={"seeds": (4,)}).digest != spec.digest


def test_a_folder_goes_on_with_the_same_contest_alone(spec, tmp_path):
    directory = ContestDirectory.open(tmp_path, spec)
    assert ContestDirectory.open(tmp_path, spec.model_copy(update={"title": "another"})) == directory
    settings = {"budget": 20, "space": {"kind": "full"}}
    other = spec.model_copy(update={"entrants": (spec.entrants[0].model_copy(update={"settings": settings}),)})
    with pytest.raises(RunError, match=r"another contest \(entrants.0.settings.budget is 10 there, 20 here\)"):
        ContestDirectory.open(tmp_path, other)
    with pytest.raises(RunError, match=r"regions is \[\"USA\", \"CHN\"\] there, \[\"USA\"\] here"):
        ContestDirectory.open(tmp_path, spec.model_copy(update={"regions": ("USA",)}))


def test_a_folder_with_other_files_is_refused(spec, tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(RunError, match="other files"):
        ContestDirectory.open(tmp_path, spec)
    (tmp_path / SPEC).write_text("{}")
    with pytest.raises(RunError, match=r"spec\.json': regions: Field required"):
        ContestDirectory.open(tmp_path, spec)


def test_a_folder_that_cannot_be_made_is_one_line(spec, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match="cannot be written"):
        ContestDirectory.open(tmp_path / "file" / "folder", spec)


def test_half_a_last_line_does_not_count_and_is_cut_off(spec, tmp_path):
    directory = ContestDirectory.open(tmp_path, spec)
    line = LogLine(cells=(cell(),))
    with directory.open_log() as log:
        log.append(line.model_dump(mode="json", exclude_defaults=True))
    whole = (tmp_path / LOG).read_text()
    (tmp_path / LOG).write_text(whole + whole[:40])
    assert directory.read_log() == (line,)
    with directory.open_log() as log:
        log.append({"tokens": 3, "plan": {"kind": "packed"}})
    assert directory.read_log() == (line, LogLine(tokens=3, plan={"kind": "packed"}))


def test_one_process_at_a_time(spec, tmp_path):
    directory = ContestDirectory.open(tmp_path, spec)
    with (
        directory.claimed(),
        pytest.raises(RunError, match="another process works on this contest"),
        directory.claimed(),
    ):
        pass
    with directory.claimed():
        pass


def test_a_damaged_line_is_told_with_its_number(spec, tmp_path):
    directory = ContestDirectory.open(tmp_path, spec)
    (tmp_path / LOG).write_text('{"tokens": 3}\n{"cells": [{"entrant": 4}]}\n')
    with pytest.raises(RunError, match=r"line 2: cells\.0\.entrant"):
        directory.read_log()
    (tmp_path / LOG).write_bytes(b"\xff\xfe\n")
    with pytest.raises(RunError, match="row 1 is not in UTF-8"):
        directory.read_log()
    (tmp_path / LOG).write_bytes('{"tokens": 3}\n{"cells": [{"entrant": "ä'.encode()[:-1])
    assert len(directory.read_log()) == 1


def test_what_is_no_contest_is_one_line(contest, tmp_path):
    path = tmp_path / CONTEST
    with pytest.raises(RunError, match="there is no contest"):
        read_contest(path)
    plain = json.loads(contest.model_dump_json())
    path.write_text(json.dumps({**plain, "schema_version": 9}))
    with pytest.raises(RunError, match="schema version 9: expected 1"):
        read_contest(path)
    path.write_text(json.dumps({**plain, "spec": 1}))
    with pytest.raises(RunError, match=r"contest\.json': spec"):
        read_contest(path)
