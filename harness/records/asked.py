"""What the records of checks that ask a model say of the questionnaire."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SurveyIdentity(BaseModel):
    """The questionnaire that was asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    digest: str
