"""From records to a leaderboard: pure functions on values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from harness.records.schema import BOOTSTRAP_SEED, Record
from harness.report.best import MEASURES, best_in_regions, shown_best
from harness.report.notes import apart, differing, notes, times_notes
from harness.report.order import ordered, ranked
from harness.report.pairs import Pair, pairs
from harness.report.pairs import notes as pair_notes
from harness.report.pooling import Pooled, pool
from harness.report.rows import (
    DimensionRow,
    RegionRow,
    Row,
    RunRow,
    dimension_rows,
    method_row,
    region_rows,
    run_row,
)
from harness.report.selection import Selection, hidden_note, restricted, shown
from harness.report.settings import differences

Key = tuple[str, str, tuple[str, ...]]
EVERYTHING: Final = Selection()


class Keyed(Protocol):
    """What belongs to a row of the leaderboard."""

    @property
    def model(self) -> str:
        """Name of the model."""

    @property
    def method(self) -> str:
        """Name of the method."""

    @property
    def runs(self) -> Sequence[str]:
        """Names of the runs."""


def key(one: Keyed) -> Key:
    """What tells the rows of a leaderboard apart: model, method and runs."""
    return one.model, one.method, tuple(one.runs)


@dataclass(frozen=True)
class Leaderboard:
    """Rows by held-out error, best first, or in the order asked for, and the regions behind them.

    Attributes:
        dimensions: the same rows by dimension.
        pairs: methods beside baselines and the best null row, region by region.
        notes: what must be known to read the numbers.
        settings: per run, the settings that another run of the board has otherwise.
        comparable: whether the errors of all rows compare, so that their order is a ranking.
        bootstrap_seed: of the intervals.
        runs: what each run cost.
        workers: how many answered each run that had any.
        ranks: place of each row by held-out error among all, also those that are not shown; empty where they do not
            compare.
        best: the measures in which a row is shown to be the best of all, of the rows that are in any.
        best_regions: regions in which a row is shown to be the best, with its key.
        compared: how many pairs p is corrected for.
    """

    rows: tuple[Row, ...]
    regions: tuple[RegionRow, ...]
    dimensions: tuple[DimensionRow, ...]
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]
    settings: dict[str, str]
    comparable: bool
    bootstrap_seed: int
    runs: tuple[RunRow, ...]
    workers: dict[str, int]
    ranks: dict[Key, int]
    best: dict[Key, tuple[str, ...]]
    best_regions: frozenset[tuple[str, Key]]
    compared: int

    @property
    def unproven(self) -> dict[Key, str]:
        """Rows that are not shown to be better than the best null row, by model, method and runs: its name."""
        return {key(pair): pair.against for pair in self.pairs if pair.null and not pair.shown_better}


def build(
    records: Mapping[str, Record], asked: Selection = EVERYTHING, sort: str = "mae", reverse: bool = False
) -> Leaderboard:
    """Builds the leaderboard of one or more runs; see `pool` for what becomes one row.

    Args:
        records: by the name of their run.
        asked: the part that is shown.
        sort: the column by which rows are sorted, one of `harness.report.order.KEYS`.
        reverse: the worst first.

    Raises:
        UsageError: what is asked for does not exist, or leaves nothing.
    """
    pooled, left_out = restricted(pool(records), asked)
    seed = next(iter(records.values())).bootstrap_seed if records else BOOTSTRAP_SEED
    dimensions = {id(one): tuple(dimension_rows(one, _naive(one, pooled))) for one in pooled}
    every = [method_row(one, dimensions[id(one)], seed) for one in pooled]
    kept = {key(row) for row, held in zip(every, shown(every, asked), strict=True) if held}
    rows = [row for row in every if key(row) in kept]
    own = [one for one in pooled if key(one) in kept]
    compared = pairs(pooled, seed)
    chosen = asked.dimensions is not None
    comparable = not any(apart(records, pooled, chosen))
    regions = () if any(differing(records, chosen)) else best_in_regions(pooled, seed)
    hidden = [hidden_note(len(rows), len(every))] if len(rows) < len(every) else []
    return Leaderboard(
        rows=tuple(ordered(rows, sort, reverse)),
        regions=tuple(row for one in own for row in region_rows(one)),
        dimensions=tuple(row for one in own for row in dimensions[id(one)]),
        pairs=tuple(pair for pair in compared if key(pair) in kept),
        notes=(*left_out, *hidden, *notes(records, pooled, chosen), *pair_notes(compared)),
        settings=differences({name: record.spec for name, record in records.items()}),
        comparable=comparable,
        bootstrap_seed=seed,
        runs=tuple(run_row(name, record) for name, record in records.items()),
        workers={name: len(record.execution.workers) for name, record in records.items() if record.execution},
        ranks={key(row): place for place, row in enumerate(ranked(every), start=1)} if comparable else {},
        best=_best(pooled, seed) if comparable else {},
        best_regions=frozenset((region, key(one)) for region, one in regions),
        compared=sum(pair.p is not None for pair in compared),
    )


def _best(pooled: Sequence[Pooled], seed: int) -> dict[Key, tuple[str, ...]]:
    found = {measure: shown_best(pooled, measure, seed) for measure in MEASURES}
    names = dict.fromkeys(key(one) for one in found.values() if one)
    return {name: tuple(measure for measure, one in found.items() if one and key(one) == name) for name in names}


def _naive(row: Pooled, pooled: Sequence[Pooled]) -> Pooled | None:
    """The naive answers of the same model that a row's runs hold."""
    alike = (one for one in pooled if one.method == "naive" and one.model == row.model)
    return next((one for one in alike if set(row.runs) <= set(one.runs)), None)


def to_plain(board: Leaderboard) -> dict[str, Any]:
    """The leaderboard as JSON values: the fields of its rows as keys; missing numbers are None.

    Seconds of runs always stand there, and so does what they are where workers answered.
    """
    return {
        "rows": [
            asdict(row)
            | {
                "rank": board.ranks.get(key(row)),
                "not_better_than": board.unproven.get(key(row)),
                "shown_best": board.best.get(key(row), ()),
            }
            for row in board.rows
        ],
        "regions": [
            asdict(row) | {"shown_best": (row.region, key(row)) in board.best_regions} for row in board.regions
        ],
        "dimensions": [asdict(row) for row in board.dimensions],
        "pairs": [asdict(pair) for pair in board.pairs],
        "runs": [asdict(run) for run in board.runs],
        "notes": [*board.notes, *times_notes(board.workers)],
        "settings": board.settings,
        "bootstrap_seed": board.bootstrap_seed,
    }
