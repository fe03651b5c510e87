"""What commands share of their output: tables on the console, and a result's file."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness.errors import RunError
from harness.report.literal import literal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from harness.report.leaderboard import Leaderboard

MENDABLE = 2
"""Exit code of what the user can mend."""
WIDEST = 10_000
LONGEST = 1200


def quiet_figures() -> None:
    """Silences the plotting library's remarks, which are about its own font cache."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def error_line(message: str) -> str:
    """An error as one line that no terminal takes for more than text; "" for none."""
    # Spaces in a path stay, so that a command in the message can be pasted.
    line = re.sub(r"\s*[\n\r\t\v\f]\s*", " ", message).strip()
    if not line:
        return ""
    shown = literal(line)
    if len(shown) > LONGEST:
        shown = f"{shown[: LONGEST // 2]} ... {shown[-LONGEST // 2 :]}"
    return f"harness: error: {shown}\n"


def check_file(out: Path | None, flag: str = "--out") -> None:
    """Refuses a file that could not be written at the end.

    Raises:
        RunError: its folder does not exist or cannot be written, or it is no file.
    """
    if out is None:
        return
    try:
        if not out.parent.is_dir():
            raise RunError(f"{flag} {out}: the folder {out.parent} does not exist; make it first")
        if out.is_dir():
            raise RunError(f"{flag} {out}: is a folder; give the name of a file")
        # What waits for a reader would keep the result for ever.
        if out.is_fifo() or out.is_socket():
            raise RunError(f"{flag} {out}: is no file; give the name of one")
        held = os.access(out, os.W_OK) if out.exists() else os.access(out.parent, os.W_OK)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"{flag} {str(out)[:200]}: cannot be written ({reason}); give another file") from error
    if not held:
        raise RunError(f"{flag} {out}: cannot be written (Permission denied); give another file")


def write_file(out: Path | None, text: str, flag: str = "--out") -> None:
    """Writes a result where one was asked for.

    Raises:
        RunError: it cannot be written.
    """
    if out is not None:
        try:
            out.write_text(text + "\n", encoding="utf-8")
        except (OSError, UnicodeEncodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise RunError(f"{flag} {out}: cannot be written ({reason}); give another file") from error


def write_bytes(out: Path, content: bytes) -> None:
    """Writes a result that is no text.

    Raises:
        RunError: it cannot be written.
    """
    try:
        out.write_bytes(content)
    except OSError as error:
        raise RunError(f"--out {out}: cannot be written ({error.strerror or error}); give another file") from error


def show_board(
    console: Console,
    board: Leaderboard,
    regions: RenderableType | None,
    dimensions: bool = False,
    runs: bool = False,
) -> None:
    """Prints a leaderboard with its notes, the table per region first if there is one.

    Where a run aimed at some dimensions alone, how far all of them moved is shown in any case.

    Args:
        console: where it is printed.
        board: the leaderboard.
        regions: the table per region.
        dimensions: whether the tables by dimension are shown.
        runs: whether the table of the runs is shown.
    """
    from harness.report.sheets import MEASURES
    from harness.report.terminal import (
        dimension_table,
        leaderboard_notes,
        leaderboard_table,
        pairs_table,
        runs_table,
    )

    if regions is not None:
        show(console, regions)
        console.print()
    show(console, leaderboard_table(board))
    if (pairs := pairs_table(board)) is not None:
        console.print()
        show(console, pairs)
    aimed = all(row.aimed for row in board.dimensions)
    for measure in MEASURES if dimensions else () if aimed else ("mae", "moved"):
        console.print()
        show(console, dimension_table(board, measure))
    if runs:
        console.print()
        show(console, runs_table(board))
    console.print()
    console.print(leaderboard_notes(board, runs))


def show(console: Console, table: RenderableType) -> None:
    """Prints a table whose numbers are never cut: where it is wider than the console, its lines are longer."""
    from rich.measure import Measurement

    width = console.width
    needed = Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum
    console.width = max(width, needed)
    console.print(table)
    console.width = width


def tell(console: Console, line: str | Text, soft_wrap: bool = False) -> None:
    """Prints a line that may hold names from a file: never read as markup, and what is not printed is spelt out.

    Args:
        console: where it is printed.
        line: the text, with its style if it has one.
        soft_wrap: leaves a long line whole, so that what stands in it can be copied.
    """
    from rich.text import Text

    text = Text(literal(line)) if isinstance(line, str) else Text(literal(line.plain), style=line.style)
    console.print(text, soft_wrap=soft_wrap)


def printable(text: str) -> str:
    """JSON that says the same in characters that are printed, so that none of them does anything to a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def finish(
    text: str,
    tables: Iterable[RenderableType],
    notes: Iterable[str | Text],
    out: Path | None,
    as_json: bool,
    apart: bool = False,
) -> None:
    """Prints a result, and writes it if asked to.

    Args:
        text: the result as JSON.
        tables: what a terminal is shown; taken up only where it is.
        notes: the lines below.
        out: file for the JSON.
        as_json: prints the JSON in place of tables and notes.
        apart: whether an empty line follows each table.

    Raises:
        RunError: the file cannot be written.
    """
    from rich.console import Console

    text = printable(text)
    if as_json:
        typer.echo(text)
    else:
        console = Console()
        for table in tables:
            show(console, table)
            if apart:
                console.print()
        for line in notes:
            tell(console, line)
    write_file(out, text)
