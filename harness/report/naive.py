"""A method beside the survey asked alone, region by region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.records.schema import Record
from harness.report.leaderboard import key
from harness.report.pairs import Pair, comparable, pair_of
from harness.report.pooling import pool
from harness.report.rows import Row


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
    own = next((one for one in pooled if key(one) == key(row)), None)
    naive = next((one for one in pooled if own and one.method == "naive" and comparable(own, one)), None)
    return replace(pair_of(own, naive, seed), p=None) if own and naive else None
