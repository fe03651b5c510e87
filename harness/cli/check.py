"""`harness check`: what a hostile reader of a number would try."""

from __future__ import annotations

import typer

from harness.cli import check_labels, check_sensitivity, check_text_agreement, check_transfer

app = typer.Typer(help="Check what a number rests on.", no_args_is_help=True, add_completion=False)

app.command("labels")(check_labels.labels)
app.command("text-agreement")(check_text_agreement.text_agreement)
app.command("sensitivity")(check_sensitivity.sensitivity)
app.command("transfer")(check_transfer.transfer)
