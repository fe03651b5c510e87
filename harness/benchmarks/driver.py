"""What the driver of a run costs, and how many workers it keeps busy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import psutil

from harness.benchmarks import crews
from harness.benchmarks.simulated import SPREAD, Simulated, Simulation, matrix
from harness.executors.ray_cluster import Cluster
from harness.executors.scheduler import Scheduler
from harness.models.language_model import ModelSpec
from harness.records.benchmark import Spread
from harness.records.executors import CurvePoint, Load, OverheadRow
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.chronicle import Progress
from harness.tuning.dispatch import Dispatcher
from harness.tuning.ledger import Asked
from harness.tuning.query import Query, Search

TOGETHER: Final = 16
"""Candidates of a question, where nobody searches."""
_POINTS: Final = 20


def overhead(
    address: str | None, dimensions: Sequence[int], rounds: int, candidates: int, tell: crews.Tell
) -> list[OverheadRow]:
    """What a candidate costs the driver, beside workers that answer at once.

    Args:
        address: of a cluster, None for the usual one.
        dimensions: of candidates, multiples of `crews.WIDTH`.
        rounds: in which every number of dimensions has its turn.
        candidates: of a turn.
        tell: is told what comes next.
    """
    found: dict[int, list[tuple[float, float]]] = {dim: [] for dim in dimensions}
    with crews.crew(Cluster(address, 0), Simulation(), 2) as scheduler:
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

    with crews.ledger() as kept:
        scheduler.begin()
        Dispatcher(scheduler, kept).run([asks()])
        facts = scheduler.facts()
    return 1e3 * facts.driver / facts.candidates


def _searching(scheduler: Scheduler, dim: int, candidates: int) -> float:
    """Milliseconds for a candidate that an optimizer asks for and is told of."""
    spec = crews.spec_of(ModelSpec(), candidates, dim // crews.WIDTH)
    facts, _ = crews.search(scheduler, spec, crews.grounds_of(spec, dim, 0.0), lambda _: None)
    return 1e3 * facts.driver / facts.candidates


def load(address: str | None, workers: int, candidates: int, latency: float, dimensions: int, tell: crews.Tell) -> Load:
    """A run over all regions whose candidates take their time: does the driver keep the workers busy?

    Args:
        address: of a cluster, None for the usual one.
        workers: that do nothing but wait.
        candidates: of the whole run.
        latency: seconds of a candidate, median.
        dimensions: of a candidate, a multiple of `crews.WIDTH`.
        tell: is told what comes next.
    """
    regions = load_regions().complete
    spec = crews.spec_of(ModelSpec(), candidates, dimensions // crews.WIDTH, len(regions))
    # As many for each region.
    planned = spec.budget * len(regions)
    curve: list[CurvePoint] = []
    process = psutil.Process()
    tell(f"starting {workers} workers")
    with crews.crew(Cluster(address, 0), Simulation(), workers) as scheduler:
        last = [0, 0.0]

        def watch(progress: Progress, /) -> None:
            """Adds a point to the curve every so often."""
            if progress.evaluations - last[0] < planned / _POINTS:
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
            tell(f"{progress.evaluations} of {planned} candidates, {facts.utilisation:.1%} busy")

        facts, searches = crews.search(scheduler, spec, crews.grounds_of(spec, dimensions, latency), watch)
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
