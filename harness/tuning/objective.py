"""The objective: a soft prompt answers the survey once, and the item means give every region's error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.models.language_model import LanguageModel
from harness.models.scorer import Plan, Scorer
from harness.tasks.hofstede_vsm.answers import expected_answers, item_means, option_mass
from harness.tasks.hofstede_vsm.indices import CONSTANTS, Array, errors, indices
from harness.tasks.hofstede_vsm.prompts import Demonstration, Split, reversed_order, survey_prompts
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.spec import Aggregate


@dataclass(frozen=True)
class Answers:
    """What P respondents answered on one split.

    Attributes:
        item_means: (P, 24), 1 to 5; NaN rows are failed candidates.
        option_mass: (P,) probability on the five options, mean over prompts.
        order_gap: (P, 6) index under forward minus index under reversed option order, index points.
        halves: (P, 2, 24) the same means over the prompts in forward and in reversed option order; on the tuning
            split each half is a wording of its own.
    """

    item_means: Array
    option_mass: Array
    order_gap: Array
    halves: Array

    @property
    def indices(self) -> Array:
        """(P, 6) index points, midpoint constants."""
        return indices(self.item_means, CONSTANTS["midpoint"])

    def losses(self, targets: Array, aggregate: Aggregate = "mean") -> Array:
        """(P, R) mean absolute error in index points against (R, 6) scores.

        Args:
            targets: (R, 6) scores, NaN where there is none.
            aggregate: "mean" takes the answers' mean over both halves; "worst" the half with the larger error.
        """
        if aggregate == "mean":
            return errors(self.indices, targets)
        first, second = (errors(half, targets) for half in self._half_indices)
        return np.maximum(first, second)

    def outputs(self, aggregate: Aggregate = "mean") -> Array:
        """(P, m) the index points that the loss compares with scores: 6, or 6 of each half for "worst"."""
        return self.indices if aggregate == "mean" else np.concatenate(self._half_indices, axis=1)

    def rows(self, begin: int, end: int) -> Answers:
        """Those of respondents `begin` to `end`."""
        part = slice(begin, end)
        return Answers(self.item_means[part], self.option_mass[part], self.order_gap[part], self.halves[part])

    @property
    def _half_indices(self) -> list[Array]:
        return [indices(self.halves[:, half], CONSTANTS["midpoint"]) for half in (0, 1)]


def goals(targets: Array, aggregate: Aggregate = "mean") -> Array:
    """(R, m) what `Answers.outputs` should be for (R, 6) scores."""
    return targets if aggregate == "mean" else np.concatenate([targets, targets], axis=1)


class Respondent:
    """A model that answers one split of a survey, with soft prompts or without.

    Args:
        lm: the frozen model.
        survey: the questionnaire.
        split: which wordings are asked.
        virtual_tokens: V of the soft prompts; 0 for a bare prompt.
        persona: a region's name for the persona baseline.
        demonstrations: solved questions for in-context learning.
        plan: how the questions are laid out; by default as it takes the least arithmetic.
    """

    def __init__(
        self,
        lm: LanguageModel,
        survey: Survey,
        split: Split,
        virtual_tokens: int = 0,
        persona: str | None = None,
        demonstrations: tuple[Demonstration, ...] = (),
        plan: Plan | None = None,
    ) -> None:
        self._prompts = survey_prompts(survey, split, persona, demonstrations)
        self._bare = np.zeros((1, 0, lm.width), dtype=np.float32)
        self.scorer = Scorer(lm, [prompt.text for prompt in self._prompts], virtual_tokens, plan)

    def answer(self, soft_prompts: NDArray[np.float32] | None = None) -> Answers:
        """Answers with each of (P, V, D) soft prompts, or once with the bare prompt."""
        logs = self.scorer.score(self._bare if soft_prompts is None else soft_prompts)
        answers = expected_answers(logs, reversed_order(self._prompts))
        half = len(self._prompts) // 2
        gap = indices(answers[:, :half]) - indices(answers[:, half:])
        halves = np.stack([answers[:, :half], answers[:, half:]], axis=1)
        return Answers(item_means(logs, self._prompts), option_mass(logs), gap, halves)
