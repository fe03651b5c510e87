"""Rich renderables for the terminal: pure functions from values; printing happens in the command line."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.records.schema import DIMENSIONS
from harness.report.leaderboard import Leaderboard
from harness.report.rows import DimensionRow, RegionRow, Row

SMALLEST: Final = 1e-4
"""Below it a p value is not spelt out."""
_STYLES = {"null": "dim", "baseline": "", "tuned": "bold", "reference": "italic"}
_CAPTION = (
    "mae: mean absolute error over the dimensions on held-out wordings, index points, lower is better; [ ]: 95 % "
    "interval over regions{seeds}; tuned: the same on the tuning wordings; tau: Kendall's tau-b with the published "
    "scores across regions, mean over dimensions, higher is better; gap: index in forward less reversed option order, "
    "mean size; mass: probability on the five options, mean of the region where it is lowest; evals: candidate "
    "evaluations per region, shared ones dealt out evenly.{regions}{pairs}"
)
_PAIRS = " p: Wilcoxon's signed-rank test over regions, Holm-corrected over the pairs shown."
_OTHER = " other: mae on the questionnaire that nothing was tuned on."
MARK = "\N{DAGGER}"
"""Stands behind a method that is not shown to be better than the best null row."""


def _number(value: float | None, digits: int = 2) -> str:
    # What rounds to zero has no sign.
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def _interval(row: Row) -> str:
    return "-" if row.mae_low is None else f"[{row.mae_low:.2f}, {row.mae_high:.2f}]"


def leaderboard_table(board: Leaderboard) -> Table:
    """The leaderboard, best first."""
    letters, rows = _letters(board.rows), board.rows
    several = len({row.regions for row in rows}) > 1
    seeds = max((row.seeds for row in rows), default=1) > 1
    other = any(row.mae_instrument is not None for row in rows)
    table = _table("Leaderboard")
    table.add_column("#", justify="right")
    for heading in ("method", *(["run"] if letters else [])):
        table.add_column(heading, no_wrap=True)
    headings = ["mae", "95 %", "tuned", *(["other"] if other else []), "tau", "gap", "mass", "evals"]
    for heading in (*headings, *(["regions"] if several else []), *(["seeds"] if seeds else [])):
        table.add_column(heading, no_wrap=True, justify="right")
    for place, row in enumerate(rows, start=1):
        rank = str(place) if board.comparable else ""
        mark = MARK if (row.model, row.method, row.runs) in board.unproven else ""
        cells = [rank, f"{row.method}{mark}", *_runs(row.model, row.runs, letters)]
        cells += [_number(row.mae), _interval(row), _number(row.mae_tuned)]
        cells += [_number(row.mae_instrument)] if other else []
        cells += [_number(row.tau), _number(row.order_gap, 1), _number(row.option_mass, 3), f"{row.evaluations:.4g}"]
        cells += [str(row.regions)] if several else []
        cells += [str(row.seeds)] if seeds else []
        table.add_row(*(Text(cell) for cell in cells), style=_STYLES[row.group])
    return table


def pairs_table(board: Leaderboard) -> Table | None:
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
        rows.append([f"{name} - {pair.against}", f"{pair.difference:+.2f}", interval, better, p])
    return listing(["pair", "difference", "95 %", "better in", "p"], rows, "Paired by region", left=1)


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


def dimension_table(board: Leaderboard, measure: str) -> Table:
    """One of `MEASURES` by method and dimension; dimensions that errors count have a star where others have none."""
    letters, (what, digits) = _letters(board.rows), MEASURES[measure]
    aimed = all(row.aimed for row in board.dimensions)
    table = _table(f"{measure.replace('_', ' ')}: {what}")
    table.add_column("method", no_wrap=True)
    counted = {row.dimension for row in board.dimensions if row.aimed}
    for name in DIMENSIONS:
        table.add_column(name + "*" * (name in counted and not aimed), no_wrap=True, justify="right")
    order = {(row.model, row.method, row.runs): place for place, row in enumerate(board.rows)}
    cells: dict[tuple[str, str, tuple[str, ...]], list[DimensionRow]] = {key: [] for key in order}
    for row in board.dimensions:
        cells[row.model, row.method, row.runs].append(row)
    for (model, method, runs), own in cells.items():
        name = " ".join([method, *_runs(model, runs, letters)])
        bold = ["bold" if row.aimed and not aimed else "" for row in own]
        texts = [_number(getattr(row, measure), digits) for row in own]
        table.add_row(Text(name), *(Text(text, style=one) for text, one in zip(texts, bold, strict=True)))
    return table


def leaderboard_notes(board: Leaderboard) -> RenderableType:
    """What must be known to read the leaderboard."""
    letters = _letters(board.rows)
    lines = [] if letters else [f"model: {row.model}" for row in board.rows[:1]]
    for (model, run), letter in letters.items():
        lines.append(", ".join(filter(None, [f"{letter} = {run}", f"model {model}", board.settings.get(run, "")])))
    nulls = " or ".join(sorted(set(board.unproven.values())))
    marked = [f"{MARK} not shown to be better than the best null row, {nulls}"] if nulls else []
    warnings = [*marked, *board.notes]
    notes = [*(Text(line, style="dim") for line in lines), *(Text(note, style="yellow") for note in warnings)]
    return Group(Text(_caption(board), style="dim"), *notes)


def _caption(board: Leaderboard) -> str:
    regions = {row.regions for row in board.rows}
    seeds = " and seeds" if any(row.seeds > 1 for row in board.rows) else ", not over seeds"
    count = f" Regions: {regions.pop()}." if len(regions) == 1 else ""
    other = _OTHER if any(row.mae_instrument is not None for row in board.rows) else ""
    return _CAPTION.format(seeds=seeds, regions=count, pairs=_PAIRS if board.pairs else "") + other


def _letters(rows: Sequence[Row] | Sequence[RegionRow]) -> dict[tuple[str, str], str]:
    """A letter for each model and run, if the method alone does not tell the rows apart; else empty."""
    keys = dict.fromkeys((row.method, row.model, row.runs) for row in rows)
    if len({model for _, model, _ in keys}) < 2 and len({method for method, _, _ in keys}) == len(keys):
        return {}
    runs = sorted({(model, run) for _, model, names in keys for run in names}, key=lambda pair: pair[::-1])
    return {pair: ascii_lowercase[place % 26] * (place // 26 + 1) for place, pair in enumerate(runs)}


def _runs(model: str, runs: Sequence[str], letters: dict[tuple[str, str], str]) -> list[str]:
    return [",".join(letters[model, run] for run in runs)] if letters else []


def region_table(board: Leaderboard, most: int | None = None) -> Table:
    """Held-out error per region and method; the regions in the order of the run.

    Args:
        board: the leaderboard.
        most: how many regions are shown, all if None; the rest is counted in the last row.
    """
    letters = _letters(board.regions)
    methods = list(dict.fromkeys((row.method, row.model, row.runs) for row in board.regions))
    codes = list(dict.fromkeys(row.region for row in board.regions))
    shown = codes if most is None else codes[:most]
    values = {(row.region, row.method, row.model, row.runs): row for row in board.regions}
    table = _table("mae per region")
    table.add_column("region", no_wrap=True)
    for method, model, runs in methods:
        # Names of two words on two lines, so that all methods of a run fit 80 columns.
        heading = " ".join([method.replace("-", "-\n"), *_runs(model, runs, letters)])
        table.add_column(Text(heading), justify="right")
    for code in shown:
        cells = [values.get((code, *key)) for key in methods]
        best = min((cell.mae for cell in cells if cell), default=None)
        table.add_row(Text(code), *(_region_cell(cell, best) for cell in cells))
    if rest := len(codes) - len(shown):
        table.add_section()
        table.add_row(Text(f"+{rest} more", style="dim"))
    return table


def _region_cell(cell: RegionRow | None, best: float | None) -> Text:
    if cell is None:
        return Text("-")
    return Text(f"{cell.mae:.1f}", style="bold green" if cell.mae == best else "")


def listing(headings: Sequence[str], rows: Sequence[Sequence[str]], title: str, left: int | None = None) -> Table:
    """A plain table; title, headings and cells are never read as markup.

    Args:
        headings: of the columns.
        rows: cells as text.
        title: above the table.
        left: how many columns stand to the left, the others hold numbers; all if None.
    """
    table = _table(title)
    for place, heading in enumerate(headings):
        number = left is not None and place >= left
        table.add_column(Text(heading), overflow="fold", justify="right" if number else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _table(title: str) -> Table:
    return Table(
        title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
