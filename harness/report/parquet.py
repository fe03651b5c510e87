"""Tables of a leaderboard as Parquet: numbers are numbers, missing ones null, lists are lists."""

from __future__ import annotations

import io
import json
from dataclasses import fields
from typing import Any, Final, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

import harness
from harness.records.schema import DIMENSIONS, SCHEMA_VERSION
from harness.report.leaderboard import Leaderboard, to_plain
from harness.report.rows import DimensionRow, RunRow
from harness.report.views import RankedRegion, RankedRow

TABLE_VERSION: Final = 1
"""Of the columns; any new, renamed or removed one is a new version."""
PREFIX: Final = "vsm_harness."
"""Begins the names of the metadata."""
_VIEWS: Final[dict[str, type[Any]]] = {
    "rows": RankedRow,
    "regions": RankedRegion,
    "dimensions": DimensionRow,
    "runs": RunRow,
}
_TYPES: Final[dict[Any, Any]] = {
    float: pa.float64(),
    int: pa.int64(),
    bool: pa.bool_(),
    str: pa.string(),
    float | None: pa.float64(),
    int | None: pa.int64(),
    str | None: pa.string(),
    tuple[str, ...]: pa.list_(pa.string()),
}


def parquet(board: Leaderboard, table: str = "rows") -> bytes:
    """One table of the leaderboard, with the keys of its JSON as columns; each index has a column of its own.

    Args:
        board: the leaderboard.
        table: "rows", "regions", "dimensions" or "runs".

    Returns:
        The file. Its metadata hold the versions of harness, record and columns, and the notes as a JSON list.
    """
    plain = to_plain(board)
    told = {
        "version": harness.__version__,
        "table": table,
        "table_version": str(TABLE_VERSION),
        "record_schema_version": str(SCHEMA_VERSION),
        "notes": json.dumps(plain["notes"]),
    }
    schema = _schema(_VIEWS[table]).with_metadata({PREFIX + name: value for name, value in told.items()})
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([_flat(row) for row in plain[table]], schema=schema), file)
    return file.getvalue()


def _schema(view: type[Any]) -> pa.Schema:
    hints = get_type_hints(view)
    columns: list[pa.Field] = []
    for name in (one.name for one in fields(view)):
        if hints[name] == dict[str, float]:
            columns += [pa.field(f"{name}_{dimension}", pa.float64()) for dimension in DIMENSIONS]
        else:
            columns.append(pa.field(name, _TYPES.get(hints[name], pa.string())))
    return pa.schema(columns)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        flat |= {f"{key}_{name}": one for name, one in value.items()} if isinstance(value, dict) else {key: value}
    return {key: _whole(value) for key, value in flat.items()}


def _whole(value: Any) -> Any:
    """Text without halves of characters, which names of folders may hold and Parquet may not."""
    if isinstance(value, tuple):
        return [_whole(one) for one in value]
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
