"""Workers and whole searches to measure, with a model or without one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from harness.benchmarks.simulated import Simulated, matrix
from harness.executors.ray_cluster import Cluster
from harness.executors.ray_pool import RayPool
from harness.executors.scheduler import Scheduler
from harness.models.language_model import ModelSpec
from harness.optimizers import parse_parameters
from harness.records.execution import ExecutionFacts
from harness.records.journal import Journal
from harness.tasks.hofstede_vsm.regions import Region
from harness.tasks.hofstede_vsm.targets import load_regions
from harness.tuning.cells import Ground, Tuned
from harness.tuning.chronicle import Observer
from harness.tuning.dispatch import Dispatcher
from harness.tuning.groups import groups
from harness.tuning.ledger import Kept
from harness.tuning.loop import Tuning
from harness.tuning.space import FullSpace, Vectors
from harness.tuning.spec import OptimizerSpec, RunSpec, Source, SpaceSpec, generator

Tell = Callable[[str], None]

WIDTH: Final = 64
"""Coordinates of a virtual token, where there is no model."""


@contextmanager
def crew(cluster: Cluster, make: Callable[[], Any], workers: int) -> Iterator[Scheduler]:
    """Workers that are all there."""
    scheduler = Scheduler(RayPool(cluster, make), workers)
    try:
        scheduler.everyone()
        yield scheduler
    finally:
        scheduler.close()


def search(
    scheduler: Scheduler, spec: RunSpec, places: dict[int, Ground], observer: Observer
) -> tuple[ExecutionFacts, int]:
    """A whole search, kept in a journal; and how many searches there were."""
    regions = _regions(spec)
    tuning = Tuning(spec, places, observer)
    searches = [
        one
        for optimizer in spec.optimizers
        for seed in spec.repetitions
        for one in tuning.searches(optimizer, seed, regions)
    ]
    with ledger() as kept:
        scheduler.begin()
        found: list[list[Tuned]] = Dispatcher(scheduler, kept).run(searches)
        return scheduler.facts(), len(found)


def grounds_of(spec: RunSpec, dimensions: int, latency: float) -> dict[int, Ground]:
    """Where simulated candidates live, which take so many seconds in the median."""
    regions = _regions(spec)
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


def spec_of(model: ModelSpec, candidates: int, tokens: int = 10, regions: int = 4) -> RunSpec:
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


def _regions(spec: RunSpec) -> tuple[Region, ...]:
    table = load_regions()
    return tuple(table[code] for code in spec.regions)


@contextmanager
def ledger() -> Iterator[Kept]:
    """A journal that is kept on the disk, as a run's is, and thrown away."""
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal.jsonl") as journal:
        yield Kept(journal, [])
