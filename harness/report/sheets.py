"""A leaderboard as tables of text and sentences, which terminal, Markdown and HTML show each in their own way.

Cells hold names as they stand in records: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Final

from harness.records.schema import DIMENSIONS, Group
from harness.report.leaderboard import Leaderboard
from harness.report.rows import DimensionRow, RegionRow, Row

SMALLEST: Final = 1e-4
"""Below it a p value is not spelt out."""
MARK: Final = "\N{DAGGER}"
"""Stands behind a method that is not shown to be better than the best null row."""
MEASURES: Final = {
    "mae": ("index points", 1),
    "share": ("mae over the SD between countries", 2),
    "bias": ("index less score, points", 1),
    "tau": ("order of the regions, Kendall's tau-b", 2),
    "rho": ("order of the regions, Spearman's rho", 2),
    "order_gap": ("forward less reversed, points", 1),
    "moved": ("from the naive answers, points", 1),
}
"""What is told of each dimension, with its digits."""
_LEGEND = (
    "mae: mean absolute error over the dimensions on held-out wordings, index points, lower is better; [ ]: 95 % "
    "interval over regions{seeds}; tuned: the same on the tuning wordings; tau: Kendall's tau-b with the published "
    "scores across regions, mean over dimensions, higher is better; gap: index in forward less reversed option order, "
    "mean size; mass: probability on the five options, mean of the region where it is lowest; evals: candidate "
    "evaluations per region, shared ones dealt out evenly.{regions}{pairs}"
)
_PAIRS = " p: Wilcoxon's signed-rank test over regions, Holm-corrected over the pairs shown."
_OTHER = " other: mae on the questionnaire that nothing was tuned on."


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: above it.
        headings: of the columns.
        rows: cells, as many as headings.
        left: the columns that hold text and stand to the left; the others hold numbers.
        groups: of each row, where rows are methods.
        strong: (row, column) of the cells that stand out.
        rest: how many more rows there are than are shown.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: tuple[int, ...]
    groups: tuple[Group, ...] = ()
    strong: frozenset[tuple[int, int]] = frozenset()
    rest: int = 0


def _number(value: float | None, digits: int = 2) -> str:
    # What rounds to zero has no sign.
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def _interval(row: Row) -> str:
    return "-" if row.mae_low is None else f"[{row.mae_low:.2f}, {row.mae_high:.2f}]"


def leaderboard_sheet(board: Leaderboard) -> Sheet:
    """The leaderboard, best first."""
    letters, rows = _letters(board.rows), board.rows
    several = len({row.regions for row in rows}) > 1
    seeds = max((row.seeds for row in rows), default=1) > 1
    other = any(row.mae_instrument is not None for row in rows)
    headings = ["#", "method", *(["run"] if letters else [])]
    left = tuple(range(1, len(headings)))
    headings += ["mae", "95 %", "tuned", *(["other"] if other else []), "tau", "gap", "mass", "evals"]
    headings += [*(["regions"] if several else []), *(["seeds"] if seeds else [])]
    shown = []
    for place, row in enumerate(rows, start=1):
        rank = str(place) if board.comparable else ""
        mark = MARK if (row.model, row.method, row.runs) in board.unproven else ""
        cells = [rank, f"{row.method}{mark}", *_runs(row.model, row.runs, letters)]
        cells += [_number(row.mae), _interval(row), _number(row.mae_tuned)]
        cells += [_number(row.mae_instrument)] if other else []
        cells += [_number(row.tau), _number(row.order_gap, 1), _number(row.option_mass, 3), f"{row.evaluations:.4g}"]
        cells += [str(row.regions)] if several else []
        cells += [str(row.seeds)] if seeds else []
        shown.append(tuple(cells))
    return Sheet("Leaderboard", tuple(headings), tuple(shown), left, groups=tuple(row.group for row in rows))


def pairs_sheet(board: Leaderboard) -> Sheet | None:
    """Tuned methods beside the baselines that name the region; None where there is no such pair."""
    if not board.pairs:
        return None
    letters = _letters(board.rows)
    rows = []
    for pair in board.pairs:
        name = " ".join([pair.method, *_runs(pair.model, pair.runs, letters)])
        interval = "-" if pair.low is None else f"[{pair.low:+.2f}, {pair.high:+.2f}]"
        p = "-" if pair.p is None else f"{pair.p:.2g}" if pair.p >= SMALLEST else f"< {SMALLEST:g}"
        better = f"{pair.better}/{pair.regions}"
        rows.append((f"{name} - {pair.against}", f"{pair.difference:+.2f}", interval, better, p))
    return Sheet("Paired by region", ("pair", "difference", "95 %", "better in", "p"), tuple(rows), left=(0,))


def dimension_sheet(board: Leaderboard, measure: str) -> Sheet:
    """One of `MEASURES` by method and dimension; dimensions that errors count have a star where others have none."""
    letters, (what, digits) = _letters(board.rows), MEASURES[measure]
    aimed = all(row.aimed for row in board.dimensions)
    counted = {row.dimension for row in board.dimensions if row.aimed}
    headings = ("method", *(name + "*" * (name in counted and not aimed) for name in DIMENSIONS))
    order = {(row.model, row.method, row.runs): place for place, row in enumerate(board.rows)}
    cells: dict[tuple[str, str, tuple[str, ...]], list[DimensionRow]] = {key: [] for key in order}
    for row in board.dimensions:
        cells[row.model, row.method, row.runs].append(row)
    rows, strong = [], set()
    for place, ((model, method, runs), own) in enumerate(cells.items()):
        name = " ".join([method, *_runs(model, runs, letters)])
        rows.append((name, *(_number(getattr(row, measure), digits) for row in own)))
        strong |= {(place, column) for column, row in enumerate(own, start=1) if row.aimed and not aimed}
    title = f"{measure.replace('_', ' ')}: {what}"
    return Sheet(title, headings, tuple(rows), left=(0,), strong=frozenset(strong))


def region_sheet(board: Leaderboard, most: int | None = None) -> Sheet:
    """Held-out error per region and method; the regions in the order of the run, the lowest error of each standing out.

    Args:
        board: the leaderboard.
        most: how many regions are shown, all if None; the rest is counted.
    """
    letters = _letters(board.regions)
    methods = list(dict.fromkeys((row.method, row.model, row.runs) for row in board.regions))
    codes = list(dict.fromkeys(row.region for row in board.regions))
    shown = codes if most is None else codes[:most]
    values = {(row.region, row.method, row.model, row.runs): row for row in board.regions}
    rows, strong = [], set()
    for place, code in enumerate(shown):
        cells = [values.get((code, *key)) for key in methods]
        best = min((cell.mae for cell in cells if cell), default=None)
        rows.append((code, *("-" if cell is None else f"{cell.mae:.1f}" for cell in cells)))
        strong |= {(place, column) for column, cell in enumerate(cells, start=1) if cell and cell.mae == best}
    headings = (" ".join([method, *_runs(model, runs, letters)]) for method, model, runs in methods)
    return Sheet(
        "mae per region",
        ("region", *headings),
        tuple(rows),
        left=(0,),
        strong=frozenset(strong),
        rest=len(codes) - len(shown),
    )


def legend(board: Leaderboard) -> str:
    """What the columns of the leaderboard are."""
    regions = {row.regions for row in board.rows}
    seeds = " and seeds" if any(row.seeds > 1 for row in board.rows) else ", not over seeds"
    count = f" Regions: {regions.pop()}." if len(regions) == 1 else ""
    other = _OTHER if any(row.mae_instrument is not None for row in board.rows) else ""
    return _LEGEND.format(seeds=seeds, regions=count, pairs=_PAIRS if board.pairs else "") + other


def who(board: Leaderboard) -> Iterator[str]:
    """The model, or what each letter in the tables stands for."""
    letters = _letters(board.rows)
    if not letters:
        yield from (f"model: {row.model}" for row in board.rows[:1])
    for (model, run), letter in letters.items():
        yield ", ".join(filter(None, [f"{letter} = {run}", f"model {model}", board.settings.get(run, "")]))


def warnings(board: Leaderboard) -> Iterator[str]:
    """What must be known to read the numbers, with the meaning of the mark first."""
    nulls = " or ".join(sorted(set(board.unproven.values())))
    if nulls:
        yield f"{MARK} not shown to be better than the best null row, {nulls}"
    yield from board.notes


def _letters(rows: Sequence[Row] | Sequence[RegionRow]) -> dict[tuple[str, str], str]:
    """A letter for each model and run, if the method alone does not tell the rows apart; else empty."""
    keys = dict.fromkeys((row.method, row.model, row.runs) for row in rows)
    if len({model for _, model, _ in keys}) < 2 and len({method for method, _, _ in keys}) == len(keys):
        return {}
    runs = sorted({(model, run) for _, model, names in keys for run in names}, key=lambda pair: pair[::-1])
    return {pair: ascii_lowercase[place % 26] * (place // 26 + 1) for place, pair in enumerate(runs)}


def _runs(model: str, runs: Sequence[str], letters: dict[tuple[str, str], str]) -> list[str]:
    return [",".join(letters[model, run] for run in runs)] if letters else []
