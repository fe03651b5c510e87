"""What the record of every check that asks the survey begins with."""

from __future__ import annotations

from typing import Any

from harness.checks.subject import Subject
from harness.models.language_model import gpu_name, threads
from harness.records.asked import SurveyIdentity
from harness.records.provenance import gather
from harness.tasks.hofstede_vsm.regions import Region
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.identity import identity


def header(subject: Subject, survey: Survey, region: Region | None) -> dict[str, Any]:
    """The fields of `AskedCheck`, but for the check's name."""
    return {
        "model": identity(subject.lm),
        "provenance": gather(threads(), gpu_name(subject.lm)),
        "survey": SurveyIdentity(name=survey.name, version=survey.version, digest=survey.digest),
        "method": subject.name,
        "shots": len(subject.demonstrations),
        "region": region.code if region else None,
        "targets": region.published if region else None,
    }
