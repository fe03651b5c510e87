"""`harness run` and `harness resume`: tune soft prompts for regions and print the leaderboard, or go on with that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import execution, options, output, resuming, run_settings
from harness.cli.run_flags import RunFlags, with_run_flags

if TYPE_CHECKING:
    from rich.console import Console

    from harness.records.execution import ExecutionFacts
    from harness.records.run_directory import RunDirectory
    from harness.records.schema import Record

REGIONS_SHOWN = 12


@with_run_flags
def run(
    flags: RunFlags,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew, beside runs of the same settings.", rich_help_panel="Output")
    ] = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Tune soft prompts for regions and print the leaderboard.

    The model stays frozen; an optimizer moves embeddings in front of the prompt until the answers give the regions'
    published scores. The default run takes a few minutes on two cores and needs no network. The same command goes on
    with a run that was interrupted, and shows one that is finished.
    """
    from harness.report.progress import Log

    brief = run_settings.brief(flags)
    session = execution.staffed(brief)
    session.check()
    name, inputs = run_settings.name(brief.spec, brief.table), resuming.inputs(flags)
    directory, record = execution.execute(session, flags.out, name, Log(), quiet, fresh, inputs)
    _print_results(directory, record, as_json)


def resume(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="Directory of a run; see 'harness ls runs'.")],
    survey: options.SurveyFile = None,
    targets: options.TargetsFile = None,
    trust_remote_code: options.TrustRemoteCode = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Go on with an interrupted run, from its directory alone.

    Survey and targets are looked for where they were, or where --survey and --targets say; they must be the same.
    """
    from harness.records.run_directory import RunDirectory
    from harness.report.progress import Log

    directory = RunDirectory(path)
    session = execution.staffed(resuming.brief_of(directory, survey, targets, trust_remote_code))
    inputs = resuming.moved(directory.read_inputs(), survey, targets)
    record = execution.work_on(directory, session, Log(), quiet, inputs)
    _print_results(directory, record, as_json)


def _print_results(directory: RunDirectory, record: Record, as_json: bool) -> None:
    from rich.console import Console

    from harness.report.leaderboard import build, to_plain
    from harness.report.terminal import region_table

    board = build({str(directory.path): record})
    if as_json:
        typer.echo(json.dumps({"run": str(directory.path), **to_plain(board)}, indent=1))
        return
    console = Console()
    output.show_board(console, board, region_table(board, None if console.is_terminal else REGIONS_SHOWN))
    console.print()
    if record.execution is not None:
        _print_workers(console, record.execution)
    for line in (f"run directory: {directory.path}", f"next: harness leaderboard {directory.path} --regions"):
        output.tell(console, line, soft_wrap=True)


def _print_workers(console: Console, facts: ExecutionFacts) -> None:
    from harness.report.execution import LOSSES, NAME, NARROW, SHORT, TABLED, losses, summary, workers_sheet
    from harness.report.terminal import SheetView

    if len(facts.workers) in TABLED:
        output.show(console, SheetView(workers_sheet(facts, SHORT if console.width < NARROW else NAME)))
        console.print()
    for line in (summary(facts), *losses(facts, LOSSES)):
        output.tell(console, line)
    console.print()
