"""`harness run`: tune soft prompts for regions and print the leaderboard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness.cli import options, output, run_settings
from harness.cli.run_flags import RunFlags, with_run_flags
from harness.errors import HarnessError

if TYPE_CHECKING:
    from rich.console import Console

    from harness.records.run_directory import RunDirectory
    from harness.records.schema import Record
    from harness.tuning.session import Session

REGIONS_SHOWN = 12


@with_run_flags
def run(flags: RunFlags, quiet: options.Quiet = False, as_json: options.Json = False) -> None:
    """Tune soft prompts for regions and print the leaderboard.

    The model stays frozen; an optimizer moves embeddings in front of the prompt until the answers give the regions'
    published scores. The default run takes a few minutes on two cores and needs no network.
    """
    from rich.console import Console

    session = run_settings.session(flags)
    session.check()
    console = Console(stderr=True)
    directory, record = execute(session, flags.out, run_settings.name(flags, session.spec), console, quiet)
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
