"""What workers on a cluster gain."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from harness.benchmarks import crews
from harness.executors.ray_cluster import Cluster
from harness.executors.scheduler import Scheduler
from harness.models.language_model import ModelSpec
from harness.models.scorer import Plan
from harness.records.benchmark import Spread
from harness.records.executors import ScalingRow
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.answering import Answer
from harness.tuning.brief import Brief
from harness.tuning.candidates import grounds
from harness.tuning.dispatch import Dispatcher
from harness.tuning.hire import Hire
from harness.tuning.preparing import Measure, Prepare, Prepared


def scaling(
    address: str | None, counts: Sequence[int], rounds: int, candidates: int, tell: crews.Tell
) -> list[ScalingRow]:
    """Rates of the bundled respondent on some numbers of workers of one thread, round by round in turn.

    Args:
        address: of a cluster, None for the usual one.
        counts: of workers; the first is what the others are held against.
        rounds: in which every number has its turn.
        candidates: of a turn.
        tell: is told what comes next.
    """
    brief = Brief(crews.spec_of(ModelSpec(), candidates), load_survey(), load_regions())
    make = Hire.of(brief.spec.model, brief.questions, 1)
    turns: dict[int, list[_Turn]] = {count: [] for count in counts}
    with ExitStack() as stack:
        schedulers = [stack.enter_context(crews.crew(Cluster(address, 0), make, count)) for count in counts]
        plan = Plan.model_validate(Dispatcher(schedulers[0]).do(Measure(brief)))
        prepared: Prepared = Dispatcher(schedulers[0]).do(Prepare(brief, plan))
        for number in range(-1, rounds):
            for count, scheduler in zip(counts, schedulers, strict=True):
                tell(
                    f"round {number + 1} of {rounds}: {count} workers"
                    if number >= 0
                    else f"{count} workers, to warm up"
                )
                turn = _turn(scheduler, brief, prepared, plan, count)
                turns[count] += [turn] if number >= 0 else []
    first = turns[counts[0]]
    return [
        ScalingRow(
            workers=count,
            candidates_per_second=Spread.of([one.rate for one in mine]),
            of_linear=Spread.of([a.rate / b.rate * counts[0] / count for a, b in zip(mine, first, strict=True)]),
            utilisation=Spread.of([one.utilisation for one in mine]),
            driver_ms=Spread.of([one.driver_ms for one in mine]),
            alone=Spread.of([a.alone / b.alone for a, b in zip(mine, first, strict=True)]),
        )
        for count, mine in turns.items()
    ]


@dataclass(frozen=True)
class _Turn:
    """What some workers did in a round; `alone` is their rate with nothing to wait for."""

    rate: float
    utilisation: float
    driver_ms: float
    alone: float


def _turn(scheduler: Scheduler, brief: Brief, prepared: Prepared, plan: Plan, count: int) -> _Turn:
    facts, _ = crews.search(scheduler, brief.spec, grounds(brief.spec, prepared.layouts, plan), lambda _: None)
    layout = next(iter(prepared.layouts.values()))
    rows = np.resize(next(iter(layout.samples.values())), (brief.spec.budget, len(layout.space.lower)))
    job = _Whole(layout.space, "tuning", brief.spec.tokens, plan).asking(rows, [(0, 0)] * len(rows))
    began = time.perf_counter()
    for ticket in range(count):
        scheduler.submit(-1 - ticket, job)
    left = count
    while left:
        left -= len(scheduler.collect())
    alone = count * len(rows) / (time.perf_counter() - began)
    return _Turn(facts.throughput, facts.utilisation, 1e3 * facts.driver / facts.candidates, alone)


class _Whole(Answer):
    """A job that is not taken apart."""

    def split(self, most: int) -> list[Answer]:
        """Itself."""
        return [self]
