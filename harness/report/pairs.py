"""How methods compare region by region: with the baselines that name the region, and with the best null row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.report.order import GROUPS
from harness.report.pooling import Pooled
from harness.report.statistics import holm, paired, region_means

LEVEL: Final = 0.05
"""A p that cannot be lower than this says nothing."""
AGAINST: Final = ("icl", "persona")


@dataclass(frozen=True)
class Pair:
    """A method beside another one on the same regions; errors in index points, each averaged over its seeds.

    Attributes:
        against: the other method.
        null: whether that is the null row with the lowest error on these regions.
        difference: mean over regions of the method's held-out error less the other's; below 0 the method is better.
        low, high: 95 % interval of that mean over regions and seeds; None for one region.
        better: regions in which the method's error is lower.
        p: two-sided, of Wilcoxon's signed-rank test over regions, after Holm's correction for all pairs of the
            leaderboard; None where it is not defined.
    """

    model: str
    method: str
    against: str
    null: bool
    runs: tuple[str, ...]
    difference: float
    low: float | None
    high: float | None
    better: int
    regions: int
    p: float | None

    @property
    def shown_better(self) -> bool:
        """Whether the method is better by more than its interval; for one region without one, better at all."""
        return self.high < 0 if self.high is not None else self.regions == 1 and self.difference < 0


def pairs(rows: Sequence[Pooled], seed: int) -> tuple[Pair, ...]:
    """Pairs of methods that the same run scored on the same regions.

    Args:
        rows: all methods.
        seed: of the bootstrap.

    Returns:
        Every tuned or reference row against each baseline of `AGAINST`, and every row that is no null row against the
        null row with the lowest error on its regions.
    """
    found = list(_pairs(rows, seed))
    known = [place for place, one in enumerate(found) if one.p is not None]
    for place, p in zip(known, holm([found[place].p or 0.0 for place in known]), strict=True):
        found[place] = replace(found[place], p=p)
    return tuple(found)


def notes(found: Sequence[Pair]) -> Iterator[str]:
    """What few regions cannot show."""
    tested = [pair for pair in found if pair.p is not None]
    if found and not tested and all(pair.regions == 1 for pair in found):
        without = all(pair.low is None for pair in found)
        by = "the numbers alone" if without else "its seeds, and by the numbers alone where they give no interval"
        yield f"one region shows nothing of a method: the mark goes by {by}"
    fewest = min((pair.regions for pair in tested), default=0)
    # All differences of one sign, times Holm's number of pairs, of which those over more regions may come first.
    few = sum(pair.regions == fewest for pair in tested)
    if tested and (least := min(1.0, few * 2.0 / 2**fewest)) > LEVEL:
        yield f"with {fewest} regions and {few} pairs no p can be below {least:.2g}, whatever the methods do"


def _pairs(rows: Sequence[Pooled], seed: int) -> Iterator[Pair]:
    for row in sorted(rows, key=lambda one: GROUPS.index(one.group)):
        others = [one for one in rows if comparable(row, one)]
        if row.group in ("tuned", "reference"):
            yield from (pair_of(row, one, seed) for name in AGAINST for one in others if one.method == name)
        nulls = [one for one in rows if one.group == "null" and _shares_a_run(row, one)]
        if row.group != "null" and nulls:
            yield pair_of(row, min(nulls, key=lambda one: float(np.nanmean(beside(row, one)[1]))), seed)


def comparable(row: Pooled, other: Pooled) -> bool:
    """Whether the other one is of the same runs and has all regions of `row`."""
    return (
        other is not row
        and other.model == row.model
        and set(row.runs) <= set(other.runs)
        and set(row.by_region) <= set(other.by_region)
    )


def _shares_a_run(row: Pooled, null: Pooled) -> bool:
    """Whether a null row is one of `row`: those of tuned prompts are apart where runs begin with another optimizer."""
    return (
        null.model == row.model
        and not set(row.runs).isdisjoint(null.runs)
        and set(row.by_region) <= set(null.by_region)
    )


def beside(row: Pooled, other: Pooled, measure: str = "mae") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors of both in the regions of `row`, (R, S) with the same seeds in each column.

    One of them has a single column where it has one seed or none; both are averaged over seeds that do not match.

    Args:
        row: a method.
        other: another one, which has all regions of the first.
        measure: which error, a field of their results.
    """
    places = {region: place for place, region in enumerate(other.by_region)}
    first, second = row.errors(measure), other.errors(measure)[[places[region] for region in row.by_region]]
    if set(row.seeds) <= set(other.seeds):
        matching = second[:, [other.seeds.index(seed) for seed in row.seeds]]
        # A record may lack a region under one seed and have it under another.
        if np.isfinite(matching).any(axis=1).all():
            return first, matching
    if 1 in (len(row.seeds), len(other.seeds)):
        return first, second
    return region_means(first)[:, None], region_means(second)[:, None]


def pair_of(row: Pooled, other: Pooled, seed: int) -> Pair:
    """A method beside another one that `comparable` holds it against; its p is not corrected."""
    found = paired(*beside(row, other), seed)
    return Pair(
        model=row.model,
        method=row.method,
        against=other.method,
        null=other.group == "null",
        runs=tuple(row.runs),
        difference=found.difference,
        low=found.low,
        high=found.high,
        better=found.better,
        regions=found.regions,
        p=found.p,
    )
