"""The objective: a soft prompt answers the survey once, and the item means give every region's error."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from harness.models.language_model import LanguageModel
from harness.models.scorer import Plan, Scorer
from harness.tasks.hofstede_vsm.answers import entropy, expected_answers, mean_answers, option_mass
from harness.tasks.hofstede_vsm.indices import CONSTANTS, DIMENSIONS, Array, errors, indices
from harness.tasks.hofstede_vsm.prompts import Demonstration, Split, reversed_order, survey_prompts
from harness.tasks.hofstede_vsm.responses import EXPECTED, Asking, greedy_answers, sampled_answers, sampling_error
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.spec import Aggregate, generator

Draw = tuple[int, int]
"""Seed and number of a sample of respondents."""


@dataclass(frozen=True)
class Answers:
    """What P respondents answered on one split.

    Attributes:
        item_means: (P, 24), 1 to 5; NaN rows are failed candidates.
        option_mass: (P,) probability on the five options, mean over prompts.
        order_gap: (P, 6) index under forward minus index under reversed option order, index points.
        halves: (P, 2, 24) the same means over the prompts in forward and in reversed option order; on the tuning
            split each half is a wording of its own.
        entropy: (P,) how evenly answers spread over the options, 0 to 1.
        sampling_error: (P, 6) standard deviation of the indices between samples of respondents, index points; NaN
            where answers are not drawn.
    """

    item_means: Array
    option_mass: Array
    order_gap: Array
    halves: Array
    entropy: Array
    sampling_error: Array

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
        return Answers(*(getattr(self, field.name)[begin:end] for field in fields(self)))

    @staticmethod
    def stack(parts: Sequence[Answers]) -> Answers:
        """Those of several, at least one, in their order."""
        return Answers(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Answers)))

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
        asking: how answers come from probabilities, and how many wordings the tuning split asks.
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
        asking: Asking = EXPECTED,
    ) -> None:
        self._prompts = survey_prompts(survey, split, persona, demonstrations, asking.wordings)
        self._asking = asking
        self._bare = np.zeros((1, 0, lm.width), dtype=np.float32)
        self.scorer = Scorer(lm, [prompt.text for prompt in self._prompts], virtual_tokens, plan)

    def answer(self, soft_prompts: NDArray[np.float32] | None = None, draws: Sequence[Draw] = ()) -> Answers:
        """Answers with each of (P, V, D) soft prompts, or once with the bare prompt.

        Args:
            soft_prompts: in front of the prompts.
            draws: for each, seed and number of its sample of respondents, (0, 0) if left out; equal draws give equal
                answers.
        """
        fronts = self._bare if soft_prompts is None else soft_prompts
        logs = self.scorer.score(fronts)
        backwards = reversed_order(self._prompts)
        if self._asking.response == "greedy":
            answers = greedy_answers(logs, backwards)
        elif self._asking.response == "sample":
            answers = self._sample(fronts, logs, backwards, draws or [(0, 0)] * len(fronts))
        else:
            answers = expected_answers(logs, backwards)
        half = len(self._prompts) // 2
        halves = np.stack([answers[:, :half], answers[:, half:]], axis=1)
        gap = indices(halves[:, 0]) - indices(halves[:, 1])
        noise = np.full((len(logs), len(DIMENSIONS)), np.nan)
        if self._asking.noisy:
            noise = sampling_error(logs, self._asking.respondents)
        means = mean_answers(answers, self._prompts)
        return Answers(means, option_mass(logs), gap, halves, entropy(logs), noise)

    def _sample(
        self, fronts: NDArray[np.float32], logs: Array, backwards: NDArray[np.bool_], draws: Sequence[Draw]
    ) -> Array:
        """(P, N) mean answers; which ones are drawn depends on prompts, soft prompt and draw alone."""
        text = hashlib.sha256("\x1f".join(prompt.text for prompt in self._prompts).encode()).hexdigest()
        rows = []
        for front, row, (seed, number) in zip(fronts, logs, draws, strict=True):
            soft = hashlib.sha256(np.ascontiguousarray(front).tobytes()).hexdigest()
            rng = generator(seed, "respondents", text, soft, str(number))
            rows.append(sampled_answers(row, backwards, self._asking.respondents // 2, rng))
        return np.array(rows).reshape(len(fronts), len(self._prompts))
