"""What a run is, apart from who answers: its specification, and what that names."""

from __future__ import annotations

from dataclasses import dataclass

from harness.tasks.hofstede_vsm.regions import Region, Regions
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.exam import Questions
from harness.tuning.spec import RunSpec


@dataclass(frozen=True)
class Brief:
    """What a run works with; `instrument` is a questionnaire that is scored and not tuned on."""

    spec: RunSpec
    survey: Survey
    table: Regions
    instrument: Survey | None = None

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions of the spec, with the scores that are aimed at."""
        return tuple(self.table[code].aiming(self.spec.dimensions) for code in self.spec.regions)

    @property
    def questions(self) -> Questions:
        """What is asked, and how."""
        return Questions(self.survey, self.instrument, self.spec.asking, self.spec.first_seed)
