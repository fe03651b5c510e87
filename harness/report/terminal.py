"""Rich renderables for the terminal: pure functions from values; printing happens in the command line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.report.leaderboard import Leaderboard, RegionRow, Row

_STYLES = {"null": "dim", "baseline": "", "tuned": "bold", "reference": "italic"}
_CAPTION = (
    "mae: mean absolute error over six dimensions on held-out wordings, index points, lower is better; [ ]: 95 % "
    "interval over regions; tuned: the same on the tuning wordings; mass: lowest probability on the five options."
)


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(row: Row) -> str:
    return "-" if row.mae_low is None else f"[{row.mae_low:.1f}, {row.mae_high:.1f}]"


def leaderboard_table(board: Leaderboard) -> RenderableType:
    """The leaderboard, best first, with what must be known to read it."""
    several = len({row.model for row in board.rows}) > 1
    table = Table(title="Leaderboard", title_justify="left", title_style="bold", pad_edge=False)
    for heading in ("#", *(["model"] if several else []), "method"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "#" else "left")
    for heading in ("mae", "95 %", "tuned", "mass", "evals", "regions"):
        table.add_column(heading, no_wrap=True, justify="right")
    for place, row in enumerate(board.rows, start=1):
        cells = [str(place), *([row.model] if several else []), row.method, _number(row.mae), _interval(row)]
        cells += [_number(row.mae_tuned), _number(row.option_mass, 3), f"{row.evaluations:.4g}", str(row.regions)]
        table.add_row(*(Text(cell) for cell in cells), style=_STYLES[row.group])
    notes = [Text(f"model: {row.model}", style="dim") for row in board.rows[:1] if not several]
    notes += [Text(note, style="yellow") for note in board.notes]
    return Group(table, Text(_CAPTION, style="dim"), *notes)


def region_table(board: Leaderboard, most: int | None = None) -> RenderableType:
    """Held-out error per region and method; the regions in the order of the run.

    Args:
        board: the leaderboard.
        most: how many regions are shown, all if None; the rest is counted in the caption.
    """
    methods = list(dict.fromkeys((row.model, row.method) for row in board.regions))
    several = len({model for model, _ in methods}) > 1
    codes = list(dict.fromkeys(row.region for row in board.regions))
    shown = codes if most is None else codes[:most]
    values = {(row.region, row.model, row.method): row for row in board.regions}
    table = Table(title="mae per region", title_justify="left", title_style="bold", pad_edge=False)
    table.add_column("region", no_wrap=True)
    for model, method in methods:
        table.add_column(f"{model} {method}" if several else method, justify="right")
    for code in shown:
        cells = [values.get((code, *key)) for key in methods]
        best = min((cell.mae for cell in cells if cell), default=None)
        table.add_row(Text(code), *(_region_cell(cell, best) for cell in cells))
    rest = len(codes) - len(shown)
    return Group(table, Text(f"and {rest} more regions; --format json lists all", style="dim")) if rest else table


def _region_cell(cell: RegionRow | None, best: float | None) -> Text:
    if cell is None:
        return Text("-")
    return Text(f"{cell.mae:.1f}", style="bold green" if cell.mae == best else "")


def listing(headings: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> Table:
    """A plain table for `harness ls`; cells are never read as markup."""
    table = Table(title=title, title_justify="left", title_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
