"""The rows of a leaderboard as figures show them: with a name that tells them apart, and with what lies behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from harness.errors import unknown_choice
from harness.records.schema import DIMENSIONS, Record, RegionResult
from harness.report.figures.canvas import NAME, counted, drawn_name
from harness.report.figures.drawn import NotDrawnError
from harness.report.leaderboard import Leaderboard
from harness.report.literal import literal, shortened
from harness.report.pooling import pool
from harness.report.rows import RegionRow, Row

Key = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True)
class Line:
    """A method of one model.

    Attributes:
        label: its name, with model or runs where the name alone is not unique.
        row: of the leaderboard.
        regions: by code, in the order of the run.
        results: of its regions and seeds.
        scores: published, by region and dimension.
    """

    label: str
    row: Row
    regions: dict[str, RegionRow]
    results: tuple[RegionResult, ...]
    scores: dict[str, dict[str, float | None]]

    def indices(self, region: str) -> NDArray[np.float64]:
        """(6,) index points of a region, mean over seeds; NaN where it was not asked."""
        if region not in self.regions:
            return np.full(len(DIMENSIONS), np.nan)
        return np.array([self.regions[region].indices[name] for name in DIMENSIONS])

    def target(self, region: str) -> NDArray[np.float64]:
        """(6,) published scores of a region, NaN where there is none."""
        known = self.scores.get(region, {})
        return np.array([np.nan if (found := known.get(name)) is None else found for name in DIMENSIONS])


@dataclass(frozen=True)
class Lines:
    """All methods in the order of the leaderboard.

    Attributes:
        comparable: whether their errors compare.
    """

    all: tuple[Line, ...]
    comparable: bool = True

    def of(self, *groups: str) -> tuple[Line, ...]:
        """Those of some groups."""
        return tuple(line for line in self.all if line.row.group in groups)

    @property
    def best(self) -> Line:
        """The tuned method with the most regions and the lowest error, a reference where there is no other.

        Raises:
            NotDrawnError: none was tuned.
        """
        return self._tuned[0]

    @property
    def tuned_regions(self) -> tuple[str, ...]:
        """The regions that any method was tuned for, those of the best one first.

        Raises:
            NotDrawnError: none was tuned.
        """
        return tuple(dict.fromkeys(code for line in self._tuned for code in line.regions))

    def best_in(self, region: str) -> Line:
        """The same as `best` among the methods that have a region.

        Raises:
            NotDrawnError: none was tuned.
            UsageError: no run has the region.
        """
        found = next((line for line in self._tuned if region in line.regions), None)
        if found is None:
            raise unknown_choice("region", region, self.tuned_regions, "give one of the run's regions")
        return found

    @property
    def _tuned(self) -> list[Line]:
        found = self.of("tuned") or self.of("reference")
        if not found:
            raise NotDrawnError("no method was tuned")
        return sorted(found, key=lambda line: -len(line.regions))

    def beside(self, line: Line, *methods: str) -> Line | None:
        """The first of some methods that a run of `line` scored on the same model."""
        runs = set(line.row.runs)
        return next(
            (
                one
                for method in methods
                for one in self.all
                if one.row.method == method and one.row.model == line.row.model and runs & set(one.row.runs)
            ),
            None,
        )

    @property
    def subject(self) -> str:
        """What the numbers are of."""
        models = list(dict.fromkeys(line.row.model for line in self.all))
        regions = {code for line in self.all for code in line.regions}
        seeds = {line.row.seeds for line in self.of("tuned", "reference") or self.all}
        fewest = f"{min(seeds)} to " if len(seeds) > 1 else ""
        named = drawn_name(models[0]) if len(models) == 1 else counted(len(models), "model")
        return f"{named}, {counted(len(regions), 'region')} x {fewest}{counted(max(seeds, default=1), 'seed')}"


def lines(records: Mapping[str, Record], board: Leaderboard) -> Lines:
    """The rows of a leaderboard with the results of its records."""
    pooled = {(one.model, one.method, tuple(one.runs)): one for one in pool(records)}
    regions: dict[Key, dict[str, RegionRow]] = {_key(row): {} for row in board.rows}
    for row in board.regions:
        regions.setdefault(_key(row), {})[row.region] = row
    return Lines(
        tuple(
            Line(
                label,
                row,
                regions[_key(row)],
                tuple(one for one in pooled[_key(row)].results if one.region in regions[_key(row)]),
                pooled[_key(row)].scores,
            )
            for label, row in zip(_labels(board.rows), board.rows, strict=True)
        ),
        board.comparable,
    )


def _key(row: Row | RegionRow) -> Key:
    return row.model, row.method, row.runs


def _labels(rows: Sequence[Row]) -> list[str]:
    """A name for each row: its method, with the model and then the runs where that alone is not unique."""
    methods, models = ([literal(getattr(row, kind)) for row in rows] for kind in ("method", "model"))
    short, whole = ([_runs(row.runs, part) for row in rows] for part in (_last, literal))
    kinds = ((methods,), (methods, models), (methods, short), (methods, models, short), (methods, models, whole))
    columns = [[drawn_name(", ".join(parts)) for parts in zip(*kind, strict=True)] for kind in kinds]
    found: list[str] = []
    for place, choices in enumerate(zip(*columns, strict=True)):
        alike = (column.count(name) for column, name in zip(columns, choices, strict=True))
        free = (name for name, count in zip(choices, alike, strict=True) if count == 1 and name not in found)
        found.append(next(free, f"{shortened(methods[place], NAME // 2)}, row {place + 1}"))
    return found


def _runs(names: Iterable[str], part: Callable[[str], str]) -> str:
    return " + ".join(map(part, names))


def _last(name: str) -> str:
    return literal(PurePath(name).name or name)
