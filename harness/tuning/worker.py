"""A model with what is asked of it, in this process: what jobs are done with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from harness.models.adapter import Base, adapter_base
from harness.models.language_model import LanguageModel, gpu_name, threads
from harness.models.scorer import Plan
from harness.records.provenance import gather
from harness.records.schema import ModelIdentity, Provenance
from harness.tasks.hofstede_vsm.prompts import Split
from harness.tuning.exam import Examiner, Questions
from harness.tuning.identity import identity
from harness.tuning.objective import Respondent
from harness.tuning.pace import Pace


class Timer(Protocol):
    """Times the answering of candidates."""

    def answering(self, candidates: int) -> AbstractContextManager[None]:
        """While so many are answered."""


@dataclass(frozen=True)
class ModelFacts:
    """What whoever has no model is told of it.

    Attributes:
        identity: as records have it.
        gap: nats by which the scorer differs from the model's own forward pass.
        base: of adapters.
        provenance: of the process that holds it.
    """

    identity: ModelIdentity
    gap: float
    base: Base
    provenance: Provenance


class Worker:
    """Answers what jobs ask; what asks a model is built once.

    Args:
        lm: the frozen model.
        questions: what is asked, and how.
    """

    def __init__(self, lm: LanguageModel, questions: Questions) -> None:
        self.lm = lm
        self.questions = questions
        self.pace: Timer | None = None
        self.respondent = cache(self._respondent)
        self.examiner = cache(self._examiner)

    def facts(self) -> ModelFacts:
        """What the driver of a run needs to know of the model."""
        provenance = gather(threads(), gpu_name(self.lm))
        return ModelFacts(identity(self.lm), self.lm.abilities.gap, adapter_base(self.lm), provenance)

    def answering(self, candidates: int) -> AbstractContextManager[None]:
        """While so many candidates are answered, which may be timed."""
        return self.pace.answering(candidates) if self.pace else nullcontext()

    @contextmanager
    def paced(self, pace: Pace) -> Iterator[None]:
        """Times what is answered meanwhile."""
        self.pace = pace
        try:
            yield
        finally:
            self.pace = None

    def _respondent(self, split: Split, virtual: int, plan: Plan | None) -> Respondent:
        """Answers a split of the survey behind V virtual tokens."""
        return self.questions.respondent(self.lm, split, virtual, plan)

    def _examiner(self, virtual: int, plan: Plan | None) -> Examiner:
        """Asks soft prompts of V tokens everything that methods are scored on."""
        return Examiner(self.lm, self.questions, virtual, plan=plan)
