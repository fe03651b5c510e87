"""The few methods of a model that a reader looks at first."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.leaderboard import Leaderboard
from harness.report.pairs import AGAINST
from harness.report.rows import Row


@dataclass(frozen=True)
class Chosen:
    """Rows of one model, each None where there is none.

    Attributes:
        tuned: the tuned method with the lowest error; the reference bound where nothing else was tuned.
        named: of the baselines that name the region, icl and persona, the one with the lower error.
        naive: the survey alone.
        null: 3 to every question.
        best_null: the null row with the lowest error.
        count: how many tuned methods there are.
        lowest: the row with the lowest error.
    """

    tuned: Row | None
    named: Row | None
    naive: Row | None
    null: Row | None
    best_null: Row | None
    count: int
    lowest: Row

    @property
    def shown(self) -> tuple[Row, ...]:
        """All of them by error; the row with the lowest error where there is none of them."""
        rows = [row for row in (self.tuned, self.named, self.naive, self.best_null, self.null) if row is not None]
        distinct = {(row.method, row.runs): row for row in rows or [self.lowest]}
        return tuple(sorted(distinct.values(), key=lambda row: row.mae))


def chosen(board: Leaderboard) -> dict[str, Chosen]:
    """By model, in the order of the leaderboard."""
    return {model: _of([row for row in board.rows if row.model == model]) for model in _models(board)}


def _models(board: Leaderboard) -> dict[str, None]:
    return dict.fromkeys(row.model for row in board.rows)


def _of(rows: list[Row]) -> Chosen:
    by_error = sorted(rows, key=lambda row: row.mae)
    tuned = [row for row in by_error if row.group == "tuned"]
    first = next(iter([*tuned, *(row for row in by_error if row.group == "reference")]), None)
    own = set(first.runs if first else by_error[0].runs)
    # Those of the same run before those of another one, which may have asked otherwise, or another model of that name.
    nearest = sorted(by_error, key=lambda row: own.isdisjoint(row.runs))
    methods: dict[str, Row] = {}
    for row in nearest:
        methods.setdefault(row.method, row)
    return Chosen(
        tuned=first,
        named=next((row for name, row in methods.items() if name in AGAINST), None),
        naive=methods.get("naive"),
        null=methods.get("null"),
        best_null=next((row for row in nearest if row.group == "null"), None),
        count=len(tuned),
        lowest=by_error[0],
    )
