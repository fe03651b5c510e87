"""Which engine, and how many candidates at once: measured when a run begins, within the memory there is.

What is chosen by the clock must not change numbers. A micro-batch does not (tests); between engines the last digits
differ, so the one with less arithmetic is left only for one that is clearly faster, and the record names it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from harness.errors import UsageError
from harness.models.language_model import LanguageModel
from harness.models.scorer import KINDS, Kind, Plan, Scorer, able

Choice = Literal["auto", "packed", "branches"]
CHOICES: Final[tuple[Choice, ...]] = ("auto", *KINDS)
MOST_AT_ONCE: Final = 256
_GAIN: Final = 0.9
"""Time, as a share of the other's, from which a choice is clearly faster."""
_ROUNDS: Final = 3
_PATIENCE: Final = 10.0
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
    clock = _Clock(lm)
    scorers = [make(Plan(kind=kind)) for kind in kinds]
    best = scorers[0] if len(scorers) == 1 else _fastest(scorers, clock)
    most = max(1, min(MOST_AT_ONCE, lm.room // best.bytes_per_candidate))
    size = min(wanted.micro_batch, most) or _micro_batch(best, most, clock)
    return Plan(kind=best.plan.kind, micro_batch=size)


class _Clock:
    """Times scorers on candidates that a search would begin with."""

    def __init__(self, lm: LanguageModel) -> None:
        self._embeddings = lm.token_embeddings
        self._began = time.perf_counter()

    @property
    def late(self) -> bool:
        return time.perf_counter() - self._began > _PATIENCE

    def seconds(self, scorer: Scorer, candidates: int) -> float:
        """Of one candidate, when so many are answered together."""
        rows = np.resize(np.arange(len(self._embeddings)), candidates * scorer.virtual_tokens)
        soft = self._embeddings[rows].reshape(candidates, scorer.virtual_tokens, self._embeddings.shape[1])
        scorer.micro_batch = candidates
        began = time.perf_counter()
        scorer.score(soft)
        return (time.perf_counter() - began) / candidates


def _fastest(scorers: list[Scorer], clock: _Clock) -> Scorer:
    """The first scorer, or one that is clearly faster; timed in turn, so that a busy moment hits all."""
    times = [min(clock.seconds(scorer, 1) for _ in range(2)) for scorer in scorers]
    for _ in range(_ROUNDS - 1):
        if not clock.late:
            times = [min(known, clock.seconds(s, 1)) for known, s in zip(times, scorers, strict=True)]
    rivals = [place for place, seconds in enumerate(times) if seconds < _GAIN * times[0]]
    return scorers[min(rivals, key=lambda place: times[place], default=0)]


def _micro_batch(scorer: Scorer, most: int, clock: _Clock) -> int:
    """The largest of 1, 2, 4, ... candidates that each was clearly faster than the one before."""
    size, known = 1, min(clock.seconds(scorer, 1) for _ in range(2))
    while 2 * size <= most and not clock.late:
        seconds = min(clock.seconds(scorer, 2 * size) for _ in range(2))
        if scorer.micro_batch < 2 * size or seconds >= _GAIN * known:
            break
        size, known = 2 * size, seconds
    return size
