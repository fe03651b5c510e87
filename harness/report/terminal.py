"""Rich renderables for the terminal: pure functions from values; printing happens in the command line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from harness.report import sheets
from harness.report.leaderboard import Leaderboard
from harness.report.literal import literal
from harness.report.sheets import Sheet

GAPS: Final = (3, 2)
"""Columns of spaces between two cells, the first that fits."""
LABELS: Final = {"tuned": "Tuned", "reference": "Reference", "baseline": "Baselines", "null": "Null rows"}
"""What stands above the rows of a group."""
_STYLES = {"null": "dim", "baseline": "", "tuned": "", "reference": "italic"}
_STRONG = "bold green"
_ASCII: Final = str.maketrans({sheets.DOWN: "v", sheets.UP: "^", sheets.MARK: "+"})


@dataclass(frozen=True)
class SheetView:
    """A sheet in the terminal: as one table where it fits, else as several below each other, none of them cut.

    Attributes:
        sheet: what is shown.
        folded: whether headings of two words, joined by a hyphen, stand on two lines.
        strong: style of the cells that stand out.
    """

    sheet: Sheet
    folded: bool = False
    strong: str = _STRONG

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The tables, for the encoding and the width of the console."""
        for place, part in enumerate(self._parts(options.max_width, options.encoding)):
            if place:
                yield Text("")
            yield part.table(self.sheet.title if place == 0 else f"{self.sheet.title}, continued", self.strong)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """What the tables need that fit the console, or fit it best."""
        needed = max(part.width for part in self._parts(console.width, options.encoding))
        return Measurement(needed, needed)

    def _parts(self, width: int, encoding: str) -> Iterator[_Part]:
        """The columns of each table; those of the names come in all of them."""
        grid = _Grid.of(self.sheet, self.folded, encoding)
        every = range(len(grid.widths))
        for gap in GAPS:
            part = _Part(grid, tuple(every), gap)
            if part.width <= width:
                yield part
                return
        names = tuple(every[: grid.names])
        columns: tuple[int, ...] = ()
        for column in every[grid.names :]:
            if columns and _Part(grid, (*names, *columns, column), GAPS[-1]).width > width:
                yield _Part(grid, (*names, *columns), GAPS[-1])
                columns = ()
            columns += (column,)
        yield _Part(grid, (*names, *columns), GAPS[-1])


@dataclass(frozen=True)
class _Grid:
    """A sheet's text as the console can show it.

    Attributes:
        rows: cells, with the place of the row in the sheet; None for the label of a group.
        columns: their places in the sheet; a rank stands in one column with the name behind it.
        names: how many columns at the left say what a row is.
    """

    sheet: Sheet
    headings: tuple[str, ...]
    rows: tuple[tuple[int | None, tuple[str, ...]], ...]
    columns: tuple[int, ...]
    names: int

    @property
    def widths(self) -> list[int]:
        """Of each column."""
        cells = [heading.split("\n") for heading in self.headings]
        for _, row in self.rows:
            for column, cell in zip(cells, row, strict=True):
                column.append(cell)
        return [max(map(cell_len, column)) for column in cells]

    @classmethod
    def of(cls, sheet: Sheet, folded: bool, encoding: str) -> _Grid:
        """Spells out what is not printed, and what the console's encoding does not have."""
        # A label above its rows takes the place of a column that says the same in each of them.
        kept = [place for place, heading in enumerate(sheet.headings) if not (sheet.groups and heading == sheets.GROUP)]
        ranked = sheet.headings[0] == sheets.RANK
        names = 1 + max((place for place, column in enumerate(kept) if column in sheet.left), default=0)
        rows: list[tuple[int | None, list[str]]] = []
        for place, row in enumerate(sheet.rows):
            if sheet.groups and sheet.groups[place] != (sheet.groups[place - 1] if place else None):
                label = LABELS[sheet.groups[place]]
                rows.append((None, [label if column == sheet.left[0] else "" for column in kept]))
            rows.append((place, [_shown(row[column], encoding) for column in kept]))
        if sheet.rest:
            rows.append((None, [f"+{sheet.rest} more", *[""] * (len(kept) - 1)]))
        headings = [_narrow(_shown(sheet.headings[column], encoding), folded) for column in kept]
        if ranked:
            wide = max(len(cells[0]) for _, cells in rows)
            for cells in (headings, *(cells for _, cells in rows)):
                cells[:2] = [f"{cells[0]:>{wide}} {cells[1]}"]
            kept, names = kept[1:], names - 1
        return cls(sheet, tuple(headings), tuple((place, tuple(cells)) for place, cells in rows), tuple(kept), names)


@dataclass(frozen=True)
class _Part:
    """Some columns of a sheet."""

    grid: _Grid
    columns: tuple[int, ...]
    gap: int

    @property
    def width(self) -> int:
        widths = self.grid.widths
        return sum(widths[column] for column in self.columns) + self.gap * (len(self.columns) - 1)

    def table(self, title: str, style: str) -> Table:
        grid, sheet = self.grid, self.grid.sheet
        table = _table(title, padding=(0, 1) if self.gap == GAPS[0] else (0, 1, 0, 0))
        for column in self.columns:
            left = grid.columns[column] in sheet.left
            table.add_column(Text(grid.headings[column]), no_wrap=True, justify="left" if left else "right")
        for place, cells in grid.rows:
            if place is None:
                table.add_row(*(Text(cells[column]) for column in self.columns), style="dim italic")
                continue
            strong = {column for column in self.columns if (place, grid.columns[column]) in sheet.strong}
            texts = (Text(cells[column], style=style if column in strong else "") for column in self.columns)
            table.add_row(*texts, style=_STYLES[sheet.groups[place]] if sheet.groups else None)
        return table


@dataclass(frozen=True)
class Lines:
    """Lines of text below tables, each with its style."""

    lines: tuple[tuple[str, str], ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines, for the encoding of the console."""
        for line, style in self.lines:
            yield Text(_shown(line, options.encoding), style=style)


def leaderboard_table(board: Leaderboard) -> SheetView:
    """The leaderboard, group by group."""
    return SheetView(sheets.leaderboard_sheet(board))


def pairs_table(board: Leaderboard) -> SheetView | None:
    """Tuned methods beside the baselines that name the region; None where there is no such pair."""
    sheet = sheets.pairs_sheet(board)
    return None if sheet is None else SheetView(sheet)


def dimension_table(board: Leaderboard, measure: str) -> SheetView:
    """One of `sheets.MEASURES` by method and dimension."""
    return SheetView(sheets.dimension_sheet(board, measure))


def runs_table(board: Leaderboard) -> SheetView:
    """What each run cost."""
    return SheetView(sheets.runs_sheet(board))


def leaderboard_notes(board: Leaderboard, runs: bool = False) -> Lines:
    """What must be known to read the leaderboard.

    Args:
        board: the leaderboard.
        runs: whether the table of its runs stands there too.
    """
    known = [sheets.legend(board), *([sheets.cost_legend(board)] if runs else []), *sheets.who(board)]
    return Lines((*((line, "dim") for line in known), *((line, "yellow") for line in sheets.warnings(board))))


def region_table(board: Leaderboard, most: int | None = None) -> SheetView:
    """Held-out error per region and method; the regions in the order of the run.

    Args:
        board: the leaderboard.
        most: how many regions are shown, all if None; the rest is counted in the last row.
    """
    # Names of two words on two lines, so that all methods of a run fit 80 columns.
    return SheetView(sheets.region_sheet(board, most), folded=True)


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
        table.add_column(Text(literal(heading)), overflow="fold", justify="right" if number else "left")
    for row in rows:
        lines = ((cell,) if isinstance(cell, str) else cell for cell in row)
        table.add_row(*(Text("\n".join(map(literal, cell))) for cell in lines))
    return table


def compact(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int, numbers: Collection[int]) -> Table:
    """A table of one line per row and no wider than the terminal, for what is drawn again and again.

    Args:
        headings: of the columns.
        rows: cells as text.
        width: of the terminal; what is wider is cut off the last column.
        numbers: the columns that stand to the right.
    """
    table = Table(box=None, pad_edge=False, padding=(0, GAPS[-1], 0, 0), header_style="dim")
    columns = [[literal(cell) for cell in column] for column in zip(headings, *rows, strict=True)]
    widths = [max(map(cell_len, column)) for column in columns]
    left = width - sum(widths[:-1]) - GAPS[-1] * len(widths[:-1])
    widths[-1] = max(len(headings[-1]), min(widths[-1], left))
    for place, (column, wide) in enumerate(zip(columns, widths, strict=True)):
        right = place in numbers
        table.add_column(
            Text(column[0]), justify="right" if right else "left", width=wide, no_wrap=True, overflow="crop"
        )
    for cells in zip(*(column[1:] for column in columns), strict=True):
        table.add_row(*map(Text, cells))
    return table


def _shown(text: str, encoding: str) -> str:
    """A text in characters that are printed and that an encoding has."""
    text = literal(text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, errors="backslashreplace").decode(encoding)
    return text


def _narrow(heading: str, folded: bool) -> str:
    """A heading without the space before its arrow, on two lines if that is wanted."""
    for arrow in (sheets.DOWN, sheets.UP, "v", "^"):
        heading = heading.replace(f" {arrow}", arrow) if heading.endswith(f" {arrow}") else heading
    return heading.replace("-", "-\n") if folded else heading


def _table(title: str, padding: tuple[int, int] | tuple[int, int, int, int] = (0, 1)) -> Table:
    return Table(
        title=Text(literal(title), style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=padding,
    )
