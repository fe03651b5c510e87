"""The final score of a search: the validation wording chooses among its finalists, the held-out wordings rank it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.models.language_model import LanguageModel
from harness.models.scorer import Plan
from harness.records.schema import RegionResult
from harness.tasks.hofstede_vsm.prompts import Split
from harness.tasks.hofstede_vsm.regions import scores
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.baselines import SCORED, region_result
from harness.tuning.cells import Tuned
from harness.tuning.objective import Respondent
from harness.tuning.space import Prompts, SearchSpace


class Scoring:
    """Scores what searches end with.

    Args:
        lm: the model.
        survey: the questionnaire.
        virtual: V.
        plan: how the questions are laid out.
    """

    def __init__(self, lm: LanguageModel, survey: Survey, virtual: int, plan: Plan) -> None:
        self._lm, self._survey, self._virtual, self._plan = lm, survey, virtual, plan
        self._respondents: dict[Split, Respondent] = {}

    def score(self, space: SearchSpace, rows: Sequence[Tuned]) -> Iterator[tuple[Tuned, Prompts, RegionResult]]:
        """Yields each search's result with its prompt (V, D), in their order."""
        for one in rows:
            prompts = space.decode(one.vectors)
            place, validation = self._choose(one, prompts)
            prompt = prompts[place]
            heldout, tuning = (self._respondent(split).answer(prompt[None]) for split in SCORED)
            result = region_result(one.region, heldout, tuning, one.evaluations)
            facts = {"curve": one.curve, "failed": one.failed, "mae_validation": validation, "finalist": place}
            yield one, prompt, result.model_copy(update=facts)

    def _choose(self, one: Tuned, prompts: Prompts) -> tuple[int, float | None]:
        """The finalist with the lowest error on the validation wording, and that error; of one, no error is taken."""
        if len(prompts) == 1:
            return 0, None
        losses = self._respondent("validation").answer(prompts).losses(scores([one.region]))[:, 0]
        if np.isnan(losses).all():
            return 0, None
        place = int(np.nanargmin(losses))
        return place, float(losses[place])

    def _respondent(self, split: Split) -> Respondent:
        if split not in self._respondents:
            self._respondents[split] = Respondent(self._lm, self._survey, split, self._virtual, plan=self._plan)
        return self._respondents[split]
