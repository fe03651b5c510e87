"""A method beside the survey asked alone, region by region."""

from __future__ import annotations

from collections.abc import Mapping

from harness.records.schema import Record
from harness.report.pairs import Pair, beside
from harness.report.pooling import Pooled, pool
from harness.report.rows import Row
from harness.report.statistics import paired


def naive_pair(records: Mapping[str, Record], row: Row, seed: int) -> Pair | None:
    """The difference of a row's errors from those of naive in the same runs.

    Args:
        records: that the row was built from.
        row: of their leaderboard.
        seed: of the bootstrap.

    Returns:
        None where its runs hold no naive answers for all of its regions; the pair has no p, which the leaderboard's
        own correction would have to know of.
    """
    pooled = pool(records)
    own = next((one for one in pooled if _key(one) == (row.model, row.method, row.runs)), None)
    naive = next((one for one in pooled if own is not None and _beside(own, one)), None)
    if own is None or naive is None or own is naive:
        return None
    found = paired(*beside(own, naive), seed)
    return Pair(
        row.model,
        row.method,
        naive.method,
        False,
        row.runs,
        found.difference,
        found.low,
        found.high,
        found.better,
        found.regions,
        None,
    )


def _key(pooled: Pooled) -> tuple[str, str, tuple[str, ...]]:
    return pooled.model, pooled.method, tuple(pooled.runs)


def _beside(row: Pooled, other: Pooled) -> bool:
    same = other.method == "naive" and other.model == row.model
    return same and set(row.runs) <= set(other.runs) and set(row.by_region) <= set(other.by_region)
