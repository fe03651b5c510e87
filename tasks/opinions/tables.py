"""Reading tables of others: rows of CSV or TSV, checked against the columns that are needed."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from harness.errors import InputError
from harness.inputs import (
    CELL_CHARACTERS,
    OPINIONS_BYTES,
    OPINIONS_COLUMNS,
    OPINIONS_ROWS,
    Brought,
    LongLine,
    short_lines,
    shown,
)

T = TypeVar("T")
Row = TypeVar("Row", bound=BaseModel)


@dataclass(frozen=True)
class Source:
    """A file of the user: the instrument it belongs to, and where it is."""

    instrument: str
    path: Path

    def error(self, row: int | None, field: str, reason: str) -> InputError:
        """What is wrong in one place; rows count from 1, in a table the header's, as a spreadsheet shows them."""
        place = " ".join(part for part in (f"row {row}" if row else "", field) if part)
        return InputError(f"{self.instrument} file '{self.path}' {place}{': ' if place else ''}{reason}")


def read_text(source: Source) -> tuple[str, str]:
    """The content of a file in UTF-8, and its SHA-256.

    Raises:
        InputError: it is missing, too large or not UTF-8.
    """
    name, expected = f"{source.instrument} file {shown(source.path)}", "give the published file or a part of it"
    file = Brought(source.path, name, OPINIONS_BYTES, expected, "give another file")
    raw = file.raw()
    return file.decoded(raw), hashlib.sha256(raw).hexdigest()


def cells(source: Source, text: str, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table by column; columns beside those that are needed are passed on as well.

    Args:
        source: tabs separate the cells of a file whose name ends in .tsv, commas those of any other.
        text: its content.
        needed: columns that must be there.

    Yields:
        The row's number, and its cells.

    Raises:
        InputError: a column is missing or stands twice, a row has another number of cells, or a cell is too long.
    """
    reader, number = _reader(source, text), 0
    header: list[str] = []
    try:
        for number, row in enumerate(reader, start=1):
            if number == 1:
                header = row
                _check_header(source, header, needed)
            elif row:
                _check_rows(source, number)
                yield number, _cells(source, number, header, row)
    except csv.Error as error:
        _check_long_cell(source, text, number + 1, header)
        raise source.error(number + 1, "", f"no CSV ({error}); mend that row") from error
    except LongLine as error:
        raise source.error(number + 1, "", f"{error}; give the published file or a part of it") from error
    if number == 0:
        _check_header(source, header, needed)


def each(
    rows: Iterator[tuple[int, dict[str, str]]],
    parse: Callable[[int, dict[str, str]], T],
    skip_bad: bool,
    left_out: list[str],
) -> Iterator[T]:
    """Parses rows; one that is wrong ends it, or is noted in `left_out`, where `skip_bad` says so."""
    for number, row in rows:
        try:
            yield parse(number, row)
        except InputError as error:
            if not skip_bad:
                raise InputError(f"{error}; mend the row, or pass --skip-bad to leave such rows out") from error
            left_out.append(str(error))


def validated(source: Source, number: int, model: type[Row], row: dict[str, str]) -> Row:
    """One row as a value.

    Raises:
        InputError: a cell is wrong; the message names file, row and field.
    """
    try:
        return model.model_validate(row)
    except ValidationError as error:
        problem = error.errors()[0]
        reason = problem["msg"].removeprefix("Value error, ")
        raise source.error(number, str(problem["loc"][0]), reason) from error


def columns(source: Source, text: str) -> list[str]:
    """The header of a table; empty for an empty file."""
    try:
        return next(_reader(source, text), [])
    except (csv.Error, LongLine) as error:
        raise source.error(1, "", f"no CSV ({error}); mend that row") from error


def _reader(source: Source, text: str) -> Iterator[list[str]]:
    delimiter = "\t" if source.path.suffix.lower() == ".tsv" else ","
    return csv.reader(short_lines(text), delimiter=delimiter, strict=True)


def _check_long_cell(source: Source, text: str, number: int, header: Sequence[str]) -> None:
    """Names the cell that csv found too long, if it was that."""
    before = csv.field_size_limit(OPINIONS_BYTES)
    try:
        row = next(islice(_reader(source, text), number - 1, number), list(header))
    except csv.Error:
        return
    finally:
        csv.field_size_limit(before)
    _cells(source, number, header or row, row)


def _check_rows(source: Source, number: int) -> None:
    if number > OPINIONS_ROWS:
        raise source.error(number, "", f"expected at most {OPINIONS_ROWS} rows; give a part of the file")


def _check_header(source: Source, header: Sequence[str], needed: Sequence[str]) -> None:
    if len(header) > OPINIONS_COLUMNS:
        raise source.error(1, "", f"expected at most {OPINIONS_COLUMNS} columns, got {len(header)}; give fewer")
    for column in needed:
        if (times := header.count(column)) != 1:
            reason = f"expected one column of this name, got {times or 'none'} in '{','.join(header)[:200]}'"
            raise source.error(1, column, reason)


def _cells(source: Source, number: int, header: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    if len(row) != len(header):
        raise source.error(number, "", f"expected {len(header)} cells, got {len(row)}")
    for column, cell in zip(header, row, strict=True):
        if len(cell) > CELL_CHARACTERS:
            raise source.error(number, column, f"expected at most {CELL_CHARACTERS} characters, got {len(cell)}")
    return dict(zip(header, row, strict=True))
