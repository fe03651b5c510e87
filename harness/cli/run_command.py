"""`harness run` and `harness resume`: tune soft prompts for regions and print the leaderboard, or go on with that."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import execution, options, output, resuming, run_settings, staffing
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
    executor: staffing.Executor = "local",
    ray_address: staffing.RayAddress = None,
    cpus_per_worker: staffing.CpusPerWorker = 1,
    gpus_per_worker: staffing.GpusPerWorker = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Tune soft prompts for regions and print the leaderboard.

    The model stays frozen; an optimizer moves embeddings in front of the prompt until the answers give the regions'
    published scores. The default run takes a few minutes on two cores and needs no network. The same command goes on
    with a run that was interrupted, and shows one that is finished. --executor ray has workers of a cluster answer: it
    is the same run, and goes on in either way.
    """
    from harness.report.progress import Log

    who = staffing.Staffing(executor, ray_address, flags.workers, cpus_per_worker, gpus_per_worker)
    who.check()
    # How many workers answer is no part of what a run is; passes side by side in one process are.
    brief = run_settings.brief(replace(flags, workers=0) if who.remote else flags)
    name, inputs, console = run_settings.name(brief.spec, brief.table), resuming.inputs(flags), Log()
    with staffing.staffed(brief, who, console, quiet) as session:
        session.check()
        directory, record = execution.execute(session, flags.out, name, console, quiet, fresh, inputs, flags=who.flags)
    _print_results(directory, record, as_json)


def resume(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="Directory of a run; see 'harness ls runs'.")],
    survey: options.SurveyFile = None,
    targets: options.TargetsFile = None,
    trust_remote_code: options.TrustRemoteCode = False,
    executor: staffing.Executor = "local",
    ray_address: staffing.RayAddress = None,
    workers: staffing.RayWorkers = 0,
    cpus_per_worker: staffing.CpusPerWorker = 1,
    gpus_per_worker: staffing.GpusPerWorker = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Go on with an interrupted run, from its directory alone.

    Survey and targets are looked for where they were, or where --survey and --targets say; they must be the same. Who
    answers may be others than before: see --executor.
    """
    from harness.records.run_directory import RunDirectory
    from harness.report.progress import Log

    who = staffing.Staffing(executor, ray_address, workers, cpus_per_worker, gpus_per_worker)
    who.check(local_workers=False)
    directory, console = RunDirectory(path), Log()
    brief = resuming.brief_of(directory, survey, targets, trust_remote_code)
    inputs = resuming.moved(directory.read_inputs(), survey, targets)
    with staffing.staffed(brief, who, console, quiet) as session:
        record = execution.work_on(directory, session, console, quiet, inputs, flags=who.flags)
    _print_results(directory, record, as_json)


def _print_results(directory: RunDirectory, record: Record, as_json: bool) -> None:
    from rich.console import Console

    from harness.report.leaderboard import build, to_plain
    from harness.report.terminal import region_table

    board = build({str(directory.path): record})
    if as_json:
        workers = None if record.execution is None else record.execution.model_dump(mode="json")
        typer.echo(json.dumps({"run": str(directory.path), "execution": workers, **to_plain(board)}, indent=1))
        return
    console = Console()
    output.show_board(console, board, region_table(board, None if console.is_terminal else REGIONS_SHOWN))
    console.print()
    if record.execution is not None:
        _print_workers(console, record.execution, bool(record.spec.get("share")))
    for line in (f"run directory: {directory.path}", f"next: harness leaderboard {directory.path} --regions"):
        output.tell(console, line, soft_wrap=True)


def _print_workers(console: Console, facts: ExecutionFacts, shares: bool) -> None:
    from harness.report.execution import LOSSES, NAME, NARROW, SHORT, TABLED, advice, losses, summary, workers_sheet
    from harness.report.terminal import SheetView

    if len(facts.workers) in TABLED:
        output.show(console, SheetView(workers_sheet(facts, SHORT if console.width < NARROW else NAME)))
        console.print()
    for line in filter(None, (summary(facts), *losses(facts, LOSSES), advice(facts, shares))):
        output.tell(console, line)
    console.print()
