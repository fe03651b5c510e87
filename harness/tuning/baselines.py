"""Methods without search: null, world-mean, naive, persona and icl."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import ModelError
from harness.models.language_model import LanguageModel
from harness.records.schema import GROUPS, RegionResult
from harness.tasks.hofstede_vsm.demonstrations import DEFAULT_SHOTS, demonstrations
from harness.tasks.hofstede_vsm.indices import CONSTANTS, DIMENSIONS, Array, errors
from harness.tasks.hofstede_vsm.prompts import Split
from harness.tasks.hofstede_vsm.regions import Region, Regions, scores, world_mean
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.objective import Answers, Respondent

METHODS: Final = {
    "null": "answers 3 to everything; no model call",
    "world-mean": "the mean scores of all complete regions; no model call",
    "naive": "the survey alone, no region named; 1 evaluation",
    "persona": "asked to answer as a person from the region; 1 evaluation",
    "icl": "persona and solved demonstrations; 1 evaluation",
}
MODEL_FREE: Final = tuple(name for name, group in GROUPS.items() if group == "null")
SCORED: Final[tuple[Split, Split]] = ("heldout", "tuning")
"""The splits that every method is scored on: the headline, and what an optimizer saw."""


def by_dimension(values: Array) -> dict[str, float]:
    """(6,) index points as a mapping from dimension to number."""
    return {name: float(value) for name, value in zip(DIMENSIONS, values, strict=True)}


def region_result(region: Region, heldout: Answers, tuned: Answers, evaluations: float) -> RegionResult:
    """Builds a region's result from what one respondent answered on both splits.

    Raises:
        ModelError: an answer is not finite; nothing is imputed.
    """
    target = scores([region])
    mae, mae_tuned = float(heldout.losses(target)[0, 0]), float(tuned.losses(target)[0, 0])
    if not np.isfinite([mae, mae_tuned]).all():
        raise ModelError(
            f"the model's answers for region '{region.code}' are not finite numbers: check its weights, or load it "
            "with --dtype float32"
        )
    return RegionResult(
        region=region.code,
        indices=by_dimension(heldout.indices[0]),
        mae=mae,
        mae_tuned=mae_tuned,
        option_mass=float(heldout.option_mass[0]),
        order_gap=by_dimension(heldout.order_gap[0]),
        evaluations=evaluations,
        missing=region.missing,
    )


@dataclass(frozen=True)
class Baselines:
    """Scores regions without search; the naive answers are computed once. Methods of `MODEL_FREE` need no model."""

    lm: LanguageModel | None
    survey: Survey
    table: Regions
    shots: int = DEFAULT_SHOTS

    def score(
        self, method: str, regions: Iterable[Region], done: Callable[[], None] = lambda: None
    ) -> list[RegionResult]:
        """Scores every region under a method of `METHODS`; `done` is called after each region."""
        rows = []
        for score in self._scores(method, regions):
            rows.append(score)
            done()
        return rows

    def _scores(self, method: str, regions: Iterable[Region]) -> Iterator[RegionResult]:
        if method in MODEL_FREE:
            constant = np.full(6, CONSTANTS["midpoint"]) if method == "null" else world_mean(self.table)
            yield from (_without_model(region, constant) for region in regions)
        elif method == "naive":
            heldout, tuned = (self._respondent(split).answer() for split in SCORED)
            yield from (region_result(region, heldout, tuned, 1) for region in regions)
        else:
            for region in regions:
                shown = self.shots if method == "icl" else 0
                heldout, tuned = (self._respondent(split, region, shown).answer() for split in SCORED)
                yield region_result(region, heldout, tuned, 1)

    def _respondent(self, split: Split, region: Region | None = None, shots: int = 0) -> Respondent:
        if self.lm is None:
            raise ValueError(f"no model given: expected one for every method but {', '.join(MODEL_FREE)}")
        if region is None:
            return Respondent(self.lm, self.survey, split)
        shown = demonstrations(self.survey, region, shots)
        return Respondent(self.lm, self.survey, split, persona=region.name, demonstrations=shown)


def score_prompt(
    lm: LanguageModel, survey: Survey, regions: Iterable[Region], prompt: NDArray[np.float32]
) -> list[RegionResult]:
    """Scores a soft prompt (V, D) in front of the naive text, against every region."""
    heldout, tuned = (Respondent(lm, survey, split, len(prompt)).answer(prompt[None]) for split in SCORED)
    return [region_result(region, heldout, tuned, 1) for region in regions]


def _without_model(region: Region, indices: Array) -> RegionResult:
    error = float(errors(indices[None], scores([region]))[0, 0])
    return RegionResult(
        region=region.code,
        indices=by_dimension(indices),
        mae=error,
        mae_tuned=error,
        evaluations=0,
        missing=region.missing,
    )
