"""The schema of a check on another instrument: what a model answers there, and how close that is to people."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.records.schema import ModelIdentity, Provenance


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Frozen):
    """A mean over questions.

    Attributes:
        low: lower end of its 95 % interval over questions; None where there is none.
        high: upper end.
    """

    mean: float
    low: float | None
    high: float | None


class Answerer(_Frozen):
    """Who answers, and how well.

    Attributes:
        who: the subject, naive, world (the mean of the other countries) or uniform.
        score: the instrument's metric.
        close: share of questions at a distance below 0.2; None for other metrics.
        option_mass: mean probability on the letters of the options, before they are made to sum to 1; None without a
            model.
        order_gap: mean total variation between the answers under forward and reversed option order, 0 to 1.
    """

    who: str
    score: Estimate
    close: float | None
    option_mass: float | None
    order_gap: float | None


class Part(_Frozen):
    """The questions of one dimension, domain, source or category.

    Attributes:
        dimension: of Hofstede's six; None for instruments without.
        group: None where the part is a whole dimension.
        score: of the subject.
        naive: of the naive model; None where that is the subject.
        published: the region's score in index points, where a dimension has one.
    """

    dimension: str | None
    group: str | None
    questions: int
    score: float
    naive: float | None
    difference: Estimate | None
    published: float | None


class Near(_Frozen):
    """A country, and the subject's mean score against its people over those questions of the check that they answered.

    Attributes:
        own: whether it is the region of the check.
    """

    country: str
    score: float
    questions: int
    own: bool


class Answer(_Frozen):
    """One question: the subject's probabilities in the order of the file, mean of both orders, and the scores."""

    question: str
    probabilities: tuple[float, ...]
    score: float
    naive: float | None


class Transfer(_Frozen):
    """One subject on one instrument.

    Attributes:
        metric: preference (probability of the first option), similarity (1 - Jensen-Shannon distance, base 2) or
            distance (Wasserstein-1, scale from 0 to 1).
        file: of the questions; `digest` is the SHA-256 of all files read.
        labels: under which the file has the region's people.
        available: questions that could have been asked; `questions` were, chosen by `seed` where they are fewer.
        left_out: what of the files was not read, and why.
        difference: subject minus naive, question by question; None where the subject is naive.
        nearest: countries, the nearest first; all that answered at least half of the questions.
    """

    schema_version: Literal[1] = 1
    benchmark: str
    metric: Literal["preference", "similarity", "distance"]
    file: str
    digest: str
    model: ModelIdentity
    subject: str
    region: str | None
    labels: tuple[str, ...]
    available: int
    questions: int
    seed: int
    left_out: tuple[str, ...]
    answerers: tuple[Answerer, ...]
    difference: Estimate | None
    parts: tuple[Part, ...]
    nearest: tuple[Near, ...]
    answers: tuple[Answer, ...]
    provenance: Provenance
