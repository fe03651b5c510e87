"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from harness.models.language_model import LanguageModel, ModelSpec
    from harness.report.leaderboard import Leaderboard

DTYPES = ("auto", "float32", "bfloat16", "float16")

Model = Annotated[
    str,
    typer.Option("--model", help="respondent, a folder, a hub id, or random:GEOMETRY.", rich_help_panel="Model"),
]
Dtype = Annotated[
    str,
    typer.Option("--dtype", help="auto, float32, bfloat16 or float16.", rich_help_panel="Model"),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.", rich_help_panel="Model")]
DeviceMap = Annotated[
    str | None,
    typer.Option("--device-map", help="Spread one model over devices: auto, balanced.", rich_help_panel="Model"),
]
TrustRemoteCode = Annotated[
    bool,
    typer.Option("--trust-remote-code", help="Run code that comes with the model.", rich_help_panel="Model"),
]
Region = Annotated[str, typer.Option("--region", help="all, core, or codes such as USA,CHN.")]
SurveyFile = Annotated[
    Path | None, typer.Option("--survey", help="Your own questionnaire, TOML like items.toml.", rich_help_panel="Data")
]
TargetsFile = Annotated[
    Path | None, typer.Option("--targets", help="Your own published scores, CSV.", rich_help_panel="Data")
]
Shots = Annotated[int, typer.Option("--shots", help="Demonstrations of the icl baseline, 0 to 24.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.", rich_help_panel="Output")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output.", rich_help_panel="Output")]
RUNS = Path("results/runs")
MOST = 2**31 - 1
WIDEST = 10_000


def model_spec(name: str, dtype: str, device: str, device_map: str | None, trust_remote_code: bool) -> ModelSpec:
    """Builds the model's spec from flags.

    Raises:
        UsageError: the dtype is unknown.
    """
    from harness.models.language_model import ModelSpec

    if dtype not in DTYPES:
        raise unknown_choice("dtype", dtype, DTYPES, "give --dtype one of them")
    return ModelSpec.model_validate(
        {
            "name": name,
            "dtype": dtype,
            "device": device,
            "device_map": device_map,
            "trust_remote_code": trust_remote_code,
        }
    )


def load_quietly(spec: ModelSpec) -> LanguageModel:
    """Loads a model without the loader's own progress bars and remarks."""
    from harness.models.loading import load, quiet_libraries

    quiet_libraries()
    return load(spec)


def whole(flag: str, value: int, lowest: int, highest: int = MOST) -> None:
    """Checks a whole number.

    Raises:
        UsageError: it is not within `lowest` and `highest`.
    """
    if not lowest <= value <= highest:
        limits = f"at least {lowest}" if value < lowest else f"at most {highest}"
        raise UsageError(f"{flag} {str(value)[:40]}: expected {limits}")


def show_board(console: Console, board: Leaderboard, regions: Table | None) -> None:
    """Prints a leaderboard with its notes, the table per region first if there is one."""
    from harness.report.terminal import leaderboard_notes, leaderboard_table

    if regions is not None:
        show(console, regions)
        console.print()
    show(console, leaderboard_table(board))
    console.print(leaderboard_notes(board))


def show(console: Console, table: Table) -> None:
    """Prints a table whose numbers are never cut: where it is wider than the console, its lines are longer."""
    from rich.measure import Measurement

    width = console.width
    needed = Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum
    console.width = max(width, needed)
    console.print(table)
    console.width = width
