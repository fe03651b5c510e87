"""`harness config`: the settings of a run, as a file that gives them again."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import layers, options, output
from harness.cli.run_flags import RunFlags, with_run_flags
from harness.errors import UsageError

app = typer.Typer(help="Settings of a run, as a file.", no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """Settings of a run, as a file."""


@partial(with_run_flags, without=("out",))
def show(
    flags: RunFlags,
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN", help="Directory of a run: its settings, changed by flags; see 'harness ls runs'."
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Print the settings that hold, each with where it comes from, in TOML that --config takes.

    Takes the flags of 'harness run', or the directory of one that was begun: 'harness config show RUN > again.toml' and
    'harness run --config again.toml' are that run.
    """
    from harness.cli import config_text, exported, run_settings

    remarks: list[str] = []
    if run is None:
        spec, name = run_settings.specification(flags)
    else:
        strange = {origin for origin in flags.origins.values() if origin != layers.FLAG}
        if strange:
            raise UsageError(f"RUN and {min(strange)}: a run has settings of its own; give it with flags alone")
        spec, inputs = exported.read(run)
        given = [one for one, origin in flags.origins.items() if origin == layers.FLAG]
        known = exported.flags_of(spec, inputs)
        remarks = [] if given else exported.remarks(spec, inputs, known)
        changed = {one: getattr(flags, one) for one in given}
        flags = replace(known, **changed, origins=flags.origins)
        name = ""
        if not remarks:
            spec, name = run_settings.specification(flags)
    settings = config_text.Settings.of(flags, spec, name, remarks, f"run {run}" if run else layers.DEFAULT)
    if as_json:
        typer.echo(output.printable(json.dumps(settings.plain(), indent=1)))
    else:
        typer.echo(settings.toml(), nl=False)


app.command("show")(show)
