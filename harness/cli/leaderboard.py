"""`harness leaderboard`: one table from one or more runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options, output
from harness.errors import unknown_choice

FORMATS = ("table", "json")


def leaderboard(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories; see 'harness ls runs'.")],
    form: Annotated[str, typer.Option("--format", help="table or json; --json is the same as the latter.")] = "table",
    as_json: options.Json = False,
    regions: Annotated[bool, typer.Option("--regions/--no-regions", help="The per-region table too.")] = False,
    by_dimension: Annotated[
        bool, typer.Option("--by-dimension/--no-by-dimension", help="Tables by dimension: error, order gap, tau, ...")
    ] = False,
) -> None:
    """Show the leaderboard of one or more finished runs."""
    if form not in FORMATS:
        raise unknown_choice("format", form, FORMATS, "give --format one of them")

    from rich.console import Console

    from harness.records.run_directory import RunDirectory
    from harness.report.leaderboard import build, to_plain
    from harness.report.terminal import region_table

    records = {str(path): RunDirectory(path).read_record() for path in runs}
    board = build(records)
    if as_json or form == "json":
        typer.echo(json.dumps(to_plain(board), indent=1))
        return
    output.show_board(Console(), board, region_table(board) if regions else None, by_dimension)
    for name in [name for name, record in records.items() if record.targets is None]:
        typer.echo(f"run {name} is of an earlier version and holds no targets: tau and dimensions need it to run again")
