"""The rows of a leaderboard: one per method, one per region, one per dimension, and one per run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from harness.records.schema import DIMENSIONS, Group, Record, RegionResult
from harness.report.pooling import Pooled
from harness.report.statistics import interval, rank_correlation

PHASES: Final = ("baselines", "planning", "tuning", "heldout")
"""Of a run, by their names in `Record.timings`."""


@dataclass(frozen=True)
class Row:
    """One method of one model over all its regions; errors in index points, lower is better.

    Attributes:
        mae: mean over regions and seeds on the held-out wordings.
        mae_low, mae_high: 95 % interval over regions and seeds (`harness.report.statistics.interval`); None for one
            region.
        mae_tuned: the same mean on the tuning wordings; None where errors are over other dimensions than those of the
            run.
        mae_instrument: the same mean on another questionnaire, None where there was none.
        tau: Kendall's tau-b with the published scores across regions, mean over dimensions, higher is better; None
            where no dimension has one.
        order_gap: mean size of the difference between both option orders over aimed dimensions and regions, index
            points; None where no model was asked.
        option_mass: lowest mass on the five options over regions; None where no model was asked.
        entropy: mean evenness of answers, 0 sure to 1 uniform; None where no model was asked.
        sampling_error: mean standard deviation of an index between samples of respondents, index points; None where
            answers were not drawn.
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
    mae_tuned: float | None
    mae_instrument: float | None
    tau: float | None
    order_gap: float | None
    option_mass: float | None
    entropy: float | None
    sampling_error: float | None
    evaluations: float
    regions: int
    seeds: int
    runs: tuple[str, ...]


@dataclass(frozen=True)
class RegionRow:
    """One region under one method of one model, averaged over seeds.

    Attributes:
        mae_tuned: error on the tuning wordings; None where errors are over other dimensions than those of the run.
    """

    model: str
    region: str
    method: str
    mae: float
    mae_tuned: float | None
    indices: dict[str, float]
    runs: tuple[str, ...]


@dataclass(frozen=True)
class DimensionRow:
    """One dimension under one method of one model, over its regions; each region averaged over its seeds.

    Attributes:
        aimed: whether this dimension was tuned on.
        mae: mean absolute error, index points; None where no region has a score.
        share: `mae` over the standard deviation between countries; below 1 the error is the smaller.
        bias: mean of index less score, index points.
        tau, rho: Kendall's tau-b and Spearman's rho with the scores across regions; None where they are not defined.
        order_gap: mean size of the difference between both option orders, index points.
        moved: mean distance from the naive answers of the same run, index points; None where there are none.
    """

    model: str
    method: str
    dimension: str
    aimed: bool
    mae: float | None
    share: float | None
    bias: float | None
    tau: float | None
    rho: float | None
    order_gap: float | None
    moved: float | None
    runs: tuple[str, ...]


@dataclass(frozen=True)
class RunRow:
    """What a run cost.

    Attributes:
        run: its name.
        optimizers: whose prompts it tuned.
        seeds: number of repetitions of its searches.
        regions: number of regions.
        evaluations: candidate evaluations of all searches together.
        seconds: of all phases, None where they are not recorded.
        tuning_seconds: of the searches alone.
        evaluations_per_second: while tuning.
    """

    run: str
    model: str
    optimizers: tuple[str, ...]
    seeds: int
    regions: int
    evaluations: float
    seconds: float | None
    tuning_seconds: float | None
    evaluations_per_second: float | None


def run_row(name: str, record: Record) -> RunRow:
    """A run's cost; times are of the whole run, since its searches share what they evaluate."""
    searched = [one for one in record.methods if one.group in ("tuned", "reference")]
    phases = [record.timings[phase] for phase in PHASES if phase in record.timings]
    return RunRow(
        run=name,
        model=record.model.name,
        optimizers=tuple(one.method for one in searched),
        seeds=len({result.seed for one in searched for result in one.results}),
        regions=len({result.region for one in record.methods for result in one.results}),
        evaluations=sum(result.evaluations for one in searched for result in one.results),
        seconds=sum(phases) if phases else None,
        tuning_seconds=record.timings.get("tuning"),
        evaluations_per_second=record.timings.get("evaluations_per_second"),
    )


def method_row(pooled: Pooled, dimensions: Sequence[DimensionRow], seed: int) -> Row:
    """A method's row; `dimensions` are its own, `seed` that of the bootstrap."""
    per_region, results = pooled.by_region, pooled.results
    masses = [result.option_mass for result in results if result.option_mass is not None]
    low, high = interval(pooled.table, seed, least=0.0)
    return Row(
        pooled.model,
        pooled.method,
        pooled.group,
        mae=_balanced(per_region.values(), "mae"),
        mae_low=low,
        mae_high=high,
        mae_tuned=None if pooled.rebuilt else _balanced(per_region.values(), "mae_tuned"),
        mae_instrument=_mean(result.mae_instrument for result in results),
        tau=_mean(one.tau for one in dimensions if one.dimension in pooled.counted),
        order_gap=_mean(one.order_gap for one in dimensions if one.dimension in pooled.counted),
        option_mass=min(masses, default=None),
        entropy=_mean(result.entropy for result in results),
        sampling_error=_mean(error for result in results for error in (result.sampling_error or {}).values()),
        evaluations=fmean(result.evaluations for result in results),
        regions=len(per_region),
        seeds=len({result.seed for result in results}),
        runs=tuple(pooled.runs),
    )


def region_rows(pooled: Pooled) -> Iterator[RegionRow]:
    """A method's regions."""
    for region, results in pooled.by_region.items():
        yield RegionRow(
            pooled.model,
            region,
            pooled.method,
            mae=fmean(result.mae for result in results),
            mae_tuned=None if pooled.rebuilt else fmean(result.mae_tuned for result in results),
            indices=_indices(results),
            runs=tuple(pooled.runs),
        )


def dimension_rows(pooled: Pooled, naive: Pooled | None) -> Iterator[DimensionRow]:
    """A method's dimensions, beside the naive answers of the same run."""
    regions = {region: _indices(results) for region, results in pooled.by_region.items()}
    before = {region: _indices(results) for region, results in naive.by_region.items()} if naive else {}
    for name in DIMENSIONS if pooled.chosen is None else pooled.chosen:
        found = np.array([indices[name] for indices in regions.values()])
        wanted = np.array([pooled.score(region, name) for region in regions])
        errors = found - wanted
        known = ~np.isnan(errors)
        mae = float(np.abs(errors[known]).mean()) if known.any() else None
        spread = pooled.targets.spread[name] if pooled.targets else 0.0
        tau, rho = rank_correlation(found, wanted)
        gaps = [abs(result.order_gap[name]) for result in pooled.results if result.order_gap]
        yield DimensionRow(
            pooled.model,
            pooled.method,
            name,
            aimed=name in pooled.aimed,
            mae=mae,
            share=mae / spread if mae is not None and spread else None,
            bias=float(errors[known].mean()) if known.any() else None,
            tau=tau,
            rho=rho,
            order_gap=_mean(gaps),
            moved=_mean(abs(indices[name] - before[region][name]) for region, indices in regions.items())
            if before.keys() >= regions.keys()
            else None,
            runs=tuple(pooled.runs),
        )


def _balanced(regions: Iterable[Sequence[RegionResult]], field: str) -> float:
    """Mean over regions of each region's mean over seeds."""
    return fmean(fmean(getattr(result, field) for result in results) for results in regions)


def _indices(results: Sequence[RegionResult]) -> dict[str, float]:
    return {name: fmean(result.indices[name] for result in results) for name in DIMENSIONS}


def _mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values there are, None for none."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
