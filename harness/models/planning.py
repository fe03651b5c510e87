"""Which engine, and how many candidates at once: measured when a run begins, within the memory there is.

What the clock decides should not change numbers, or equal commands would give unequal records. Engines differ in the
last digits, so the one with less arithmetic is left only for one that is clearly faster. So do numbers of candidates in
one pass; on a CPU, where one at a time is as fast as any (`harness bench scorer` shows it), that is not left to the
clock. On a GPU it decides how fast a run is, and is measured; --micro-batch sets it.
"""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from harness.errors import ModelError, UsageError
from harness.models.language_model import LanguageModel, threads
from harness.models.scorer import KINDS, Kind, Plan, Scorer, able

Choice = Literal["auto", "packed", "branches"]
CHOICES: Final[tuple[Choice, ...]] = ("auto", *KINDS)
MOST_AT_ONCE: Final = 256
_log = logging.getLogger(__name__)
_CLEARLY: Final = 0.9
_FASTER: Final = 0.97
"""Time as a share of the other's, from which an engine is left for another, and a micro-batch is doubled."""
_ROUNDS: Final = 3
_PAIRS: Final = 5
_PATIENCE: Final = 2.0
"""Seconds of measuring after which what is best so far is taken."""


class ScorerSpec(BaseModel):
    """What a user wants of the scorer.

    Attributes:
        kind: the engine; "auto" measures.
        micro_batch: candidates in one forward pass; 0 is one on a CPU, and measured elsewhere.
        workers: forward passes side by side on a CPU; 0 is one for each thread.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Choice = "auto"
    micro_batch: Annotated[int, Field(ge=0, le=MOST_AT_ONCE)] = 0
    workers: Annotated[int, Field(ge=0, le=MOST_AT_ONCE)] = 0


def choose_plan(lm: LanguageModel, make: Callable[[Plan], Scorer], wanted: ScorerSpec) -> Plan:
    """Measures what the user left open.

    Args:
        lm: the model.
        make: builds the scorer of a plan.
        wanted: the user's choices.

    Raises:
        UsageError: the engine does not serve this model.
        ModelError: a candidate does not fit the memory.
    """
    serving = able(lm)
    if wanted.kind != "auto" and wanted.kind not in serving:
        raise UsageError(
            f"--scorer {wanted.kind}: model '{lm.spec.name}' is not scored exactly in this way; give --scorer auto or "
            f"{' or '.join(serving)}"
        )
    kinds: tuple[Kind, ...] = serving if wanted.kind == "auto" else (wanted.kind,)
    scorers = _that_fit(kinds, make)
    trial = _Trial(lm)
    best = scorers[0] if len(scorers) == 1 else trial.fastest(scorers)
    most = max(1, min(MOST_AT_ONCE, lm.room // best.bytes_per_candidate))
    if lm.device.type == "cpu":
        together = min(wanted.micro_batch or 1, most)
        plan = Plan(kind=best.plan.kind, micro_batch=together, workers=_workers(wanted.workers, most // together))
    else:
        plan = Plan(kind=best.plan.kind, micro_batch=min(wanted.micro_batch, most) or trial.micro_batch(best, most))
    for flag, asked, taken in (
        ("--micro-batch", wanted.micro_batch, plan.micro_batch),
        ("--workers", wanted.workers, plan.workers),
    ):
        if taken < asked:
            _log.warning("%s %d: going on with %d, which memory holds and threads share", flag, asked, taken)
    return plan


def _that_fit(kinds: Sequence[Kind], make: Callable[[Plan], Scorer]) -> list[Scorer]:
    """The scorers that fit the memory; if none does, the first one's need is told."""
    scorers, refusals = [], []
    for kind in kinds:
        try:
            scorers.append(make(Plan(kind=kind)))
        except ModelError as error:
            refusals.append(error)
    if not scorers:
        raise refusals[0]
    return scorers


def _workers(wanted: int, most: int) -> int:
    """Passes that share the threads evenly, as many as wanted and no more than memory holds."""
    most = min(most, wanted or threads(), threads())
    return max((one for one in range(1, most + 1) if threads() % one == 0), default=1)


class _Trial:
    """Times scorers on candidates that a search would begin with."""

    def __init__(self, lm: LanguageModel) -> None:
        self._embeddings = lm.token_embeddings
        self._began = time.perf_counter()

    def fastest(self, scorers: Sequence[Scorer]) -> Scorer:
        """The first scorer, or one that is clearly faster in every round; timed in turn, for a busy moment hits all."""
        rounds = [times for _ in range(_ROUNDS) if (times := self._round(scorers))]
        rivals = [
            place
            for place in range(1, len(scorers))
            if rounds and all(times[place] < _CLEARLY * times[0] for times in rounds)
        ]
        return scorers[min(rivals, key=lambda place: min(times[place] for times in rounds), default=0)]

    def _round(self, scorers: Sequence[Scorer]) -> list[float]:
        """Seconds of one candidate for each; nothing where a model is so slow that there is no time to measure all."""
        times: list[float] = []
        for scorer in scorers:
            if self._late:
                return []
            times.append(self._seconds(scorer, 1))
        return times

    def micro_batch(self, scorer: Scorer, most: int) -> int:
        """The largest of 1, 2, 4, ... candidates that was faster, for each of them, than the one before."""
        size = 1
        while 2 * size <= most and not self._late:
            ratios: list[float] = []
            while len(ratios) < _PAIRS and not (ratios and self._late):
                own = self._seconds(scorer, size)
                ratios.append(self._seconds(scorer, 2 * size) / own)
            # A smaller micro-batch than was asked for: memory ran out on the way.
            if statistics.median(ratios) >= _FASTER or scorer.micro_batch < 2 * size:
                break
            size *= 2
        return size

    @property
    def _late(self) -> bool:
        return time.perf_counter() - self._began > _PATIENCE

    def _seconds(self, scorer: Scorer, together: int) -> float:
        """Of one candidate, when so many are answered in one pass."""
        rows = np.resize(np.arange(len(self._embeddings)), together * scorer.virtual_tokens)
        soft = self._embeddings[rows].reshape(together, scorer.virtual_tokens, self._embeddings.shape[1])
        scorer.micro_batch = together
        began = time.perf_counter()
        scorer.score(soft)
        return (time.perf_counter() - began) / together
