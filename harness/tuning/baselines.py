"""Methods without search: null, world-mean, naive, persona and icl."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.models.language_model import LanguageModel
from harness.records.schema import RegionResult
from harness.tasks.hofstede_vsm.demonstrations import DEFAULT_SHOTS, demonstrations
from harness.tasks.hofstede_vsm.indices import CONSTANTS, Array, errors
from harness.tasks.hofstede_vsm.regions import Region, Regions, scores, world_mean
from harness.tuning.exam import Exam, Examiner, Questions, by_dimension, kept_exam
from harness.tuning.ledger import Ledger, Unkept

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
    """Scores regions without search; the naive answers are computed once. Methods of `MODEL_FREE` need no model.

    Attributes:
        ledger: knows what was answered before.
    """

    lm: LanguageModel | None
    questions: Questions
    table: Regions
    shots: int = DEFAULT_SHOTS
    ledger: Ledger = field(default_factory=Unkept)

    def score(
        self, method: str, regions: Iterable[Region], done: Callable[[], None] = lambda: None
    ) -> list[RegionResult]:
        """Scores every region under a method of `METHODS`; `done` is called after each region.

        Where answers are drawn, a result carries the seed of its sample.
        """
        drawn = self.questions.asking.noisy and method not in MODEL_FREE
        rows = []
        for score in self._scores(method, regions):
            rows.append(score.model_copy(update={"seed": self.questions.seed}) if drawn else score)
            done()
        return rows

    def _scores(self, method: str, regions: Iterable[Region]) -> Iterator[RegionResult]:
        if method in MODEL_FREE:
            constant = np.full(6, CONSTANTS["midpoint"]) if method == "null" else world_mean(self.table)
            yield from (self._without_model(region, constant) for region in regions)
        elif method == "naive":
            exam: Exam | None = None
            for region in regions:
                exam = exam or self._exam(method, region)
                yield exam.result(region, 1)
        else:
            for region in regions:
                yield self._exam(method, region).result(region, 1)

    def _exam(self, method: str, region: Region) -> Exam:
        """What the model answers; of naive, which names no region, the first one's stands for all."""
        about = {"phase": "baselines", "method": method}
        return kept_exam(self.ledger, about, region, lambda: self._examiner(method, region).answer())

    def _examiner(self, method: str, region: Region) -> Examiner:
        if self.lm is None:
            raise ValueError(f"no model given: expected one for every method but {', '.join(MODEL_FREE)}")
        if method == "naive":
            return Examiner(self.lm, self.questions)
        shown = demonstrations(self.questions.survey, region, self.shots if method == "icl" else 0)
        return Examiner(self.lm, self.questions, persona=region.name, demonstrations=shown)

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
