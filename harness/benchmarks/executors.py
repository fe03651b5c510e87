"""What workers on a cluster gain, what the driver of a run costs, and how many workers it keeps busy."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil

from harness.benchmarks.simulated import SPREAD, Simulated, Simulation, matrix
from harness.executors.ray_cluster import Cluster
from harness.executors.ray_pool import RayPool
from harness.executors.scheduler import Scheduler
from harness.models.language_model import ModelSpec
from harness.models.scorer import Plan
from harness.optimizers import parse_parameters
from harness.records.benchmark import Spread
from harness.records.execution import ExecutionFacts
from harness.records.executors import CurvePoint, Load, OverheadRow, ScalingRow
from harness.records.journal import Journal
from harness.tasks.hofstede_vsm.survey import load_survey
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.answering import Answer
from harness.tuning.brief import Brief
from harness.tuning.candidates import grounds
from harness.tuning.cells import Ground, Tuned
from harness.tuning.chronicle import Observer, Progress
from harness.tuning.dispatch import Dispatcher
from harness.tuning.groups import groups
from harness.tuning.hire import Hire
from harness.tuning.ledger import Asked, Kept
from harness.tuning.loop import Tuning
from harness.tuning.preparing import Measure, Prepare, Prepared
from harness.tuning.query import Query, Search
from harness.tuning.space import FullSpace, Vectors
from harness.tuning.spec import OptimizerSpec, RunSpec, Source, SpaceSpec, generator

Tell = Callable[[str], None]
WIDTH: Final = 64
"""Coordinates of a virtual token, where there is no model."""
TOGETHER: Final = 16
"""Candidates of a question, where nobody searches."""
_POINTS: Final = 20


@contextmanager
def crew(cluster: Cluster, make: Callable[[], Any], workers: int) -> Iterator[Scheduler]:
    """Workers that are all there."""
    scheduler = Scheduler(RayPool(cluster, make), workers)
    try:
        scheduler.everyone()
        yield scheduler
    finally:
        scheduler.close()


def scaling(address: str | None, counts: Sequence[int], rounds: int, candidates: int, tell: Tell) -> list[ScalingRow]:
    """Rates of the bundled respondent on some numbers of workers of one thread, round by round in turn.

    Args:
        address: of a cluster, None for the usual one.
        counts: of workers; the first is what the others are held against.
        rounds: in which every number has its turn.
        candidates: of a turn.
        tell: is told what comes next.
    """
    brief = Brief(_spec(ModelSpec(), candidates), load_survey(), load_regions())
    make = Hire.of(brief.spec.model, brief.questions, 1)
    turns: dict[int, list[_Turn]] = {count: [] for count in counts}
    with _all_of([crew(Cluster(address, 0), make, count) for count in counts]) as schedulers:
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
    facts, _ = _run(scheduler, brief.spec, grounds(brief.spec, prepared.layouts, plan), lambda _: None)
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


def overhead(
    address: str | None, dimensions: Sequence[int], rounds: int, candidates: int, tell: Tell
) -> list[OverheadRow]:
    """What a candidate costs the driver, beside workers that answer at once.

    Args:
        address: of a cluster, None for the usual one.
        dimensions: of candidates, multiples of `WIDTH`.
        rounds: in which every number of dimensions has its turn.
        candidates: of a turn.
        tell: is told what comes next.
    """
    found: dict[int, list[tuple[float, float]]] = {dim: [] for dim in dimensions}
    with crew(Cluster(address, 0), Simulation(), 2) as scheduler:
        for number in range(-1, rounds):
            for dim in dimensions:
                tell(
                    f"round {number + 1} of {rounds}: {dim} dimensions"
                    if number >= 0
                    else f"{dim} dimensions, to warm up"
                )
                both = _seam(scheduler, dim, candidates), _searching(scheduler, dim, candidates)
                found[dim] += [both] if number >= 0 else []
    return [
        OverheadRow(
            dimensions=dim,
            candidates=candidates,
            seam=Spread.of([seam for seam, _ in rows]),
            search=Spread.of([search for _, search in rows]),
        )
        for dim, rows in found.items()
    ]


def _seam(scheduler: Scheduler, dim: int, candidates: int) -> float:
    """Milliseconds for a candidate that is there already, in questions of some."""
    job = Simulated(matrix(dim, 0), 0.0)
    rows = np.random.default_rng(dim).uniform(-3, 3, (TOGETHER, dim))

    def asks() -> Search[int]:
        for number in range(candidates // TOGETHER):
            # Another candidate each time, as in a search.
            rows[:, 0] = number / candidates
            asked = Asked({"phase": "tuning", "generation": number}, rows)
            yield Query(asked, job.asking(rows.copy(), []), lambda packed: packed["item_means"])
        return candidates

    with _ledger() as ledger:
        scheduler.begin()
        Dispatcher(scheduler, ledger).run([asks()])
        facts = scheduler.facts()
    return 1e3 * facts.driver / facts.candidates


def _searching(scheduler: Scheduler, dim: int, candidates: int) -> float:
    """Milliseconds for a candidate that an optimizer asks for and is told of."""
    spec = _spec(ModelSpec(), candidates, dim // WIDTH)
    facts, _ = _run(scheduler, spec, _grounds(spec, dim, 0.0), lambda _: None)
    return 1e3 * facts.driver / facts.candidates


def load(address: str | None, workers: int, candidates: int, latency: float, dimensions: int, tell: Tell) -> Load:
    """A run over all regions whose candidates take their time: does the driver keep the workers busy?

    Args:
        address: of a cluster, None for the usual one.
        workers: that do nothing but wait.
        candidates: of the whole run.
        latency: seconds of a candidate, median.
        dimensions: of a candidate, a multiple of `WIDTH`.
        tell: is told what comes next.
    """
    regions = load_regions().complete
    spec = _spec(ModelSpec(), candidates, dimensions // WIDTH, len(regions))
    curve: list[CurvePoint] = []
    process = psutil.Process()
    tell(f"starting {workers} workers")
    with crew(Cluster(address, 0), Simulation(), workers) as scheduler:
        last = [0, 0.0]

        def watch(progress: Progress, /) -> None:
            if progress.evaluations - last[0] < candidates / _POINTS:
                return
            facts = scheduler.facts()
            curve.append(
                CurvePoint(
                    candidates=progress.evaluations,
                    driver_ms=1e3 * (facts.driver - last[1]) / (progress.evaluations - last[0]),
                    memory_mb=process.memory_info().rss / 1e6,
                    utilisation=facts.utilisation,
                )
            )
            last[:] = [progress.evaluations, facts.driver]
            tell(f"{progress.evaluations} of {candidates} candidates, {facts.utilisation:.1%} busy")

        facts, searches = _run(scheduler, spec, _grounds(spec, dimensions, latency), watch)
    half = [one for one in curve if one.candidates >= curve[-1].candidates / 2]
    grown = (half[-1].memory_mb - half[0].memory_mb) * 1e6 / max(1, half[-1].candidates - half[0].candidates)
    return Load(
        workers=workers,
        candidates=facts.candidates,
        latency=latency,
        spread=SPREAD,
        dimensions=dimensions,
        searches=searches,
        utilisation=facts.utilisation,
        seconds=facts.seconds,
        driver_ms=1e3 * facts.driver / facts.candidates,
        bytes_per_candidate=grown,
        curve=tuple(curve),
    )


def _run(
    scheduler: Scheduler, spec: RunSpec, places: dict[int, Ground], observer: Observer
) -> tuple[ExecutionFacts, int]:
    """A whole search, kept in a journal; and how many searches there were."""
    regions = tuple(load_regions()[code] for code in spec.regions)
    tuning = Tuning(spec, places, observer)
    searches = [
        one
        for optimizer in spec.optimizers
        for seed in spec.repetitions
        for one in tuning.searches(optimizer, seed, regions)
    ]
    with _ledger() as ledger:
        scheduler.begin()
        found: list[list[Tuned]] = Dispatcher(scheduler, ledger).run(searches)
        return scheduler.facts(), len(found)


def _grounds(spec: RunSpec, dimensions: int, latency: float) -> dict[int, Ground]:
    regions = tuple(load_regions()[code] for code in spec.regions)
    space = FullSpace(np.zeros(WIDTH), np.ones(WIDTH), dimensions // WIDTH, 3.0)

    def sample(seed: int, label: str, count: int) -> Vectors:
        return generator(seed, "simulated", label).uniform(-3, 3, (spec.pool_size(count), dimensions))

    return {
        seed: Ground(
            space,
            {label: sample(seed, label, len(members)) for label, members in groups(spec, regions)},
            Simulated(matrix(dimensions, 0), latency),
        )
        for seed in spec.repetitions
    }


def _spec(model: ModelSpec, candidates: int, tokens: int = 10, regions: int = 4) -> RunSpec:
    """Regions that are searched each by itself, with so many candidates in all."""
    codes = tuple(region.code for region in load_regions().complete[:regions])
    nowhere = Source(name="simulated", digest="")
    return RunSpec(
        model=model,
        survey=nowhere,
        targets=nowhere,
        regions=codes,
        optimizers=(OptimizerSpec(name="de", parameters=parse_parameters("de", {})),),
        budget=-(-candidates // regions),
        tokens=tokens,
        share=False,
        rest=0.0,
        space=SpaceSpec(),
    )


@contextmanager
def _ledger() -> Iterator[Kept]:
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal.jsonl") as journal:
        yield Kept(journal, [])


@contextmanager
def _all_of(crews: Sequence[Any]) -> Iterator[list[Scheduler]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield [stack.enter_context(one) for one in crews]
