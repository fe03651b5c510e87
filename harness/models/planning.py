"""Which engine, and how many candidates at once: measured when a run begins, within the memory there is.

What the clock decides must not change numbers, or equal commands would give unequal records. On a CPU, candidates are
answered together or side by side only where that gives the same bits as one by one. Between engines the last digits do
differ, so the one with less arithmetic is left only for one that is clearly faster, and the record names it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from harness.errors import UsageError
from harness.models.language_model import LanguageModel, threads
from harness.models.scorer import KINDS, Floats, Kind, LogProbabilities, Plan, Scorer, able

Choice = Literal["auto", "packed", "branches"]
CHOICES: Final[tuple[Choice, ...]] = ("auto", *KINDS)
MOST_AT_ONCE: Final = 256
_CLEARLY: Final = 0.9
_FASTER: Final = 0.97
"""Time as a share of the other's, from which an engine is left for another, and a number is doubled."""
_ROUNDS: Final = 3
_PAIRS: Final = 5
_PATIENCE: Final = 2.0
"""Seconds of measuring after which what is best so far is taken."""


class ScorerSpec(BaseModel):
    """What a user wants of the scorer.

    Attributes:
        kind: the engine; "auto" measures.
        micro_batch: candidates in one forward pass; 0 measures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Choice = "auto"
    micro_batch: Annotated[int, Field(ge=0, le=MOST_AT_ONCE)] = 0


def choose_plan(lm: LanguageModel, make: Callable[[Plan], Scorer], wanted: ScorerSpec) -> Plan:
    """Measures what the user left open.

    Args:
        lm: the model.
        make: builds the scorer of a plan.
        wanted: the user's choices.

    Raises:
        UsageError: the engine does not serve this model.
    """
    serving = able(lm)
    if wanted.kind != "auto" and wanted.kind not in serving:
        raise UsageError(
            f"--scorer {wanted.kind}: model '{lm.spec.name}' is not scored exactly in this way; give --scorer auto or "
            f"{' or '.join(serving)}"
        )
    kinds: tuple[Kind, ...] = serving if wanted.kind == "auto" else (wanted.kind,)
    scorers = [make(Plan(kind=kind)) for kind in kinds]
    trial = _Trial(lm)
    best = scorers[0] if len(scorers) == 1 else trial.fastest(scorers)
    most = max(1, min(MOST_AT_ONCE, lm.room // best.bytes_per_candidate))
    plan = best.plan
    if wanted.micro_batch:
        plan = plan.model_copy(update={"micro_batch": min(wanted.micro_batch, most)})
    if lm.device.type == "cpu":
        plan = trial.grow(best, plan, "workers", min(threads(), most // plan.micro_batch))
    if not wanted.micro_batch:
        plan = trial.grow(best, plan, "micro_batch", most // plan.workers)
    return plan


class _Trial:
    """Times plans on candidates that a search would begin with."""

    def __init__(self, lm: LanguageModel) -> None:
        self._lm = lm
        self._embeddings = lm.token_embeddings
        self._began = time.perf_counter()

    def fastest(self, scorers: Sequence[Scorer]) -> Scorer:
        """The first scorer, or one that is clearly faster; timed in turn, so that a busy moment hits all."""
        times = [self._seconds(scorer, scorer.plan) for scorer in scorers]
        for _ in range(_ROUNDS - 1):
            if not self._late:
                again = [self._seconds(scorer, scorer.plan) for scorer in scorers]
                times = list(map(min, times, again))
        rivals = [place for place, seconds in enumerate(times) if seconds < _CLEARLY * times[0]]
        return scorers[min(rivals, key=lambda place: times[place], default=0)]

    def grow(self, scorer: Scorer, plan: Plan, what: Literal["micro_batch", "workers"], most: int) -> Plan:
        """Doubles a number of the plan as long as that is faster and, on a CPU, gives the same bits."""
        while (larger := 2 * getattr(plan, what)) <= most and not self._late:
            rival = plan.model_copy(update={what: larger})
            if self._lm.device.type == "cpu" and not self._same_bits(scorer, plan, rival):
                break
            ratio = self._ratio(scorer, plan, rival)
            # A smaller micro-batch than was asked for: memory ran out on the way.
            if ratio >= _FASTER or scorer.micro_batch < rival.micro_batch:
                break
            plan = rival
        return plan

    def _ratio(self, scorer: Scorer, plan: Plan, rival: Plan) -> float:
        """Time of a candidate under the rival as a share of the plan's; the median of pairs timed in turn."""
        ratios: list[float] = []
        while len(ratios) < _PAIRS and not (ratios and self._late):
            own = self._seconds(scorer, plan)
            ratios.append(self._seconds(scorer, rival) / own)
        return statistics.median(ratios)

    @property
    def _late(self) -> bool:
        return time.perf_counter() - self._began > _PATIENCE

    def _candidates(self, scorer: Scorer, count: int) -> Floats:
        rows = np.resize(np.arange(len(self._embeddings)), count * scorer.virtual_tokens)
        return self._embeddings[rows].reshape(count, scorer.virtual_tokens, self._embeddings.shape[1])

    def _same_bits(self, scorer: Scorer, plan: Plan, rival: Plan) -> bool:
        soft = self._candidates(scorer, rival.micro_batch * rival.workers)
        return np.array_equal(_score(scorer, plan, soft), _score(scorer, rival, soft), equal_nan=True)

    def _seconds(self, scorer: Scorer, plan: Plan) -> float:
        """Of one candidate."""
        soft = self._candidates(scorer, plan.micro_batch * plan.workers)
        began = time.perf_counter()
        _score(scorer, plan, soft)
        return (time.perf_counter() - began) / len(soft)


def _score(scorer: Scorer, plan: Plan, soft: Floats) -> LogProbabilities:
    scorer.micro_batch, scorer.workers = plan.micro_batch, plan.workers
    return scorer.score(soft)
