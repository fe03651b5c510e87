"""What the records of checks that ask a model the survey have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.records.schema import ModelIdentity, Provenance


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SurveyIdentity(_Frozen):
    """The questionnaire that was asked."""

    name: str
    version: str
    digest: str


class AskedCheck(_Frozen):
    """Who was asked what.

    Attributes:
        check: name of the check.
        method: the baseline's name, or the folder of the soft prompt.
        shots: demonstrations shown.
        region: code of the region that is named and compared with, None for none.
        targets: the region's published scores by dimension, those that it has; None without a region.
    """

    schema_version: Literal[1] = 1
    check: str
    model: ModelIdentity
    provenance: Provenance
    survey: SurveyIdentity
    method: str
    shots: int
    region: str | None
    targets: dict[str, float] | None
