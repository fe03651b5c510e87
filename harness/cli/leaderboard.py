"""`harness leaderboard`: one table from one or more runs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, output
from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.records.schema import Record
    from harness.report.leaderboard import Leaderboard
    from harness.report.selection import Selection

FORMATS = ("table", "json", "md", "csv", "tsv", "latex", "parquet", "html")
SINGLE = ("csv", "tsv", "parquet")
"""Formats that hold one table."""
BINARY = ("parquet",)
_FILTERS = "What is shown"


def leaderboard(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories; see 'harness ls runs'.")],
    form: Annotated[
        str,
        typer.Option("--format", help="table, json, md, csv, tsv, latex, parquet or html; --json is the same as json."),
    ] = "table",
    as_json: options.Json = False,
    regions: Annotated[
        bool,
        typer.Option("--regions/--no-regions", help="The per-region table too; csv, tsv and parquet hold it alone."),
    ] = False,
    by_dimension: Annotated[
        bool,
        typer.Option(
            "--by-dimension/--no-by-dimension",
            help="Tables by dimension: error, order gap, tau, ...; csv, tsv and parquet hold them alone.",
        ),
    ] = False,
    by_run: Annotated[
        bool,
        typer.Option("--runs/--no-runs", help="What each run cost; csv, tsv and parquet hold it alone."),
    ] = False,
    sort: Annotated[
        str,
        typer.Option(
            "--sort",
            help="Column that rows are sorted by, best first: mae, tuned, other, tau, gap, mass, evals, regions, "
            "seeds, method, model or group.",
            rich_help_panel=_FILTERS,
        ),
    ] = "mae",
    reverse: Annotated[bool, typer.Option("--reverse", help="The worst first.", rich_help_panel=_FILTERS)] = False,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            help="Codes such as USA,CHN: all means, intervals and pairs are over these alone.",
            rich_help_panel=_FILTERS,
        ),
    ] = None,
    dimension: Annotated[
        str | None,
        typer.Option(
            "--dimension",
            help="Such as pdi,idv: errors, tau and gap are over these alone.",
            rich_help_panel=_FILTERS,
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option("--method", help="Rows that are shown; no number changes.", rich_help_panel=_FILTERS),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Rows that are shown; no number changes.", rich_help_panel=_FILTERS),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            help="Rows that are shown: null, baseline, tuned, reference; no number changes.",
            rich_help_panel=_FILTERS,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File for any format but table; parquet needs one.", rich_help_panel="Output"),
    ] = None,
) -> None:
    """Show the leaderboard of one or more finished runs, or write it to a file."""
    from harness.report.order import check_key
    from harness.report.selection import Selection

    tables = _Tables(regions, by_dimension, by_run)
    form = _chosen(form, as_json, tables, out)
    check_key(sort)

    from rich.console import Console

    from harness.records.run_directory import RunDirectory
    from harness.report.leaderboard import build
    from harness.report.terminal import region_table

    asked = Selection(region, dimension, model, method, group)
    records = {str(path): RunDirectory(path).read_record() for path in runs}
    board = build(records, asked, sort, reverse)
    if form == "table":
        console = Console()
        output.show_board(console, board, region_table(board) if regions else None, by_dimension, by_run)
        for name in [name for name, record in records.items() if record.targets is None]:
            line = f"run {name} is of an earlier version and holds no targets: tau and dimensions need it to run again"
            output.tell(console, line, soft_wrap=True)
    elif form in BINARY and out is not None:
        output.write_bytes(out, _packed(board, tables))
    else:
        text = _export(form, board, records, tables, _command(runs, form, tables, asked, sort, reverse))
        if out is None:
            typer.echo(text)
        output.write_file(out, text)


@dataclass(frozen=True)
class _Tables:
    """The tables that are asked for beside the leaderboard, or in its place."""

    regions: bool
    dimensions: bool
    runs: bool

    @property
    def flags(self) -> list[str]:
        """As they are given."""
        given = {"--regions": self.regions, "--by-dimension": self.dimensions, "--runs": self.runs}
        return [flag for flag, held in given.items() if held]

    @property
    def single(self) -> str:
        """The one that is written where only one can be, by its name in the JSON."""
        given = {"regions": self.regions, "dimensions": self.dimensions, "runs": self.runs}
        return next((name for name, held in given.items() if held), "rows")


def _chosen(form: str, as_json: bool, tables: _Tables, out: Path | None) -> str:
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
    if len(tables.flags) > 1 and form in SINGLE:
        raise UsageError(f"--format {form} holds one table: give one of {', '.join(tables.flags)}, or none")
    if out is not None and form == "table":
        others = ", ".join(name for name in FORMATS if name != "table")
        raise UsageError(f"--out {out}: a table is for the terminal; give --format one of {others}")
    if out is None and form in BINARY:
        raise UsageError(f"--format {form}: is no text to print; give its file with --out FILE")
    output.check_file(out)
    return form


def _command(runs: list[Path], form: str, tables: _Tables, asked: Selection, sort: str, reverse: bool) -> str:
    """The command that makes the same again, apart from the file."""
    named = {
        "--region": asked.regions,
        "--dimension": asked.dimensions,
        "--method": asked.methods,
        "--model": asked.models,
        "--group": asked.groups,
        "--sort": None if sort == "mae" else sort,
    }
    given = [part for flag, value in named.items() if value is not None for part in (flag, value)]
    words = ["harness", "leaderboard", *map(str, runs), "--format", form, *tables.flags, *given]
    return shlex.join([*words, *(["--reverse"] if reverse else [])])


def _export(form: str, board: Leaderboard, records: Mapping[str, Record], tables: _Tables, command: str) -> str:
    from harness.report.delimited import delimited
    from harness.report.latex import latex
    from harness.report.leaderboard import to_plain
    from harness.report.markdown import markdown
    from harness.report.page import page

    if form == "json":
        return json.dumps(to_plain(board), indent=1)
    if form == "md":
        return markdown(board, tables.regions, tables.dimensions, tables.runs, command)
    if form == "latex":
        return latex(board, records, tables.regions, tables.dimensions, tables.runs)
    if form == "html":
        return page(board, records, tables.dimensions)
    return delimited(board, form, tables.single)


def _packed(board: Leaderboard, tables: _Tables) -> bytes:
    from harness.report.parquet import parquet

    return parquet(board, tables.single)
