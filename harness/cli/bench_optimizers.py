"""`harness bench optimizers`: a contest between optimizers, or between settings of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import contest_settings, options, output
from harness.cli.execution import typed_command

if TYPE_CHECKING:
    from rich.console import Console

    from harness.benchmarks.contest import ContestRun
    from harness.records.contest import Contest
    from harness.records.contest_directory import ContestDirectory

CONTESTS = options.RUNS / "contests"
_SET = "A parameter of the optimizers that have it, or de.F=0.5."


def optimizers(
    optimizer: Annotated[
        str | None, typer.Option("--optimizer", help="Names separated by commas.", show_default="de,cma,random")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="all, core, or codes such as USA,CHN.", show_default="core")
    ] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", help="Repetitions per region.", show_default="3")] = None,
    first_seed: Annotated[
        int | None, typer.Option("--first-seed", help="Number of the first repetition.", show_default="0")
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option("--budget", help="Candidate evaluations per entrant, region and seed.", show_default="300"),
    ] = None,
    share: Annotated[
        bool | None, typer.Option("--share/--no-share", help="One search over all regions per seed.", show_default="no")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=_SET)] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="First candidates: persona or vocabulary.", show_default="persona")
    ] = None,
    space: Annotated[
        str | None, typer.Option("--space", help="personas, personas:D, subspace:D or full.", show_default="personas")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option("--tokens", help="Virtual tokens of the soft prompt.", show_default="10")
    ] = None,
    pool: Annotated[
        int | None, typer.Option("--pool", help="Candidates in the first sample; 0 chooses.", show_default="0")
    ] = None,
    study: Annotated[
        Path | None, typer.Option("--study", help="TOML file with entrants of any settings; see docs/contest.md.")
    ] = None,
    model: options.Model = "respondent",
    dtype: options.Dtype = "auto",
    device: options.Device = "auto",
    device_map: options.DeviceMap = None,
    trust_remote_code: options.TrustRemoteCode = False,
    memory_gb: options.MemoryGb = None,
    scorer: options.ScorerKind = "auto",
    micro_batch: options.MicroBatch = 0,
    workers: options.Workers = 0,
    survey: options.SurveyFile = None,
    targets: options.TargetsFile = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The contest's folder; an unfinished one goes on.", rich_help_panel="Output"),
    ] = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """A contest: every optimizer tunes every region with every seed, and statistics say what the differences mean.

    The same command goes on with an interrupted contest, and shows a finished one again. Regions are searched
    independently unless --share is given.
    """
    flags = {
        "optimizer": optimizer,
        "region": region,
        "seeds": seeds,
        "first_seed": first_seed,
        "budget": budget,
        "share": share,
        "settings": settings or None,
        "start": start,
        "space": space,
        "tokens": tokens,
        "pool": pool,
    }
    wanted = options.model_spec(model, dtype, device, device_map, trust_remote_code, memory_gb)
    asked = options.scorer_spec(scorer, micro_batch, workers)
    prepared = contest_settings.prepare(study, flags, wanted, asked, survey, targets)

    from harness.records.contest_directory import ContestDirectory

    spec = prepared.spec
    directory = ContestDirectory(out or CONTESTS / f"{study.stem if study else 'optimizers'}-{spec.digest[:8]}")
    if directory.holds(spec) and directory.finished:
        contest = directory.read()
    else:
        from harness.benchmarks.contest import ContestRun

        lm = options.load_quietly(wanted)
        run = ContestRun(spec, prepared.entrants, lm, prepared.survey, prepared.table)
        run.check()
        contest = _execute(run, ContestDirectory.open(directory.path, spec), quiet)
    _show(directory, contest, as_json)


def _execute(run: ContestRun, directory: ContestDirectory, quiet: bool) -> Contest:
    from rich.console import Console

    from harness.report.progress import watch

    console = Console(stderr=True)
    if not quiet:
        _print_header(run, directory, console)
    cells = len(run.spec.entrants) * len(run.spec.regions) * len(run.spec.seeds)
    with watch(console, cells, quiet) as watcher:
        try:
            return run.run(directory, watcher)
        except KeyboardInterrupt:
            kept = sum(len(line.cells) for line in directory.read_log())
            for line in (f"interrupted; {kept} of {cells} cells are kept; to go on:", typed_command()):
                output.tell(console, line, soft_wrap=True)
            raise


def _print_header(run: ContestRun, directory: ContestDirectory, console: Console) -> None:
    from harness.tuning.identity import note

    spec = run.spec
    lines = [
        f"contest {directory.path}",
        f"model {run.lm.spec.name} ({run.lm.parameters / 1e6:.1f}M parameters, {run.lm.device}), "
        f"{len(spec.entrants)} entrants, {len(spec.regions)} regions, {len(spec.seeds)} seeds",
        *filter(None, [note(run.lm)]),
    ]
    if kept := sum(len(line.cells) for line in directory.read_log()):
        lines.append(f"going on: {kept} of {len(spec.entrants) * len(spec.regions) * len(spec.seeds)} cells are there")
    for line in lines:
        output.tell(console, line, soft_wrap=True)


def _show(directory: ContestDirectory, contest: Contest, as_json: bool) -> None:
    """Writes the plots and prints the rest."""
    from harness.report.contest import analyse, to_plain

    output.quiet_figures()
    from harness.report.figures import write_figures

    analysis = analyse(contest)
    files = [str(path) for path in write_figures(analysis, directory.path)]
    if as_json:
        typer.echo(json.dumps({"contest": str(directory.path), "figures": files, **to_plain(analysis)}, indent=1))
        return

    from rich.console import Console

    from harness.report.contest_sheets import contest_notes
    from harness.report.contest_tables import contest_tables

    console = Console()
    for table in contest_tables(analysis):
        output.show(console, table)
        console.print()
    plots = ", ".join(dict.fromkeys(Path(name).stem for name in files))
    for line in (*contest_notes(analysis), f"plots: {plots} (png and svg) in {directory.path}"):
        output.tell(console, line, soft_wrap=line.startswith("plots: "))
