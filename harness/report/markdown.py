"""A leaderboard as Markdown for GitHub, in which names are text and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from harness.report import sheets
from harness.report.leaderboard import Leaderboard
from harness.report.literal import literal
from harness.report.sheets import Sheet

_SPECIAL: Final = re.compile(
    r"(?P<syntax>[\\`*_\[\]<>~&])|(?P<github>@|#(?=\w)|\$|:(?=\S)|(?<=www)\.)|\|", re.IGNORECASE
)
_AT_THE_START: Final = re.compile(r"[-+=#]|\d+(?=[.)])")


def escaped(text: str) -> str:
    """Markdown that shows a text as it stands, within a line.

    Args:
        text: any text; what is not printed is spelt out, spaces at both ends are not kept.
    """
    return _SPECIAL.sub(_safe, literal(text).strip())


def _safe(found: re.Match[str]) -> str:
    if found["syntax"]:
        return f"\\{found.group()}"
    if found["github"]:
        # GitHub looks for mentions, formulas, references, addresses and emoji in the text that Markdown has become,
        # where a backslash is gone; a character between tags of its own is part of none.
        return f"<span>{found.group()}</span>"
    # Tables read a backslash before a pipe in different ways, and a reference to the character in one.
    return "&#124;"


def markdown(
    board: Leaderboard,
    regions: bool = False,
    dimensions: bool = False,
    runs: bool = False,
    command: str | None = None,
) -> str:
    """The leaderboard as Markdown.

    Args:
        board: the leaderboard.
        regions: adds the table per region.
        dimensions: adds the tables by dimension.
        runs: adds the table of the runs.
        command: that made it, if that is to be said.
    """
    tables = [sheets.pairs_sheet(board)]
    tables += [sheets.region_sheet(board)] if regions else []
    tables += [sheets.dimension_sheet(board, measure) for measure in sheets.MEASURES] if dimensions else []
    tables += [sheets.runs_sheet(board)] if runs else []
    cost = [sheets.cost_legend(board)] if runs else []
    parts = [section(sheets.leaderboard_sheet(board), "##")]
    parts.append(listed([*sheets.warnings(board), sheets.legend(board), *cost, *sheets.who(board)]))
    parts += [section(table, "###") for table in tables if table]
    parts += [f"Generated, not written by hand: {escaped(command)}"] if command else []
    return "\n\n".join(parts)


def section(sheet: Sheet, level: str) -> str:
    """A table below its heading, which begins with `level`."""
    rules = ["---" if place in sheet.left else "--:" for place, _ in enumerate(sheet.headings)]
    lines = [_row(map(escaped, sheet.headings)), _row(rules)]
    for place, row in enumerate(sheet.rows):
        cells = (_cell(cell, (place, column) in sheet.strong) for column, cell in enumerate(row))
        lines.append(_row(cells))
    return "\n".join([f"{level} {escaped(sheet.title)}", "", *lines])


def _cell(text: str, strong: bool) -> str:
    return f"**{escaped(text)}**" if strong else escaped(text)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def listed(lines: Iterable[str]) -> str:
    """Lines of text as a list."""
    return "\n".join(f"- {_begun(escaped(line))}" for line in lines)


def _begun(line: str) -> str:
    """A line that would begin a list, a heading or a rule, made to begin none."""
    found = _AT_THE_START.match(line)
    if found is None:
        return line
    return f"{found.group()}\\{line[found.end() :]}" if found.group().isdecimal() else f"\\{line}"
