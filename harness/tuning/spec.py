"""The frozen specification of a run: everything that decides its numbers, and a hash that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from harness.models.language_model import ModelSpec
from harness.models.planning import ScorerSpec
from harness.optimizers import OptimizerParameters, load
from harness.optimizers.gradient import Gradient
from harness.tasks.hofstede_vsm.demonstrations import DEFAULT_SHOTS
from harness.tasks.hofstede_vsm.indices import DIMENSIONS
from harness.tasks.hofstede_vsm.responses import DEFAULT_RESPONDENTS, MOST_RESPONDENTS, Asking, Response

DEFAULT_BUDGET = 150
DEFAULT_REST = 0.1
DEFAULT_BLOCK = 8
MOST_BLOCK = 1000
DEFAULT_FINALISTS = 3
MOST_FINALISTS = 64
DEFAULT_TOKENS = 10
MOST_POOL = 400
DEFAULT_PERSONA_DIMENSIONS = 64
Start = Literal["vocabulary", "persona"]
SpaceKind = Literal["full", "subspace", "personas"]
Dimension = Literal["pdi", "idv", "mas", "uai", "lto", "ivr"]
Aggregate = Literal["mean", "worst"]
REFERENCE = Gradient.name
"""Stands for back-propagation among the optimizers of a run; not black-box."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OptimizerSpec(_Frozen):
    """One optimizer of a run with its validated parameters."""

    name: str
    parameters: SerializeAsAny[OptimizerParameters]


class SpaceSpec(_Frozen):
    """Where an optimizer moves.

    Attributes:
        kind: "full" moves every embedding coordinate; "subspace" moves z of p0 + A z with a random A (black-box
            tuning, BBT); "personas" the same with the principal directions of the persona sentences' embeddings.
        dimensions: length of z; 0 for the full space, and for as many as there are, at most 64, of personas.
        box: half width of the box, in standard deviations of the token embeddings (full), of z (subspace) or of the
            persona sentences (personas); 0 takes 3, for personas 6.
    """

    kind: SpaceKind = "personas"
    dimensions: Annotated[int, Field(ge=0)] = 0
    box: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @property
    def half_width(self) -> float:
        """The box that is taken."""
        return self.box or (6.0 if self.kind == "personas" else 3.0)


class Source(_Frozen):
    """A survey or targets file: a short name and the SHA-256 of its content."""

    name: str
    digest: str


class RunSpec(_Frozen):
    """Everything that decides the numbers of a run.

    Attributes:
        regions: codes, in the order they are reported.
        budget: candidate evaluations per region, optimizer and seed.
        seeds: independent repetitions, numbered from `first_seed`.
        tokens: virtual tokens V of the soft prompt.
        start: what the first candidates are made of: embeddings of random vocabulary, or of persona sentences.
        share: whether regions share their first sample of candidates and adopt candidates evaluated for another.
        block: regions that share whose generations are answered in one go, before any of them is shown what came of
            the others; four candidates of the first sample for each. Left out where it is 8, as in runs before there
            was a choice.
        pool: candidates in the first sample; 0 takes a fifth of all evaluations, at most 400, and no more than there
            are personas where it consists of those.
        rest: tuned error, index points, at which the search for a region ends; regions that share leave their
            evaluations to the others.
        aggregate: loss over the tuning wordings: error of the mean answers, or the worse wording's error.
        penalty: index points added to the loss for each unit of a candidate's root mean square coordinate.
        finalists: best candidates of a region among which the validation wording chooses; 1 takes the best.
        shots: demonstrations of the icl baseline.
        dimensions: that are tuned and scored; the others are recorded.
        response: how an answer comes from probabilities (`Asking`).
        respondents: size of a sample of respondents, even.
        wordings: of the tuning split that are asked.
        instrument: another questionnaire that is scored and not tuned on.
        constants: named constants scheme of the indices.
        scorer: how questions are laid out for the model, or that it is measured.
    """

    model: ModelSpec
    survey: Source
    targets: Source
    regions: tuple[str, ...] = Field(min_length=1)
    optimizers: tuple[OptimizerSpec, ...] = Field(min_length=1)
    budget: Annotated[int, Field(ge=1)] = DEFAULT_BUDGET
    seeds: Annotated[int, Field(ge=1)] = 1
    first_seed: Annotated[int, Field(ge=0)] = 0
    tokens: Annotated[int, Field(ge=1)] = DEFAULT_TOKENS
    space: SpaceSpec = SpaceSpec()
    start: Start = "persona"
    share: bool = True
    block: Annotated[int, Field(ge=1, le=MOST_BLOCK, exclude_if=lambda block: block == DEFAULT_BLOCK)] = DEFAULT_BLOCK
    pool: Annotated[int, Field(ge=0)] = 0
    rest: Annotated[float, Field(ge=0, allow_inf_nan=False)] = DEFAULT_REST
    aggregate: Aggregate = "mean"
    penalty: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    finalists: Annotated[int, Field(ge=1, le=MOST_FINALISTS)] = DEFAULT_FINALISTS
    shots: Annotated[int, Field(ge=0)] = DEFAULT_SHOTS
    dimensions: tuple[Dimension, ...] = Field(default=DIMENSIONS, min_length=1)
    response: Response = "expected"
    respondents: Annotated[int, Field(ge=2, le=MOST_RESPONDENTS, multiple_of=2)] = DEFAULT_RESPONDENTS
    wordings: Literal[1, 2] = 2
    instrument: Source | None = None
    constants: Literal["midpoint"] = "midpoint"
    scorer: ScorerSpec = ScorerSpec()

    @property
    def digest(self) -> str:
        """SHA-256 of the specification, hexadecimal."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()

    @property
    def asking(self) -> Asking:
        """How the survey is asked and answered."""
        return Asking(self.response, self.respondents, self.wordings)

    @property
    def repetitions(self) -> range:
        """The numbers of the seeds."""
        return range(self.first_seed, self.first_seed + self.seeds)

    def plain(self) -> dict[str, Any]:
        """The specification as JSON values."""
        return self.model_dump(mode="json")

    @staticmethod
    def read(plain: Mapping[str, Any]) -> RunSpec:
        """The specification that `plain` gave.

        Raises:
            ValidationError: a field is missing, unknown or out of its range.
            UsageError: an optimizer is unknown.
        """
        optimizers = [
            OptimizerSpec(name=one["name"], parameters=load(one["name"]).Parameters.model_validate(one["parameters"]))
            for one in plain["optimizers"]
        ]
        return RunSpec.model_validate({**plain, "optimizers": tuple(optimizers)})

    def pool_size(self, regions: int) -> int:
        """Most candidates in the first sample that `regions` regions share."""
        total = self.budget * regions
        return min(self.pool, total) if self.pool else max(1, min(total // 5, MOST_POOL))


def generator(seed: int, *labels: str) -> np.random.Generator:
    """A branch of the seed tree: the same seed and labels give the same stream, other labels an independent one."""
    path = hashlib.sha256("\x1f".join(labels).encode()).digest()
    words = [int.from_bytes(path[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.default_rng([seed, *words])
