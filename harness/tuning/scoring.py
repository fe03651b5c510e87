"""The final score of a search: the validation wording chooses among its finalists, the held-out wordings rank it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from harness.models.language_model import LanguageModel
from harness.models.scorer import Plan
from harness.records.schema import RegionResult
from harness.tasks.hofstede_vsm.regions import scores
from harness.tuning.cells import Tuned
from harness.tuning.exam import FINAL, Exam, Examiner, Questions, kept_exam
from harness.tuning.kept import pack, unpack
from harness.tuning.ledger import Asked, Ledger, Unkept
from harness.tuning.objective import Respondent
from harness.tuning.space import Prompts, SearchSpace


@dataclass(frozen=True)
class Final:
    """What a search ended with: its prompt (V, D), what that answers, and the region's result."""

    tuned: Tuned
    prompt: Prompts
    exam: Exam
    result: RegionResult


@dataclass(frozen=True)
class Scoring:
    """Scores what searches end with.

    Attributes:
        questions: what is asked.
        virtual: V.
        plan: how the questions are laid out.
        ledger: knows what was answered before.
    """

    lm: LanguageModel
    questions: Questions
    virtual: int
    plan: Plan
    ledger: Ledger = field(default_factory=Unkept)

    def score(self, space: SearchSpace, rows: Sequence[Tuned], seed: int, name: str) -> Iterator[Final]:
        """Yields what became of each search of a seed, by the optimizer of that name, in their order."""
        about = {"phase": "heldout", "optimizer": name, "seed": seed}
        for one in rows:
            prompts = space.decode(one.vectors)
            place, validation = self._choose(one, prompts, about)
            prompt = prompts[place]
            exam = kept_exam(self.ledger, about, one.region, partial(self.examiner.answer, prompt, seed), prompt)
            result = exam.result(one.region, one.evaluations)
            facts = {"curve": one.curve, "failed": one.failed, "mae_validation": validation, "finalist": place}
            yield Final(one, prompt, exam, result.model_copy(update={**facts, "seed": seed}))

    def _choose(self, one: Tuned, prompts: Prompts, about: Mapping[str, Any]) -> tuple[int, float | None]:
        """The finalist with the lowest error on the validation wording, and that error; of one, no error is taken."""
        if len(prompts) == 1:
            return 0, None
        asked = Asked({**about, "region": one.region.code, "split": "validation"}, prompts.reshape(len(prompts), -1))
        draws = [(about["seed"], FINAL)] * len(prompts)
        answers = self.ledger.answer(
            asked,
            lambda: pack(self._validation.answer(prompts, draws), ["item_means"]),
            lambda packed: unpack(packed, len(prompts)),
        )
        losses = answers.losses(scores([one.region]))[:, 0]
        if np.isnan(losses).all():
            return 0, None
        place = int(np.nanargmin(losses))
        return place, float(losses[place])

    @cached_property
    def examiner(self) -> Examiner:
        """Asks soft prompts everything that methods are scored on."""
        return Examiner(self.lm, self.questions, self.virtual, plan=self.plan)

    @cached_property
    def _validation(self) -> Respondent:
        return self.questions.respondent(self.lm, "validation", self.virtual, self.plan)
