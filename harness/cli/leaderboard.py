"""`harness leaderboard`: one table from one or more runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, output
from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.records.schema import Record
    from harness.report.leaderboard import Leaderboard

FORMATS = ("table", "json", "md", "csv", "tsv", "html")


def leaderboard(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories; see 'harness ls runs'.")],
    form: Annotated[
        str, typer.Option("--format", help="table, json, md, csv, tsv or html; --json is the same as json.")
    ] = "table",
    as_json: options.Json = False,
    regions: Annotated[
        bool, typer.Option("--regions/--no-regions", help="The per-region table too; csv and tsv hold it alone.")
    ] = False,
    by_dimension: Annotated[
        bool,
        typer.Option(
            "--by-dimension/--no-by-dimension",
            help="Tables by dimension: error, order gap, tau, ...; csv and tsv hold them alone.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File for any format but table.", rich_help_panel="Output"),
    ] = None,
) -> None:
    """Show the leaderboard of one or more finished runs, or write it to a file."""
    form = _chosen(form, as_json, regions and by_dimension, out)

    from rich.console import Console

    from harness.records.run_directory import RunDirectory
    from harness.report.leaderboard import build
    from harness.report.terminal import region_table

    records = {str(path): RunDirectory(path).read_record() for path in runs}
    board = build(records)
    if form != "table":
        text = _export(form, board, records, regions, by_dimension)
        if out is None:
            typer.echo(text)
        output.write_file(out, text)
        return
    console = Console()
    output.show_board(console, board, region_table(board) if regions else None, by_dimension)
    for name in [name for name, record in records.items() if record.targets is None]:
        line = f"run {name} is of an earlier version and holds no targets: tau and dimensions need it to run again"
        output.tell(console, line, soft_wrap=True)


def _chosen(form: str, as_json: bool, both: bool, out: Path | None) -> str:
    """The format, checked before anything is read.

    Raises:
        UsageError: there is none of this name, or what else was asked for does not go with it.
        RunError: the file could not be written.
    """
    if form not in FORMATS:
        raise unknown_choice("format", form, FORMATS, "give --format one of them")
    if as_json and form not in ("table", "json"):
        raise UsageError(f"--json with --format {form}: expected one format; leave one of them out")
    form = "json" if as_json else form
    if both and form in ("csv", "tsv"):
        raise UsageError(f"--format {form} holds one table: give --regions or --by-dimension, or neither")
    if out is not None and form == "table":
        others = ", ".join(name for name in FORMATS if name != "table")
        raise UsageError(f"--out {out}: a table is for the terminal; give --format one of {others}")
    output.check_file(out)
    return form


def _export(form: str, board: Leaderboard, records: Mapping[str, Record], regions: bool, dimensions: bool) -> str:
    from harness.report.delimited import delimited
    from harness.report.leaderboard import to_plain
    from harness.report.markdown import markdown
    from harness.report.page import page

    if form == "json":
        return json.dumps(to_plain(board), indent=1)
    if form == "md":
        return markdown(board, regions, dimensions)
    if form == "html":
        return page(board, records, dimensions)
    return delimited(board, form, "regions" if regions else "dimensions" if dimensions else "rows")
