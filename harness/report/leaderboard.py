"""From records to a leaderboard: pure functions on values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from harness.records.schema import Group, Record, RegionResult
from harness.report.pairs import Pair, pairs
from harness.report.pooling import Pooled, pool
from harness.report.settings import differences

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 9999
BOOTSTRAP_SEED: Final = 20130


@dataclass(frozen=True)
class Row:
    """One method of one model over all its regions; errors in index points, lower is better.

    Attributes:
        mae: mean over regions and seeds on the held-out wordings.
        mae_low, mae_high: 95 % bootstrap interval over regions, each averaged over its seeds; None for one region.
        mae_tuned: the same mean on the tuning wordings.
        option_mass: lowest mass on the five options over regions; None where no model was asked.
        evaluations: mean candidate evaluations per region and seed.
        regions: number of regions.
        seeds: number of repetitions.
        runs: names of the runs that the results come from.
    """

    model: str
    method: str
    group: Group
    mae: float
    mae_low: float | None
    mae_high: float | None
    mae_tuned: float
    option_mass: float | None
    evaluations: float
    regions: int
    seeds: int
    runs: tuple[str, ...]


@dataclass(frozen=True)
class RegionRow:
    """One region under one method of one model, averaged over seeds."""

    model: str
    region: str
    method: str
    mae: float
    mae_tuned: float
    indices: dict[str, float]
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Leaderboard:
    """Rows by held-out error, best first, and the regions behind them.

    Attributes:
        pairs: tuned methods beside baselines, region by region.
        notes: what must be known to read the numbers.
        settings: per run, the settings that another run of the board has otherwise.
    """

    rows: tuple[Row, ...]
    regions: tuple[RegionRow, ...]
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]
    settings: dict[str, str]


def build(records: Mapping[str, Record]) -> Leaderboard:
    """Builds the leaderboard of one or more runs, given by name; see `pool` for what becomes one row."""
    pooled = pool(records)
    rows = sorted((_row(one) for one in pooled), key=lambda row: (row.mae, row.model, row.method))
    regions = [_region_row(one, region, results) for one in pooled for region, results in one.by_region.items()]
    settings = differences({name: record.spec for name, record in records.items()})
    notes = tuple(_notes(records, pooled))
    return Leaderboard(tuple(rows), tuple(regions), pairs(pooled), notes, settings)


def _notes(records: Mapping[str, Record], pooled: Sequence[Pooled]) -> Iterator[str]:
    yield from dict.fromkeys(record.model.note for record in records.values() if record.model.note)
    if len({frozenset(one.by_region) for one in pooled}) > 1:
        yield "rows cover different regions: their errors do not compare"
    for name in ("survey", "targets"):
        if len({json.dumps(record.spec.get(name), sort_keys=True) for record in records.values()}) > 1:
            yield f"runs differ in their {name}: their errors do not compare"
    shared = [record for record in records.values() if record.spec.get("share") and len(record.spec["regions"]) > 1]
    if shared:
        yield "regions chose among the candidates of all: budgets compare between runs over the same regions only"
    if any(one.group == "reference" for one in pooled):
        yield "gradient goes through the model and is no black-box method: the bound that the others are held against"
    missing = {result.region: result.missing for one in pooled for result in one.results if result.missing}
    for region, dimensions in missing.items():
        yield partial_note(region, dimensions)


def partial_note(region: str, missing: Sequence[str]) -> str:
    """What must be known of a region without a score in some dimensions."""
    return f"{region} has no published {', '.join(missing)}: its error is over the others"


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _row(pooled: Pooled) -> Row:
    per_region = pooled.by_region
    errors = np.array([_mean(result.mae for result in results) for results in per_region.values()])
    masses = [result.option_mass for result in pooled.results if result.option_mass is not None]
    low, high = interval(errors)
    return Row(
        pooled.model,
        pooled.method,
        pooled.group,
        mae=float(errors.mean()),
        mae_low=low,
        mae_high=high,
        mae_tuned=_mean(_mean(r.mae_tuned for r in results) for results in per_region.values()),
        option_mass=min(masses) if masses else None,
        evaluations=_mean(result.evaluations for result in pooled.results),
        regions=len(per_region),
        seeds=len({result.seed for result in pooled.results}),
        runs=tuple(pooled.runs),
    )


def interval(errors: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float | None, float | None]:
    """95 % bootstrap interval (BCa) of a mean over regions.

    Args:
        errors: (R,) one error per region.

    Returns:
        Low and high; (None, None) for fewer than two regions, and the value itself where all are equal.
    """
    if len(errors) < 2:
        return None, None
    if np.ptp(errors) == 0:
        return float(errors[0]), float(errors[0])

    from scipy.stats import bootstrap

    result = bootstrap(
        (errors,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        rng=np.random.default_rng(BOOTSTRAP_SEED),
        method="BCa",
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _region_row(pooled: Pooled, region: str, results: Sequence[RegionResult]) -> RegionRow:
    return RegionRow(
        pooled.model,
        region,
        pooled.method,
        mae=_mean(result.mae for result in results),
        mae_tuned=_mean(result.mae_tuned for result in results),
        indices={name: _mean(result.indices[name] for result in results) for name in results[0].indices},
        runs=tuple(pooled.runs),
    )


def to_plain(board: Leaderboard) -> dict[str, Any]:
    """The leaderboard as JSON values: the fields of `Row`, `RegionRow` and `Pair` as keys; missing numbers are None."""
    return {
        "rows": [asdict(row) for row in board.rows],
        "regions": [asdict(row) for row in board.regions],
        "pairs": [asdict(pair) for pair in board.pairs],
        "notes": list(board.notes),
        "settings": board.settings,
    }
