"""Methods without search: null, world-mean, naive, persona and icl."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.executors.local import Local
from harness.models.language_model import LanguageModel
from harness.records.schema import RegionResult
from harness.tasks.hofstede_vsm.demonstrations import DEFAULT_SHOTS, demonstrations
from harness.tasks.hofstede_vsm.indices import CONSTANTS, Array, errors
from harness.tasks.hofstede_vsm.regions import Region, Regions, scores, world_mean
from harness.tuning.dispatch import Dispatcher
from harness.tuning.exam import Examiner, Questions, Sit, by_dimension, exam_query
from harness.tuning.query import Search
from harness.tuning.worker import Worker

METHODS: Final = {
    "null": "answers 3 to everything; no model call",
    "world-mean": "the mean scores of all complete regions; no model call",
    "naive": "the survey alone, no region named; 1 evaluation",
    "persona": "asked to answer as a person from the region; 1 evaluation",
    "icl": "persona and solved demonstrations; 1 evaluation",
}
MODEL_FREE: Final = ("null", "world-mean")


@dataclass(frozen=True)
class Baselines:
    """Scores regions without search; naive, which names no region, answers once for all of them."""

    questions: Questions
    table: Regions
    shots: int = DEFAULT_SHOTS

    def model_free(self, method: str, regions: Iterable[Region]) -> list[RegionResult]:
        """Scores every region under a method of `MODEL_FREE`."""
        constant = np.full(6, CONSTANTS["midpoint"]) if method == "null" else world_mean(self.table)
        return [self._without_model(region, constant) for region in regions]

    def searches(
        self, method: str, regions: Sequence[Region], done: Callable[[], None]
    ) -> list[Search[list[RegionResult]]]:
        """What finds the regions' results under any method, in parts; `done` is called for each region.

        Where answers are drawn, a result carries the seed of its sample.
        """
        together = method in (*MODEL_FREE, "naive")
        parts = [regions] if together else [[region] for region in regions]
        return [self._part(method, part, done) for part in parts]

    def score(self, lm: LanguageModel | None, method: str, regions: Sequence[Region]) -> list[RegionResult]:
        """Scores every region under any method, in this process; those of `MODEL_FREE` need no model."""
        if method in MODEL_FREE:
            return self.model_free(method, regions)
        if lm is None:
            raise ValueError(f"no model given: expected one for every method but {', '.join(MODEL_FREE)}")
        searches = self.searches(method, regions, lambda: None)
        return [row for rows in Dispatcher(Local(Worker(lm, self.questions))).run(searches) for row in rows]

    def _part(self, method: str, regions: Sequence[Region], done: Callable[[], None]) -> Search[list[RegionResult]]:
        if method in MODEL_FREE:
            rows = self.model_free(method, regions)
        else:
            # Of several regions, the first one's answers stand for all.
            about = {"phase": "baselines", "method": method}
            exam = yield exam_query(about, regions[0], self._sit(method, regions[0]))
            rows = [exam.result(region, 1) for region in regions]
            if self.questions.asking.noisy:
                rows = [row.model_copy(update={"seed": self.questions.seed}) for row in rows]
        for _ in rows:
            done()
        return rows

    def _sit(self, method: str, region: Region) -> Sit:
        if method == "naive":
            return Sit()
        shown = demonstrations(self.questions.survey, region, self.shots if method == "icl" else 0)
        return Sit(persona=region.name, demonstrations=tuple(shown))

    def _without_model(self, region: Region, indices: Array) -> RegionResult:
        error = float(errors(indices[None], scores([region]))[0, 0])
        other = self.questions.instrument is not None
        return RegionResult(
            region=region.code,
            indices=by_dimension(indices),
            mae=error,
            mae_tuned=error,
            mae_instrument=error if other else None,
            indices_instrument=by_dimension(indices) if other else None,
            evaluations=0,
            missing=region.missing,
        )


def score_prompt(
    lm: LanguageModel, questions: Questions, regions: Iterable[Region], prompt: NDArray[np.float32]
) -> list[RegionResult]:
    """Scores a soft prompt (V, D) in front of the naive text, against every region."""
    exam = Examiner(lm, questions, len(prompt)).answer(prompt)
    return [exam.result(region, 1) for region in regions]
