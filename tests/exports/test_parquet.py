"""Parquet and CSV read back in pandas say what the JSON says."""

import io
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import harness
from harness.records.run_directory import RunDirectory
from harness.records.schema import SCHEMA_VERSION
from harness.report.delimited import TABLES, delimited, original
from harness.report.leaderboard import build, to_plain
from harness.report.parquet import parquet

RECORD = Path(__file__).parents[2] / "results" / "respondent-de"


@pytest.fixture(scope="module")
def committed():
    return build({"results/respondent-de": RunDirectory(RECORD).read_record()})


def flat(row):
    found = {}
    for name, value in row.items():
        found |= {f"{name}_{one}": v for one, v in value.items()} if isinstance(value, dict) else {name: value}
    return found


def wanted(board, table):
    return [flat(row) for row in json.loads(json.dumps(to_plain(board)))[table]]


def plain(value):
    """A cell of a data frame as JSON has it."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return None if not isinstance(value, list) and pd.isna(value) else value


@pytest.mark.parametrize("table", TABLES)
def test_parquet_is_the_json_and_keeps_its_types(table, committed):
    frame = pd.read_parquet(io.BytesIO(parquet(committed, table)))
    rows = wanted(committed, table)
    assert list(frame.columns) == list(rows[0])
    assert [{name: plain(value) for name, value in row.items()} for row in frame.to_dict("records")] == rows
    for name, kind in frame.dtypes.items():
        known = {type(row[name]) for row in rows} - {type(None)}
        assert kind.kind in {"float": "f", "int": "if", "bool": "b"}.get(next(iter(known), str).__name__, "Of"), name


@pytest.mark.parametrize("table", TABLES)
def test_csv_is_the_json(table, committed):
    frame = pd.read_csv(io.StringIO(delimited(committed, "csv", table)), keep_default_na=False, na_values=[""])
    rows = wanted(committed, table)
    assert list(frame.columns) == list(rows[0])
    for cells, row in zip(frame.to_dict("records"), rows, strict=True):
        for name, value in row.items():
            found = plain(cells[name])
            if isinstance(value, str):
                assert original(found) == value
            elif isinstance(value, list):
                assert json.loads(found) == value
            else:
                assert found == value, name


def test_a_column_without_a_number_is_still_one_of_numbers(committed):
    schema = pq.read_schema(io.BytesIO(parquet(committed)))
    assert {row.sampling_error for row in committed.rows} == {None}
    assert str(schema.field("sampling_error").type) == "double"
    assert str(schema.field("runs").type).startswith("list<")


def test_metadata_say_what_the_file_is(committed):
    metadata = pq.read_schema(io.BytesIO(parquet(committed, "regions"))).metadata
    assert {name.decode(): value.decode() for name, value in metadata.items()} == {
        "vsm_harness.version": harness.__version__,
        "vsm_harness.table": "regions",
        "vsm_harness.table_version": "1",
        "vsm_harness.record_schema_version": str(SCHEMA_VERSION),
        "vsm_harness.notes": json.dumps(list(committed.notes)),
    }


def test_the_same_board_is_the_same_file(committed):
    assert parquet(committed) == parquet(committed)


def test_names_come_back_as_they_are(planted, hostile):
    texts = [text for text in hostile.values() if text.isascii()]
    frame = pd.read_parquet(io.BytesIO(parquet(build({"one": planted(*texts)}))))
    assert set(frame["method"]) == {*texts, "null"}


def test_half_a_character_is_spelt_out(planted, hostile):
    frame = pd.read_parquet(io.BytesIO(parquet(build({"one": planted(hostile["half"])}))))
    assert r"a\ud800b" in set(frame["method"])
