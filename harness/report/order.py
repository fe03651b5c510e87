"""In which order rows are shown; their rank is by held-out error in any case."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from harness.errors import unknown_choice
from harness.report.rows import Row

GROUPS: Final = ("tuned", "reference", "baseline", "null")
"""In the order in which they are shown."""
_KEYS: Final[dict[str, Callable[[Row], float | str | None]]] = {
    "mae": lambda row: row.mae,
    "tuned": lambda row: row.mae_tuned,
    "other": lambda row: row.mae_instrument,
    "tau": lambda row: None if row.tau is None else -row.tau,
    "gap": lambda row: row.order_gap,
    "mass": lambda row: None if row.option_mass is None else -row.option_mass,
    "evals": lambda row: row.evaluations,
    "regions": lambda row: -row.regions,
    "seeds": lambda row: -row.seeds,
    "method": lambda row: row.method,
    "model": lambda row: row.model,
    "group": lambda row: GROUPS.index(row.group),
}
KEYS: Final = tuple(_KEYS)


def check_key(by: str) -> None:
    """Refuses what rows cannot be sorted by.

    Raises:
        UsageError: there is no such column.
    """
    if by not in _KEYS:
        raise unknown_choice("column", by, KEYS, "give --sort one of them")


def ranked(rows: Iterable[Row]) -> list[Row]:
    """The rows by held-out error, the lowest first."""
    return sorted(rows, key=lambda row: (row.mae, row.model, row.method))


def ordered(rows: Iterable[Row], by: str = "mae", reverse: bool = False) -> list[Row]:
    """The rows by a column, the best first; those without a value come last in either direction.

    Args:
        rows: of a leaderboard.
        by: one of `KEYS`.
        reverse: the worst first.
    """
    key = _KEYS[by]
    known = [row for row in ranked(rows) if key(row) is not None]
    known.sort(key=key, reverse=reverse)  # type: ignore[arg-type]
    return [*known, *(row for row in ranked(rows) if key(row) is None)]
