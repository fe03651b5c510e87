"""Rich renderables for the terminal: pure functions from values; printing happens in the command line."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.report import sheets
from harness.report.leaderboard import Leaderboard
from harness.report.literal import literal
from harness.report.sheets import Sheet

_STYLES = {"null": "dim", "baseline": "", "tuned": "bold", "reference": "italic"}


def leaderboard_table(board: Leaderboard) -> Table:
    """The leaderboard, best first."""
    return rendered(sheets.leaderboard_sheet(board))


def pairs_table(board: Leaderboard) -> Table | None:
    """Tuned methods beside the baselines that name the region; None where there is no such pair."""
    sheet = sheets.pairs_sheet(board)
    return None if sheet is None else listing(sheet.headings, sheet.rows, sheet.title, left=1)


def dimension_table(board: Leaderboard, measure: str) -> Table:
    """One of `sheets.MEASURES` by method and dimension."""
    return rendered(sheets.dimension_sheet(board, measure))


def leaderboard_notes(board: Leaderboard) -> RenderableType:
    """What must be known to read the leaderboard."""
    lines = [(line, "dim") for line in (sheets.legend(board), *sheets.who(board))]
    return Group(*(_text(line, style) for line, style in [*lines, *((n, "yellow") for n in sheets.warnings(board))]))


def region_table(board: Leaderboard, most: int | None = None) -> Table:
    """Held-out error per region and method; the regions in the order of the run.

    Args:
        board: the leaderboard.
        most: how many regions are shown, all if None; the rest is counted in the last row.
    """
    sheet = sheets.region_sheet(board, most)
    table = _table(sheet.title)
    table.add_column(_text(sheet.headings[0]), no_wrap=True)
    for heading in sheet.headings[1:]:
        # Names of two words on two lines, so that all methods of a run fit 80 columns.
        table.add_column(Text(literal(heading).replace("-", "-\n")), justify="right")
    _fill(table, sheet, "bold green")
    if sheet.rest:
        table.add_section()
        table.add_row(Text(f"+{sheet.rest} more", style="dim"))
    return table


def listing(
    headings: Sequence[str], rows: Sequence[Sequence[str | tuple[str, ...]]], title: str, left: int | None = None
) -> Table:
    """A plain table; title, headings and cells are never read as markup, and what is not printed is spelt out.

    Args:
        headings: of the columns.
        rows: cells as text; a tuple holds the lines of a cell.
        title: above the table.
        left: how many columns stand to the left, the others hold numbers; all if None.
    """
    table = _table(title)
    for place, heading in enumerate(headings):
        number = left is not None and place >= left
        table.add_column(_text(heading), overflow="fold", justify="right" if number else "left")
    for row in rows:
        lines = ((cell,) if isinstance(cell, str) else cell for cell in row)
        table.add_row(*(Text("\n".join(map(literal, cell))) for cell in lines))
    return table


def rendered(sheet: Sheet) -> Table:
    """Any sheet as it is."""
    table = _table(sheet.title)
    for place, heading in enumerate(sheet.headings):
        table.add_column(_text(heading), no_wrap=True, justify="left" if place in sheet.left else "right")
    _fill(table, sheet, "bold")
    return table


def _fill(table: Table, sheet: Sheet, strong: str) -> None:
    for place, row in enumerate(sheet.rows):
        cells = (_text(cell, strong if (place, column) in sheet.strong else "") for column, cell in enumerate(row))
        table.add_row(*cells, style=_STYLES[sheet.groups[place]] if sheet.groups else None)


def _text(text: str, style: str = "") -> Text:
    return Text(literal(text), style=style)


def _table(title: str) -> Table:
    return Table(title=_text(title, "bold"), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
