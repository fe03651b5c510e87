"""What every method of a run is scored on: held-out and tuning wordings, and another questionnaire if there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import ModelError
from harness.executors.job import OneJob
from harness.models.language_model import LanguageModel
from harness.models.scorer import Plan
from harness.records.schema import RegionResult
from harness.tasks.hofstede_vsm.indices import DIMENSIONS, Array
from harness.tasks.hofstede_vsm.prompts import Demonstration, Split
from harness.tasks.hofstede_vsm.regions import Region, scores
from harness.tasks.hofstede_vsm.responses import EXPECTED, Asking
from harness.tasks.hofstede_vsm.survey import Survey
from harness.tuning.kept import pack, unpack
from harness.tuning.ledger import Asked
from harness.tuning.objective import Answers, Draw, Respondent
from harness.tuning.query import Query

if TYPE_CHECKING:
    from harness.tuning.worker import Worker

SCORED: Final[tuple[Split, Split]] = ("heldout", "tuning")
"""The splits that every method is scored on: the headline, and what an optimizer saw."""
EXAMS: Final = (*SCORED, "instrument")
FINAL: Final = -1
"""Number of the sample of respondents that final scores are drawn from; a search draws those from 0."""


@dataclass(frozen=True)
class Questions:
    """What is asked, and how.

    Attributes:
        survey: tuned on and scored on.
        instrument: another questionnaire, whose held-out wordings are asked too and nothing is tuned on.
        asking: how answers come from probabilities.
        seed: of samples of respondents where no search has a seed of its own.
    """

    survey: Survey
    instrument: Survey | None = None
    asking: Asking = EXPECTED
    seed: int = 0

    def respondent(self, lm: LanguageModel, split: Split, virtual: int = 0, plan: Plan | None = None) -> Respondent:
        """Answers one split of the survey behind soft prompts."""
        return Respondent(lm, self.survey, split, virtual, plan=plan, asking=self.asking)


@dataclass(frozen=True)
class Exam:
    """What one respondent answered, P = 1."""

    heldout: Answers
    tuning: Answers
    instrument: Answers | None

    def result(self, region: Region, evaluations: float) -> RegionResult:
        """A region's result.

        Raises:
            ModelError: an answer is not finite; nothing is imputed.
        """
        mae, mae_tuned = self._error(self.heldout, region), self._error(self.tuning, region)
        other = self.instrument
        noise = self.heldout.sampling_error[0]
        return RegionResult(
            region=region.code,
            indices=by_dimension(self.heldout.indices[0]),
            mae=mae,
            mae_tuned=mae_tuned,
            option_mass=float(self.heldout.option_mass[0]),
            order_gap=by_dimension(self.heldout.order_gap[0]),
            entropy=float(self.heldout.entropy[0]),
            sampling_error=by_dimension(noise) if np.isfinite(noise).all() else None,
            mae_instrument=None if other is None else self._error(other, region),
            indices_instrument=None if other is None else by_dimension(other.indices[0]),
            evaluations=evaluations,
            missing=region.missing,
        )

    def pack(self) -> dict[str, Any]:
        """As JSON."""
        return {name: pack(answers) for name in EXAMS if (answers := getattr(self, name)) is not None}

    @staticmethod
    def unpack(packed: Mapping[str, Any]) -> Exam:
        """From JSON."""
        heldout, tuning, other = (unpack(packed[name], 1) if name in packed else None for name in EXAMS)
        if heldout is None or tuning is None:
            raise ValueError(f"an exam of {', '.join(packed)}: expected heldout and tuning")
        return Exam(heldout, tuning, other)

    @staticmethod
    def _error(answers: Answers, region: Region) -> float:
        error = float(answers.losses(scores([region]))[0, 0])
        if not np.isfinite(error):
            raise ModelError(
                f"the model's answers for region '{region.code}' are not finite numbers: check its weights, or load it "
                "with --dtype float32"
            )
        return error


class Examiner:
    """One way of asking, put before everything that methods are scored on.

    Args:
        lm: the frozen model.
        questions: what is asked.
        virtual: V of the soft prompts; 0 for a bare prompt.
        persona: a region's name that every prompt names.
        demonstrations: solved questions shown first.
        plan: how the questions are laid out.
    """

    def __init__(
        self,
        lm: LanguageModel,
        questions: Questions,
        virtual: int = 0,
        persona: str | None = None,
        demonstrations: Sequence[Demonstration] = (),
        plan: Plan | None = None,
    ) -> None:
        def respondent(survey: Survey, split: Split) -> Respondent:
            return Respondent(lm, survey, split, virtual, persona, tuple(demonstrations), plan, questions.asking)

        self._seed = questions.seed
        self._heldout, self._tuning = (respondent(questions.survey, split) for split in SCORED)
        self._instrument = respondent(questions.instrument, "heldout") if questions.instrument else None

    def answer(self, prompt: NDArray[np.float32] | None = None, seed: int | None = None) -> Exam:
        """Answers everything behind one soft prompt (V, D), or bare; `seed` is that of the search, if there was one."""
        fronts = None if prompt is None else prompt[None]
        draws: list[Draw] = [(self._seed if seed is None else seed, FINAL)]
        return Exam(
            self._heldout.answer(fronts, draws),
            self._tuning.answer(fronts, draws),
            self._instrument.answer(fronts, draws) if self._instrument else None,
        )


@dataclass(frozen=True)
class Sit(OneJob):
    """Sits the exam.

    Attributes:
        prompt: (V, D) that stands in front, None for none.
        seed: of the search that it came from; None where there was none.
        plan: how the questions are laid out behind a soft prompt.
        persona, demonstrations: of a bare prompt.
    """

    prompt: NDArray[np.float32] | None = None
    seed: int | None = None
    plan: Plan | None = None
    persona: str | None = None
    demonstrations: tuple[Demonstration, ...] = ()

    def do(self, worker: Worker) -> dict[str, Any]:
        """What is answered, as JSON."""
        if self.prompt is not None:
            return worker.examiner(len(self.prompt), self.plan).answer(self.prompt, self.seed).pack()
        return Examiner(worker.lm, worker.questions, 0, self.persona, self.demonstrations).answer().pack()


def exam_query(about: Mapping[str, Any], region: Region, sit: Sit) -> Query:
    """An exam for a region, whose answers must be finite.

    Args:
        about: what it is an exam of, with its phase.
        region: that it is for.
        sit: how.
    """

    def read(packed: dict[str, Any]) -> Exam:
        exam = Exam.unpack(packed)
        exam.result(region, 0)
        return exam

    vectors = np.zeros((0, 0)) if sit.prompt is None else sit.prompt.reshape(1, -1)
    return Query(Asked({**about, "region": region.code}, vectors), sit, read)


def by_dimension(values: Array) -> dict[str, float]:
    """(6,) index points as a mapping from dimension to number."""
    return {name: float(value) for name, value in zip(DIMENSIONS, values, strict=True)}
