"""How tuned prompts compare with the baselines that name the region, region by region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.report.contest_statistics import bootstrap
from harness.report.pooling import Pooled

AGAINST: Final = ("icl", "persona")


@dataclass(frozen=True)
class Pair:
    """A tuned method beside a baseline on the same regions; errors in index points, each averaged over its seeds.

    Attributes:
        difference: mean over regions of the method's held-out error less the baseline's; below 0 the method is better.
        low, high: 95 % bootstrap interval of that mean over regions; None for one region.
        better: regions in which the method's error is lower.
    """

    model: str
    method: str
    against: str
    runs: tuple[str, ...]
    difference: float
    low: float | None
    high: float | None
    better: int
    regions: int


def pairs(rows: Sequence[Pooled]) -> tuple[Pair, ...]:
    """Every tuned or reference row against each baseline of `AGAINST` that the same run scored on the same regions."""
    return tuple(
        _pair(row, other)
        for row in rows
        if row.group in ("tuned", "reference")
        for name in AGAINST
        for other in rows
        if other.method == name
        and other.model == row.model
        and set(row.runs) <= set(other.runs)
        and set(row.by_region) <= set(other.by_region)
    )


def _pair(row: Pooled, other: Pooled) -> Pair:
    mine, theirs = row.by_region, other.by_region
    differences = np.array(
        [
            np.mean([result.mae for result in results]) - np.mean([result.mae for result in theirs[region]])
            for region, results in mine.items()
        ]
    )
    low, high = bootstrap(differences, np.mean)
    return Pair(
        model=row.model,
        method=row.method,
        against=other.method,
        runs=tuple(row.runs),
        difference=float(differences.mean()),
        low=low,
        high=high,
        better=int((differences < 0).sum()),
        regions=len(differences),
    )
