"""What a run asks of a worker before it searches; of these answers the plan alone is part of its journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.executors.job import OneJob
from harness.models.language_model import LanguageModel
from harness.models.planning import choose_plan
from harness.models.scorer import Plan
from harness.records.schema import ScorerFacts
from harness.tasks.hofstede_vsm.demonstrations import demonstrations
from harness.tuning.brief import Brief
from harness.tuning.candidates import Candidates, Layout
from harness.tuning.exam import Examiner
from harness.tuning.identity import scorer_facts
from harness.tuning.reference import embedding_space
from harness.tuning.requirements import check_dimensions, check_personas, check_pool, check_reference
from harness.tuning.space import FullSpace
from harness.tuning.spec import REFERENCE

if TYPE_CHECKING:
    from harness.tuning.worker import ModelFacts, Worker


@dataclass(frozen=True)
class Introduce(OneJob):
    """Says who answers."""

    def do(self, worker: Worker) -> ModelFacts:
        """What the driver needs to know of the model."""
        return worker.facts()


@dataclass(frozen=True)
class Check(OneJob):
    """Refuses what could not run."""

    brief: Brief

    def do(self, worker: Worker) -> None:
        """See `check`."""
        check(self.brief, worker.lm)


@dataclass(frozen=True)
class Measure(OneJob):
    """Chooses the scorer's layout."""

    brief: Brief

    def do(self, worker: Worker) -> dict[str, Any]:
        """The plan, as JSON."""
        spec, questions = self.brief.spec, self.brief.questions
        plan = choose_plan(
            worker.lm, lambda plan: questions.respondent(worker.lm, "tuning", spec.tokens, plan).scorer, spec.scorer
        )
        return plan.model_dump(mode="json")


@dataclass(frozen=True)
class Prepared:
    """Where a run searches.

    Attributes:
        layouts: per seed.
        embeddings: where its reference descends; None where it has none.
        scorer: how the model is asked.
    """

    layouts: Mapping[int, Layout]
    embeddings: FullSpace | None
    scorer: ScorerFacts


@dataclass(frozen=True)
class Prepare(OneJob):
    """Builds search spaces and first samples."""

    brief: Brief
    plan: Plan

    def do(self, worker: Worker) -> Prepared:
        """All of them."""
        spec, lm = self.brief.spec, worker.lm
        descends = REFERENCE in [one.name for one in spec.optimizers]
        return Prepared(
            Candidates(spec, lm, self.brief.table).layouts(self.brief.regions),
            embedding_space(lm, spec.tokens) if descends else None,
            scorer_facts(lm, worker.respondent("tuning", spec.tokens, self.plan).scorer),
        )


def check(brief: Brief, lm: LanguageModel) -> None:
    """Refuses, before anything is written, what could not run.

    Raises:
        UsageError: an optimizer cannot search this space.
        ModelError: the prompts do not fit the context, or the options are not single tokens.
    """
    spec, questions, region = brief.spec, brief.questions, brief.regions[0]
    check_dimensions(spec, lm.width)
    check_reference(spec)
    check_pool(spec)
    shown = demonstrations(brief.survey, region, spec.shots)
    questions.respondent(lm, "validation", spec.tokens)
    Examiner(lm, questions, spec.tokens)
    Examiner(lm, questions, persona=region.name, demonstrations=shown)
    # Its decomposition is as large as the soft prompt is long, which fits the context by now.
    check_personas(spec, lm, brief.table)
