"""`harness respondent`: rebuild the bundled model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options
from harness.errors import UsageError

FEWEST_STEPS = 3

app = typer.Typer(help="The bundled respondent, a simulation.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The bundled respondent, a simulation."""


@app.command("train")
def train(
    out: Annotated[Path, typer.Option("--out", help="New or empty folder for the model.")],
    seed: Annotated[int, typer.Option("--seed", help="Of the simulation and of the training.")] = 0,
    steps: Annotated[int, typer.Option("--steps", help="Training steps; 0 takes those of the bundled one.")] = 0,
    quiet: options.Quiet = False,
) -> None:
    """Train the bundled respondent anew and write it with its model card."""
    from rich.console import Console

    from harness.models.loading import quiet_libraries
    from harness.models.training import Schedule
    from harness.report.progress import watch
    from harness.respondent.build import build, save

    options.whole("--seed", seed, 0)
    if steps:
        options.whole("--steps", steps, FEWEST_STEPS)
    _claim(out)
    quiet_libraries()
    schedule = Schedule(steps=steps) if steps else Schedule()
    with watch(Console(stderr=True), 1, quiet) as watcher:
        watcher.phase("training", schedule.steps)
        built = build(seed, schedule, lambda *_: watcher.step())
    save(built, out)
    typer.echo(f"respondent: {out}")
    typer.echo(f"next: harness score --model {out} --method naive")


def _claim(out: Path) -> None:
    """Makes the folder before the training that fills it.

    Raises:
        UsageError: it is not a new or empty folder that can be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UsageError(f"--out '{out}' exists and is not an empty folder: give a new one")
        probe = out / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(f"--out '{out}' cannot be written ({error.strerror}): give a new folder") from error
