"""What commands print with --json and no record holds, as models: for the JSON Schema that describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from harness.report.pairs import Pair
from harness.report.rows import DimensionRow, RegionRow, Row, RunRow
from harness.report.sensitivity import Choice


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class RankedRow(Row):
    """A row with its place, and what is shown of it.

    Attributes:
        rank: place by held-out error among all rows, also those that are not shown; None where they do not compare.
        not_better_than: the best null row, where the row is not shown to be better; else None.
        shown_best: the errors, "mae" or "mae_instrument", in which the row is shown to be below every other one.
    """

    rank: int | None
    not_better_than: str | None
    shown_best: tuple[str, ...]


@dataclass(frozen=True)
class RankedRegion(RegionRow):
    """A region under a method, with what is shown of it.

    Attributes:
        shown_best: whether the method is shown to have the lowest error in this region.
    """

    shown_best: bool


class LeaderboardView(_Frozen):
    """Rows by held-out error, best first, or in the order asked for, and the regions behind them.

    Attributes:
        dimensions: the same rows by dimension.
        pairs: methods beside baselines and the best null row, region by region.
        runs: what each run cost.
        notes: what must be known to read the numbers.
        settings: per run, the settings that another run of the board has otherwise.
        bootstrap_seed: of the intervals.
    """

    rows: tuple[RankedRow, ...]
    regions: tuple[RankedRegion, ...]
    dimensions: tuple[DimensionRow, ...]
    pairs: tuple[Pair, ...]
    runs: tuple[RunRow, ...]
    notes: tuple[str, ...]
    settings: dict[str, str]
    bootstrap_seed: int


class ScoredRegion(_Frozen):
    """One region; errors and indices in index points."""

    indices: dict[str, float]
    mae: float
    mae_tuned: float
    mae_instrument: float | None
    option_mass: float | None
    order_gap: dict[str, float] | None
    entropy: float | None
    sampling_error: dict[str, float] | None


class ScoreView(_Frozen):
    """One method, or a saved prompt, beside the null rows.

    Attributes:
        method: its name, or the folder of the prompt.
        regions: by code.
    """

    model: str
    method: str
    regions: dict[str, ScoredRegion]
    leaderboard: LeaderboardView


class SensitivityView(_Frozen):
    """All methods under all choices.

    Attributes:
        choices: by error under `midpoint`, run by run.
        order: Kendall's tau-b between the order of the methods under `midpoint` and under each other scheme, per run
            and scheme; None where it is not defined.
        regions: of each run that have scores in its own and in the other targets.
        partial: of each run, the dimensions without a score in the other targets, per region that has others there.
    """

    choices: tuple[Choice, ...]
    order: dict[str, dict[str, float | None]]
    regions: dict[str, tuple[int, int]]
    partial: dict[str, dict[str, tuple[str, ...]]]


VIEWS: Final[dict[str, tuple[type[BaseModel], str]]] = {
    "leaderboard": (LeaderboardView, "the output of harness leaderboard --json"),
    "score": (ScoreView, "the output of harness score --json"),
    "sensitivity": (SensitivityView, "the output of harness check sensitivity --json"),
}
