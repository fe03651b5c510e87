"""The flags of checks that say who is checked: a baseline, or a tuned prompt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.errors import UsageError, unknown_choice

if TYPE_CHECKING:
    from harness.checks.subject import Subject
    from harness.models.language_model import LanguageModel
    from harness.tasks.hofstede_vsm.regions import Region, Regions
    from harness.tasks.hofstede_vsm.survey import Survey

Method = Annotated[
    str | None, typer.Option("--method", help="naive, persona or icl; naive by default.", show_default=False)
]
Prompt = Annotated[Path | None, typer.Option("--prompt", help="Adapter folder of a tuned prompt.")]
OneRegion = Annotated[
    str | None,
    typer.Option(
        "--region",
        help="One region, such as JPN: the one that persona and icl name; by default the one that a prompt's folder is "
        "named after.",
        show_default=False,
    ),
]


def named_after(table: Regions, prompt: Path | None) -> str | None:
    """The code of the region that a run named a prompt's folder after, None if there is none."""
    folder = prompt.resolve().name if prompt else ""
    return folder if folder in [one.code for one in table.rows] else None


def region_of(table: Regions, region: str | None, prompt: Path | None) -> Region | None:
    """The one region of the flags, None where neither says one.

    Raises:
        UsageError: it is unknown, or there are several.
    """
    wanted = region or named_after(table, prompt)
    if wanted is None:
        return None
    chosen = table.select(wanted)
    if len(chosen) != 1:
        raise UsageError(f"--region {wanted}: {len(chosen)} regions, expected one, such as {chosen[0].code}")
    return chosen[0]


def check_flags(method: str | None, prompt: Path | None, region: Region | None) -> None:
    """Refuses flags that do not go together, before a model is loaded.

    Raises:
        UsageError: both a method and a prompt, an unknown method, or one that needs a region.
    """
    from harness.checks.subject import ASKED

    if method is not None and prompt is not None:
        raise UsageError("both --method and --prompt: give one of the two")
    if method is not None and method not in ASKED:
        raise unknown_choice("method", method, ASKED, "a tuned prompt is given with --prompt")
    if method in ("persona", "icl") and region is None:
        raise UsageError(f"--method {method} names a region: give one with --region, such as JPN")


def subject(
    lm: LanguageModel, survey: Survey, method: str | None, prompt: Path | None, region: Region | None, shots: int
) -> Subject:
    """Who is checked.

    Raises:
        InputError: the prompt cannot be read, or is none of this model.
    """
    from harness.checks.subject import Subject
    from harness.models.adapter import load_adapter

    if prompt is not None:
        return Subject.tuned(lm, str(prompt), load_adapter(prompt, lm))
    return Subject.baseline(lm, survey, method or "naive", region, shots)
