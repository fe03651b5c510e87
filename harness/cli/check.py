"""`harness check`: what a hostile reader of a number would try."""

from __future__ import annotations

import typer

from harness.cli import check_sensitivity

app = typer.Typer(help="Check what a number rests on.", no_args_is_help=True, add_completion=False)


app.command("sensitivity")(check_sensitivity.sensitivity)
