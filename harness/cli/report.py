"""`harness report`: runs and contests as one HTML file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import output
from harness.cli.finished import read_finished
from harness.errors import RunError


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Directories of finished runs, see 'harness ls runs', and of contests."),
    ],
    out: Annotated[Path, typer.Option("--out", help="HTML file; one that is there is replaced.")],
    title: Annotated[str, typer.Option("--title", help="Above the page; by default model and regions.")] = "",
) -> None:
    """Write one HTML file about finished runs: leaderboard, regions, figures, and what the numbers do not mean.

    It works offline, with and without JavaScript, and holds everything it shows.
    """
    output.quiet_figures()
    _check(out)
    records, contests = read_finished(runs)

    from rich.console import Console

    from harness.report.document import document

    text = document(records, contests, title.strip())
    _replace(out, text)
    line = f"{out}: {len(text.encode()) / 1e6:.1f} MB; open it in a browser, it needs no network"
    output.tell(Console(), line, soft_wrap=True)


def _check(out: Path) -> None:
    """Refuses a file that could not be replaced at the end.

    Raises:
        RunError: it is no file, or its folder cannot be written.
    """
    output.check_file(out)
    # A device would be replaced by a file.
    if out.exists() and not out.is_file():
        raise RunError(f"--out {out}: is no file; give the name of one")
    if not os.access(out.resolve().parent, os.W_OK):
        raise RunError(f"--out {out}: its folder cannot be written (Permission denied); give another file")


def _replace(out: Path, text: str) -> None:
    """Writes the page, whole or not at all; where a link leads, the link stays.

    Raises:
        RunError: it cannot be written.
    """
    from harness.records.files import write_atomically

    try:
        write_atomically(out.resolve(), text + "\n")
    except OSError as error:
        raise RunError(f"--out {out}: cannot be written ({error.strerror or error}); give another file") from error
