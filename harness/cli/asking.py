"""What checks that ask a model share: from flags to who is asked what, and the result's way out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options, output, subjects
from harness.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.table import Table

    from harness.checks.subject import Subject
    from harness.models.language_model import LanguageModel, ModelSpec
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

    def read(self) -> tuple[Survey, Region | None]:
        """The survey and the region, without a model.

        Raises:
            UsageError: flags do not go together.
            InputError: a file cannot be read.
        """
        from harness.tasks.hofstede_vsm.demonstrations import check_shots
        from harness.tasks.hofstede_vsm.survey import load_survey
        from harness.tasks.hofstede_vsm.targets import load_regions

        check_shots(self.shots)
        survey = load_survey(self.survey)
        region = subjects.region_of(load_regions(self.targets), self.region, self.prompt)
        subjects.check_flags(self.method, self.prompt, region)
        return survey, region

    def load(self, spec: ModelSpec) -> Asked:
        """Reads files, and then the model.

        Raises:
            UsageError: flags do not go together, or nothing is compared with the targets.
            InputError: a file cannot be read.
            ModelError: the model cannot be loaded.
        """
        survey, region = self.read()
        if self.targets is not None and region is None:
            raise UsageError(f"--targets {self.targets} without a region to compare with: give one with --region")
        lm = options.load_quietly(spec)
        return Asked(self.subject(lm, survey, region), survey, region)

    def subject(self, lm: LanguageModel, survey: Survey, region: Region | None) -> Subject:
        """Who is asked.

        Raises:
            InputError: the prompt cannot be read, or is none of this model.
        """
        return subjects.subject(lm, survey, self.method, self.prompt, region, self.shots)


def finish(result: BaseModel, tables: Iterable[Table], notes: Iterable[str], out: Path | None, as_json: bool) -> None:
    """Prints the result, and writes it if asked to. The JSON is ASCII: a model's text reaches no terminal as it is."""
    output.finish(json.dumps(result.model_dump(mode="json"), indent=1), tables, notes, out, as_json, apart=True)
