"""`harness check`: what a hostile reader of a number would try."""

from __future__ import annotations

import typer

from harness.cli import check_transfer

app = typer.Typer(help="Check what a number rests on.", no_args_is_help=True, add_completion=False)


@app.callback()
def _check() -> None:
    """Keeps the names of the commands even while there is one."""


app.command("transfer")(check_transfer.transfer)
