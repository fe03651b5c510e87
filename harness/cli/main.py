"""The command `harness`: its commands, and how errors leave it.

What the user can mend is one line on standard error and exit code 2; our own bugs keep their traceback.
"""

from __future__ import annotations

import io
import os
import sys
from itertools import pairwise
from typing import Annotated, TextIO

import typer
from typer.exceptions import Abort, TyperException

import harness
from harness.cli import (
    bench,
    check,
    compare,
    config,
    leaderboard,
    ls,
    output,
    path,
    plot,
    report,
    respondent,
    run_command,
    schema,
    score,
    side_effects,
    validate,
)
from harness.cli.execution import Stopped
from harness.errors import HarnessError

INTERRUPTED = 130

app = typer.Typer(
    name="harness",
    help="Tune soft prompts until a language model answers a values survey as a region's people do, and measure it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Joins the lines of a paragraph.
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vsm-harness {harness.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command."""


app.command("run")(run_command.run)
app.command("resume")(run_command.resume)
app.command("validate")(validate.validate)
app.command("score")(score.score)
app.command("leaderboard")(leaderboard.leaderboard)
app.command("baseline")(compare.baseline)
app.command("compare")(compare.compare)
app.command("plot")(plot.plot)
app.command("report")(report.report)
app.command("ls")(ls.ls)
app.command("path")(path.path)
app.command("schema")(schema.schema)
app.command("side-effects")(side_effects.side_effects)
app.add_typer(bench.app, name="bench")
app.add_typer(check.app, name="check")
app.add_typer(config.app, name="config")
app.add_typer(respondent.app, name="respondent")


def run() -> None:
    """Runs the command line and exits."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a region's name shows it without its accents, and the command goes on.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        _run()
    finally:
        if not all([_flushed(stream) for stream in (sys.stdout, sys.stderr)]):
            sys.exit(1)


def _run() -> None:
    try:
        code = app(standalone_mode=False)
    except HarnessError as error:
        _fail(str(error))
    except TyperException as error:
        _fail(error.format_message() + _value_given(error))
    except Stopped as stopped:
        sys.exit(128 + stopped.number)
    except (Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _flushed(stream: TextIO) -> bool:
    """Whether all was printed; where the reader of a pipe left early, as `head` does, the rest goes nowhere."""
    try:
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return False
    return True


def _value_given(error: TyperException) -> str:
    """What the user gave for the option that an error is about; the parser's own messages leave it out."""
    flags = getattr(getattr(error, "param", None), "opts", ())
    given = [value for flag, value in pairwise(sys.argv) if flag in flags]
    given += [text.partition("=")[2] for text in sys.argv if text.partition("=")[0] in flags and "=" in text]
    return f" (got '{given[-1]}')" if given else ""


def _fail(message: str) -> None:
    if line := output.error_line(message):
        sys.stderr.write(line)
    sys.exit(output.MENDABLE)
