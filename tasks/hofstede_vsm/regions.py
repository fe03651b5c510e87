"""Published scores per region: reading them, and choosing regions by name."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from harness.errors import InputError, UsageError, closest_first
from harness.tasks.hofstede_vsm.indices import DIMENSIONS, Array

BUNDLED: Final = Path(__file__).with_name("regions.csv")
COLUMNS: Final = ("code", "name", "kind", *DIMENSIONS)
SETS: Final = {"core": ("USA", "CHN", "IND", "ARA")}
LOWEST, HIGHEST = -50.0, 150.0
MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class Region:
    """A region and its six scores in index points, NaN where none was published."""

    code: str
    name: str
    kind: str
    scores: tuple[float, ...]

    @property
    def complete(self) -> bool:
        """Whether all six dimensions have a score."""
        return bool(np.isfinite(self.scores).all())

    @property
    def missing(self) -> tuple[str, ...]:
        """The dimensions without a score."""
        return tuple(d for d, score in zip(DIMENSIONS, self.scores, strict=True) if not np.isfinite(score))


@dataclass(frozen=True)
class Regions:
    """A table of regions in the order of its file; `digest` names its content in records."""

    rows: tuple[Region, ...]
    digest: str

    @cached_property
    def _by_code(self) -> dict[str, Region]:
        return {region.code: region for region in self.rows}

    @property
    def complete(self) -> tuple[Region, ...]:
        """The regions with all six scores: what `--region all` means."""
        return tuple(region for region in self.rows if region.complete)

    def __getitem__(self, code: str) -> Region:
        """The region with this code.

        Raises:
            KeyError: there is none; user input goes through `select`.
        """
        return self._by_code[code]

    def select(self, wanted: str) -> tuple[Region, ...]:
        """Chooses regions: "all", a named set, or codes separated by commas, in that order and each once.

        Raises:
            UsageError: a code is unknown or the region has no score; the message lists the closest ones.
        """
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        if not names:
            raise UsageError("no region given: expected all, core or codes such as USA,CHN; see 'harness ls regions'")
        chosen: dict[str, Region] = {}
        for name in names:
            for region in self._expand(name):
                chosen[region.code] = region
        return tuple(chosen.values())

    def _expand(self, name: str) -> Iterable[Region]:
        if name.lower() == "all":
            return self.complete
        if name.lower() in SETS:
            return [self._find(code) for code in SETS[name.lower()]]
        return [self._find(name)]

    def _find(self, name: str) -> Region:
        for region in self.rows:
            if name.casefold() in (region.code.casefold(), region.name.casefold()):
                if not np.isfinite(region.scores).any():
                    raise UsageError(
                        f"region '{region.code}' has no score: choose one with scores, see 'harness ls regions'"
                    )
                return region
        near = closest_first(name, [region.code for region in self.rows] + [region.name for region in self.rows])
        shown = dict.fromkeys(code if code in self._by_code else self._code_of(code) for code in near[:8])
        listed = ", ".join(f"{code} ({self._by_code[code].name})" for code in list(shown)[:5])
        raise UsageError(
            f"unknown region '{name}': expected all, {', '.join(SETS)}, or codes, the closest being {listed}; "
            "see 'harness ls regions'"
        )

    def _code_of(self, name: str) -> str:
        return next(region.code for region in self.rows if region.name == name)


def scores(regions: Iterable[Region]) -> Array:
    """The scores of regions as an array (R, 6), NaN where missing."""
    return np.array([region.scores for region in regions], dtype=np.float64)


def world_mean(table: Regions) -> Array:
    """(6,) the mean score of all complete regions per dimension: a baseline that needs no model."""
    mean: Array = scores(table.complete).mean(axis=0)
    return mean


def load_regions(path: Path | None = None) -> Regions:
    """Reads a targets file in CSV (columns code, name, kind, pdi, idv, mas, uai, lto, ivr), the bundled one by default.

    Raises:
        InputError: the file is missing or a cell is wrong; the message names file, row and field.
    """
    source = BUNDLED if path is None else path
    try:
        if source.stat().st_size > MOST_BYTES:
            raise InputError(f"targets '{source}' is over {MOST_BYTES} bytes: expected one row per region")
        text = source.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text), strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            found = " ".join(",".join(reader.fieldnames or ()).split())[:100]
            raise InputError(f"targets '{source}' row 1: expected the columns {','.join(COLUMNS)}, got '{found}'")
        rows = [(reader.line_num, _region(source, reader.line_num, row)) for row in reader]
    except OSError as error:
        raise InputError(f"targets '{source}' cannot be read ({error.strerror or error}): give a CSV file") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"targets '{source}' is not CSV in UTF-8 ({error})") from error
    seen: dict[str, int] = {}
    for number, region in rows:
        if (before := seen.setdefault(region.code.casefold(), number)) != number:
            raise InputError(f"targets '{source}' row {number}: code '{region.code}' stands in row {before} too")
    if not any(region.complete for _, region in rows):
        raise InputError(f"targets '{source}' has no region with all six scores: expected at least one")
    return Regions(tuple(region for _, region in rows), hashlib.sha256(text.encode()).hexdigest())


def _region(source: Path, number: int, row: dict[str | None, str | None]) -> Region:
    if None in row or None in row.values():
        raise InputError(f"targets '{source}' row {number}: expected {len(COLUMNS)} cells")
    cells = {str(key): str(value).strip() for key, value in row.items()}
    for field, cell in cells.items():
        if not cell.isprintable():
            raise InputError(
                f"targets '{source}' row {number} {field}: expected printable text on one line, got {cell[:40]!a}"
            )
    code = cells["code"]
    if not code or not code.replace("-", "").isalnum() or len(code) > 16:
        raise InputError(f"targets '{source}' row {number} code: expected letters, digits and '-', got '{code[:40]}'")
    if not cells["name"] or len(cells["name"]) > 80:
        raise InputError(
            f"targets '{source}' row {number} name: expected 1 to 80 characters, got '{cells['name'][:40]}'"
        )
    return Region(
        code,
        cells["name"],
        cells["kind"],
        tuple(_score(source, number, d, cells[d]) for d in DIMENSIONS),
    )


def _score(source: Path, number: int, dimension: str, cell: str) -> float:
    if not cell:
        return float("nan")
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not LOWEST <= value <= HIGHEST:
        raise InputError(
            f"targets '{source}' row {number} {dimension}: expected a number from {LOWEST:g} to {HIGHEST:g} "
            f"or nothing, got '{cell[:40]}'"
        )
    return value
