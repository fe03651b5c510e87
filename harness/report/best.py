"""Which results may stand out as the best: those of which the paired intervals say so.

Why it is so: docs/decisions/0012-what-is-bold.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from harness.report.pairs import beside
from harness.report.pooling import Pooled
from harness.report.statistics import paired

CONTESTANTS: Final = ("baseline", "tuned")
"""Groups whose rows may stand out; null rows are to be beaten, the reference bound is out of the contest."""
MEASURES: Final = ("mae", "mae_instrument")
"""What a row may be best in: errors on questions that nothing was tuned on."""


def shown_best(rows: Sequence[Pooled], measure: str, seed: int) -> Pooled | None:
    """The contestant with the lowest error, if it is shown to be below every other row.

    Args:
        rows: methods that were scored alike.
        measure: one of `MEASURES`.
        seed: of the bootstrap.

    Returns:
        None where there is nothing to compare with, where rows cover different regions, and where a 95 % interval of a
        paired difference holds 0 or is not known. References have no say.
    """
    rows = [one for one in rows if one.group != "reference" and np.isfinite(one.errors(measure)).any(axis=1).all()]
    contestants = [one for one in rows if one.group in CONTESTANTS]
    if len(rows) < 2 or not contestants or len({frozenset(one.by_region) for one in rows}) > 1:
        return None
    first, *others = sorted(rows, key=lambda one: _mean(one, measure))
    if first not in contestants:
        return None
    return first if all(_below(first, other, measure, seed) for other in others) else None


def best_in_regions(rows: Sequence[Pooled], seed: int) -> Iterator[tuple[str, Pooled]]:
    """The regions in which a method is shown to be best, each by its own seeds: the region, and the method there."""
    grouped = [(one, one.by_region) for one in rows]
    for region in dict.fromkeys(region for _, regions in grouped for region in regions):
        alone = [replace(one, results=regions[region]) for one, regions in grouped if region in regions]
        found = shown_best(alone, "mae", seed)
        if found is not None:
            yield region, found


def _mean(one: Pooled, measure: str) -> float:
    return float(np.nanmean(one.errors(measure), axis=1).mean())


def _below(first: Pooled, other: Pooled, measure: str, seed: int) -> bool:
    high = paired(*beside(first, other, measure), seed).high
    return high is not None and high < 0
