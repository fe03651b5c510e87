"""Reading a targets file: published scores per region, in CSV."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from harness.errors import InputError
from harness.inputs import TARGETS_BYTES, TARGETS_ROWS, Brought, shown, with_newlines
from harness.tasks.hofstede_vsm.indices import DIMENSIONS
from harness.tasks.hofstede_vsm.regions import ALL, SETS, Region, Regions

BUNDLED: Final = Path(__file__).with_name("regions.csv")
COLUMNS: Final = ("code", "name", "kind", *DIMENSIONS)
LOWEST, HIGHEST = -50.0, 150.0


def _on_one_line(cell: str) -> str:
    if not cell.isprintable():
        raise ValueError(f"expected printable text on one line, got {cell[:40]!a}")
    return cell


def _code(cell: str) -> str:
    if not cell or not cell.replace("-", "").isalnum() or len(cell) > 16:
        raise ValueError(f"expected letters, digits and '-', got '{cell[:40]}'")
    if cell.casefold() in (ALL, *SETS):
        raise ValueError(f"expected another code than {ALL}, {', '.join(SETS)}, which name sets, got '{cell}'")
    return cell


def _name(cell: str) -> str:
    if not 1 <= len(cell) <= 80:
        raise ValueError(f"expected 1 to 80 characters, got '{cell[:40]}'")
    return cell


def _score(cell: str) -> float:
    text = _on_one_line(cell.strip())
    if not text:
        return float("nan")
    try:
        # float() also takes 1_0 and other scripts' digits, which no file means.
        value = float(text) if text.isascii() and "_" not in text else float("nan")
    except ValueError:
        value = float("nan")
    if not LOWEST <= value <= HIGHEST:
        raise ValueError(f"expected a number from {LOWEST:g} to {HIGHEST:g} or nothing, got '{text[:40]}'")
    return value


_Text = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_on_one_line)]
_Score = Annotated[float, BeforeValidator(_score)]


class _Row(BaseModel):
    """One line of the file; an empty score is NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[_Text, AfterValidator(_code)]
    name: Annotated[_Text, AfterValidator(_name)]
    kind: _Text
    pdi: _Score
    idv: _Score
    mas: _Score
    uai: _Score
    lto: _Score
    ivr: _Score

    def region(self) -> Region:
        return Region(self.code, self.name, self.kind, (self.pdi, self.idv, self.mas, self.uai, self.lto, self.ivr))


def load_regions(path: Path | None = None) -> Regions:
    """Reads a targets file in CSV (columns code, name, kind, pdi, idv, mas, uai, lto, ivr), the bundled one by default.

    Raises:
        InputError: the file is missing or a cell is wrong; the message names file, row and field.
    """
    source = BUNDLED if path is None else path
    file = Brought(source, f"targets {shown(source)}", TARGETS_BYTES, "expected one row per region", "give a CSV file")
    text = with_newlines(file.text())
    records = list(islice(_records(source, text), TARGETS_ROWS + 1))
    if len(records) > TARGETS_ROWS:
        raise InputError(f"targets '{source}' has over {TARGETS_ROWS} rows: expected one row per region")
    if not records or records[0][1] != COLUMNS:
        found = " ".join(",".join(records[0][1] if records else ()).split())[:100]
        raise InputError(f"targets '{source}' row 1: expected the columns {','.join(COLUMNS)}, got '{found}'")
    rows = [(row, _region(source, row, cells)) for row, cells in records[1:] if cells]
    _check_unique(source, rows)
    if not any(region.complete for _, region in rows):
        raise InputError(f"targets '{source}' has no region with all six scores: expected at least one")
    return Regions(tuple(region for _, region in rows), hashlib.sha256(text.encode()).hexdigest())


def _records(source: Path, text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The records of the file, each with the row on which it begins; a quoted cell may hold further rows."""
    reader = csv.reader(io.StringIO(text), strict=True)
    row = 1
    try:
        for cells in reader:
            yield row, tuple(cells)
            row = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"targets '{source}' row {row} is not CSV ({error}): mend that row") from error


def _region(source: Path, number: int, cells: tuple[str, ...]) -> Region:
    if len(cells) != len(COLUMNS):
        where = COLUMNS[len(cells)] if len(cells) < len(COLUMNS) else f"after {COLUMNS[-1]}"
        raise InputError(f"targets '{source}' row {number} {where}: expected {len(COLUMNS)} cells, got {len(cells)}")
    try:
        return _Row.model_validate(dict(zip(COLUMNS, cells, strict=True))).region()
    except ValidationError as error:
        problem = error.errors()[0]
        reason = problem["msg"].removeprefix("Value error, ")
        raise InputError(f"targets '{source}' row {number} {problem['loc'][0]}: {reason}") from error


def _check_unique(source: Path, rows: list[tuple[int, Region]]) -> None:
    """Refuses two regions that one word given with --region would mean."""
    seen: dict[str, tuple[int, str]] = {}
    for number, region in rows:
        for kind, value in (("code", region.code), ("name", region.name)):
            before, other = seen.setdefault(value.casefold(), (number, kind))
            if before != number:
                raise InputError(
                    f"targets '{source}' row {number} {kind}: '{value}' is the {other} of the region in row {before}: "
                    "expected another"
                )
