"""`harness path`: where the package keeps its data, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import harness as package
from harness.errors import unknown_choice

PLACES = ("tasks", "respondent")


def path(
    place: Annotated[
        str, typer.Argument(help="tasks (for lm-eval's --include_path) or respondent (the bundled model).")
    ],
) -> None:
    """Print a folder of the package."""
    if place not in PLACES:
        raise unknown_choice("place", place, PLACES, "give one of them")
    if place == "tasks":
        from harness import tasks

        typer.echo(Path(str(tasks.__file__)).parent)
    else:
        # Spelt out, since importing the models room takes seconds; a test holds the two equal.
        typer.echo(Path(str(package.__file__)).parent / "models" / "bundled" / "respondent")
