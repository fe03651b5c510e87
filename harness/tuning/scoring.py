"""The final score of a search: the validation wording chooses among its finalists, the held-out wordings rank it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.models.scorer import Plan
from harness.records.schema import RegionResult
from harness.tasks.hofstede_vsm.regions import scores
from harness.tuning.answering import Answer
from harness.tuning.cells import Tuned
from harness.tuning.exam import FINAL, Exam, Sit, exam_query
from harness.tuning.kept import unpack
from harness.tuning.ledger import Asked
from harness.tuning.query import Query, Search
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
        virtual: V.
        plan: how the questions are laid out.
    """

    virtual: int
    plan: Plan

    def final(self, space: SearchSpace, one: Tuned, seed: int, name: str) -> Search[Final]:
        """What becomes of one region's search in a space, by the optimizer of that name with a seed."""
        about = {"phase": "heldout", "optimizer": name, "seed": seed}
        place, validation = yield from self._choose(space, one, about)
        prompt = space.decode(one.vectors)[place]
        exam = yield exam_query(about, one.region, Sit(prompt, seed, self.plan))
        result = exam.result(one.region, one.evaluations)
        facts = {"curve": one.curve, "failed": one.failed, "mae_validation": validation, "finalist": place}
        return Final(one, prompt, exam, result.model_copy(update={**facts, "seed": seed}))

    def _choose(self, space: SearchSpace, one: Tuned, about: Mapping[str, Any]) -> Search[tuple[int, float | None]]:
        """The finalist with the lowest error on the validation wording, and that error; of one, no error is taken."""
        count = len(one.vectors)
        if count == 1:
            return 0, None
        prompts = space.decode(one.vectors)
        asked = Asked({**about, "region": one.region.code, "split": "validation"}, prompts.reshape(count, -1))
        ask = Answer(space, "validation", self.virtual, self.plan)
        job = ask.asking(one.vectors, [(about["seed"], FINAL)] * count)
        answers = yield Query(asked, job, lambda packed: unpack(packed, count))
        losses = answers.losses(scores([one.region]))[:, 0]
        if np.isnan(losses).all():
            return 0, None
        place = int(np.nanargmin(losses))
        return place, float(losses[place])
