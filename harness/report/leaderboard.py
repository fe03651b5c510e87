"""From records to a leaderboard: pure functions on values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.records.schema import BOOTSTRAP_SEED, Record
from harness.report.notes import apart, notes
from harness.report.pairs import Pair, pairs
from harness.report.pairs import notes as pair_notes
from harness.report.pooling import Pooled, pool
from harness.report.rows import DimensionRow, RegionRow, Row, dimension_rows, method_row, region_rows
from harness.report.settings import differences


@dataclass(frozen=True)
class Leaderboard:
    """Rows by held-out error, best first, and the regions behind them.

    Attributes:
        dimensions: the same rows by dimension.
        pairs: methods beside baselines and the best null row, region by region.
        notes: what must be known to read the numbers.
        settings: per run, the settings that another run of the board has otherwise.
        comparable: whether the errors of all rows compare, so that their order is a ranking.
        bootstrap_seed: of the intervals.
    """

    rows: tuple[Row, ...]
    regions: tuple[RegionRow, ...]
    dimensions: tuple[DimensionRow, ...]
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]
    settings: dict[str, str]
    comparable: bool
    bootstrap_seed: int

    @property
    def unproven(self) -> dict[tuple[str, str, tuple[str, ...]], str]:
        """Rows that are not shown to be better than the best null row, by model, method and runs: its name."""
        return {
            (pair.model, pair.method, pair.runs): pair.against
            for pair in self.pairs
            if pair.null and not pair.shown_better
        }


def build(records: Mapping[str, Record]) -> Leaderboard:
    """Builds the leaderboard of one or more runs, given by name; see `pool` for what becomes one row."""
    pooled = pool(records)
    seed = next(iter(records.values())).bootstrap_seed if records else BOOTSTRAP_SEED
    dimensions = [tuple(dimension_rows(one, _naive(one, pooled))) for one in pooled]
    rows = [method_row(one, own, seed) for one, own in zip(pooled, dimensions, strict=True)]
    compared = pairs(pooled, seed)
    return Leaderboard(
        rows=tuple(sorted(rows, key=lambda row: (row.mae, row.model, row.method))),
        regions=tuple(row for one in pooled for row in region_rows(one)),
        dimensions=tuple(row for own in dimensions for row in own),
        pairs=compared,
        notes=(*notes(records, pooled), *pair_notes(compared)),
        settings=differences({name: record.spec for name, record in records.items()}),
        comparable=not any(apart(records, pooled)),
        bootstrap_seed=seed,
    )


def _naive(row: Pooled, pooled: Sequence[Pooled]) -> Pooled | None:
    """The naive answers of the same model that a row's runs hold."""
    alike = (one for one in pooled if one.method == "naive" and one.model == row.model)
    return next((one for one in alike if set(row.runs) <= set(one.runs)), None)


def to_plain(board: Leaderboard) -> dict[str, Any]:
    """The leaderboard as JSON values: the fields of its rows as keys; missing numbers are None."""
    return {
        "rows": [
            asdict(row) | {"not_better_than": board.unproven.get((row.model, row.method, row.runs))}
            for row in board.rows
        ],
        "regions": [asdict(row) for row in board.regions],
        "dimensions": [asdict(row) for row in board.dimensions],
        "pairs": [asdict(pair) for pair in board.pairs],
        "notes": list(board.notes),
        "settings": board.settings,
        "bootstrap_seed": board.bootstrap_seed,
    }
