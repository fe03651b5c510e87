"""A leaderboard as tables of text and sentences, which terminal, Markdown and HTML show each in their own way.

Cells hold names as they stand in records: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Final

from harness.records.schema import Group
from harness.report.leaderboard import Key, Leaderboard, key
from harness.report.notes import TIMES
from harness.report.order import GROUPS
from harness.report.rows import DimensionRow, RegionRow, Row

SMALLEST: Final = 1e-4
"""Below it a p value is not spelt out."""
WHOLE: Final = 1000
"""Evaluations from which they are shown as a whole number."""
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
DOWN: Final = "\N{DOWNWARDS ARROW}"
UP: Final = "\N{UPWARDS ARROW}"
RANK: Final = "#"
GROUP: Final = "group"
"""Heading of the column that says of which group a row is."""
_LEGEND = (
    f"{DOWN} lower is better, {UP} higher. "
    "mae: mean absolute error over the dimensions on held-out wordings, index points; [ ]: 95 % interval over "
    "regions{seeds}; tuned: the same on the tuning wordings; tau: Kendall's tau-b with the published scores across "
    "regions, mean over dimensions; gap: index in forward less reversed option order, mean size; mass: probability on "
    "the five options, mean of the region where it is lowest; evals: candidate evaluations per region, shared ones "
    "dealt out evenly.{ranks}{regions}{pairs}{other}{best}"
)
_RANKS = " #: rank by mae, whatever the group."
_PAIRS = " p: Wilcoxon's signed-rank test over regions, Holm-corrected over {} pairs."
_OTHER = " other: mae on the questionnaire that nothing was tuned on."
_BEST = " Best (bold): {}; its paired differences from every other row but the reference have 95 % intervals below 0."
_COST = "seconds: of the whole run; evals/s: candidate evaluations per second of tuning."
_WORKERS = f" workers: how many answered, lost ones too; {TIMES}."


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: above it.
        headings: of the columns.
        rows: cells, as many as headings.
        left: the columns that hold text and stand to the left; the others hold numbers.
        groups: of each row, where rows are methods of a leaderboard; rows of a group stand together.
        strong: (row, column) of the cells that stand out: of what is shown to be the best.
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


def whole(evaluations: float) -> str:
    """A number of evaluations with four digits at least; those of a region need not be whole where they are shared."""
    return f"{evaluations:.4g}" if evaluations < WHOLE else f"{evaluations:.0f}"


def _interval(row: Row) -> str:
    return "-" if row.mae_low is None else f"[{row.mae_low:.2f}, {row.mae_high:.2f}]"


def leaderboard_sheet(board: Leaderboard) -> Sheet:
    """The leaderboard, group by group; ranks, where the rows are a ranking, are those over all groups."""
    letters = _letters(board.rows)
    rows = sorted(board.rows, key=lambda row: GROUPS.index(row.group))
    several = len({row.regions for row in rows}) > 1
    seeds = max((row.seeds for row in rows), default=1) > 1
    other = any(row.mae_instrument is not None for row in rows)
    headings = [*([RANK] if board.ranks else []), "method", GROUP, *(["run"] if letters else [])]
    left = tuple(range(headings.index("method"), len(headings)))
    headings += [f"mae {DOWN}", "95 %", f"tuned {DOWN}", *([f"other {DOWN}"] if other else []), f"tau {UP}"]
    headings += [f"gap {DOWN}", f"mass {UP}", "evals"]
    headings += [*(["regions"] if several else []), *(["seeds"] if seeds else [])]
    columns = {"mae": headings.index(f"mae {DOWN}"), "mae_instrument": left[-1] + 4}
    shown, strong = [], set()
    for place, row in enumerate(rows):
        cells = [str(board.ranks[key(row)])] if board.ranks else []
        mark = MARK if key(row) in board.unproven else ""
        cells += [f"{row.method}{mark}", row.group, *_runs(row.model, row.runs, letters)]
        cells += [_number(row.mae), _interval(row), _number(row.mae_tuned)]
        cells += [_number(row.mae_instrument)] if other else []
        cells += [_number(row.tau), _number(row.order_gap, 1), _number(row.option_mass, 3), whole(row.evaluations)]
        cells += [str(row.regions)] if several else []
        cells += [str(row.seeds)] if seeds else []
        shown.append(tuple(cells))
        strong |= {(place, columns[measure]) for measure in board.best.get(key(row), ())}
    groups = tuple(row.group for row in rows)
    return Sheet("Leaderboard", tuple(headings), tuple(shown), left, groups=groups, strong=frozenset(strong))


def runs_sheet(board: Leaderboard) -> Sheet:
    """What each run cost; by its letter where it has one."""
    letters = _letters(board.rows)
    # Before the times, which are theirs.
    staffed = ["workers"] if board.workers else []
    headings = ("run", "seeds", "regions", "evaluations", *staffed, "seconds", "evals/s")
    rows = (
        (
            letters.get((run.model, run.run), run.run),
            str(run.seeds),
            str(run.regions),
            f"{run.evaluations:.0f}",
            *(str(board.workers.get(run.run, "-")) for _ in staffed),
            _number(run.seconds, 0),
            _number(run.evaluations_per_second, 1),
        )
        for run in board.runs
    )
    return Sheet("Runs", headings, tuple(sorted(rows) if letters else rows), left=(0,))


def cost_legend(board: Leaderboard) -> str:
    """What the columns of the runs' table are."""
    return _COST + (_WORKERS if board.workers else "")


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
    """One of `MEASURES` by method and dimension; dimensions that were tuned on have a star where others have none."""
    letters, (what, digits) = _letters(board.rows), MEASURES[measure]
    aimed = all(row.aimed for row in board.dimensions)
    tuned = {row.dimension for row in board.dimensions if row.aimed}
    names = dict.fromkeys(row.dimension for row in board.dimensions)
    headings = ("method", *(name + "*" * (name in tuned and not aimed) for name in names))
    cells: dict[Key, list[DimensionRow]] = {key(row): [] for row in board.rows}
    for row in board.dimensions:
        cells[key(row)].append(row)
    rows = []
    for (model, method, runs), own in cells.items():
        name = " ".join([method, *_runs(model, runs, letters)])
        rows.append((name, *(_number(getattr(row, measure), digits) for row in own)))
    return Sheet(f"{measure.replace('_', ' ')}: {what}", headings, tuple(rows), left=(0,))


def region_sheet(board: Leaderboard, most: int | None = None) -> Sheet:
    """Held-out error per region and method; the regions in the order of the run.

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
        cells = [values.get((code, *method)) for method in methods]
        rows.append((code, *("-" if cell is None else f"{cell.mae:.1f}" for cell in cells)))
        strong |= {
            (place, column)
            for column, cell in enumerate(cells, start=1)
            if cell and (code, key(cell)) in board.best_regions
        }
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
    best = [row for row in board.rows if "mae" in board.best.get(key(row), ())]
    letters = _letters(board.rows)
    return _LEGEND.format(
        seeds=" and seeds" if any(row.seeds > 1 for row in board.rows) else ", not over seeds",
        ranks=_RANKS if board.ranks else "",
        regions=f" Regions: {regions.pop()}." if len(regions) == 1 else "",
        pairs=_PAIRS.format(board.compared) if board.pairs and board.compared else "",
        other=_OTHER if any(row.mae_instrument is not None for row in board.rows) else "",
        best="".join(_BEST.format(" ".join([row.method, *_runs(row.model, row.runs, letters)])) for row in best),
    )


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
