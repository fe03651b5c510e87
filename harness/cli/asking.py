"""What checks that ask a model share: from flags to who is asked what, and the result's way out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness.cli import options, output, subjects
from harness.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.table import Table

    from harness.checks.subject import Subject
    from harness.models.language_model import ModelSpec
    from harness.tasks.hofstede_vsm.regions import Region
    from harness.tasks.hofstede_vsm.survey import Survey


@dataclass(frozen=True)
class Asked:
    """Who is asked, which survey, and the region that is named or compared with."""

    subject: Subject
    survey: Survey
    region: Region | None


@dataclass(frozen=True)
class Who:
    """The flags that say who is asked what."""

    method: str | None
    prompt: Path | None
    region: str | None
    shots: int
    survey: Path | None
    targets: Path | None

    def load(self, spec: ModelSpec) -> Asked:
        """Reads files, and then the model.

        Raises:
            UsageError: flags do not go together.
            InputError: a file cannot be read.
            ModelError: the model cannot be loaded.
        """
        from harness.tasks.hofstede_vsm.demonstrations import check_shots
        from harness.tasks.hofstede_vsm.survey import load_survey
        from harness.tasks.hofstede_vsm.targets import load_regions

        check_shots(self.shots)
        survey = load_survey(self.survey)
        region = subjects.region_of(load_regions(self.targets), self.region, self.prompt)
        subjects.check_flags(self.method, self.prompt, region)
        if self.targets is not None and region is None:
            raise UsageError(f"--targets {self.targets} without a region to compare with: give one with --region")
        lm = options.load_quietly(spec)
        return Asked(subjects.subject(lm, survey, self.method, self.prompt, region, self.shots), survey, region)


def finish(result: BaseModel, tables: Iterable[Table], notes: Iterable[str], out: Path | None, as_json: bool) -> None:
    """Prints the result, and writes it if asked to. The JSON is ASCII: a model's text reaches no terminal as it is."""
    from rich.console import Console

    text = json.dumps(result.model_dump(mode="json"), indent=1)
    if as_json:
        typer.echo(text)
    else:
        console = Console()
        for table in tables:
            output.show(console, table)
            console.print()
        for line in notes:
            console.print(line, markup=False, highlight=False)
    output.write_file(out, text)
