"""`harness run`: tune soft prompts for regions and print the leaderboard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, output, run_settings
from harness.errors import HarnessError, unknown_choice

if TYPE_CHECKING:
    from rich.console import Console

    from harness.records.run_directory import RunDirectory
    from harness.records.schema import Record
    from harness.tuning.session import Session

STARTS = ("vocabulary", "persona")
REGIONS_SHOWN = 12


def run(
    optimizer: Annotated[
        str, typer.Option("--optimizer", help="Names separated by commas; see 'harness ls optimizers'.")
    ] = "de",
    region: options.Region = "all",
    budget: Annotated[
        int, typer.Option("--budget", help="Candidate evaluations per region, optimizer and seed.")
    ] = 150,
    seeds: Annotated[int, typer.Option("--seeds", help="Independent repetitions.")] = 1,
    first_seed: Annotated[int, typer.Option("--first-seed", help="Number of the first repetition.")] = 0,
    tokens: Annotated[int, typer.Option("--tokens", help="Virtual tokens of the soft prompt.")] = 10,
    space: options.Space = "personas",
    box: options.Box = 0.0,
    start: Annotated[str, typer.Option("--start", help="First candidates: persona or vocabulary.")] = "persona",
    share: Annotated[
        bool, typer.Option("--share/--no-share", help="Regions learn from each other's evaluations.")
    ] = True,
    pool: Annotated[int, typer.Option("--pool", help="Candidates in the first sample; 0 chooses.")] = 0,
    rest: options.Rest = 0.1,
    aggregate: options.Aggregate = "mean",
    penalty: options.Penalty = 0.0,
    finalists: options.Finalists = 3,
    dimensions: Annotated[
        str, typer.Option("--dimensions", help="Tuned and scored: all, or names such as PDI,IDV.")
    ] = "all",
    wordings: Annotated[
        int,
        typer.Option("--wordings", help="Of each item that are tuned on: 2, or 1 to see it overfit."),
    ] = 2,
    response: options.Response = "expected",
    respondents: options.Respondents = 50,
    shots: options.Shots = 6,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the optimizer, or de.F=0.5.")
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
    instrument: options.Instrument = "tuned",
    targets: options.TargetsFile = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder that holds the runs.", rich_help_panel="Output")
    ] = options.RUNS,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Tune soft prompts for regions and print the leaderboard.

    The model stays frozen; an optimizer moves embeddings in front of the prompt until the answers give the regions'
    published scores. The default run takes a few minutes on two cores and needs no network.
    """
    from rich.console import Console

    names = run_settings.optimizer_names(optimizer)
    if start not in STARTS:
        raise unknown_choice("start", start, STARTS, "give --start one of them")
    for flag, value, lowest in (
        ("--budget", budget, 1),
        ("--seeds", seeds, 1),
        ("--first-seed", first_seed, 0),
        ("--tokens", tokens, 1),
        ("--pool", pool, 0),
        ("--shots", shots, 0),
    ):
        options.whole(flag, value, lowest)
    objective = run_settings.objective(rest, aggregate, penalty, finalists)
    aimed = run_settings.aimed_dimensions(dimensions)
    asking = options.asking(response, respondents, wordings)
    optimizers = run_settings.optimizer_specs(names, settings or [])

    from harness.tasks.hofstede_vsm.demonstrations import check_shots
    from harness.tasks.hofstede_vsm.targets import load_regions
    from harness.tuning.session import Session
    from harness.tuning.spec import RunSpec, Source

    check_shots(shots)
    (questionnaire, other), table = options.questionnaires(survey, instrument), load_regions(targets)
    chosen = tuple(one.aiming(aimed) for one in table.select(region))
    spec = RunSpec(
        model=options.model_spec(model, dtype, device, device_map, trust_remote_code, memory_gb),
        **run_settings.sources(questionnaire, targets, table),
        regions=tuple(one.code for one in chosen),
        optimizers=optimizers,
        budget=budget,
        seeds=seeds,
        first_seed=first_seed,
        tokens=tokens,
        space=run_settings.search_space(space, box),
        start="persona" if start == "persona" else "vocabulary",
        share=share,
        pool=pool,
        shots=shots,
        dimensions=aimed,
        response=asking.response,
        respondents=asking.respondents,
        wordings=asking.wordings,
        instrument=Source(name=other.name, digest=other.digest) if other else None,
        **objective,
        scorer=options.scorer_spec(scorer, micro_batch, workers),
    )
    session = Session(spec, options.load_quietly(spec.model), questionnaire, table, other)
    session.check()
    label = region.lower() if region.lower() in ("all", "core") else f"{len(chosen)}regions"
    if len(chosen) == 1:
        label = chosen[0].code
    console = Console(stderr=True)
    directory, record = execute(session, out, f"{'-'.join(names)}-{label}-{spec.digest[:8]}", console, quiet)
    _print_results(directory, record, as_json)


def execute(session: Session, out: Path, name: str, console: Console, quiet: bool) -> tuple[RunDirectory, Record]:
    """Runs a session in a directory of its own, below `out`, with its progress on the console."""
    from harness.records.run_directory import RunDirectory
    from harness.report.progress import watch

    directory = RunDirectory.create(out, name, session.spec.plain())
    if not quiet:
        _print_header(session, directory, console)
    total = len(session.spec.regions) * len(session.spec.optimizers) * session.spec.seeds
    with watch(console, total, quiet) as watcher:
        try:
            record = session.run(directory, watcher)
        except HarnessError:
            directory.discard()
            raise
        except KeyboardInterrupt:
            kept = "nothing was kept" if directory.discard() else f"the journal so far is in {directory.path}"
            console.print(f"interrupted; {kept}", markup=False, soft_wrap=True)
            raise
    return directory, record


def _print_header(session: Session, directory: RunDirectory, console: Console) -> None:
    from harness.tuning.identity import note

    spec = session.spec
    names = ", ".join(one.name for one in spec.optimizers)
    lines = [
        f"run {directory.path}",
        f"model {spec.model.name} ({session.lm.parameters / 1e6:.1f}M parameters, {session.lm.device}), "
        f"{names} for {_many(len(spec.regions), 'region')}, "
        f"{_many(spec.budget, 'evaluation')} each, {_many(spec.tokens, 'virtual token')}, {_many(spec.seeds, 'seed')}",
    ]
    lines.append(f"answers checked against the model's own forward pass: {session.lm.abilities.gap:.1g} nats apart")
    lines += [note(session.lm)] if note(session.lm) else []
    incomplete = [region for region in session.regions if region.missing]
    lines += [f"{r.code} has no published {', '.join(r.missing)}: scored on the others" for r in incomplete]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


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
    for line in (f"run directory: {directory.path}", f"next: harness leaderboard {directory.path} --regions"):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
