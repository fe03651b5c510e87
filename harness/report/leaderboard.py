"""From records to a leaderboard: pure functions on values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import bootstrap

from harness.records.schema import Group, Record, RegionResult

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


@dataclass(frozen=True)
class RegionRow:
    """One region under one method of one model, averaged over seeds."""

    model: str
    region: str
    method: str
    mae: float
    mae_tuned: float
    indices: dict[str, float]


@dataclass(frozen=True)
class Leaderboard:
    """Rows by held-out error, best first, and the regions behind them."""

    rows: tuple[Row, ...]
    regions: tuple[RegionRow, ...]
    notes: tuple[str, ...]


def build(records: Sequence[Record]) -> Leaderboard:
    """Builds the leaderboard of one or more runs; a method that stands in several runs of a model is pooled."""
    pooled: dict[tuple[str, str], tuple[Group, list[RegionResult]]] = {}
    for record in records:
        for method in record.methods:
            key = (record.model.name, method.method)
            pooled.setdefault(key, (method.group, []))[1].extend(method.results)
    rows, regions = [], []
    for (model, name), (group, results) in pooled.items():
        per_region = _by_region(results)
        rows.append(_row(model, name, group, per_region))
        regions += [_region_row(model, name, region, values) for region, values in per_region.items()]
    rows.sort(key=lambda row: (row.mae, row.model, row.method))
    notes = dict.fromkeys(record.model.note for record in records if record.model.note)
    return Leaderboard(tuple(rows), tuple(regions), tuple(notes))


def _by_region(results: Iterable[RegionResult]) -> dict[str, list[RegionResult]]:
    grouped: dict[str, list[RegionResult]] = {}
    for result in results:
        grouped.setdefault(result.region, []).append(result)
    return grouped


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _row(model: str, method: str, group: Group, per_region: dict[str, list[RegionResult]]) -> Row:
    errors = np.array([_mean(result.mae for result in results) for results in per_region.values()])
    flat = [result for results in per_region.values() for result in results]
    masses = [result.option_mass for result in flat if result.option_mass is not None]
    low, high = interval(errors)
    return Row(
        model,
        method,
        group,
        mae=float(errors.mean()),
        mae_low=low,
        mae_high=high,
        mae_tuned=_mean(_mean(r.mae_tuned for r in results) for results in per_region.values()),
        option_mass=min(masses) if masses else None,
        evaluations=_mean(result.evaluations for result in flat),
        regions=len(per_region),
        seeds=len({result.seed for result in flat}),
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
    result = bootstrap(
        (errors,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        rng=np.random.default_rng(BOOTSTRAP_SEED),
        method="BCa",
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _region_row(model: str, method: str, region: str, results: Sequence[RegionResult]) -> RegionRow:
    dimensions = results[0].indices
    return RegionRow(
        model,
        region,
        method,
        mae=_mean(result.mae for result in results),
        mae_tuned=_mean(result.mae_tuned for result in results),
        indices={name: _mean(result.indices[name] for result in results) for name in dimensions},
    )


def to_plain(board: Leaderboard) -> dict[str, Any]:
    """The leaderboard as JSON values with stable keys; missing numbers are None."""
    return {
        "rows": [
            {
                "model": row.model,
                "method": row.method,
                "group": row.group,
                "mae": row.mae,
                "mae_low": row.mae_low,
                "mae_high": row.mae_high,
                "mae_tuned": row.mae_tuned,
                "option_mass": row.option_mass,
                "evaluations": row.evaluations,
                "regions": row.regions,
                "seeds": row.seeds,
            }
            for row in board.rows
        ],
        "regions": [
            {
                "model": row.model,
                "region": row.region,
                "method": row.method,
                "mae": row.mae,
                "mae_tuned": row.mae_tuned,
                "indices": row.indices,
            }
            for row in board.regions
        ],
        "notes": list(board.notes),
    }
